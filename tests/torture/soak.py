"""Thirty thousand messages through the whole engine, wave after wave: what grows that need not grow?

Each wave is a campaign of its own: frozen, sent, and followed until every message is delivered. After the first wave
everything has happened once, so that from then on memory has to stay where it is, and rows have to grow with messages
alone.
"""

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pecportal import processes
from tests.torture import judging
from tests.torture.matrix import Crew, Hands
from tests.torture.plans import Plan
from tests.worlds import World, in_session, until, world

WAVES: Final = 10
GROWTH: Final = 1.10  # of memory after the first wave, at most
SETTINGS: Final = {
    "SENDING_RATE": "0",
    "TRACKING_SECONDS": "2",
    "SENDING_THREADS": "16",
    "WORKERS": "3",
    "LOG_LEVEL": "INFO",
    "SANDBOX_QUOTA": str(2**25),  # each delivery brings the message back with its files
}
LOG: Final = 2000  # bytes a second, at most, that all processes write together
PATIENCE: Final = 3600.0  # seconds for one wave
# what each table is, and how many rows a message needs of it; what is not named needs none
TABLES: Final[dict[str, tuple[float, str]]] = {
    "campaigns_message": (1, "the messages"),
    "campaigns_messagecontent": (1, "what each says, frozen"),
    "campaigns_recipient": (1, "the list as it was handed in"),
    "campaigns_ownlink": (1 / 3, "the files that every third carries"),
    "campaigns_attempt": (1, "each try to send one"),
    "campaigns_reservation": (1, "what each try takes of the allowance"),
    "campaigns_receipt": (2, "each mail of the inbox: here an acceptance and a delivery for each message"),
}
# what grows with other things than messages, and how much of it one wave may bring
OCCASIONAL: Final[dict[str, tuple[int, str]]] = {
    "campaigns_campaign": (1, "one for each wave"),
    "campaigns_attachment": (1, "one file for each wave"),
    "campaigns_ownfile": (1, "another for each wave"),
    "campaigns_statechange": (4, "what became of each campaign"),
    "journal_entry": (5, "what was done with each campaign"),
    "mailboxes_spacereading": (12, "the mailbox's space, every ten minutes; thinned out later"),
    "operation_auditrun": (1, "one for each night"),
    "operation_vendorspan": (4, "calls to the provider in five minutes each; kept for some days"),
}
# rows that come and go, and their ceilings
BOUNDED: Final[dict[str, tuple[int, str]]] = {
    "django_q_ormq": (20, "jobs that wait"),
    "django_q_task": (700, "how the last jobs ended"),
    "django_q_schedule": (40, "the periodic jobs"),
    "operation_figure": (100, "numbers for the operators, one for each of their kinds"),
    "operation_pulse": (20, "signs of life"),
    "operation_alert": (10, "alerts"),
    "campaigns_inboxscan": (1100, "readings of the inbox: the latest, and those that went through all of it"),
}


@dataclass(frozen=True, slots=True)
class Wave:
    """What there was when a wave had ended: rows by table, resident memory in MB by process, bytes of logs."""

    number: int
    seconds: float
    rows: dict[str, int]
    memory: dict[int, float]
    log: int

    @property
    def total(self) -> float:
        """The memory of all processes, in MB."""
        return sum(self.memory.values())

    def __str__(self) -> str:
        processes = " ".join(f"{size:.0f}" for size in self.memory.values())
        return (
            f"wave {self.number}: {self.seconds:.0f} s, {self.total:.0f} MB ({processes}), logs {self.log / 1e6:.2f} MB"
        )


@dataclass(slots=True)
class Soaked:
    """All waves, and every broken promise in words."""

    waves: list[Wave] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The figures of the tables at the end, for people."""
        first, last = self.waves[0].rows, self.waves[-1].rows
        named = {**BOUNDED, **OCCASIONAL, **TABLES}
        for table, count in sorted(last.items(), key=lambda item: -item[1]):
            if count:
                told = named.get(table, (0, "not of the engine"))[1]
                yield f"{table}: {first.get(table, 0)} → {count} rows: {told}"


def run(*, messages: int = 30_000, waves: int = WAVES) -> Soaked:
    """Soak it, printing each wave, and judge."""
    soaked, each = Soaked(), messages // waves
    with world(rate=0, latency=0.0, database="", **SETTINGS) as here:
        subprocess.run(processes.manage("prepare", "--verbosity", "0"), env=here.env, check=True, timeout=300)
        hands, crew = Hands(here), Crew(here, Plan(seed=1))
        try:
            for number in range(1, waves + 1):
                soaked.waves.append(_wave(here, hands, crew, number, each))
                print(soaked.waves[-1], flush=True)
            found = hands.do("audit")
            crew.kill()
        finally:
            crew.kill()
            hands.close()
        soaked.faults += judging.doubles(here.ledger())
        if len(here.ledger()) != each * waves:
            soaked.faults.append(f"{len(here.ledger())} of {each * waves} messages were taken")
        soaked.faults += [f"the self-audit found {count} rows: {name}" for name, count in found.items() if count]
    soaked.faults += [
        *_growth_of_memory(soaked.waves),
        *_growth_of_rows(soaked.waves, each),
        *_growth_of_logs(soaked.waves),
    ]
    return soaked


def _wave(here: World, hands: Hands, crew: Crew, number: int, messages: int) -> Wave:
    started = time.monotonic()
    hands.do("begin", [f"ditta{number}.{n}@prova.example" for n in range(messages)])
    hands.do("wake")
    until(lambda: _is_delivered(hands, number * messages), f"wave {number} is delivered", seconds=PATIENCE, pause=2.0)
    memory = {pid: _resident(pid) for pid in in_session(crew.leader)}
    log = sum(path.stat().st_size for path in here.folder.glob("worker.log"))
    return Wave(number, time.monotonic() - started, hands.do("rows"), memory, log)


def _is_delivered(hands: Hands, messages: int) -> bool:
    return bool(hands.do("statuses") == {"delivered": messages})


def _resident(pid: int) -> float:
    """A process's resident memory in MB; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def _growth_of_memory(waves: Sequence[Wave]) -> list[str]:
    first, last = waves[0], waves[-1]
    found = []
    if last.total > first.total * GROWTH:
        found.append(f"memory grew from {first.total:.0f} to {last.total:.0f} MB after the first wave")
    if set(first.memory) != set(last.memory):
        found.append("a process died, or was replaced")
    return found


def _growth_of_logs(waves: Sequence[Wave]) -> list[str]:
    """Logs tell of jobs and of time that passes, never of each message."""
    later = sum(wave.seconds for wave in waves[1:])
    grown = waves[-1].log - waves[0].log
    return [f"the logs grew by {grown} bytes in {later:.0f} s"] if grown > LOG * later else []


def _growth_of_rows(waves: Sequence[Wave], messages: int) -> list[str]:
    """Tables that grew by more than the messages of the waves after the first account for."""
    first, last, later = waves[0].rows, waves[-1].rows, len(waves) - 1
    found = []
    for table, count in last.items():
        grown = count - first.get(table, 0)
        allowed = TABLES.get(table, (0.0, ""))[0] * messages * later + OCCASIONAL.get(table, (0, ""))[0] * later
        if table in BOUNDED:
            allowed = max(allowed, BOUNDED[table][0] - first.get(table, 0))
        if grown > allowed:
            found.append(f"{table} grew by {grown} rows, where {allowed:.0f} are accounted for")
    return found
