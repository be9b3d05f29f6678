"""Records become a table: headings first, then rows with the line at which a spreadsheet shows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from campaigns import addresses, headings

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
    "broken_row": "A row cannot be read.",
    "open_quote": "A quotation mark is not closed.",
    "encrypted": "The file is protected by a password.",
    "not_a_table": "The file is no list.",
    "no_object": "A line is no JSON object of texts and numbers.",
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
    """The headings, trimmed ("" where a column has none), and the rows below them, to be read once.

    `sheets` are the names of a workbook's visible sheets, of which this is one.
    """

    columns: tuple[str, ...]
    rows: Iterator[Row]
    sheets: tuple[str, ...] = ()


def table_of(records: Iterator[Record], *, sheets: tuple[str, ...] = (), is_bare: bool = False) -> Table:
    """The first record that is not empty holds the headings. Raises TableProblem, also while the rows are read.

    One that `is_bare` may begin with a recipient instead: the column with the address is then called `pec`.
    """
    for line, cells in records:
        if any(cell.strip() for cell in cells):
            if is_bare and any(map(_is_address, cells)):
                return Table(_own_headings(cells), _rows(chain([(line, cells)], records), len(cells)))
            columns = _headings(cells)
            return Table(columns, _rows(records, len(columns)), sheets)
    raise TableProblem("empty")


def _own_headings(cells: Sequence[str]) -> tuple[str, ...]:
    if len(cells) > MOST_COLUMNS:
        raise TableProblem("too_many_columns", detail=str(len(cells)))
    first = next(position for position, cell in enumerate(cells) if _is_address(cell))
    return tuple("pec" if position == first else f"campo {position + 1}" for position in range(len(cells)))


def _headings(cells: list[str]) -> tuple[str, ...]:
    found = [" ".join(cell.split()) for cell in cells]
    while not found[-1]:
        found.pop()
    if len(found) > MOST_COLUMNS:
        raise TableProblem("too_many_columns", detail=str(len(found)))
    seen: set[str] = set()
    for heading in found:
        name = headings.normalise(heading) or heading
        if name and name in seen:
            raise TableProblem("duplicate_header", detail=heading)
        if len(heading) > LONGEST_HEADING or _is_address(heading):
            raise TableProblem("no_header", detail=heading)
        seen.add(name)
    return tuple(found)


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
    if len(max(cells, key=len)) > LONGEST_CELL:
        problem = "cell_too_long"
        cells = [cell[:LONGEST_CELL] for cell in cells]
    return Row(line, tuple(cells), problem)
