"""A worker killed with SIGKILL in the middle of a campaign, once or more often, and started again."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from pecportal import processes
from tests.worlds import ROOT, World, world

# every time of the engine shortened alike, so that what takes minutes takes seconds
HASTE = {
    "OPENAPI_CONNECT_TIMEOUT": "2",
    "OPENAPI_READ_TIMEOUT": "3",
    "OPENAPI_SEND_DEADLINE": "3",
    "SENDING_LEASE_SECONDS": "4",
    "SENDING_LANE_SECONDS": "2",
    "SENDING_PUMP_SECONDS": "4",
    "SENDING_RATE": "0",
    "SENDING_BREAKER_SECONDS": "0.2,0.4",
    "SENDING_RETRY_SECONDS": "0.2",
    "SENDING_HOLD_SECONDS": "0.5",
    "TRACKING_SECONDS": "1",
    "TRACKING_RUN_SECONDS": "4",
    "TRACKING_LEASE_SECONDS": "4",
    "WORKERS": "3",
}
THREADS = 8
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What the portal says in the end, what the vendor's ledger says, and what was in doubt right after the kills."""

    messages: dict[str, dict[str, Any]]
    taken: Counter[str]
    doubts: int
    kills: int
    live: int
    reserved: int

    def faults(self) -> list[str]:
        """Every broken promise, in words."""
        found = [f"{who} was sent {n} times" for who, n in self.taken.items() if n > 1]
        for who, row in self.messages.items():
            says_sent = row["state"] == "submitted"
            if says_sent and not self.taken[who]:
                found.append(f"{who} is called sent, and was not")
            if self.taken[who] and not says_sent:
                found.append(f"{who} was sent, and is called {row['state']}")
            if not self.taken[who] and row["state"] != "uncertain":
                found.append(f"{who} was lost: {row['state']}")
        if self.doubts > self.kills * THREADS:
            found.append(f"{self.doubts} in doubt, though at most {self.kills * THREADS} were on the wire")
        if self.live != self.reserved:
            found.append(f"{self.reserved} reservations for {self.live} attempts")
        return found


def run(seed: int, *, messages: int = 150, kills: int = 1, database: str = "") -> Aftermath:
    """Run a campaign, kill its worker's whole process group `kills` times, and wait for the end."""
    chance = random.Random(seed)
    recipients = [f"ditta{number}@prova.example" for number in range(messages)]
    with world(rate=0, latency=0.05, database=database, **HASTE, SENDING_THREADS=str(THREADS)) as here:
        here.run("tests.torture.steps", "prepare", json.dumps(recipients))
        goals = sorted(chance.randrange(messages // 10, messages * 6 // 10) for _ in range(kills))
        worker = _start(here)
        doubts: set[str] = set()
        try:
            for goal in goals:
                _until(lambda goal=goal: len(here.ledger()) >= goal, "the campaign is under way")
                time.sleep(chance.random() * 0.1)
                os.killpg(worker.pid, signal.SIGKILL)
                worker.wait()
                doubts |= set(_state(here)["on_wire"])
                worker = _start(here)
            end = _settled(here)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        taken = Counter(sent["recipient"] for sent in here.ledger())
    return Aftermath(end["messages"], taken, len(doubts), kills, end["live"], end["reserved"])


def _start(here: World) -> "subprocess.Popen[bytes]":
    here.run("tests.torture.steps", "wake")
    log = (here.folder / "worker.log").open("ab")
    with log:
        return subprocess.Popen(
            processes.worker(), cwd=ROOT, env=here.env, stdout=log, stderr=log, start_new_session=True
        )


def _state(here: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(here.run("tests.torture.steps", "state"))
    return found


def _settled(here: World) -> dict[str, Any]:
    """The portal's words once nothing moves any more: all sent, and all doubts settled that the ledger can settle."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = _state(here)
        taken = {sent["recipient"] for sent in here.ledger()}
        moving = [
            who
            for who, row in found["messages"].items()
            if row["state"] in ("queued", "sending") or (row["state"] == "uncertain" and who in taken)
        ]
        if not moving:
            return found
        here.run("tests.torture.steps", "wake")
        time.sleep(1.0)
    raise TimeoutError(f"After {PATIENCE:.0f} s {len(moving)} messages still move: {moving[:5]}")


def _until(is_true: Any, what: str) -> None:
    until = time.monotonic() + PATIENCE
    while not is_true():
        if time.monotonic() > until:
            raise TimeoutError(f"It never came about that {what}.")
        time.sleep(0.02)
