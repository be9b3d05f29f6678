"""Processes that are started together end together."""

import os
import sys
import time
from pathlib import Path

from pecportal import processes

STUBBORN = (
    "import signal, subprocess, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid, flush=True)\n"
    "time.sleep(60)\n"
)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_what_does_not_end_when_asked_is_killed_with_all_it_started(
    tmp_path: Path,
) -> None:
    children, log = processes.Children(patience=0.3), tmp_path / "log"
    child = children.start("stubborn", [sys.executable, "-c", STUBBORN], log=log)
    until = time.monotonic() + 10
    while not log.read_text().strip() and time.monotonic() < until:
        time.sleep(0.05)
    grandchild = int(log.read_text())

    children.stop()

    assert child.process.returncode is not None
    time.sleep(0.2)
    assert not is_alive(grandchild)


def test_one_that_ends_by_itself_is_noticed() -> None:
    children = processes.Children()
    child = children.start("short", [sys.executable, "-c", ""])
    child.process.wait(10)

    assert children.ended() == child
    children.stop()
