"""The crash matrix: a worker dies, or sleeps past its leases, at a named point, while the vendor has faults of its own.

What the vendor's ledger says is the truth; the portal must agree with it, and must have sent nothing twice.
"""

import atexit
import functools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.torture import judging
from tests.torture.judging import End
from tests.torture.plans import Plan
from tests.torture.trouble import Trouble
from tests.worlds import ROOT, World, own_database, quiet, template, world

LEASE, LANE = 3.0, 1.0
SLEEP = 3 * LEASE + 0.5  # seconds: past every lease
SPEED = 10.0  # of the portal's and the vendor's clock: receipts come, doubts are looked for, in seconds
HASTE = {
    "OPENAPI_CONNECT_TIMEOUT": "1",
    "OPENAPI_READ_TIMEOUT": "2",
    "OPENAPI_SEND_DEADLINE": "2",
    "SENDING_LEASE_SECONDS": str(LEASE),
    "SENDING_LANE_SECONDS": str(LANE),
    "SENDING_PUMP_SECONDS": "4",
    "SENDING_BREAKER_SECONDS": "0.2,0.4",
    "SENDING_RETRY_SECONDS": "0.2",
    "SENDING_HOLD_SECONDS": "0.5",
    "TRACKING_SECONDS": "0.5",
    "TRACKING_RUN_SECONDS": "4",
    "TRACKING_LEASE_SECONDS": "3",
    "WORKERS": "3",
    "SENDING_THREADS": "8",
}
PATIENCE = 150.0
UNREACHED = 12.0  # seconds after everything is over, when the trap will not spring any more


class Hands:
    """A process inside the world that prepares it, rings bells and tells states, kept for the whole run."""

    def __init__(self, here: World) -> None:
        command = [sys.executable, "-m", "tests.torture.steps", "serve"]
        log = (here.folder / "hands.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=here.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
            )

    def do(self, step: str, *arguments: object) -> Any:
        """Have a step done and return its answer."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("The process has no pipes.")
        self._process.stdin.write(json.dumps([step, *arguments]).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """Let it end; again it does nothing."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)
        if self._process.stdout is not None:
            self._process.stdout.close()


def _haste(plan: Plan) -> dict[str, str]:
    """Of an engine that is wrong receipts are read late: in time, they would keep it from sending again."""
    return HASTE | {"TRACKING_SECONDS": "12"} if plan.wrong else HASTE


class Crew:
    """The worker's process group, started again whenever it is found dead.

    It may see the world's database under another URL.
    """

    def __init__(self, here: World, plan: Plan, *, database: str = "") -> None:
        self._here = here
        order: dict[str, Any] = {"wrong": plan.wrong}
        if plan.point:
            order |= {"point": plan.point, "nth": plan.nth, "how": plan.how, "sleep": SLEEP}
        self._env = {**here.env, "TORTURE": json.dumps(order), "DATABASE_URL": database or here.env["DATABASE_URL"]}
        self._process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        log = (self._here.folder / "worker.log").open("ab")
        command = [sys.executable, "-m", "tests.torture.worker"]
        with log:
            return subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=log, stderr=log, start_new_session=True)

    @property
    def leader(self) -> int:
        """The first process of the group."""
        return self._process.pid

    def look(self) -> None:
        """Start a new one if the old one is dead."""
        if self._process.poll() is not None:
            self._process = self._start()

    def kill(self) -> None:
        """End it with everything that it started; again it does nothing."""
        if self._process.returncode is not None:  # its number may be somebody else's by now
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGCONT)
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def database(folder: Path, server: str = "") -> Iterator[str]:
    """The URL of a migrated database without rows: on the PostgreSQL that `server` names, or SQLite in `folder`."""
    if server:
        with own_database(server, template=template(server)) as url:
            yield url
    else:
        with tempfile.TemporaryDirectory(dir=folder) as name:
            shutil.copy(_migrated(), Path(name) / "portal.sqlite3")
            yield f"sqlite:///{Path(name) / 'portal.sqlite3'}"


