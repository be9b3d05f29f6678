"""Lists of real public bodies, read and judged by other means than the portal's: what it says of them must agree.

The lists are no part of the repository; where they are not, the tests that need them are skipped. Their addresses are
real: they may be given to the simulated vendor alone, and no failure may print them, so tests compare line numbers.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET
from zipfile import ZipFile

import pytest

from tests.worlds import ROOT

FOLDER = ROOT.parent / "shared" / "samples" / "recipients"
FILES = (
    "publicbodies-it-sample.csv",
    "derived-semicolon-cp1252.csv",
    "derived-semicolon-utf8bom.csv",
    "derived-sample.xlsx",
)
# the files are all ASCII: what an encoding may spoil is added to one of them
ACCENTED = {"accented-cp1252.csv": "cp1252", "accented-utf8bom.csv": "utf-8-sig", "accented-utf16.csv": "utf-16"}
ENCODINGS = {"derived-semicolon-cp1252.csv": "cp1252", **ACCENTED}  # the others are UTF-8, with or without a mark
NOT_HERE = "the sample lists are not beside the repository (../shared/samples/recipients)"
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason=NOT_HERE)

_ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[a-z]{2,}", re.IGNORECASE)
_UNLABELLED = frozenset({"tiscalinet.it"})
_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@dataclass(slots=True)
class Sample:
    """A list as it is read here. Each line of `rows` is in one of `lines`, `missing`, `malformed` and `repeated`.

    `lines` are the good ones by address; `repeated` have the line where the address was first; `ordinary` are good
    ones that deserve a warning.
    """

    rows: dict[int, dict[str, str]]
    lines: dict[str, int] = field(default_factory=dict)
    missing: list[int] = field(default_factory=list)
    malformed: list[int] = field(default_factory=list)
    repeated: dict[int, int] = field(default_factory=dict)
    ordinary: list[int] = field(default_factory=list)

    @property
    def faulty(self) -> int:
        """How many lines get no message."""
        return len(self.missing) + len(self.malformed) + len(self.repeated)


def content(name: str) -> bytes:
    """One of FILES as it is, or one of ACCENTED as it is made here."""
    if name in ACCENTED:
        return _accented((FOLDER / "derived-semicolon-utf8bom.csv").read_bytes(), ACCENTED[name])
    return (FOLDER / name).read_bytes()


def sample(name: str) -> Sample:
    """One of FILES or ACCENTED, read and judged."""
    given = content(name)
    records = _sheet(given) if name.endswith(".xlsx") else _commas(given, ENCODINGS.get(name, "utf-8-sig"))
    (_first, headings), *others = records
    found = Sample({line: dict(zip(headings, cells, strict=True)) for line, cells in others})
    seen: dict[str, int] = {}
    for line, row in found.rows.items():
        written = row["email"].strip()
        first = seen.setdefault(written.lower(), line) if _ADDRESS.fullmatch(written) else 0
        if not written:
            found.missing.append(line)
        elif not first:
            found.malformed.append(line)
        elif first != line:
            found.repeated[line] = first
        else:
            local, _at, domain = written.partition("@")
            found.lines[f"{local}@{domain.lower()}"] = line
    found.ordinary += _ordinary(found)
    return found


def _ordinary(found: Sample) -> Iterator[int]:
    """The good lines at the providers of ordinary mail: those of the rows that the list labels so, and one more."""
    labelled = [row["email"] for row in found.rows.values() if row["why"] == "ordinary-mail-domain"]
    providers = _UNLABELLED | {address.rpartition("@")[2].lower() for address in labelled}
    return (line for address, line in found.lines.items() if address.rpartition("@")[2] in providers)


def _accented(given: bytes, encoding: str) -> bytes:
    """The list in another encoding, each name with letters and a dash that ASCII has not."""
    rows = [cells for _line, cells in _commas(given, "utf-8-sig")]
    for cells in rows[1:]:
        cells[2] += " – Unità di Forlì"
    out = io.StringIO()
    csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL).writerows(rows)
    return out.getvalue().encode(encoding)


def _commas(given: bytes, encoding: str) -> list[tuple[int, list[str]]]:
    text = given.decode(encoding)
    delimiter = max(";,", key=text.partition("\n")[0].count)
    return list(enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1))


def _sheet(given: bytes) -> list[tuple[int, list[str]]]:
    """The first sheet's rows, out of the file's own XML, in which each text stands in its cell."""
    with ZipFile(io.BytesIO(given)) as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    return [(int(row.get("r", "")), _cells(row)) for row in sheet.iter(f"{_XML}row")]


def _cells(row: ET.Element) -> list[str]:
    cells = [""] * 6
    for cell in row.iter(f"{_XML}c"):
        cells[ord(cell.get("r", "")[0]) - ord("A")] = "".join(part.text or "" for part in cell.iter(f"{_XML}t"))
    return cells
