"""The rotation of keys, killed at any moment and begun again: nothing is lost, and the old key can go in the end."""

import base64
import random
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from tests.worlds import ROOT, World, quiet

KILLS: Final = 20
BOXES: Final = 400
PAPERS: Final = 60
_SECONDS: Final = 0.6  # within which it is killed, once it has begun


@dataclass(slots=True)
class Outcome:
    """How often it was killed, with how much done each time, and what is wrong."""

    done: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """In words."""
        return f"killed {len(self.done)} times, with {self.done} values under a new key"


def killed(seed: int, *, kills: int, database: str = "", boxes: int = BOXES, papers: int = PAPERS) -> Outcome:
    """Rotate to a new key each time, die in the middle, look whether everything opens; at last let one end."""
    chance, outcome = random.Random(seed), Outcome()
    with quiet(database=database, command="migrate") as world:
        world.run("tests.torture.sealed", "make", str(boxes), str(papers))
        ring = world.env["ENCRYPTION_KEYS"]
        for number in range(kills):
            if number % 5 == 0:  # else it goes on where the last one died
                ring = f"k{number}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()},{ring}"
                world.env["ENCRYPTION_KEYS"] = ring
            _kill(world, chance.random() * _SECONDS)
            told = world.run("tests.torture.sealed", "look", str(boxes), str(papers)).split()
            outcome.done.append(int(told[0]))
            outcome.faults += [f"after kill {number + 1}: {told[1]} cannot be opened"] if told[1] != "0" else []
        last = subprocess.run(_command(), cwd=ROOT, env=world.env, capture_output=True, text=True, check=False)
        outcome.faults += [f"the last one: {last.stdout}{last.stderr}"] if last.returncode else []
        world.env["ENCRYPTION_KEYS"] = ring.partition(",")[0]
        told = world.run("tests.torture.sealed", "look", str(boxes), str(papers)).split()
        outcome.faults += [f"with the new key alone {told[1]} cannot be opened"] if told[1] != "0" else []
    return outcome


def _kill(world: World, seconds: float) -> None:
    with subprocess.Popen(_command(), cwd=ROOT, env=world.env, stdout=subprocess.PIPE) as process:
        if process.stdout is not None:
            process.stdout.readline()  # "Current key": now it begins
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)


def _command() -> list[str]:
    return [sys.executable, "-u", "manage.py", "rotate_keys"]
