"""Lists that would rather be weapons: refused by name, within five seconds and 300 MB, whatever is in them."""

import csv
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tests.worlds import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.once]

SECONDS = 5.0
MEGABYTES = 300
# reads a list to its end in a process of its own, and tells the code, the seconds, and the peak of it and its children
PROBE = """
import json, resource, sys, time
from pathlib import Path
from campaigns import tables
begun, code, count, faulty = time.monotonic(), "", 0, []
try:
    with tables.open_table(Path(sys.argv[1]), name=sys.argv[1]) as table:
        for row in table.rows:
            count += 1
            if row.problem and len(faulty) < 5:
                faulty.append([row.line, row.problem])
except tables.TableProblem as exc:
    code = exc.code
# its own peak out of /proc: the kernel counts that of whoever started it to the other figure
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
peak = (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024
print(json.dumps([code, count, faulty, time.monotonic() - begun, peak]))
"""


def sparse(path: Path) -> None:
    """Two gigabytes of nothing."""
    with path.open("wb") as file:
        file.truncate(2 * 2**30)


def million_columns(path: Path) -> None:
    path.write_text("pec" + ";x" * 1_000_000 + "\na@pec.example\n")


def million_cells(path: Path) -> None:
    path.write_text("pec;nome\na@pec.example;x" + ";y" * 1_000_000 + "\nb@pec.example;z\n")


def one_cell(path: Path) -> None:
    path.write_text("pec;nome\na@pec.example;" + "x" * (20 * 2**20) + "\n")


def nul(path: Path) -> None:
    path.write_bytes(b"pec;nome\na@pec.example;x\x00y\n")


def zipped(path: Path, entries: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def bomb(path: Path) -> None:
    zipped(path, {"xl/workbook.xml": b"<workbook/>", "xl/worksheets/sheet1.xml": b"<row/>" * 40_000_000})


def far_cell(path: Path) -> None:
    """A few kilobytes that ask for seventeen thousand million cells."""
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "pec")
        sheet.write(1_048_575, 16_383, "x")


def endless_ods(path: Path) -> None:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="16384"><text:p>x</text:p>'
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="a"><table:table-row table:number-rows-repeated="1048576">{cell}'
        "</table:table-cell></table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    zipped(path, {"mimetype": kind, "content.xml": content.encode(), "META-INF/manifest.xml": b"<m/>"})


CASES: dict[str, tuple[str, Callable[[Path], None], set[str]]] = {
    "two gigabytes": ("a.csv", sparse, {"too_big"}),
    "two gigabytes of workbook": ("a.xlsx", sparse, {"too_big"}),
    "a million columns": ("a.csv", million_columns, {"too_many_columns"}),
    "a cell of twenty megabytes": ("a.csv", one_cell, {"broken_row"}),
    "a NUL": ("a.csv", nul, {"nul"}),
    "a bomb": ("a.xlsx", bomb, {"bomb"}),
    "a far cell": ("a.xlsx", far_cell, {"bomb", "unreadable"}),
    "an endless ods": ("a.ods", endless_ods, {"bomb", "unreadable", "too_many_columns"}),
}


def probe(path: Path) -> tuple[str, int, list[list[object]]]:
    """What reading the file comes to; fails when it takes too long or too much."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(path)], cwd=ROOT, env=env, capture_output=True, check=True, timeout=60
    )
    code, count, faulty, seconds, peak = json.loads(done.stdout)
    assert peak < MEGABYTES, f"{peak:.0f} MB"
    assert seconds < SECONDS, f"{seconds:.1f} s of {time.monotonic() - begun:.1f}"
    return code, count, faulty


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_is_a_weapon_is_refused_soon_and_cheaply(tmp_path: Path, case: str) -> None:
    name, make, codes = CASES[case]
    make(tmp_path / name)

    assert probe(tmp_path / name)[0] in codes


def test_a_row_of_a_million_cells_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    million_cells(tmp_path / "a.csv")

    assert probe(tmp_path / "a.csv") == ("", 2, [[2, "column_count"]])


def test_a_long_list_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    with (tmp_path / "a.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["nome", "pec"], *([f"Ditta {n}", f"d{n}@pec.example"] for n in range(300_000))])

    assert probe(tmp_path / "a.csv") == ("", 300_000, [])
