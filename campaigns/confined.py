"""A process of its own for files that strangers wrote: little time, little memory, no secrets, no files. Pure."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parent.parent
# no other environment: keys and tokens stand in ours
_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


class Overrun(Exception):
    """The process took more time or memory than it was given, or died of the file."""


def ask(module: str, *arguments: str, seconds: float) -> str:
    """Run `python -m module …` to its end, and return what it printed. Raises Overrun.

    `seconds` are of the wall's clock; the module limits itself by `limit`.
    """
    process = _start(module, arguments)
    try:
        told, _errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as exc:
        raise Overrun(f"{module} took more than {seconds} s") from exc
    finally:
        _end(process)
    if process.returncode != 0:
        raise Overrun(f"{module} ended with {process.returncode}")
    return told.decode("utf-8", "replace").strip()


@contextmanager
def telling(module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `python -m module …` beside the caller, who reads from its `stdout`; it is ended with the block."""
    process = _start(module, arguments)
    try:
        yield process
    finally:
        _end(process)


def limit(*, seconds: int, megabytes: int) -> None:
    """Called by the module itself before it looks at a file: processor time, address space, no files, no dumps."""
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: megabytes * 2**20,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _start(module: str, arguments: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 (our own interpreter and module; the rest are paths)
        [sys.executable, "-B", "-m", module, *arguments],
        cwd=_ROOT,
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    if process.stdout is not None:
        process.stdout.close()
    process.wait()
