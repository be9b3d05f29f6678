"""IPA's open data as AgID publishes them: `amministrazioni.txt` (tabs) and `enti` (CSV or XLSX).

The columns are those of AgID's descriptions of both data sets: cod_amm, des_amm, Cf, mail1 … mail5, tipo_mail1 …
tipo_mail5 in the former; Codice_IPA, Denominazione_ente, Codice_fiscale_ente, Mail1 …, Tipo_Mail1 … in the latter.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NAMES: Final = {
    "code": ("codice_ipa", "cod_amm"),
    "name": ("denominazione_ente", "des_amm"),
    "tax_code": ("codice_fiscale_ente", "cf"),
}
_MAILS: Final = range(1, 6)
_NOTHING: Final = frozenset({"", "null", "none", "nan"})


class NotIpa(ValueError):
    """The file has not the columns of either data set."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A public body: `addresses` are its certified ones, in the file's order, in lower case."""

    code: str
    name: str
    tax_code: str
    addresses: tuple[str, ...]


def entries(path: Path) -> Iterator[Entry]:
    """The bodies of a file, one after another. Raises `NotIpa` for another file, and `OSError`."""
    rows = _sheet(path) if path.suffix.lower() == ".xlsx" else _lines(path)
    header = [str(cell).strip().lower() for cell in next(rows, ())]
    places = {wanted: _place(header, names) for wanted, names in _NAMES.items()}
    mails = [(header.index(f"mail{n}"), header.index(f"tipo_mail{n}")) for n in _MAILS if f"tipo_mail{n}" in header]
    if not mails:
        raise NotIpa("No column of the file says which addresses are certified (tipo_mail1).")
    for row in rows:
        cells = [_text(cell) for cell in row] + [""] * (len(header) - len(row))
        if code := cells[places["code"]]:
            certified = [
                cells[mail].lower() for mail, kind in mails if cells[kind].lower() == "pec" and "@" in cells[mail]
            ]
            tax_code = cells[places["tax_code"]].upper()
            # a spreadsheet program drops the zeros that such a number begins with
            tax_code = tax_code.zfill(11) if tax_code.isdecimal() else tax_code
            yield Entry(code, cells[places["name"]], tax_code, tuple(dict.fromkeys(certified)))


def _place(header: Sequence[str], names: Sequence[str]) -> int:
    found = [header.index(name) for name in names if name in header]
    if not found:
        raise NotIpa(f"The file has no column {' or '.join(names)}.")
    return found[0]


def _lines(path: Path) -> Iterator[Sequence[object]]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        first = file.readline()
        file.seek(0)
        delimiter = max("\t;,", key=first.count)
        # the older file has quotation marks within its cells that quote nothing
        yield from csv.reader(
            file, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL
        )


def _sheet(path: Path) -> Iterator[Sequence[object]]:
    from python_calamine import CalamineWorkbook  # takes a while to load, and only this file's loading needs it

    yield from CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows()


def _text(cell: object) -> str:
    text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell or "")
    text = " ".join(text.replace("\x00", "").split())
    return "" if text.lower() in _NOTHING else text
