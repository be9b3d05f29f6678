"""A backup that was made in the middle of a campaign is restored after its end: nothing is sent twice."""

import json
import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pecportal import processes
from tests.torture import killing
from tests.worlds import ROOT, World, in_session, own_database, until, world

pytestmark = pytest.mark.slow
SERVER = os.environ.get("DATABASE_URL", "")
RECIPIENTS = [f"ditta{number}@prova.example" for number in range(60)]


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def documented(tool: str) -> list[str]:
    """The command that docs/operation.md tells operators to give."""
    found = re.findall(rf"`({tool} [^`]*)`", (ROOT / "docs" / "operation.md").read_text())
    assert len(found) == 1, found
    return shlex.split(found[0])


def save(here: World, backup: Path) -> None:
    """Make a backup of the running portal's database, as the manual tells."""
    if here.env["DATABASE_URL"].startswith("postgres"):
        _give("pg_dump", here, backup)
    else:
        copy(here.folder / "portal.sqlite3", backup)


def restore(here: World, backup: Path) -> None:
    """Put a backup in the place of the stopped portal's database, as the manual tells."""
    if here.env["DATABASE_URL"].startswith("postgres"):
        _give("pg_restore", here, backup)
        return
    for path in here.folder.glob("portal.sqlite3*"):
        path.unlink()
    copy(backup, here.folder / "portal.sqlite3")


def _give(tool: str, here: World, backup: Path) -> None:
    words = {"$DATABASE_URL": here.env["DATABASE_URL"], "/backups/portal.dump": str(backup)}
    command = documented(tool)
    for old, new in words.items():
        command = [word.replace(old, new) for word in command]
    assert str(backup) in " ".join(command)
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def stop(worker: "subprocess.Popen[bytes]") -> None:
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait(20)


def is_searched(here: World) -> bool:
    here.run("tests.torture.steps", "wake")
    return bool(json.loads(here.run("tests.torture.steps", "searched")))


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.once), "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database; "" for SQLite in the world's folder."""
    if request.param == "sqlite":
        yield ""
        return
    if not SERVER.startswith("postgres"):
        pytest.skip("DATABASE_URL names no PostgreSQL server")
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("pg_dump and pg_restore are not installed")
    with own_database(SERVER) as url:
        yield url


def test_what_was_sent_after_the_backup_is_not_sent_again(database: str) -> None:
    # the clock is quick, so that the minutes of the search pass in seconds
    clock = {"CLOCK_SPEED": "60", "CLOCK_ORIGIN": str(int(time.time()))}
    with world(rate=0, latency=0.15, database=database, **killing.HASTE, **clock, SENDING_THREADS="3") as here:
        backup = here.folder / "backup"
        here.run("tests.torture.steps", "prepare", json.dumps(RECIPIENTS))
        worker = killing._start(here)
        try:
            until(lambda: len(here.ledger()) >= 10, "the campaign is under way", seconds=90)
            save(here, backup)
            killing._settled(here)
            stop(worker)
            assert len(here.ledger()) == len(RECIPIENTS)

            restore(here, backup)
            states = Counter(row["state"] for row in killing._state(here)["messages"].values())
            assert states["queued"] > 10
            subprocess.run(processes.manage("restored"), env=here.env, check=True, capture_output=True)

            before = len(here.ledger())
            worker = killing._start(here)
            until(lambda: is_searched(here), "every mailbox was searched", seconds=300)
            assert len(here.ledger()) == before, "sending was held until a person switched it on"
            here.run("tests.torture.steps", "lift")
            end = killing._settled(here)
        finally:
            for pid in in_session(worker.pid):
                os.kill(pid, signal.SIGKILL)
            worker.wait()
        assert {row["state"] for row in end["messages"].values()} == {"submitted"}
        assert Counter(sent["recipient"] for sent in here.ledger()) == dict.fromkeys(RECIPIENTS, 1)
