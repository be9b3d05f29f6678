"""Lists in spreadsheets, read as they show; and spreadsheets that would rather be weapons."""

import time
import zipfile
from datetime import date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import pytest
import xlsxwriter

from campaigns import tables
from campaigns.tables import Row, TableProblem, sheetreader
from tests.campaigns.lists import book, opened, problem_of, written


def test_a_spreadsheet_is_read_as_it_shows(tmp_path: Path) -> None:
    path = book(
        tmp_path,
        [
            ["pec", "partita iva", "importo", "data", "attiva", "testo"],
            [],
            ["a@x.example", 7973780013, 1234.56, date(2026, 1, 31), True, "07973780013"],
            [],
            ["b@x.example", 0, -0.5, None, False, "due\nrighe"],
        ],
    )

    assert opened(path) == (
        ("pec", "partita iva", "importo", "data", "attiva", "testo"),
        [
            Row(3, ("a@x.example", "7973780013", "1234,56", "31/01/2026", "VERO", "07973780013"), ""),
            Row(5, ("b@x.example", "0", "-0,5", "", "FALSO", "due\nrighe"), ""),
        ],
    )


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (7973780013.0, "7973780013"),
        (1e21, "1000000000000000000000"),
        (0.1 + 0.2, "0,3"),
        (-0.0, "0"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (date(2026, 1, 31), "31/01/2026"),
        (datetime(2026, 1, 31, 0, 0), "31/01/2026"),  # noqa: DTZ001
        (datetime(2026, 1, 31, 9, 5), "31/01/2026 09:05"),  # noqa: DTZ001
        (clock(9, 5), "09:05"),
        (timedelta(hours=30, seconds=5), "30:00:05"),
        (True, "VERO"),
        (False, "FALSO"),
    ],
)
def test_cells_are_shown_as_an_italian_spreadsheet_does(cell: sheetreader.Cell, shown: str) -> None:
    assert sheetreader.shown_as(cell) == shown


def test_rows_count_from_the_top_of_the_sheet(tmp_path: Path) -> None:
    path = book(tmp_path, [[], [None, "pec", "nome"], [None, None, None], [None, "a@x.example", "Anna"]])

    assert opened(path) == (("pec", "nome"), [Row(4, ("a@x.example", "Anna"), "")])


def test_rows_wider_than_the_headings_are_named(tmp_path: Path) -> None:
    rows = opened(book(tmp_path, [["pec", "nome"], ["a@x.example", "Anna", "x"], ["b@x.example"]]))[1]

    assert [row.problem for row in rows] == ["column_count", ""]


def test_another_sheet_may_be_asked_for(tmp_path: Path) -> None:
    path = book(tmp_path, [["uno"], ["1"]], [["due"], ["2"]])

    assert opened(path, sheet=1)[0] == ("due",)
    with pytest.raises(TableProblem) as caught:
        opened(path, sheet=2)
    assert caught.value.code == "empty"


def test_hidden_sheets_are_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        hidden, seen = workbook.add_worksheet(), workbook.add_worksheet()
        hidden.write(0, 0, "nascosto")
        seen.write(0, 0, "pec")
        seen.activate()
        seen.set_first_sheet()
        hidden.hide()

    assert opened(path)[0] == ("pec",)


def test_a_spreadsheet_with_the_name_of_a_csv_opens_all_the_same(tmp_path: Path) -> None:
    assert opened(book(tmp_path, [["pec"], ["a@x.example"]]), name="elenco.csv")[0] == ("pec",)


def test_a_reader_may_stop_in_the_middle(tmp_path: Path) -> None:
    path = book(tmp_path, [["pec"], *[[f"a{number}@x.example"] for number in range(5000)]])

    with tables.open_table(path, name="a.xlsx") as table:
        assert next(table.rows).line == 2


def zipped(tmp_path: Path, entries: dict[str, bytes], *, name: str = "bomba.xlsx") -> Path:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    return path


def test_a_zip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"xl/worksheets/sheet1.xml": b"<row/>" * 20_000_000})
    assert path.stat().st_size < 2**20
    began = time.monotonic()

    assert problem_of(path) == "bomb"
    assert time.monotonic() - began < 5


