"""One kind of file, damaged again and again: `python -m tests.torture.fuzzed KIND FIRST COUNT SAMPLE …`.

Each file is read by a process of its own that is forked from this one, in which the readers are loaded and Django is
not; it reads as the portal does, within the limits that it has there. Prints a line of JSON: see `Figures`.
"""

import contextlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from campaigns import archives, files, pdfcheck, tables
from campaigns.tables import TableProblem, sheetreader
from campaigns.tracking import receipts
from mailboxes import papermaker, paperreader
from mailboxes.signatures import reader as signatures
from pecportal import confined
from pecportal.upstream import inbox
from pecportal.upstream.answers import Reply
from pecportal.upstream.redaction import Secrets
from pecportal.upstream.transport import Answer
from tests.damage import NUMBERS, changed

SLOW: Final = 2.0  # seconds of the processor
HEAVY: Final = 300.0  # MB
WAIT: Final = 30  # seconds after which a reader counts as one that does not end
_UNHANDLED: Final = 3
_WORDS: Final = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\r\n", b"=?utf-8?b?", b"=?x?q?", b"\xed\xa0\x80"),
    b"\\u0000",
)
_JSON: Final = (
    *(b"null", b"[]", b"{}", b"1e999", b"NaN", b"-1", b'"\\ud800"', b"[" * 50, b"true", b"%E2%82"),
    b"9" * 40,
)


@dataclass(slots=True)
class Figures:
    """`contained` are readers that ended by a signal or an error in the process that is there for that."""

    files: int = 0
    contained: int = 0
    slowest: float = 0.0
    peak: float = 0.0
    unhandled: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether every file was answered, within the promised time and memory."""
        return not self.unhandled and self.slowest <= SLOW and self.peak <= HEAVY


def _csv(path: Path) -> None:
    with contextlib.suppress(TableProblem), tables.open_table(path, name="elenco.csv") as table:
        for _row in table.rows:
            pass


def _sheet(path: Path) -> None:
    confined.limit(seconds=sheetreader.SECONDS, megabytes=sheetreader.MEGABYTES)
    sheetreader._tell(path, sheet=0)


def _mail(path: Path) -> None:
    with contextlib.suppress(files.FileProblem):
        files.sniff(path, name="ricevuta.eml")
    text = path.read_bytes().decode("utf-8", "replace")
    receipts.read(text[:300], sender=text[:80], date=text[40:80], body=text)


def _json(path: Path) -> None:
    for strict in (False, True):
        answer = Answer("GET /inbox", 200, {"Content-Type": "application/json"}, path.read_bytes())
        reply = Reply(answer, secrets=Secrets(), strict=strict)
        _told = (reply.message, reply.error, reply.data, reply.why_not)
        with contextlib.suppress(inbox.NotAnInbox):
            for item in inbox.page_of(reply.object or {}).items:
                receipts.read(item.subject, sender=item.sender, date=item.date, body=item.body or "")


def _pdf(path: Path) -> None:
    papermaker.allowed([path.read_bytes()])
    paperreader.main([str(path)], draws=True)
    pdfcheck.verdict(path)


def _picture(path: Path) -> None:
    papermaker.allowed([path.read_bytes()])
    papermaker.main([path.read_bytes()])


def _load(kind: str) -> None:
    """Load once what the readers load when they begin: that is theirs to take, and not a file's."""
    if kind == "p7m":
        signatures.without_network()
        from mailboxes.signatures import envelopes, inp7m, inpdf, trust  # noqa: F401
    elif kind in ("pdf", "image"):
        import pillow_heif  # noqa: F401
        import pypdf  # noqa: F401
        from PIL import Image  # noqa: F401


def _envelope(path: Path) -> None:
    confined.limit(seconds=signatures.SECONDS, megabytes=signatures.MEGABYTES)
    signatures.main(str(path), "1800000000")


def _zip(path: Path) -> None:
    confined.limit(seconds=4, megabytes=512)
    archives.problem(path, kind="zip")


READERS: Final[dict[str, tuple[Callable[[Path], None], bool]]] = {  # and whether a process of its own contains it
    "csv": (_csv, False),
    "xlsx": (_sheet, True),
    "eml": (_mail, False),
    "json": (_json, False),
    "pdf": (_pdf, True),
    "p7m": (_envelope, True),
    "zip": (_zip, True),
    "image": (_picture, True),
}
PIECES: Final = {"csv": (*_WORDS, b";" * 300), "eml": _WORDS, "json": (*_WORDS, *_JSON)}


def main(kind: str, first: int, count: int, samples: list[bytes]) -> Figures:
    """Read so many damaged files, from the seed `first` on."""
    figures, (read, is_contained) = Figures(), READERS[kind]
    _load(kind)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for seed in range(first, first + count):
            path.write_bytes(changed(samples[seed % len(samples)], random.Random(seed), PIECES.get(kind, NUMBERS)))
            status, used, words = _forked(read, path)
            figures.files += 1
            figures.slowest = max(figures.slowest, used.ru_utime + used.ru_stime)
            figures.peak = max(figures.peak, used.ru_maxrss / 1024)
            if status == 0:
                continue
            if is_contained and status != -signal.SIGALRM:
                figures.contained += 1
            else:
                figures.unhandled.append(f"seed {seed}: {words or f'ended by {status}'}")
    return figures


def _forked(read: Callable[[Path], None], path: Path) -> tuple[int, resource.struct_rusage, str]:
    """How reading it ended (below zero: the signal), what it took, and the last lines of an error nobody caught."""
    out, into = os.pipe()
    child = os.fork()
    if not child:
        _read_here(read, path, into)
    os.close(into)
    with os.fdopen(out, "rb") as told:
        words = told.read().decode(errors="replace")
    _pid, status, used = os.wait4(child, 0)
    return os.waitstatus_to_exitcode(status), used, words


def _read_here(read: Callable[[Path], None], path: Path, into: int) -> None:
    code = 0
    signal.alarm(WAIT)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 (it ends with the process)
    try:
        read(path)
    except BaseException:
        code = _UNHANDLED
        with contextlib.suppress(OSError, MemoryError):
            os.write(into, traceback.format_exc()[-600:].encode())
    os._exit(code)


if __name__ == "__main__":
    begun = time.monotonic()
    found = main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [Path(name).read_bytes() for name in sys.argv[4:]])
    print(json.dumps(asdict(found) | {"seconds": time.monotonic() - begun}))
