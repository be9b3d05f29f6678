"""A process of its own for files that strangers wrote: little time, little memory, no secrets, no files. Pure."""

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

_ROOT: Final = Path(__file__).resolve().parent.parent
# no other environment: keys and tokens stand in ours
_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
MOST: Final = 64 * 2**20  # bytes that one may say: what a parser was talked into must not fill our memory either
_CHUNK: Final = 2**16
Process: TypeAlias = "subprocess.Popen[bytes]"


class Overrun(Exception):
    """The process took more time or memory than it was given, or died of the file."""


class TooSlow(Overrun):
    """The process was not over in time: of the file that says nothing, the machine may be busy."""


def ask(module: str, *arguments: str, seconds: float) -> str:
    """Run `python -m module …` to its end, and return what it printed. Raises Overrun, and TooSlow of its kinds.

    `seconds` are of the wall's clock; the module limits itself by `limit`.
    """
    until = time.monotonic() + seconds
    with telling(module, *arguments) as process:
        told = heard(process, until=until)
        if process.returncode != 0:
            raise Overrun(f"{module} ended with {process.returncode}")
    return told.decode("utf-8", "replace").strip()


def heard(process: Process, *, until: float) -> bytes:
    """All that a process of `telling` says, whatever its end: one that breaks its limits has said what it could.

    `until` is a moment of `time.monotonic`. Raises TooSlow when it has come, and Overrun when it says too much.
    """
    told = b"".join(_pieces(process, until))
    try:
        process.wait(max(0.1, until - time.monotonic()))
    except subprocess.TimeoutExpired as exc:
        raise TooSlow("It was not over in time.") from exc
    return told


@contextmanager
def telling(module: str, *arguments: str) -> Iterator[Process]:
    """Run `python -m module …` beside the caller, who reads from its `stdout`; it is ended with the block."""
    process = start(module, *arguments)
    try:
        yield process
    finally:
        end(process)


def limit(*, seconds: int, megabytes: int, file_bytes: int = 0) -> None:
    """Called by the module itself before it looks at a file: processor time, address space, files, no dumps."""
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: megabytes * 2**20,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _pieces(process: Process, until: float) -> Iterator[bytes]:
    if process.stdout is None:
        return
    room = MOST
    with selectors.DefaultSelector() as waiting:
        waiting.register(process.stdout, selectors.EVENT_READ)
        while waiting.select(max(0.0, until - time.monotonic())):
            piece = os.read(process.stdout.fileno(), _CHUNK)
            if not piece:
                return
            yield piece
            room -= len(piece)
            if room < 0:
                raise Overrun(f"It said more than {MOST} bytes.")
    raise TooSlow("It was not over in time.")


def start(module: str, *arguments: str, stdin: int = subprocess.DEVNULL) -> Process:
    """Run `python -m module …` beside the caller, who has to `end` it."""
    return subprocess.Popen(  # noqa: S603 (our own interpreter and module; the rest are paths)
        [sys.executable, "-B", "-m", module, *arguments],
        cwd=_ROOT,
        env=_ENVIRONMENT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def end(process: Process) -> None:
    """End it with all that it may have started: its group is its own, and its number until it is waited for."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
    process.wait()
