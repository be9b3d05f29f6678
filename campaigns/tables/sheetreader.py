"""The other side of `sheets`: `python -m campaigns.tables.sheetreader PATH SHEET` prints a sheet as lines of JSON.

`{"sheets": [names]}`; `[[number, [cells]], …]`, some rows that are not empty, again and again; then the code: "" or a
TableProblem's.
"""

import json
import math
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

import python_calamine as calamine

from campaigns import archives
from pecportal import confined

SECONDS: Final = 60
MEGABYTES: Final = 1024
ROWS: Final = 500  # of one line at most, for that many calls less on both sides
SIGNS: Final = 2**18  # of one line, before it is ended
_ZIP: Final = b"PK"
_ARCHIVE_PROBLEMS: Final = {"bomb": "bomb", "encrypted": "encrypted"}

Cell = int | float | str | bool | time | date | datetime | timedelta


def visible(book: calamine.CalamineWorkbook) -> list[str]:
    """The names of the sheets that are seen and hold cells, in their order."""
    return [
        found.name
        for found in book.sheets_metadata
        if found.visible == calamine.SheetVisibleEnum.Visible and found.typ == calamine.SheetTypeEnum.WorkSheet
    ]


def rows(book: calamine.CalamineWorkbook, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of the sheet with that name, their cells as an Italian spreadsheet shows them."""
    for number, cells in enumerate(book.get_sheet_by_name(name).iter_rows(), 1):
        shown = [cell if isinstance(cell, str) else shown_as(cell) for cell in cells]
        if any(shown):
            yield number, shown


def shown_as(cell: Cell) -> str:
    """The cell as text: whole numbers without a point, others with a comma, dates as gg/mm/aaaa."""
    if isinstance(cell, bool):
        return "VERO" if cell else "FALSO"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return f"{cell:%d/%m/%Y}" if cell.time() == time() else f"{cell:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(int(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return f"{cell:%H:%M}" if isinstance(cell, time) else str(cell)


def _number(cell: float) -> str:
    if math.isfinite(cell) and cell == int(cell):
        return str(int(cell))
    return f"{cell:.15g}".replace(".", ",")


def problem(path: Path) -> str:
    """What keeps the file from being opened, as a TableProblem's code; "" if nothing does so far."""
    with path.open("rb") as file:
        is_zip = file.read(2) == _ZIP
    if not is_zip:
        return ""
    found = archives.problem(path, kind="")
    return _ARCHIVE_PROBLEMS.get(found, "unreadable") if found else ""


def _tell(path: Path, *, sheet: int) -> str:
    """Print the sheets' names and the rows, and return the code to end with."""
    found = problem(path)
    if found:
        return found
    try:
        with path.open("rb") as file, calamine.CalamineWorkbook.from_filelike(file) as book:
            names = visible(book)
            _print({"sheets": names})
            return _tell_rows(rows(book, names[sheet])) if sheet < len(names) else ""
    except calamine.PasswordError:
        return "encrypted"
    except MemoryError:
        return "bomb"
    except (calamine.CalamineError, ValueError, OverflowError, OSError):
        return "unreadable"


def _tell_rows(found: Iterator[tuple[int, list[str]]]) -> str:
    waiting: list[tuple[int, list[str]]] = []
    signs = 0
    for number, cells in found:
        row = "".join(cells)
        if "\x00" in row:
            return "nul"
        waiting.append((number, cells))
        signs += len(row)
        if len(waiting) >= ROWS or signs >= SIGNS:
            _print(waiting)
            waiting, signs = [], 0
    _print(waiting)
    return ""


def _print(content: list[tuple[int, list[str]]] | dict[str, list[str]] | str) -> None:
    sys.stdout.write(json.dumps(content) + "\n")


def _main() -> None:
    confined.limit(seconds=SECONDS, megabytes=MEGABYTES)
    code = _tell(Path(sys.argv[1]), sheet=int(sys.argv[2]))
    _print(code)


if __name__ == "__main__":
    _main()
