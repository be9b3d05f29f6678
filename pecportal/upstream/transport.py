"""One HTTP exchange with the vendor, and the certainty of how far it came.

Two ways, since they promise different things. `read` goes through requests' adapter and keeps connections
alive: a read that fails on a stale one can be read again. `exchange` is for all that sends, pays or
changes: a fresh connection each time, so that no earlier exchange can spoil it, on urllib3's connection
itself, because only there "not yet connected", "connected, body not begun" and "body begun" are separate
steps that cannot be confused. Neither follows redirects, repeats, asks the environment for proxies, or
unpacks compressed answers.
"""

import logging
import os
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Final
from urllib.parse import urlsplit

import requests
from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from pecportal.upstream.config import Config
from pecportal.upstream.deadline import PlainConnection, PooledAdapter, TlsConnection, tls_context
from pecportal.upstream.errors import OutcomeUnknown, Unavailable
from pecportal.upstream.streaming import Body, FileChanged

logger = logging.getLogger(__name__)
READ_LIMIT: Final = 10 * 1024 * 1024
SEND_LIMIT: Final = 1_000_000
_BLOCK: Final = 64 * 1024
_FAILURES: Final = (OSError, HTTPException, HTTPError, ValueError)
_HUNG_UP: Final = (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
_HEADERS: Final = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "pecportal"}

Observer = Callable[[str, str, float], None]
observers: list[Observer] = []  # told of each call: its name, its status or what went wrong, and seconds


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask. `call` names the operation in errors; the headers hold secrets: not in the repr."""

    call: str
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    limit: int = READ_LIMIT


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read to its end or not.

    `flaw` says why the body cannot be trusted ("" = it came whole); `whole` is whether our request had left
    in full when the answer came, `begun` whether its body had been begun (a request without one: always).
    """

    call: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    flaw: str = ""
    begun: bool = True
    whole: bool = True


class Transport:
    """The HTTP side of one configuration; safe among threads, and across a fork."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._context = tls_context(config.ca_bundle)
        self._pools: dict[int, PooledAdapter] = {}

    def read(self, request: Request, *, deadline: float) -> Answer:
        """Ask what may be asked again; the whole takes at most `deadline` seconds.

        Raises Unavailable when no answer's head came.
        """
        prepared = requests.PreparedRequest()
        prepared.prepare(method=request.method, url=request.url)
        prepared.headers.update(_HEADERS | dict(request.headers))
        patience = Timeout(total=deadline, connect=min(self._config.connect_timeout, deadline))
        with _timed(request) as timing:
            try:
                # requests takes urllib3's own time-out too; its stubs do not say so
                response = self._pool().send(prepared, stream=True, timeout=patience)  # type: ignore[arg-type]
            except _FAILURES as exc:
                raise Unavailable(f"No answer: {_words(exc)}", call=request.call) from _bare(exc)
            with response:
                timing.answer = _taken(request, response.raw)
            return timing.answer

    def exchange(
        self,
        request: Request,
        *,
        body: Body | None = None,
        on_connected: Callable[[], None] | None = None,
        on_wire: Callable[[], None] | None = None,
        on_written: Callable[[], None] | None = None,
        until: float,
    ) -> Answer:
        """Ask once, over a connection of its own, giving up at `until` (a time of the monotonic clock).

        `body` must have been entered. `on_connected` runs before any byte leaves, `on_wire` right before the body's
        first one: what they raise propagates unchanged, and nothing was sent. `on_written` runs right after the last
        byte left, and must not raise. Raises Unavailable before the first byte, OutcomeUnknown after it.
        """
        connection = self._connection(request.url)
        with _timed(request) as timing:
            try:
                self._connect(connection, request, until)
                timing.after(on_connected)()
                timing.answer = _Wire(request, body, timing.after(on_wire), on_written, until).run(connection)
            finally:
                connection.close()
            return timing.answer

    def close(self) -> None:
        """Close the connections kept for reads."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _pool(self) -> PooledAdapter:
        # A forked child must not share its parent's open connections: two readers would mix up their answers
        process = os.getpid()
        return self._pools.get(process) or self._pools.setdefault(process, PooledAdapter(self._context))

    def _connection(self, url: str) -> PlainConnection | TlsConnection:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            return TlsConnection(host, parts.port, ssl_context=self._context)
        return PlainConnection(host, parts.port)

    def _connect(self, connection: PlainConnection | TlsConnection, request: Request, until: float) -> None:
        left = until - time.monotonic()
        if left <= 0:
            raise Unavailable("The time was up before a connection was made", call=request.call)
        connection.timeout = min(self._config.connect_timeout, left)
        try:
            connection.connect()
        except _FAILURES as exc:
            raise Unavailable(f"No connection: {_words(exc)}", call=request.call) from _bare(exc)


