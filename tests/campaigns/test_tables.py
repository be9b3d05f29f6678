"""Lists in CSV as offices keep them, and hostile ones refused before they do harm."""

import csv
import io
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns import tables
from campaigns.tables import Row, TableProblem
from tests.campaigns.lists import opened, problem_of, written

SAMPLES = Path(__file__).parents[3] / "shared" / "samples" / "recipients"
TEXT = "pec;nome\na@x.example;Anna\nb@x.example;Forlì\n"


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("cp1252"),
        TEXT.encode("utf-16"),
        b"\xff\xfe" + TEXT.encode("utf-16-le"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace("\n", "\r\n").encode("cp1252"),
        TEXT.replace("\n", "\r").encode("cp1252"),
        TEXT.replace(";", ",").encode(),
        TEXT.replace(";", "\t").encode(),
        TEXT.rstrip().encode(),
        ("sep=;\n" + TEXT).encode(),
        ("\n\n" + TEXT).encode(),
        TEXT.replace("\n", ";;\n").encode(),
        '"pec";"nome"\n"a@x.example";"Anna"\n"b@x.example";"Forlì"\n'.encode("cp1252"),
    ],
)
def test_a_csv_is_read_in_the_spellings_of_italian_offices(tmp_path: Path, content: bytes) -> None:
    columns, rows = opened(written(tmp_path, content))

    assert columns == ("pec", "nome")
    assert [row.values for row in rows] == [("a@x.example", "Anna"), ("b@x.example", "Forlì")]
    assert {row.problem for row in rows} == {""}


def test_the_sign_most_often_outside_quotes_divides(tmp_path: Path) -> None:
    columns, rows = opened(written(tmp_path, '"a,b,c,d";"e";f\n1;2;3,5\n'))

    assert columns == ("a,b,c,d", "e", "f")
    assert rows == [Row(2, ("1", "2", "3,5"), "")]


def test_lines_are_those_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    content = 'pec;nome\n\na@x.example;"Anna\nBianchi"\n;\nb@x.example;Bea\n'

    assert opened(written(tmp_path, content))[1] == [
        Row(3, ("a@x.example", "Anna\nBianchi"), ""),
        Row(5, ("b@x.example", "Bea"), ""),
    ]


@pytest.mark.parametrize(
    ("line", "values", "problem"),
    [
        ("a;b", ("a", "b"), ""),
        ("a;b;", ("a", "b"), ""),
        ("a;b; ;", ("a", "b"), ""),
        ("a", ("a", ""), "column_count"),
        ("a;b;c", ("a", "b"), "column_count"),
        ("a;" + "b" * 10_000, ("a", "b" * 10_000), ""),
        ("a;" + "b" * 10_001, ("a", "b" * 10_000), "cell_too_long"),
        ('a;"b;c"', ("a", "b;c"), ""),
        ('a;"b""c"', ("a", 'b"c'), ""),
        ('a;b"c', ("a", 'b"c'), ""),
        ("00123;=1+1", ("00123", "=1+1"), ""),
    ],
)
def test_rows_that_do_not_fit_are_named_and_keep_their_width(
    tmp_path: Path, line: str, values: tuple[str, ...], problem: str
) -> None:
    _columns, rows = opened(written(tmp_path, f"x;y\n{line}\nc;d\n"))

    assert rows == [Row(2, values, problem), Row(3, ("c", "d"), "")]