@functools.cache
def _migrated() -> Path:
    """A migrated SQLite database, of which each run gets a copy: to migrate takes longer than many a run."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with quiet(database=f"sqlite:///{folder}/portal.sqlite3", command="migrate"):
        return Path(folder) / "portal.sqlite3"


def run(plan: Plan, database: str, *, keep: Path | None = None) -> End:
    """Play one plan to its end. Logs and rows of a run that broke a promise are kept in the folder `keep`."""
    end, started = End(plan), time.monotonic()
    clock = {"CLOCK_SPEED": str(SPEED), "CLOCK_ORIGIN": str(time.time())}
    pace = {"SENDING_RATE": str(plan.rate)}
    with world(rate=plan.rate, latency=0.03, database=database, **_haste(plan), **clock, **pace) as here:
        hands, crew = Hands(here), Crew(here, plan)
        try:
            trouble = Trouble(here, plan.faults, random.Random(plan.seed))
            hands.do("begin", plan.recipients, plan.limit)
            end.faults += _settle(here, hands, crew, trouble, plan)
            final = hands.do("state") | {"audit": hands.do("audit")}
            end.met = trouble.met()
        finally:
            crew.kill()
            hands.close()
        end.sprung = (here.folder / "sprung").exists()
        end.faults += judging.judge(here, final, plan, speed=SPEED)
        if end.faults and keep is not None:
            _keep(here, keep / f"seed-{plan.seed}", end)
    end.seconds = time.monotonic() - started
    return end


def _keep(here: World, folder: Path, end: End) -> None:
    shutil.copytree(here.folder, folder, dirs_exist_ok=True)
    if here.env["DATABASE_URL"].startswith("sqlite"):
        shutil.copy(here.env["DATABASE_URL"].removeprefix("sqlite://"), folder / "portal.sqlite3")
    (folder / "ledger.json").write_text(json.dumps(here.ledger(), indent=1))
    (folder / "verdict.txt").write_text("\n".join([str(end.plan), *end.plan.faults, "", *end.faults]))


def _settle(here: World, hands: Hands, crew: Crew, trouble: Trouble, plan: Plan) -> list[str]:
    """Wait until nothing moves any more: all sent, and all doubts settled that the ledger can settle.

    Returns what is wrong if that does not come about.
    """
    over_since = time.monotonic()
    until, rung = over_since + PATIENCE, 0.0
    while time.monotonic() < until:
        crew.look()
        if time.monotonic() > rung + 2:
            hands.do("wake")
            rung = time.monotonic()
        is_calm, found, ledger = trouble.look(), hands.do("state"), here.ledger()
        if judging.doubles(ledger):
            return []  # no need to wait for the end of what is broken already
        now = time.monotonic()
        if not (is_calm and _is_over(found, {sent["recipient"] for sent in ledger}, plan)):
            over_since = now
        elif _is_sprung(here, plan, over_for=now - over_since):
            return []
        time.sleep(0.3)
    return [f"After {PATIENCE:.0f} s messages still move."]


def _is_sprung(here: World, plan: Plan, *, over_for: float) -> bool:
    """Whether the trap is behind us: sprung, and the sleeper awake again; or not sprung long after the end."""
    sprung = here.folder / "sprung"
    if not plan.point:
        return True
    if not sprung.exists():
        return over_for > UNREACHED
    return plan.how != "sleep" or time.time() > sprung.stat().st_mtime + SLEEP + 2


def _is_over(found: dict[str, Any], taken: set[str], plan: Plan) -> bool:
    rows = found["messages"]
    if len(rows) < plan.messages:
        return False
    states = Counter(row["state"] for row in rows.values())
    if "page" in plan.point and any(row["status"] == "submitted" for row in rows.values()):
        return False
    used = plan.messages - states["queued"]
    waits_for_cap = plan.limit and found["reserved"] >= plan.limit
    doubts = [who for who, row in rows.items() if row["state"] == "uncertain" and who in taken]
    return not states["sending"] and not doubts and (used == plan.messages or bool(waits_for_cap))
