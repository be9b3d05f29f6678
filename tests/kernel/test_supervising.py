"""Clusters that die or freeze are replaced; when the supervisor is asked to end, everything ends."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from pecportal import processes
from pecportal.operation.models import Alert
from pecportal.supervising import Supervisor
from tests.worlds import ROOT, World, in_session, quiet, until

LANES = ["sending", "tracking"]
MEMBERS = 6  # of each cluster: two workers, and the library's four
HASTE = {"LIVENESS_LATE_SECONDS": "20", "LIVENESS_FROZEN_SECONDS": "25"}


@contextmanager
def supervised(here: World) -> Iterator["subprocess.Popen[bytes]"]:
    command = processes.manage("supervise", "--lanes", ",".join(LANES))
    with (here.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=here.env, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        for leader in [process.pid, *clusters(process).values()]:
            for pid in in_session(leader):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)


def clusters(supervisor: "subprocess.Popen[bytes]") -> dict[str, int]:
    """The first process of each lane's cluster."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            words = (entry / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if parent == supervisor.pid and "pecportal.worker" in words:
            found[words[words.index("pecportal.worker") + 1]] = int(entry.name)
    return found


def is_complete(supervisor: "subprocess.Popen[bytes]", lane: str) -> bool:
    leader = clusters(supervisor).get(lane)
    return leader is not None and len(in_session(leader)) >= MEMBERS


def is_replaced(supervisor: "subprocess.Popen[bytes]", lane: str, before: int) -> bool:
    return clusters(supervisor).get(lane) not in (None, before) and in_session(before) == []


@pytest.mark.slow
@pytest.mark.once
def test_the_dead_and_the_frozen_are_replaced_and_all_end_with_the_supervisor() -> None:
    with quiet(**HASTE) as here, supervised(here) as supervisor:
        until(lambda: all(is_complete(supervisor, lane) for lane in LANES), "both clusters are complete", seconds=90)
        first = clusters(supervisor)

        os.kill(first["sending"], signal.SIGKILL)
        until(lambda: is_replaced(supervisor, "sending", first["sending"]), "the dead one is replaced", seconds=30)

        for pid in in_session(first["tracking"]):
            os.kill(pid, signal.SIGSTOP)  # it lives, and says nothing to the contrary
        until(lambda: is_replaced(supervisor, "tracking", first["tracking"]), "the frozen one is replaced", seconds=180)

        until(lambda: all(is_complete(supervisor, lane) for lane in LANES), "both are complete again", seconds=90)
        leaders = [supervisor.pid, *clusters(supervisor).values()]
        for pid in [pid for leader in leaders for pid in in_session(leader)]:
            os.kill(pid, signal.SIGTERM)  # as systemd does with a whole control group
        supervisor.wait(15)
        assert [pid for leader in leaders for pid in in_session(leader)] == []


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch, settings: Settings, transactional_db: None) -> Iterator[Supervisor]:
    """One whose cluster lives and never says anything."""
    settings.LIVENESS_LATE_SECONDS, settings.LIVENESS_FROZEN_SECONDS = 0.5, 1.0
    monkeypatch.setattr(processes, "worker", lambda lane: ["sleep", "60"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Supervisor(["sending"])
    yield made
    made.children.stop()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def looks(supervisor: Supervisor) -> int:
    """Have it look, and return its cluster's process."""
    supervisor._look_at = 0.0
    supervisor._step()
    return supervisor.clusters[0].child.process.pid


def test_what_could_not_be_heard_while_the_database_was_away_is_not_held_against_a_cluster(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = looks(supervisor)
    time.sleep(1.1)
    with monkeypatch.context() as away:
        away.setitem(connection.settings_dict, "NAME", "/nowhere/at.all")
        connection.close()
        assert looks(supervisor) == first

    assert looks(supervisor) == first
    time.sleep(1.1)
    assert looks(supervisor) != first
    assert Alert.objects.filter(kind="liveness.restart", key="sending").exists()


@pytest.mark.parametrize("lanes", ["", "sending,sending", "somewhere"])
def test_unknown_lanes_are_refused(lanes: str) -> None:
    with pytest.raises(CommandError):
        call_command("supervise", lanes=lanes)
