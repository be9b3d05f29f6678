"""Lists as people keep them (CSV in the encodings of Italian offices, XLSX, XLS, ODS) and as programs write them (JSON
lines), opened with limits. Pure.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from campaigns.tables import commas, jsonlines, sheets
from campaigns.tables.rows import MOST_COLUMNS, MOST_ROWS, Row, Table, TableProblem, table_of

__all__ = ["LARGEST_FILE", "MOST_COLUMNS", "MOST_ROWS", "Row", "Table", "TableProblem", "open_table"]

LARGEST_FILE: Final = 32 * 2**20

_TEXTS: Final = frozenset({"csv", "txt", "tsv"})
_SHEETS: Final = frozenset({"xlsx", "xls", "ods"})
_LINES: Final = frozenset({"jsonl", "ndjson"})
_SPREADSHEETS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # ZIP, OLE


@contextmanager
def open_table(path: Path, *, name: str, sheet: int = 0, is_bare: bool = False) -> Iterator[Table]:
    """The list in the file at `path`, which its owner calls `name`; `sheet` counts the visible sheets from 0.

    One that `is_bare` may begin with a recipient: then its columns get headings of ours.
    Raises TableProblem at once for what can be seen at once, and while `rows` is read for what shows only then. Rows
    are given once, while the block is open, and never all held in memory.
    """
    ending = name.lower().rpartition(".")[2]
    if ending not in _TEXTS | _SHEETS | _LINES:
        raise TableProblem("not_a_table", detail=ending)
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise TableProblem("too_big", detail=str(size))
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise TableProblem("empty")
    if start.startswith(_SPREADSHEETS):  # by what it is: a spreadsheet saved under the name of a CSV opens all the same
        with sheets.records(path, sheet=sheet) as book:
            yield table_of(book.records, sheets=book.sheets)
    elif ending in _LINES:
        with jsonlines.records(path) as records:
            yield table_of(records)
    elif ending in _TEXTS:
        with commas.records(path) as records:
            yield table_of(records, is_bare=is_bare)
    else:
        raise TableProblem("unreadable")