@given(
    cells=st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), min_size=2, max_size=2),
        max_size=8,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_in_the_cells_of_a_written_csv_is_read_back(tmp_path: Path, cells: list[list[str]]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_ALL).writerows([["uno", "due"], *cells])

    _columns, rows = opened(written(tmp_path, buffer.getvalue()))

    assert [list(row.values) for row in rows] == [row for row in cells if "".join(row).strip()]


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_do_more_than_be_refused(tmp_path: Path, content: bytes) -> None:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return
    try:
        columns, rows = opened(written(tmp_path, content))
    except TableProblem:
        return
    assert all(len(row.values) == len(columns) for row in rows)


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"", "a.csv", "empty"),
        (b"\n\n ; ;\n", "a.csv", "empty"),
        (b"\xef\xbb\xbf", "a.csv", "empty"),
        (TEXT.encode(), "a.pdf", "not_a_table"),
        (TEXT.encode(), "elenco", "not_a_table"),
        (b"%PDF-1.4\n", "a.csv", "not_a_table"),
        (b"<html><table><tr><td>a</td></tr></table>", "a.csv", "not_a_table"),
        (b"<html><table><tr><td>a</td></tr></table>", "a.xls", "unreadable"),
        (TEXT.encode(), "a.xlsx", "unreadable"),
        (TEXT.encode("utf-16-le"), "a.csv", "nul"),
        (b"pec;nome\na\x00;b\n", "a.csv", "nul"),
        (b"\xff\xfe" + "a;b\n\x00;c\n".encode("utf-16-le"), "a.csv", "nul"),
        (TEXT.encode("utf-32"), "a.csv", "encoding"),
        (b"\xff\xfea", "a.csv", "encoding"),
        (b"\xef\xbb\xbfpec\n\xe8\n", "a.csv", "encoding"),
        (b"pec\n\x81\n", "a.csv", "encoding"),
        ("pec;Forlì\n".encode() + "città\n".encode("cp1252"), "a.csv", "encoding"),
        ("pec;Città;Forlì".encode()[:-1], "a.csv", "encoding"),
        (b"pec;Nome;NOME\n", "a.csv", "duplicate_header"),
        ("pec;Città;citta\n".encode(), "a.csv", "duplicate_header"),
        (b"a@x.example;Anna\nb@x.example;Bea\n", "a.csv", "no_header"),
        (b"pec;" + b"n" * 201 + b"\n", "a.csv", "no_header"),
        (b";".join(b"c%d" % n for n in range(201)), "a.csv", "too_many_columns"),
        (b";".join(b"c%d" % n for n in range(1_000_000)), "a.csv", "too_many_columns"),
        (b'pec;nome\na@x.example;"Anna\nb@x.example;Bea\n', "a.csv", "open_quote"),
        (b'pec;nome\na@x.example;"' + b"x" * 200_000 + b'"\n', "a.csv", "broken_row"),
        (b"PK\x03\x04 no archive", "a.xlsx", "unreadable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000, "a.xls", "unreadable"),
    ],
    ids=range(28),
)
def test_what_is_no_list_is_refused_by_name(tmp_path: Path, content: bytes, name: str, code: str) -> None:
    began = time.monotonic()

    assert problem_of(written(tmp_path, content), name=name) == code
    assert time.monotonic() - began < 5


def test_two_hundred_columns_are_not_too_many(tmp_path: Path) -> None:
    columns, _rows = opened(written(tmp_path, ";".join(f"c{number}" for number in range(200))))

    assert len(columns) == 200


def test_columns_without_a_heading_keep_their_place(tmp_path: Path) -> None:
    assert opened(written(tmp_path, "pec;;;nome\na;b;c;d\n")) == (("pec", "", "", "nome"), [Row(2, tuple("abcd"), "")])


def test_headings_are_trimmed(tmp_path: Path) -> None:
    assert opened(written(tmp_path, ' pec ;"Ragione\n sociale";\n'))[0] == ("pec", "Ragione sociale")


def test_a_list_of_50_mib_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("wb") as file:
        file.truncate(50 * 2**20)
    began = time.process_time()

    assert problem_of(path) == "too_big"
    assert time.process_time() - began < 0.1


def test_a_million_columns_in_one_row_are_that_row_s_problem(tmp_path: Path) -> None:
    content = "pec;nome\n" + "x;" * 1_000_000 + "x\na@x.example;Anna\n"

    rows = opened(written(tmp_path, content))[1]

    assert [(row.line, row.problem, len(row.values)) for row in rows] == [(2, "column_count", 2), (3, "", 2)]


def test_300_000_rows_stream_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("pec;nome;indirizzo;comune\n")
        file.writelines(f"a{n}@pec.x.example;Nome {n};Via Roma {n};Forlì\n" for n in range(300_000))
    tracemalloc.start()
    began, count = time.process_time(), 0
    with tables.open_table(path, name="a.csv") as table:
        for row in table.rows:
            count += not row.problem
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 300_000
    assert peak < 8 * 2**20
    assert time.process_time() - began < 20


def test_one_row_more_is_too_many(tmp_path: Path) -> None:
    assert problem_of(written(tmp_path, "pec\n" + "a@x.example\n" * 300_001)) == "too_many_rows"


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the sample lists are not at {SAMPLES}")
@pytest.mark.parametrize("name", ["publicbodies-it-sample.csv", "derived-semicolon-cp1252.csv", "derived-sample.xlsx"])
def test_real_lists_open_alike_in_every_form(name: str) -> None:
    columns, rows = opened(SAMPLES / name)

    assert (columns, rows) == opened(SAMPLES / "derived-semicolon-utf8bom.csv")
    assert columns == ("why", "id", "name", "classification", "email", "address")
    assert [row.line for row in rows] == list(range(2, 529))
    assert {row.problem for row in rows} == {""}


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the sample lists are not at {SAMPLES}")
def test_lost_zeros_are_kept_lost_as_the_spreadsheet_shows() -> None:
    columns, rows = opened(SAMPLES / "derived-sample.xlsx", sheet=1)

    assert columns == ("pec", "partita_iva")
    assert rows[2] == Row(4, ("azienda2@pec.example", "7973780013"), "")
    assert all(row.values[1].isdigit() for row in rows)
