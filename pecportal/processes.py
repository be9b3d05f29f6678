"""The portal's processes on one machine: started together, stopped together, none left behind."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, TextIO

MANAGE: Final = Path(__file__).resolve().parent.parent / "manage.py"
PATIENCE: Final = 20.0  # seconds that a process has to end after it was asked to: a send may be on the wire
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


@dataclass(frozen=True, slots=True)
class Child:
    """One started process; `log` is where its output goes, None when it shares ours."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: TextIO | None


class Children:
    """Processes in sessions of their own, so that a Ctrl-C in the terminal reaches us alone and we end them in turn."""

    def __init__(self, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._folder = Path(tempfile.mkdtemp(prefix="pecportal-"))
        self._children: list[Child] = []
        self.asked_to_stop = threading.Event()

    def start(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str] | None = None, log: Path | None = None
    ) -> Child:
        """Start one; it is asked to stop even if we are killed."""
        stream = log.open("a", encoding="utf-8") if log else None
        process = subprocess.Popen(  # noqa: S603
            list(command),
            env={**os.environ, **(env or {}), "PORTAL_STOP_FILE": str(self._folder / "stop")},
            stdout=stream,
            stderr=stream,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd=MANAGE.parent,
            preexec_fn=_end_with_parent,  # whoever starts processes has no threads
        )
        child = Child(name, process, stream)
        self._children.append(child)
        return child

    def heed_signals(self) -> None:
        """From now on Ctrl-C and SIGTERM set `asked_to_stop` instead of ending us at once."""

        def note(number: int, frame: FrameType | None) -> None:
            self.asked_to_stop.set()

        signal.signal(signal.SIGINT, note)
        signal.signal(signal.SIGTERM, note)

    def ended(self) -> Child | None:
        """The first process that ended by itself, if any did."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def kill(self, child: Child) -> None:
        """End one at once, with all that it started; frozen or dead, nothing of it is left."""
        _kill_group(child.process)
        if child.log:
            child.log.close()
        self._children.remove(child)

    def stop(self) -> None:
        """Ask all to end, the last started first; kill what does not in time, with all that it started."""
        (self._folder / "stop").touch()  # the queue tells its jobs nothing: see pecportal.stopping
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
        until = time.monotonic() + self._patience
        for child in reversed(self._children):
            with suppress(subprocess.TimeoutExpired):  # killed below, with its group
                child.process.wait(max(until - time.monotonic(), 0.1))
            _kill_group(child.process)
            if child.log:
                child.log.close()
        self._children.clear()
        shutil.rmtree(self._folder, ignore_errors=True)


def manage(*arguments: str) -> list[str]:
    """The command line of a management command."""
    return [sys.executable, str(MANAGE), *arguments]


def web(*, host: str, port: int, threads: int = 8) -> list[str]:
    """The command line of the web server."""
    bind = f"{host}:{port}"
    options = ["--bind", bind, "--worker-class", "gthread", "--threads", str(threads), "--no-control-socket"]
    options += ["--limit-request-line", "8190"]  # cursors and filters of the API
    return [sys.executable, "-m", "gunicorn", "pecportal.wsgi", "--workers", "1", *options]


def worker(lane: str = "all") -> list[str]:
    """The command line of the background workers of one lane, or of all."""
    return [sys.executable, "-m", "pecportal.worker", lane]


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """Kill whatever is left of the process's session; it may be gone already."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