def test_a_bomb_whose_directory_lies_about_sizes_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"xl/worksheets/sheet1.xml": b"\x00" * (200 * 2**20)})
    content = path.read_bytes()
    size = (200 * 2**20).to_bytes(4, "little")
    path.write_bytes(content.replace(size, (100).to_bytes(4, "little")))

    assert problem_of(path) in ("bomb", "unreadable")


def test_entries_that_share_their_bytes_are_a_bomb(tmp_path: Path) -> None:
    content = zipped(tmp_path, {"a": b"x" * 1000, "b": b"y" * 1000}).read_bytes()
    second = content.rindex(b"PK\x01\x02")
    overlapping = content[: second + 42] + (0).to_bytes(4, "little") + content[second + 46 :]

    assert problem_of(written(tmp_path, overlapping, name="a.xlsx")) == "bomb"


def test_an_archive_of_too_many_entries_is_a_bomb(tmp_path: Path) -> None:
    assert problem_of(zipped(tmp_path, {f"{number}": b"" for number in range(10_001)})) == "bomb"


def test_a_sheet_that_asks_for_half_a_terabyte_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "pec")
        sheet.write(1_048_575, 16_383, "x")
    assert path.stat().st_size < 10_000

    assert problem_of(path) == "bomb"


def test_an_archive_that_is_no_spreadsheet_is_unreadable(tmp_path: Path) -> None:
    assert problem_of(zipped(tmp_path, {"a.txt": b"x"})) == "unreadable"


def test_a_spreadsheet_cut_short_is_unreadable(tmp_path: Path) -> None:
    content = book(tmp_path, [["pec"], ["a@x.example"]]).read_bytes()

    assert problem_of(written(tmp_path, content[: len(content) // 2], name="a.xlsx")) == "unreadable"


def test_a_spreadsheet_behind_a_password_says_so(tmp_path: Path) -> None:
    path = zipped(tmp_path, {"xl/workbook.xml": b"x"})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1

    assert problem_of(written(tmp_path, bytes(content), name="a.xlsx")) == "encrypted"


@pytest.mark.parametrize("attack", ["<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>", "<a>" * 100_000])
def test_hostile_xml_in_a_spreadsheet_does_no_harm(tmp_path: Path, attack: str) -> None:
    whole = book(tmp_path, [["pec"], ["a@x.example"]])
    with zipfile.ZipFile(whole) as archive:
        entries = {entry: archive.read(entry) for entry in archive.namelist()}
    sheet = entries["xl/worksheets/sheet1.xml"].decode()
    entries["xl/worksheets/sheet1.xml"] = sheet.replace("<worksheet", f"{attack}<worksheet").encode()
    path = zipped(tmp_path, entries, name="a.xlsx")
    try:
        _columns, rows = opened(path)
    except TableProblem as exc:
        assert exc.code in ("unreadable", "empty")  # noqa: PT017
    else:
        assert "root:" not in str(rows)


def ods(tmp_path: Path, rows: str) -> Path:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="uno">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    entries = {"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": manifest.encode()}
    return zipped(tmp_path, entries, name="elenco.ods")


def cell(text: str, *, repeated: int = 1) -> str:
    many = f' table:number-columns-repeated="{repeated}"' if repeated > 1 else ""
    return f'<table:table-cell office:value-type="string"{many}><text:p>{text}</text:p></table:table-cell>'


def row(*cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}</table:table-row>'


def test_an_open_document_is_read_with_its_empty_rows_counted(tmp_path: Path) -> None:
    empty = row("<table:table-cell/>", repeated=3)
    rest = row('<table:table-cell table:number-columns-repeated="16384"/>', repeated=1_048_571)
    path = ods(tmp_path, row(cell("pec"), cell("nome")) + empty + row(cell("a@x.example"), cell("Anna")) + rest)

    assert opened(path) == (("pec", "nome"), [Row(5, ("a@x.example", "Anna"), "")])


def test_an_open_document_that_repeats_itself_without_end_is_refused(tmp_path: Path) -> None:
    path, began = ods(tmp_path, row(cell("x", repeated=16_384), repeated=1_048_576)), time.monotonic()

    assert problem_of(path) in ("bomb", "unreadable")
    assert time.monotonic() - began < 20
