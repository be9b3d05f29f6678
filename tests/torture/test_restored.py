"""A backup that was made in the middle of a campaign is restored after its end: nothing is sent twice."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from pecportal import processes
from tests.torture import killing
from tests.worlds import World, in_session, until, world

pytestmark = pytest.mark.slow
RECIPIENTS = [f"ditta{number}@prova.example" for number in range(60)]


def copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def stop(worker: "subprocess.Popen[bytes]") -> None:
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait(20)


def is_searched(here: World) -> bool:
    here.run("tests.torture.steps", "wake")
    return bool(json.loads(here.run("tests.torture.steps", "searched")))


def test_what_was_sent_after_the_backup_is_not_sent_again() -> None:
    # the clock is quick, so that the minutes of the search pass in seconds
    clock = {"CLOCK_SPEED": "60", "CLOCK_ORIGIN": str(int(time.time()))}
    with world(rate=0, latency=0.15, **killing.HASTE, **clock, SENDING_THREADS="3") as here:
        database, backup = here.folder / "portal.sqlite3", here.folder / "backup.sqlite3"
        here.run("tests.torture.steps", "prepare", json.dumps(RECIPIENTS))
        worker = killing._start(here)
        try:
            until(lambda: len(here.ledger()) >= 10, "the campaign is under way", seconds=90)
            copy(database, backup)
            killing._settled(here)
            stop(worker)
            assert len(here.ledger()) == len(RECIPIENTS)

            for path in here.folder.glob("portal.sqlite3*"):
                path.unlink()
            copy(backup, database)
            states = Counter(row["state"] for row in killing._state(here)["messages"].values())
            assert states["queued"] > 10
            subprocess.run(processes.manage("restored"), env=here.env, check=True, capture_output=True)

            worker = killing._start(here)
            until(lambda: is_searched(here), "every mailbox was searched", seconds=120)
            here.run("tests.torture.steps", "lift")
            end = killing._settled(here)
        finally:
            for pid in in_session(worker.pid):
                os.kill(pid, signal.SIGKILL)
            worker.wait()
        assert {row["state"] for row in end["messages"].values()} == {"submitted"}
        assert Counter(sent["recipient"] for sent in here.ledger()) == dict.fromkeys(RECIPIENTS, 1)
