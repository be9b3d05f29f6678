"""CSV as it comes: `;` or `,` or tab, in UTF-8, UTF-16 or Western Windows' encoding; a stream, never a whole file."""

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

from campaigns.tables.rows import Record, TableProblem

_CHUNK: Final = 2**20
_DELIMITERS: Final = ";,\t"
_END: Final = "\x00end"  # no text that passed the check holds NUL
_MARKS: Final = (  # the longer first: UTF-32 begins like UTF-16
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT: Final = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"MZ", b"\x7fELF", b"Rar!", b"7z\xbc\xaf", b"{\\rtf")
_MIXED: Final = re.compile(rb"\xc3[\xa0-\xbc]")  # an accented letter of UTF-8, in a file that is not UTF-8
_MARKUP: Final = ("<!doctype", "<html", "<?xml", "<svg", "<table", "<workbook")


@contextmanager
def records(path: Path) -> Iterator[Iterator[Record]]:
    """The file's records, each with its number from 1. Raises TableProblem, also while they are read."""
    with path.open("rb") as file:
        start = file.read(1024)
    if start.startswith(_NO_TEXT):
        raise TableProblem("not_a_table")
    encoding = _encoding(path, start)
    with path.open(encoding=encoding, newline="") as stream:
        if stream.read(64).lstrip().lower().startswith(_MARKUP):
            raise TableProblem("not_a_table")
        stream.seek(0)
        delimiter, skipped = _delimiter(stream)
        yield _records(stream, delimiter, skipped)


def _encoding(path: Path, start: bytes) -> str:
    """The encoding in which all of the file can be read; there is none without a mark but UTF-8 and cp1252."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            candidates = [encoding]
            break
    else:
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        if encoding and _is_text(path, encoding):
            return encoding
    raise TableProblem("encoding")


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                if "\x00" in decoder.decode(chunk):
                    raise TableProblem("nul")
                if encoding == "cp1252" and _MIXED.search(chunk):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _delimiter(stream: TextIO) -> tuple[str, int]:
    """The delimiter, and the number of records already read; the stream then stands where they begin.

    A first line `sep=;` is Excel's way to say it, and no record. Otherwise it is the sign that the first line with
    anything on it has most often outside quotes.
    """
    first = stream.readline(4096)
    told = first.strip().lower()
    if told.startswith("sep=") and len(told) == 5:
        return told[-1], 1
    if told == "sep=":  # the tab was trimmed away
        return "\t", 1
    while first and not first.strip():
        first = stream.readline(4096)
    stream.seek(0)
    outside = "".join(first.split('"')[::2])
    return max(_DELIMITERS, key=outside.count), 0


def _records(stream: TextIO, delimiter: str, skipped: int) -> Iterator[Record]:
    number = skipped
    reader = csv.reader(_lines(stream), delimiter=delimiter)
    try:
        for cells in reader:
            if cells == [_END]:
                return
            number += 1
            yield number, cells
    except csv.Error as exc:
        raise TableProblem("broken_row", detail=str(number + 1)) from exc
    # the end was swallowed by quotes that are never closed, and with it rows that nobody would miss
    raise TableProblem("open_quote", detail=str(number))


def _lines(stream: TextIO) -> Iterator[str]:
    line = ""
    for line in stream:
        yield line
    if line and line[-1] not in "\r\n":
        yield "\n"
    yield _END
