"""Records become a table: headings first, then rows with the line at which a spreadsheet shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from campaigns import addresses, text

MOST_ROWS: Final = 300_000
MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 10_000  # characters
LONGEST_HEADING: Final = 200

Record = tuple[int, list[str]]

_PROBLEMS: Final = {
    "too_big": "The file is too large.",
    "too_many_rows": f"There are more than {MOST_ROWS} rows.",
    "too_many_columns": f"There are more than {MOST_COLUMNS} columns.",
    "encoding": "The file is in no encoding that is known.",
    "empty": "There is nothing in the file.",
    "no_header": "The first row holds no headings.",
    "duplicate_header": "Two columns have one heading.",
    "bomb": "The file becomes far too large when it is opened.",
    "unreadable": "The file is damaged.",
    "encrypted": "The file is protected by a password.",
    "not_a_table": "The file is no list.",
    "nul": "There are NUL characters in the file.",
}


class TableProblem(ValueError):
    """Why the file as a whole cannot be used; `detail` names the heading, line or size that is meant, or is ""."""

    def __init__(self, code: str, *, detail: str = "") -> None:
        self.code, self.detail = code, detail[:100]
        super().__init__(_PROBLEMS[code] + (f" ({self.detail})" if detail else ""))


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `values` has one value for each column, `problem` is "", column_count, or cell_too_long.

    `line` is the row's number as a spreadsheet shows it: headings and empty rows count, and a record with line breaks
    between its quotes is one row.
    """

    line: int
    values: tuple[str, ...]
    problem: str


@dataclass(frozen=True, slots=True)
class Table:
    """The headings, trimmed ("" where a column has none), and the rows below them, to be read once."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def table_of(records: Iterator[Record]) -> Table:
    """The first record that is not empty holds the headings. Raises TableProblem, also while the rows are read."""
    for _line, cells in records:
        if any(cell.strip() for cell in cells):
            columns = _headings(cells)
            return Table(columns, _rows(records, len(columns)))
    raise TableProblem("empty")


def _headings(cells: list[str]) -> tuple[str, ...]:
    headings = [" ".join(cell.split()) for cell in cells]
    while not headings[-1]:
        headings.pop()
    if len(headings) > MOST_COLUMNS:
        raise TableProblem("too_many_columns", detail=str(len(headings)))
    seen: set[str] = set()
    for heading in headings:
        name = text.normalise(heading) or heading
        if name and name in seen:
            raise TableProblem("duplicate_header", detail=heading)
        if len(heading) > LONGEST_HEADING or _is_address(heading):
            raise TableProblem("no_header", detail=heading)
        seen.add(name)
    return tuple(headings)


def _is_address(heading: str) -> bool:
    """Whether the list begins with a recipient: without headings the first one would be lost."""
    try:
        return bool(addresses.parse(heading))
    except addresses.AddressProblem:
        return False


def _rows(records: Iterator[Record], width: int) -> Iterator[Row]:
    count = 0
    for line, cells in records:
        if not any(cells) or not "".join(cells).strip():
            continue
        count += 1
        if count > MOST_ROWS:
            raise TableProblem("too_many_rows")
        yield _row(line, cells, width)


def _row(line: int, cells: list[str], width: int) -> Row:
    problem = ""
    if len(cells) != width:
        problem = "column_count" if len(cells) < width or any(cell.strip() for cell in cells[width:]) else ""
        cells = cells[:width] + [""] * (width - len(cells))
    if any(len(cell) > LONGEST_CELL for cell in cells):
        problem = "cell_too_long"
        cells = [cell[:LONGEST_CELL] for cell in cells]
    return Row(line, tuple(cells), problem)
