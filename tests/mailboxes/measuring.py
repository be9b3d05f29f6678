"""What a process of ours takes for a file, measured from a small one: what pytest forks begins with its memory."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from mailboxes import papermaker, paperreader
from mailboxes.signatures import reader

MODULES = (reader, paperreader, papermaker)
SECONDS, MEGABYTES, PICTURES_MEGABYTES = 5.0, 200, 300
_ROOT = Path(__file__).resolve().parents[2]
_MEASURE = """
import json, os, subprocess, sys
for path in sys.argv[3:]:
    command = [sys.executable, "-B", "-m", sys.argv[1], path, *sys.argv[2].split()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    told, errors = process.stdout.read(), process.stderr.read()
    _pid, status, used = os.wait4(process.pid, 0)
    print(json.dumps([path, os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss / 1024,
        told[:200].decode("latin-1"), errors[-500:].decode("latin-1")]), flush=True)
"""


@dataclass(frozen=True)
class Used:
    """`status` is below zero where a signal ended it, `seconds` the processor's, `told` how its answer begins."""

    is_picture: bool
    status: int
    seconds: float
    megabytes: float
    told: str
    errors: str

    @property
    def is_good(self) -> bool:
        """Whether it kept within what was promised, and said something or was ended by its limits."""
        is_within = self.seconds < SECONDS and self.megabytes < (PICTURES_MEGABYTES if self.is_picture else MEGABYTES)
        return is_within and "Traceback" not in self.errors and (self.told.startswith("{") or self.status < 0)


def used(module: ModuleType, paths: Iterable[Path]) -> dict[str, Used]:
    """What a module takes for each of these files, by name."""
    more = str(time.time()) if module is reader else ""
    command = [sys.executable, "-S", "-c", _MEASURE, module.__name__, more, *map(str, paths)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
    rows = [(Path(path), *row) for path, *row in map(json.loads, done.stdout.splitlines())]
    return {path.name: Used(_is_picture(path), *row) for path, *row in rows}


def _is_picture(path: Path) -> bool:
    return papermaker.format_of(path.read_bytes()) not in ("", "pdf")