class _Timing:
    """How long the vendor took; what we wait for ourselves in between is none of it."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.began = time.monotonic()

    def after(self, wait: Callable[[], None] | None) -> Callable[[], None]:
        """The same waiting, after which the count begins anew."""

        def waited() -> None:
            if wait is not None:
                wait()
                self.began = time.monotonic()

        return waited


@contextmanager
def _timed(request: Request) -> Iterator[_Timing]:
    timing = _Timing()
    outcome = "not_sent"
    try:
        yield timing
        outcome = "broken" if timing.answer is None or timing.answer.flaw else str(timing.answer.status)
    except (Unavailable, OutcomeUnknown):
        outcome = "no_answer"
        raise
    finally:
        _tell(request.call, outcome, time.monotonic() - timing.began)


def _tell(call: str, outcome: str, seconds: float) -> None:
    for observer in observers:
        try:
            observer(call, outcome, seconds)
        except Exception:  # what was sent was sent, whoever cannot count it
            logger.exception("A call could not be counted.")


class _Wire:
    """One request on a connected connection, and what has left of it."""

    def __init__(
        self,
        request: Request,
        body: Body | None,
        on_wire: Callable[[], None] | None,
        on_written: Callable[[], None] | None,
        until: float,
    ) -> None:
        self._request = request
        self._body = body
        self._on_wire = on_wire
        self._on_written = on_written
        self._until = until
        self._refusal: BaseException | None = None
        self._hung_up: Exception | None = None
        if body is not None:
            body.before = self._before_first_byte

    def run(self, connection: PlainConnection | TlsConnection) -> Answer:
        try:
            self._write(connection)
            connection.timeout = self._left()
            response = connection.getresponse()
        except (*_FAILURES, FileChanged) as exc:
            if exc is self._refusal:
                raise
            cause = self._hung_up or exc
            raise self._failure(cause) from _bare(cause)
        begun = self._body is None or self._body.started
        return _taken(self._request, response, begun=begun, whole=self._finished)

    def _write(self, connection: PlainConnection | TlsConnection) -> None:
        connection.timeout = self._left()
        try:
            connection.request(
                self._request.method,
                _target(self._request.url),
                body=self._body,
                headers=self._headers(),
                preload_content=False,
                decode_content=False,
            )
        except _HUNG_UP as exc:
            if exc is self._refusal:
                raise
            self._hung_up = exc  # but it may have answered before (413, 429)
        else:
            if self._on_written is not None:
                self._on_written()

    def _headers(self) -> dict[str, str]:
        headers = _HEADERS | {"Connection": "close"} | dict(self._request.headers)
        if self._body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(self._body.length)}
        return headers

    def _before_first_byte(self) -> None:
        if time.monotonic() >= self._until:
            raise TimeoutError("the deadline has passed")
        if self._on_wire is None:
            return
        try:
            self._on_wire()
        except BaseException as refusal:  # even an OSError of the caller's must leave as it came
            self._refusal = refusal
            raise

    def _left(self) -> float:
        return max(0.001, self._until - time.monotonic())  # 0 would mean "do not block"

    @property
    def _finished(self) -> bool:
        return self._hung_up is None and (self._body is None or self._body.finished)

    def _failure(self, exc: Exception) -> Unavailable | OutcomeUnknown:
        if self._body is not None and not self._body.started:
            return Unavailable(f"Nothing was sent: {_words(exc)}", call=self._request.call)
        extent = "" if self._finished else " (the request had left in part only: its body was incomplete)"
        return OutcomeUnknown(f"No answer{extent}: {_words(exc)}", call=self._request.call)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _taken(request: Request, response: HTTPResponse, *, begun: bool = True, whole: bool = True) -> Answer:
    """Read the body within the request's limit; what goes wrong becomes the answer's flaw."""
    body = bytearray()
    flaw = _declared_flaw(response, request.limit)
    try:
        while not flaw and (block := response.read(_BLOCK, decode_content=False)):
            body += block
            if len(body) > request.limit:
                flaw = _too_long(request.limit)
    except _FAILURES as exc:
        flaw = f"the answer broke off: {_words(exc)}"
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(request.call, response.status, headers, bytes(body[: request.limit]), flaw, begun, whole)


def _declared_flaw(response: HTTPResponse, limit: int) -> str:
    if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        return "the answer is compressed, though this was not accepted"
    length = response.headers.get("Content-Length", "")
    return _too_long(limit) if length.isdecimal() and len(length) < 20 and int(length) > limit else ""


def _too_long(limit: int) -> str:
    return f"the answer is longer than {limit} bytes"


def _words(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}"[:300]


def _bare(exc: Exception) -> Exception:
    """The cause without its frames, whose local variables hold passwords that error reports would print."""
    bare: BaseException | None = exc
    while bare is not None:
        bare = bare.with_traceback(None).__cause__ or bare.__context__
    return exc
