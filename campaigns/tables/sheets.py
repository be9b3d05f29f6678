"""Spreadsheets, opened by a process of its own: a file of five kilobytes may ask for half a terabyte of memory."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from campaigns.tables.rows import Record, TableProblem
from pecportal import confined


@dataclass(frozen=True, slots=True)
class Book:
    """The names of a workbook's visible sheets, and the rows of one, each with its number in the sheet."""

    sheets: tuple[str, ...]
    records: Iterator[Record]


@contextmanager
def records(path: Path, *, sheet: int) -> Iterator[Book]:
    """The workbook, opened at one of its visible sheets. Raises TableProblem, also while the rows are read."""
    with confined.telling("campaigns.tables.sheetreader", str(path.resolve()), str(sheet)) as process:
        first = process.stdout.readline() if process.stdout else b""
        if not first.endswith(b"\n"):
            raise _death(process)
        told = json.loads(first)
        if isinstance(told, str):  # a code: it could not even be opened
            raise TableProblem(told or "empty")
        yield Book(tuple(told["sheets"]), _records(process))


def _records(process: confined.Process) -> Iterator[Record]:
    for line in process.stdout or ():
        if not line.endswith(b"\n"):  # it died in the middle of a row
            break
        content = json.loads(line)
        if isinstance(content, list):
            yield from map(tuple, content)
        elif content:
            raise TableProblem(content)
        else:
            return
    raise _death(process)


def _death(process: confined.Process) -> TableProblem:
    return TableProblem("bomb" if process.wait() < 0 else "unreadable")  # a signal: its limits, or memory refused
