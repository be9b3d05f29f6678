"""Spreadsheets, opened by a process of its own: a file of five kilobytes may ask for half a terabyte of memory."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from campaigns.tables.rows import Record, TableProblem
from pecportal import confined


@contextmanager
def records(path: Path, *, sheet: int) -> Iterator[Iterator[Record]]:
    """The sheet's rows, each with its number in the sheet. Raises TableProblem, also while they are read."""
    with confined.telling("campaigns.tables.sheetreader", str(path.resolve()), str(sheet)) as process:
        yield _records(process)


def _records(process: "subprocess.Popen[bytes]") -> Iterator[Record]:
    for line in process.stdout or ():
        if not line.endswith(b"\n"):  # it died in the middle of a row
            break
        number, content = json.loads(line)
        if number:
            yield number, content
        elif content:
            raise TableProblem(content)
        else:
            return
    raise TableProblem("bomb" if process.wait() < 0 else "unreadable")  # a signal: its limits, or memory refused
