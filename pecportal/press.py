"""PDFs in numbers: a process of its own in which WeasyPrint is loaded once, with one style for all. Pure.

`python -m pecportal.press` reads from its input a line of JSON with the style and the pictures, then a line for each
paper; for each it prints a line of JSON with the size, and the bytes behind it. It can reach the pictures that it was
given, under `picture:NAME`, and nothing else: no file, no address.
"""

import base64
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, Final

from pecportal import confined

SECONDS: Final = 20  # for one paper
START_SECONDS: Final = 60.0  # until the first one: loading takes long on a busy machine
MEGABYTES: Final = 1024
LARGEST: Final = 20 * 2**20  # bytes of one PDF
VARIANT: Final = "pdf/a-3u"  # ISO 19005-3, level U: its text can be searched and copied


class Unprintable(Exception):
    """A paper that could not be made; the message says why, and holds nothing of what it says."""


class Press:
    """One process that prints paper after paper; it is started anew after one that it did not survive."""

    def __init__(self, style: str, pictures: Mapping[str, bytes]) -> None:
        kept = {name: base64.b64encode(content).decode() for name, content in pictures.items()}
        self._setting = _line({"style": style, "pictures": kept})
        self._process: subprocess.Popen[bytes] | None = None

    def print(self, html: str) -> bytes:
        """A page of HTML as PDF/A. Raises `Unprintable`."""
        started = self._process is None
        process = self._process or self._start()
        until = time.monotonic() + SECONDS + (START_SECONDS if started else 0)
        try:
            told = self._asked(process, html, until)
            size = int(told.get("size", 0))
            if told.get("problem") or not 0 < size <= LARGEST:
                raise Unprintable(str(told.get("problem") or "It is far too large."))
            return _read(process, size, until)
        except (OSError, ValueError) as exc:
            self.close()
            raise Unprintable("Making it took too long, or more memory than it may.") from exc

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            confined.end(self._process)
            self._process = None

    def _start(self) -> "subprocess.Popen[bytes]":
        self._process = confined.start("pecportal.press", stdin=subprocess.PIPE)
        _write(self._process, self._setting)
        return self._process

    def _asked(self, process: "subprocess.Popen[bytes]", html: str, until: float) -> dict[str, Any]:
        _write(process, _line({"html": html}))
        head = b""
        while not head.endswith(b"\n"):
            head += _read(process, 1, until)
        told: dict[str, Any] = json.loads(head)
        return told


@contextmanager
def pressing(style: str, pictures: Mapping[str, bytes]) -> Iterator[Press]:
    """A press, for as long as the block lasts."""
    press = Press(style, pictures)
    try:
        yield press
    finally:
        press.close()


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _write(process: "subprocess.Popen[bytes]", line: bytes) -> None:
    if process.stdin is None:
        raise OSError("The process takes nothing in.")
    process.stdin.write(line)
    process.stdin.flush()


def _read(process: "subprocess.Popen[bytes]", size: int, until: float) -> bytes:
    """Exactly so many bytes; raises OSError when they do not come in time."""
    if process.stdout is None:
        raise OSError("The process gives nothing out.")
    number, found = process.stdout.fileno(), bytearray()
    while len(found) < size:
        ready, _, _ = select.select([number], [], [], max(0.0, until - time.monotonic()))
        part = os.read(number, size - len(found)) if ready else b""
        if not part:
            raise OSError("It ended, or its time was up.")
        found += part
    return bytes(found)


class _TimeIsUp(Exception):
    """One paper took too long."""


def _serve(source: IO[bytes], target: IO[bytes]) -> None:
    """In the process: print until there is nothing more to print."""
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    setting = json.loads(source.readline())
    pictures = {name: base64.b64decode(content) for name, content in setting["pictures"].items()}

    class Pictures(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
            scheme, _, name = url.partition(":")
            if scheme != "picture" or name not in pictures:
                raise ValueError("Nothing but the letterhead's picture can be reached.")
            return URLFetcherResponse(url, body=pictures[name], headers={"Content-Type": "image/png"})

    fonts, fetcher = FontConfiguration(), Pictures()
    style = CSS(string=setting["style"], font_config=fonts, url_fetcher=fetcher)
    signal.signal(signal.SIGALRM, _ring)
    for line in source:
        signal.alarm(SECONDS)
        try:
            page = HTML(string=json.loads(line)["html"], base_url="picture:", url_fetcher=fetcher)
            pdf: bytes = page.write_pdf(stylesheets=[style], font_config=fonts, pdf_variant=VARIANT)
            signal.alarm(0)
            target.write(_line({"size": len(pdf)}) + pdf)
        except (_TimeIsUp, MemoryError, RecursionError, ValueError, TypeError, KeyError, IndexError) as exc:
            signal.alarm(0)
            target.write(_line({"problem": f"It cannot be set as a page ({type(exc).__name__})."}))
        target.flush()


def _ring(_signal: int, _frame: object) -> None:
    raise _TimeIsUp


if __name__ == "__main__":
    confined.limit(seconds=86_400, megabytes=MEGABYTES, file_bytes=LARGEST)
    _serve(sys.stdin.buffer, sys.stdout.buffer)
