"""Uploads are shown to a virus scanner before they are kept, where one is configured: clamd, by its INSTREAM protocol.

What cannot be scanned is not taken: a scanner that is silent lets nothing through. The protocol is a dozen lines, as
clamd(8) tells them: the libraries that speak it know no unix sockets, or have a licence that is not ours.
"""

import logging
import select
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation.alerts import alert, all_clear
from pecportal.organisations.models import Organisation, User
from pecportal.told import say

logger = logging.getLogger(__name__)
ALERT: Final = "antivirus"  # the kind of the alert that the scanner does not answer; its key is ""
CHUNK: Final = 2**18
LONGEST_ANSWER: Final = 4096
PING_SECONDS: Final = 3.0
_FOUND: Final = _("There is a virus in “%(name)s” (%(signature)s): it was not taken, and nothing of it is kept.")
_TOO_LARGE: Final = _("“%(name)s” is larger than what the virus scanner can check, and was not taken.")
_SILENT: Final = _("“%(name)s” cannot be checked for viruses now, and was not taken: try again in a few minutes.")
_LIMITS: Final = "Heuristics.Limits.Exceeded"  # what clamd calls a file that it did not look through (AlertExceedsMax)


class Silent(Exception):
    """The scanner cannot be reached, does not answer in time, or not in its protocol. To be tried again."""


class TooLarge(Exception):
    """The file is larger than what the scanner takes, or looks through."""


class Unchecked(Refusal):
    """The refusal of a file that the scanner could not look at just now: it may be fine, and may be tried again."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where clamd listens: the path of a socket, or a host and its port."""

    path: str = ""
    host: str = ""
    port: int = 0


def address() -> Address | None:
    """The scanner's address in the setting CLAMD_URL; None where none is configured. Raises ValueError for no address.

    `unix:///run/clamav/clamd.ctl` or `tcp://host:3310`.
    """
    told = str(settings.CLAMD_URL).strip()
    if not told:
        return None
    parts = urlsplit(told)
    if parts.scheme == "unix" and not parts.netloc and parts.path.startswith("/"):
        return Address(path=parts.path)
    if parts.scheme == "tcp" and parts.hostname and parts.port and parts.path in ("", "/"):
        return Address(host=parts.hostname, port=parts.port)
    raise ValueError("CLAMD_URL is neither unix:///path/of/the/socket nor tcp://host:port.")


def is_on() -> bool:
    """Whether uploads are scanned."""
    return bool(str(settings.CLAMD_URL).strip())


def admit(
    source: Path | IO[bytes],
    *,
    name: str,
    field: str,
    actor: User,
    organisation: Organisation,
    target: models.Model | None = None,
) -> None:
    """Let a file through in which no virus is found; without a scanner, any. To be asked before anything is kept.

    Raises `Refusal` at `field`, with the file's name, for a virus, which goes into the journal, and for a file that is
    too large for the scanner; `Unchecked` while it does not answer, which raises an alert. Outside of any transaction:
    what it writes must outlive the refusal.
    """
    if not is_on():
        return
    try:
        signature = _scan_path(source) if isinstance(source, Path) else scan(source)
    except Silent as exc:
        logger.warning("A file could not be scanned: %s", exc)
        alert(ALERT, "", why=str(exc)[:200])
        raise Unchecked(say(_SILENT, name=name), field=field) from exc
    except TooLarge as exc:
        raise Refusal(say(_TOO_LARGE, name=name), field=field) from exc
    if signature:
        facts = {"name": name[:150], "signature": signature[:200]}
        # a file's name may be a recipient's: it is told to who handed it in, not to the journal
        signed = {"signature": facts["signature"]}
        record("upload.virus", actor=actor, organisation=organisation, target=target, **signed)
        raise Refusal(say(_FOUND, **facts), field=field)


def scan(source: IO[bytes]) -> str:
    """The name of the virus in a file, read from its beginning piece by piece; "" when there is none.

    Raises `Silent` when the answer has not come within CLAMD_SECONDS, and `TooLarge`.
    """
    source.seek(0)
    with _connected(float(settings.CLAMD_SECONDS)) as line:
        line.send(b"zINSTREAM\0")
        while not line.has_answer() and (chunk := source.read(CHUNK)):
            line.send(struct.pack("!L", len(chunk)) + chunk)
        if not line.has_answer():
            line.send(struct.pack("!L", 0))
        return _verdict(line.answer())


def ping(*, seconds: float = PING_SECONDS) -> None:
    """Ask the scanner whether it is there. Raises `Silent`."""
    with _connected(seconds) as line:
        line.send(b"zPING\0")
        answer = line.answer()
    if answer != "PONG":
        raise Silent(f"It answered {answer[:100]!r} instead of PONG.")


def watch() -> bool:
    """Whether the scanner answers, or none is configured; raises the alert that it does not, or ends it."""
    if is_on():
        try:
            ping()
        except Silent as exc:
            alert(ALERT, "", why=str(exc)[:200])
            return False
    all_clear(ALERT, "")
    return True


def _scan_path(path: Path) -> str:
    with path.open("rb") as source:
        return scan(source)


def _verdict(answer: str) -> str:
    """What `stream: OK`, `stream: NAME FOUND` and `… ERROR` mean; anything else is no answer."""
    if answer == "stream: OK":
        return ""
    if answer.startswith("stream: ") and answer.endswith(" FOUND"):
        signature = answer.removeprefix("stream: ").removesuffix(" FOUND")
        if signature.startswith(_LIMITS):
            raise TooLarge(signature)
        return signature
    if "size limit exceeded" in answer and answer.endswith("ERROR"):
        raise TooLarge(answer)
    raise Silent(f"It answered {answer[:100]!r}.")


class _Line:
    """One connection for one question, with one deadline for all of it."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection, self._until = connection, until

    def has_answer(self) -> bool:
        """Whether something has come: the scanner speaks before its turn only to say that it hears no more."""
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        return bool(waiting.poll(0))

    def send(self, data: bytes) -> None:
        self._connection.settimeout(self._left())
        try:
            self._connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            if not self.has_answer():
                raise

    def answer(self) -> str:
        told = b""
        while b"\0" not in told and len(told) < LONGEST_ANSWER:
            self._connection.settimeout(self._left())
            piece = self._connection.recv(LONGEST_ANSWER)
            if not piece:
                break
            told += piece
        if not told:
            raise Silent("It hung up without an answer.")
        return told.partition(b"\0")[0].decode("utf-8", "replace").strip()

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Silent("It has not answered in time.")
        return left


@contextmanager
def _connected(seconds: float) -> Iterator[_Line]:
    until = time.monotonic() + seconds
    try:
        where = address()
        if where is None:
            raise Silent("None is configured.")
        with _socket(where, seconds=min(seconds, PING_SECONDS)) as connection:
            yield _Line(connection, until)
    except (OSError, ValueError) as exc:
        raise Silent(f"{type(exc).__name__}: {exc}") from exc


def _socket(where: Address, *, seconds: float) -> socket.socket:
    if where.host:
        return socket.create_connection((where.host, where.port), timeout=seconds)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        connection.connect(where.path)
    except OSError:
        connection.close()
        raise
    return connection
