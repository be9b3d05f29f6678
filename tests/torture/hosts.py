"""Two worker hosts on one PostgreSQL: one dies with everything on it, or the database goes away; the others go on.

Each host is a `manage.py supervise` with a folder of its own, as on machines that share nothing but the database. What
the vendor's ledger says is the truth.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pecportal import processes
from tests.torture import judging, outages
from tests.torture.matrix import Hands
from tests.torture.outages import Outage
from tests.torture.plans import Plan
from tests.worlds import ROOT, World, in_session, template, until, world

RATE: Final = 8.0  # messages a second
SPEED: Final = 10.0  # of the portal's and the vendor's clock, so that receipts come in seconds
MARK: Final = "6f1f0b52-7d3c-4f0e-9b53-0d6a3a1f7c11"  # of the one installation that both hosts belong to
PATIENCE: Final = 120.0
TAKEOVER: Final = 60.0  # seconds within which somebody sends again, whatever happened
SETTLES: Final = 1.5  # seconds after which nothing is on its way any more that had been marked before
FIRST: Final = 20  # messages that are sent before anything happens
PROCESSES: Final = 19  # of a host: the supervisor, and three clusters of six
SHORT: Final = {
    "OPENAPI_CONNECT_TIMEOUT": "2",
    "OPENAPI_SEND_DEADLINE": "8",  # a mark is waited for that long
    "SENDING_LEASE_SECONDS": "10",
    "SENDING_LANE_SECONDS": "6",
    "SENDING_PUMP_SECONDS": "120",
    "SENDING_BREAKER_SECONDS": "0.2,0.4",
    "SENDING_RETRY_SECONDS": "0.2",
    "SENDING_THREADS": "4",
    "TRACKING_SECONDS": "1",
    "TRACKING_RUN_SECONDS": "4",
    "TRACKING_LEASE_SECONDS": "3",
    "LIVENESS_LATE_SECONDS": "30",
    "LIVENESS_FROZEN_SECONDS": "35",
    "WORKERS": "2",
}
# the leases and rhythms with which a portal is delivered
DELIVERED: Final = {"TRACKING_SECONDS": "2", "SENDING_THREADS": "4", "WORKERS": "2"}


@dataclass(slots=True)
class Outcome:
    """Every broken promise in words, and how many seconds each phase took."""

    faults: list[str] = field(default_factory=list)
    phases: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in self.phases.items())
        return f"{'; '.join(self.faults) or 'ok'} ({told})"


@dataclass(slots=True)
class Stage:
    """Two hosts with a campaign under way, and a stop-watch for the phases."""

    here: World
    hands: Hands
    plan: Plan
    url: str
    hosts: dict[str, "Host"] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)

    @property
    def sent(self) -> int:
        """How many messages the vendor took."""
        return len(self.here.ledger())

    @property
    def sending(self) -> str:
        """The name of the host whose pump holds the lane."""
        host, _, _bits = str(self.hands.do("holder")).partition(":")
        return host

    @property
    def leaders(self) -> list[list[int]]:
        """The first processes of all clusters of all hosts."""
        return [host.leaders for host in self.hosts.values()]

    @property
    def is_whole(self) -> bool:
        """Whether on every living host all processes that should be there are there."""
        return all(host.is_complete for host in self.hosts.values())

    def phase(self, name: str) -> None:
        """The phase that has just ended."""
        now = time.monotonic()
        self.phases[name], self.since = now - self.since, now

    def goes_on(self, what: str) -> None:
        """Wait until some more messages were sent than now. Raises TimeoutError after a minute."""
        before = self.sent
        until(lambda: self.sent > before + 4, f"sending goes on after {what}", seconds=TAKEOVER)
        self.phase(f"goes on after {what}")


class Host:
    """A supervisor with its clusters, as on a machine of its own."""

    def __init__(self, here: World, name: str) -> None:
        folder = here.folder / name
        folder.mkdir()
        shared = str(here.folder / "files")
        env = {**here.env, "PORTAL_DATA_DIR": str(folder), "HOST_NAME": name, "FILES_DIR": shared}
        with (here.folder / f"{name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                processes.manage("supervise"), cwd=ROOT, env=env, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def is_complete(self) -> bool:
        """Whether its supervisor lives, and all clusters have all their processes."""
        return self._process.poll() is None and len(self._all()) >= PROCESSES

    def die(self) -> None:
        """End everything at once, as when the power fails: stopped first, nobody outlives another."""
        everybody = self._all()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in everybody:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        self._process.wait()

    @property
    def leaders(self) -> list[int]:
        """The first processes of its clusters; none if its supervisor has ended."""
        if self._process.poll() is not None:  # its number may be somebody else's by now
            return []
        return sorted(pid for pid, parent in _parents().items() if parent == self._process.pid)

    def _all(self) -> list[int]:
        leaders = self.leaders
        supervisor = self._process.pid
        if not leaders and self._process.returncode is not None:
            return []
        return [pid for leader in (supervisor, *leaders) for pid in in_session(leader)]


def _parents() -> dict[int, int]:
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return found


def killed(server: str, *, settings: Mapping[str, str], messages: int) -> Outcome:
    """One of two hosts dies in the middle of a campaign."""
    with _two(server, settings, messages) as stage:
        victim = stage.hosts.pop(stage.sending)
        victim.die()
        stage.goes_on("the death of its host")
        return _judged(stage)


def without_database(
    server: str, *, settings: Mapping[str, str], messages: int, losses: Sequence[Outage], seconds: float
) -> Outcome:
    """The database goes away for some seconds, once in each of the ways."""
    with _two(server, settings, messages) as stage:
        faults, leaders = [], stage.leaders
        for loss in losses:
            with loss(server, urlsplit(stage.url).path.removeprefix("/")):
                time.sleep(SETTLES)
                before = stage.sent
                time.sleep(seconds - SETTLES)
                if stage.sent > before and loss is not outages.crowded:  # there one may go on
                    faults.append(f"{stage.sent - before} messages were sent while it was {outages.name_of(loss)}")
            stage.phase(outages.name_of(loss))
            stage.goes_on(f"it was {outages.name_of(loss)}")
        if stage.leaders != leaders:
            faults.append("a cluster was started anew, though it only waited for the database")
        outcome = _judged(stage, recorded=True)
        outcome.faults += faults
        return outcome


@contextmanager
def _two(server: str, settings: Mapping[str, str], messages: int) -> Iterator[Stage]:
    """Two complete hosts, one of whose pumps has begun to send."""
    plan = Plan(seed=1, messages=messages, rate=RATE)
    clock = {"CLOCK_SPEED": str(SPEED), "CLOCK_ORIGIN": str(time.time())}
    env = {**settings, **clock, "DEPLOYMENT_ID": MARK, "SENDING_RATE": str(RATE)}
    model = template(server, command="prepare", DEPLOYMENT_ID=MARK)
    with outages.of_a_user(server, template=model) as url, world(rate=RATE, latency=0.1, database=url, **env) as here:
        stage = Stage(here, Hands(here), plan, url)
        try:
            stage.hosts |= {name: Host(here, name) for name in ("first", "second")}
            until(lambda: stage.is_whole, "both hosts are whole", seconds=PATIENCE)
            stage.phase("start")
            stage.hands.do("begin", plan.recipients)
            stage.hands.do("wake")
            until(lambda: stage.sent > FIRST, "messages are sent", seconds=PATIENCE)
            stage.phase("first messages")
            yield stage
        finally:
            stage.hands.close()
            for host in stage.hosts.values():
                host.die()


def _judged(stage: Stage, *, recorded: bool = False) -> Outcome:
    """Wait for the end, which nobody hastens; every broken promise.

    `recorded`: nobody died, so that the vendor's answer about each message has to be in its rows.
    """

    def is_over() -> bool:
        state = stage.hands.do("state")["messages"]
        taken = {sent["recipient"] for sent in stage.here.ledger()}
        return all(
            row["state"] == "submitted" or (row["state"] == "uncertain" and who not in taken)
            for who, row in state.items()
        )

    until(lambda: stage.sent >= stage.plan.messages * 0.95, "nearly all are sent", seconds=PATIENCE)
    stage.phase("sent")
    until(is_over, "nothing moves any more", seconds=PATIENCE, pause=1.0)
    stage.phase("settled")
    final = stage.hands.do("state") | {"audit": stage.hands.do("audit")}
    until(lambda: stage.is_whole, "whoever lives is whole", seconds=PATIENCE)
    for host in stage.hosts.values():
        host.die()
    stage.hands.close()
    faults = judging.judge(stage.here, final, stage.plan, speed=SPEED)
    if recorded:
        faults += [f"the answer about {ref} was not recorded" for ref in final["unrecorded"]]
    return Outcome(faults, stage.phases)
