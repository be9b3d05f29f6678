"""What is done to the engine in one run: where it is hit and how, by which faults of the vendor, under which limits."""

import itertools
import random
from dataclasses import dataclass
from typing import Final

from tests.torture.points import FEW, HOWS, OFTEN, POINTS
from tests.torture.trouble import FAULTS

PAIRS: Final = tuple(itertools.product(HOWS, POINTS))
ROUNDS: Final = 3  # of seeds that walk through all pairs, until each pair has met each fault
FULL: Final = ROUNDS * len(PAIRS)


@dataclass(frozen=True, slots=True)
class Plan:
    """One run. `nth`: at which passing of the point; `rate` per second, 0 without a pace; `limit` a day, 0 for none;
    `magic`: the fate of every fourth message at the simulated vendor; `wrong`: what is broken in the engine.
    """

    seed: int
    point: str = ""
    how: str = "worker"
    nth: int = 1
    messages: int = 40
    faults: tuple[str, ...] = ()
    rate: float = 0.0
    limit: int = 0
    magic: str = ""
    wrong: str = ""

    @classmethod
    def of(cls, seed: int) -> "Plan":
        """The matrix unrolled, from seed 1 on: all points in all ways, with a third of the faults in each round; the
        fourth round has none. The rest is chance.
        """
        round_, place = divmod(seed - 1, len(PAIRS))
        how, point = PAIRS[place]
        share = round_ % (ROUNDS + 1)
        return cls._by_chance(seed, how, point, FAULTS[share::ROUNDS] if share < ROUNDS else ())

    @classmethod
    def again(cls, seed: int, how: str, point: str, faults: tuple[str, ...]) -> "Plan":
        """A run for what an earlier one did not reach."""
        return cls._by_chance(seed, how, point, faults)

    @classmethod
    def _by_chance(cls, seed: int, how: str, point: str, faults: tuple[str, ...]) -> "Plan":
        chance = random.Random(seed)
        return cls(
            seed=seed,
            point=point,
            how=how,
            nth=chance.choice([nth for nth in (1, 2, 5, OFTEN) if nth <= FEW.get(point, OFTEN)]),
            faults=faults,
            rate=chance.choice((0.0, 0.0, 20.0)),
            limit=chance.choice((0, 0, 0, 25)),
        )

    @property
    def recipients(self) -> list[str]:
        """Whom the messages go to; with `magic` every fourth has that fate at the simulated vendor."""
        names = [f"ditta{n}" if n % 4 or not self.magic else f"{self.magic}+{n}" for n in range(self.messages)]
        return [f"{name}@prova.example" for name in names]

    def __str__(self) -> str:
        extras = [f"{len(self.faults)} faults" if self.faults else "", f"{self.rate:g}/s" if self.rate else ""]
        extras += [f"cap {self.limit}" if self.limit else "", self.magic, self.wrong]
        return f"seed {self.seed}: {self.how} at “{self.point}” ({self.nth}) {' '.join(filter(None, extras))}".strip()
