"""Lists as programs write them: a JSON object on each line, its names the headings (jsonlines.org). A stream."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from campaigns.tables.rows import MOST_COLUMNS, Record, TableProblem

LONGEST_LINE: Final = 2**20  # bytes
_PLAIN: Final = {None: "", True: "true", False: "false"}


@contextmanager
def records(path: Path) -> Iterator[Iterator[Record]]:
    """The headings, as record 0, then each line's values with the line's number from 1; an empty line has none.

    The file is read twice, since a later line may bring another name. Raises TableProblem, also while they are read.
    """
    with path.open("rb") as file:
        headings = _headings(file)
        file.seek(0)
        yield _records(file, headings)


def _headings(file: IO[bytes]) -> list[str]:
    found: dict[str, None] = {}
    for _number, row in _rows(file):
        found |= dict.fromkeys(row)
        if len(found) > MOST_COLUMNS:
            raise TableProblem("too_many_columns", detail=str(len(found)))
    return list(found)


def _records(file: IO[bytes], headings: list[str]) -> Iterator[Record]:
    yield 0, headings
    for number, row in _rows(file):
        yield number, [row.get(heading, "") for heading in headings]


def _rows(file: IO[bytes]) -> Iterator[tuple[int, dict[str, str]]]:
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if line.strip():
            yield number, _row(line, number)


def _row(line: bytes, number: int) -> dict[str, str]:
    try:
        if len(line) > LONGEST_LINE:
            raise ValueError("The line is too long.")
        found = json.loads(line.decode("utf-8-sig"), object_pairs_hook=_once, parse_int=str, parse_float=str)
        row = {_text(name): _text(value) for name, value in found.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise TableProblem("no_object", detail=str(number)) from exc
    if any("\x00" in part for pair in row.items() for part in pair):
        raise TableProblem("nul")
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name is there twice.")
    return found


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else _PLAIN.get(value)
    if text is None:
        raise TypeError("The value is neither a text nor a number.")
    text.encode()  # half of a character has no bytes
    return text
