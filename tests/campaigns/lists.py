"""Files with lists, and what becomes of them when they are opened."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import xlsxwriter

from campaigns import tables
from campaigns.tables import Row, TableProblem


def written(tmp_path: Path, content: str | bytes, *, name: str = "elenco.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def opened(path: Path, *, name: str = "", sheet: int = 0) -> tuple[tuple[str, ...], list[Row]]:
    with tables.open_table(path, name=name or path.name, sheet=sheet) as table:
        return table.columns, list(table.rows)


def problem_of(path: Path, *, name: str = "") -> str:
    with pytest.raises(TableProblem) as caught:
        opened(path, name=name)
    assert str(caught.value)
    return caught.value.code


def book(tmp_path: Path, *sheets: Iterable[Iterable[object]], name: str = "elenco.xlsx") -> Path:
    path = tmp_path / name
    with xlsxwriter.Workbook(path, {"default_date_format": "dd/mm/yyyy"}) as workbook:
        for rows in sheets:
            sheet = workbook.add_worksheet()
            for line, row in enumerate(rows):
                for column, cell in enumerate(row):
                    if cell is not None:
                        sheet.write(line, column, cell)
    return path
