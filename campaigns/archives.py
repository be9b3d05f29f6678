"""ZIP files, and the documents that are ZIP files inside, looked through before anything opens them. Pure.

Runs as `python -m campaigns.archives PATH KIND [SECONDS]`, too: in a process of its own.
"""

import re
import stat
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Final

from campaigns import contents
from pecportal import confined

MOST_ENTRIES: Final = 10_000
LARGEST: Final = 512 * 2**20  # bytes of all entries together
MOST_RATIO: Final = 100
ALWAYS_FINE: Final = 2**20  # bytes: a small sheet of equal rows shrinks by more than 100, and harms nobody
_CHUNK: Final = 2**18
_LOCAL_HEADER: Final = 30  # bytes before an entry's name

PROGRAMS: Final = frozenset(
    {
        *("apk", "app", "bat", "cab", "chm", "class", "cmd", "com", "cpl", "dll", "dmg", "docm", "elf", "exe"),
        *("gadget", "hta", "jar", "js", "jse", "lnk", "msi", "msp", "pif", "pptm", "ps1", "pyc", "reg", "scr", "sh"),
        *("so", "sys", "vb", "vbe", "vbs", "wsf", "wsh", "xlam", "xlsm"),
    }
)
_ARCHIVES: Final = frozenset({"7z", "ace", "arj", "bz2", "gz", "iso", "rar", "tar", "tgz", "xz", "z", "zip", "zst"})
_MACROS: Final = re.compile(r"(?:^|/)(?:vbaProject\.bin|vbaData\.xml)$|^(?:Basic|Scripts)/.", re.IGNORECASE)
_OOXML: Final = {"docx": "word/", "xlsx": "xl/"}
_ODF: Final = {
    "odt": b"application/vnd.oasis.opendocument.text",
    "ods": b"application/vnd.oasis.opendocument.spreadsheet",
}


def problem(path: Path, *, kind: str) -> str:
    """What is wrong with the archive: "", broken, encrypted, bomb, unsafe, nested, executable, or mismatch.

    `kind` says what it has to be: docx, xlsx, odt, ods, zip, or "" for any document. Every entry is read to its end:
    what the archive says of sizes is not believed. A document may hold whatever documents hold, but no macros.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _listed(archive, path, kind=kind) or _read(archive, path, kind=kind) or _misfit(archive, kind)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
        return "broken"


def _listed(archive: zipfile.ZipFile, path: Path, *, kind: str) -> str:
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES or _overlap(entries, path.stat().st_size):
        return "bomb"
    if any(entry.flag_bits & 1 for entry in entries):
        return "encrypted"
    if len({entry.filename for entry in entries}) < len(entries):
        return "unsafe"
    if kind == "zip" and any(_is_unsafe(entry) for entry in entries):
        return "unsafe"
    endings = {entry.filename.lower().rpartition(".")[2] for entry in entries if "." in entry.filename}
    if any(_MACROS.search(entry.filename) for entry in entries) or (kind == "zip" and endings & PROGRAMS):
        return "executable"
    return "nested" if kind == "zip" and endings & _ARCHIVES else ""


def _misfit(archive: zipfile.ZipFile, kind: str) -> str:
    """Whether a document holds what makes it one of its kind."""
    if kind in _ODF:
        told = archive.read("mimetype") if "mimetype" in archive.namelist() else b""
        return "" if told.strip() == _ODF[kind] else "mismatch"
    folder = _OOXML.get(kind, "")
    return "" if any(name.startswith(folder) for name in archive.namelist()) else "mismatch"


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    """Whether its name leads out of the folder it is unpacked in, or it is a link."""
    name = entry.orig_filename.replace("\\", "/")
    leads_out = name.startswith("/") or ".." in name.split("/") or re.match(r"[A-Za-z]:", name)
    return bool(leads_out or "\x00" in name or stat.S_ISLNK(entry.external_attr >> 16))


def _overlap(entries: list[zipfile.ZipInfo], size: int) -> bool:
    """Whether two entries share bytes: how one megabyte unpacks to petabytes without any great ratio."""
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            return True
        end = entry.header_offset + _LOCAL_HEADER + entry.compress_size
    return end > size


def _read(archive: zipfile.ZipFile, path: Path, *, kind: str) -> str:
    most = min(LARGEST, max(ALWAYS_FINE, MOST_RATIO * path.stat().st_size))
    total = 0
    for entry in archive.infolist():
        with archive.open(entry) as stream:
            start = chunk = stream.read(_CHUNK)
            while chunk:
                total += len(chunk)
                if total > most:
                    return "bomb"
                chunk = stream.read(_CHUNK)
        if kind == "zip" and contents.is_program(start):
            return "executable"
    return ""


def _main() -> None:
    path, kind, *seconds = sys.argv[1:]
    confined.limit(seconds=int(seconds[0]) if seconds else 4, megabytes=512)
    sys.stdout.write(problem(Path(path), kind=kind))


if __name__ == "__main__":
    _main()
