"""A spreadsheet of 300,000 rows as the portal reads it, in a process of its own, against openpyxl's read-only mode."""

import tempfile
import time
from pathlib import Path

import openpyxl
import xlsxwriter

from campaigns import tables
from tests.bench.csv import HEADINGS, values
from tests.bench.rows import Row

ROWS = 300_000
ROUNDS = 1


def main() -> None:
    """Alternate the two, and compare their best rounds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "elenco.xlsx"
        _write(path)
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(_timed(path, ours=True))
            theirs.append(_timed(path, ours=False))
    Row(f"speed of reading a spreadsheet of {ROWS} rows", "openpyxl, read-only", min(theirs) / min(ours), 5).tell()


def _write(path: Path) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADINGS)
        for number in range(ROWS):
            sheet.write_row(number + 1, 0, values(number))


def _timed(path: Path, *, ours: bool) -> float:
    begun = time.perf_counter()
    count = _portal(path) if ours else _openpyxl(path)
    if count != ROWS:
        raise RuntimeError(f"{count} rows were read, not {ROWS}.")
    return time.perf_counter() - begun


def _portal(path: Path) -> int:
    with tables.open_table(path, name=path.name) as table:
        return sum(1 for _row in table.rows)


def _openpyxl(path: Path) -> int:
    book = openpyxl.load_workbook(path, read_only=True)
    count = sum(1 for _row in book.worksheets[0].iter_rows(min_row=2, values_only=True))
    book.close()
    return count


if __name__ == "__main__":
    main()
