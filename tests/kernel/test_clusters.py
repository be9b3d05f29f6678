"""What the queue's library does when its processes are killed or asked to end, and what our clusters do instead."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pecportal import processes
from tests.worlds import ROOT, World, in_session, quiet, until

pytestmark = [pytest.mark.slow, pytest.mark.once]
LIBRARY = processes.manage("qcluster")
OURS = processes.worker("all")
WORKERS = 2
MEMBERS = WORKERS + 4  # the parent, its sentinel, a pusher and a monitor


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with quiet(WORKERS=str(WORKERS)) as world:
        yield world


@contextmanager
def running(here: World, command: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """The cluster, complete, in a session of its own; nothing of it is left afterwards."""
    with (here.folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=here.env, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: len(in_session(process.pid)) >= MEMBERS, "the cluster is complete")
        yield process
    finally:
        for pid in in_session(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.wait(10)


def has_ended(process: "subprocess.Popen[bytes]", *, seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def test_the_library_hangs_for_good_when_its_whole_group_is_asked_to_end(here: World) -> None:
    for _ in range(20):  # unless it is lucky
        with running(here, LIBRARY) as process:
            os.killpg(process.pid, signal.SIGTERM)
            if not has_ended(process, seconds=6):
                assert in_session(process.pid) == [process.pid]  # it waits for children that are dead
                return
    pytest.fail("The library ends now: what pecportal.worker does about it can go.")


def test_our_cluster_ends_when_its_whole_group_is_asked_to(here: World) -> None:
    with running(here, OURS) as process:
        os.killpg(process.pid, signal.SIGTERM)

        assert has_ended(process, seconds=15)
        assert process.returncode == 0
        assert in_session(process.pid) == []


def test_our_cluster_ends_when_its_parent_alone_is_asked_to(here: World) -> None:
    with running(here, OURS) as process:
        process.terminate()

        assert has_ended(process, seconds=15)
        assert in_session(process.pid) == []


def test_the_librarys_children_go_on_when_their_parent_is_killed(here: World) -> None:
    with running(here, LIBRARY) as process:
        process.kill()
        process.wait(10)

        assert len(in_session(process.pid)) >= MEMBERS - 1


@pytest.mark.parametrize("victim", ["parent", "sentinel"])
def test_our_clusters_children_end_when_their_parent_is_killed(here: World, victim: str) -> None:
    with running(here, OURS) as process:
        (sentinel,) = [pid for pid in in_session(process.pid) if parent_of(pid) == process.pid]
        os.kill(process.pid if victim == "parent" else sentinel, signal.SIGKILL)

        process.wait(15)
        until(lambda: in_session(process.pid) == [], "its children end, too", seconds=15)
        assert process.returncode == (-signal.SIGKILL if victim == "parent" else 1)
