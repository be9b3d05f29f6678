"""Files of every kind that strangers hand in, damaged by the thousand: a refusal each, soon, and cheaply."""

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import xlsxwriter

from tests.mailboxes import build, signing
from tests.torture.fuzzed import READERS, Figures

FILES: Final = 5_000  # of each kind
KINDS: Final = tuple(READERS)
_ROOT: Final = Path(__file__).resolve().parents[2]
_RECEIPT: Final = {
    "id": "7",
    "sender": "posta-certificata@gestore.example",
    "recipient": "ufficio@pec.example",
    "data": "Wed, 26 Aug 2020 10:00:35 +0200",
    "object": "=?utf-8?Q?CONSEGNA=3A_Avviso?= Rif. 7KQ2M9ABCD",
    "body": "Il giorno 26/08/2020 alle ore 10:00:34 (+0200) il messaggio<br>&egrave; stato consegnato",
}


@cache
def samples(kind: str) -> tuple[bytes, ...]:
    """Sound files of a kind."""
    return tuple(make() for make in _SOUND[kind])


def run(kinds: Sequence[str] = KINDS, *, files: int = FILES, first: int = 1) -> dict[str, Figures]:
    """Damage and read so many of each kind."""
    found = {}
    for kind in kinds:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / str(number) for number in range(len(samples(kind)))]
            for path, content in zip(paths, samples(kind), strict=True):
                path.write_bytes(content)
            command = [sys.executable, "-m", "tests.torture.fuzzed", kind, str(first), str(files), *map(str, paths)]
            told = json.loads(subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True).stdout)
        seconds = told.pop("seconds")
        found[kind] = figures = Figures(**told)
        print(f"{kind}: {line(figures)}, {seconds:.0f} s in all", flush=True)
        print("\n".join(figures.unhandled[:5]), end="\n" if figures.unhandled else "", flush=True)
    return found


def line(figures: Figures) -> str:
    """The figures in words."""
    return (
        f"{figures.files} files, {len(figures.unhandled)} unhandled, {figures.contained} ended in their own process, "
        f"slowest {figures.slowest:.2f} s, peak {figures.peak:.0f} MB"
    )


def _sheet() -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("Elenco")
        for row in range(40):
            sheet.write_row(row, 0, [f"ente{row}@pec.example", f"Città {row}", row, 1.5, row % 2 == 0])
    return file.getvalue()


def _zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("lettera.txt", "sotto/città.txt", "avviso.csv"):
            archive.writestr(name, "Gentile ente, " * 40)
    return file.getvalue()


def _csv(encoding: str) -> bytes:
    rows = [f'ente{n}@pec.example;"Città di ""Forlì"" {n}";{n},50' for n in range(40)]
    return "\r\n".join(["pec;nome;importo", *rows]).encode(encoding)


def _mail() -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in (("Received", "from x"), ("Subject", _RECEIPT["object"])))
    mime = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nciao\r\n--b--\r\n"
    return (head + mime).encode()


def _inbox() -> bytes:
    return json.dumps({"data": [_RECEIPT] * 3, "total": 3, "page": 1, "n_of_pages": 1, "success": True}).encode()


_SOUND: Final[dict[str, tuple[Callable[[], bytes], ...]]] = {
    "csv": (lambda: _csv("utf-8"), lambda: _csv("cp1252"), lambda: _csv("utf-16")),
    "xlsx": (_sheet,),
    "eml": (_mail,),
    "json": (_inbox,),
    "pdf": (
        lambda: build.pdf(3),
        lambda: signing.pades(build.pdf(), signing.person()),
        lambda: build.merged(build.picture(400, 500)),
    ),
    "p7m": (lambda: signing.p7m(signing.pades(build.pdf(), signing.person()), signing.person()),),
    "zip": (_zip,),
    "image": (
        lambda: build.picture(400, 500),
        lambda: build.picture(400, 500, kind="PNG", mode="RGBA", colour=(1, 2, 3, 4)),
        lambda: build.heic(400, 500),
    ),
}
