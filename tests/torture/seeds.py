"""The crash matrix over many seeds, until every point was hit in every way under every fault of the vendor."""

import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import matrix
from tests.torture.judging import End
from tests.torture.plans import FULL, PAIRS, Plan
from tests.torture.trouble import FAULTS

DEFAULT_RUNS = FULL + 20
TRIES = 3  # for what chance did not let a run reach


@dataclass(slots=True)
class Coverage:
    """Which faults of the vendor befell while a point was hit in a way; "" stands for the hit itself."""

    reached: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, end: End) -> None:
        """Count a run."""
        if end.sprung:
            self.reached[end.plan.how, end.plan.point].update(["", *end.met])

    def missing(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """What no run has reached."""
        gaps = {pair: tuple(name for name in ("", *FAULTS) if not self.reached[pair][name]) for pair in PAIRS}
        return {pair: names for pair, names in gaps.items() if names}

    def lines(self) -> list[str]:
        """The figures, in words."""
        pairs = sum(bool(self.reached[pair][""]) for pair in PAIRS)
        every = len(PAIRS) * len(FAULTS)
        met = sum(bool(self.reached[pair][name]) for pair in PAIRS for name in FAULTS)
        told = [f"reached: {pairs} of {len(PAIRS)} points × ways, {met} of {every} points × ways × the vendor's faults"]
        for (how, point), names in self.missing().items():
            told.append(f"NEVER REACHED: {how} at “{point}”: {', '.join(name or 'the hit itself' for name in names)}")
        return told


def run(*, first: int, runs: int, server: str, keep: Path | None = None) -> bool:
    """Play `runs` seeds from `first` on; True when all went well. With a `server` every other one is on PostgreSQL.

    In a full number of runs everything has to be reached: what was not is tried again. What a broken run leaves goes
    into the folder `keep`.
    """
    covered, ends = Coverage(), list[End]()
    seeds = iter(range(first, sys.maxsize))
    plans = [Plan.of(next(seeds)) for _ in range(runs)]
    for _ in range(1 + (TRIES if runs >= FULL else 0)):
        for plan in plans:
            ends.append(_played(plan, server, keep))
            covered.add(ends[-1])
        plans = [Plan.again(next(seeds), *pair, names) for pair, names in covered.missing().items()]
    broken = [end.plan for end in ends if end.faults]
    print(f"\n{len(ends) - len(broken)} of {len(ends)} runs kept every promise")
    print("\n".join([*(f"BROKEN: {plan}" for plan in broken), *covered.lines()]), flush=True)
    return not broken and not (runs >= FULL and covered.missing())


def _played(plan: Plan, server: str, keep: Path | None) -> End:
    is_postgres = bool(server) and (plan.seed + (plan.seed - 1) // len(PAIRS)) % 2 == 0
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            matrix.database(Path(folder), server if is_postgres else "") as url,
        ):
            end = matrix.run(plan, url, keep=keep)
    except Exception as exc:  # the next ones must be played, too
        end = End(plan, faults=[f"the run itself broke: {exc!r}"])
    verdict = "; ".join(end.faults) or ("ok" if end.sprung else "ok, the trap was not reached")
    print(f"{plan} on {'PostgreSQL' if is_postgres else 'SQLite'}, {end.seconds:.0f} s: {verdict}", flush=True)
    return end
