"""Serves the simulated vendor over real sockets: HTTP/1.1, kept alive, a thread for each connection."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Final

from pecportal.sandbox.routing import AnswerLost, Incomplete
from pecportal.sandbox.vendor import Sandbox

logger = logging.getLogger(__name__)
_LONGEST_HEAD: Final = 64 * 1024
_BLOCK: Final = 256 * 1024
_IDLE_SECONDS: Final = 120.0
_TICK_SECONDS: Final = 0.2
_PATIENCE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server; `url` is the one base address of all four APIs."""

    url: str


@contextmanager
def serve(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> Iterator[Server]:
    """Serve until the block ends, then leave no thread and no socket behind. Port 0: a free one."""
    listener = socket.create_server((host, port), backlog=512)
    number = listener.getsockname()[1]
    connections = _Connections(sandbox)
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_accept, args=(listener, connections, stopped), name="sandbox", daemon=True),
        threading.Thread(target=_tick, args=(sandbox, stopped), name="sandbox-clock", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield Server(f"http://{host}:{number}")
    finally:
        stopped.set()
        with suppress(OSError):  # it may just be full; then accept() has something to return for anyway
            socket.create_connection((host, number), timeout=_PATIENCE).close()
        for thread in threads:
            thread.join(_PATIENCE)
        listener.close()
        connections.close()
        sandbox.close()


def _accept(listener: socket.socket, connections: "_Connections", stopped: threading.Event) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            if stopped.is_set():
                return
            logger.exception("No connection could be accepted.")
            time.sleep(_TICK_SECONDS)
            continue
        if stopped.is_set():
            connection.close()
            return
        connections.open(connection)


def _tick(sandbox: Sandbox, stopped: threading.Event) -> None:
    while not stopped.wait(_TICK_SECONDS):
        sandbox.tick()


class _Connections:
    """The open connections and their threads."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()

    def open(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(_IDLE_SECONDS)
        thread = threading.Thread(target=self._run, args=(connection,), name="sandbox-connection", daemon=True)
        with self._lock:
            self._open[connection] = thread
        thread.start()

    def close(self) -> None:
        """Hang up on everybody and wait for the threads."""
        with self._lock:
            threads = list(self._open.values())
            for connection in self._open:
                with suppress(OSError):  # the client was quicker
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(_PATIENCE)

    def _run(self, connection: socket.socket) -> None:
        try:
            peer = _Peer(connection, self._sandbox)
            while peer.exchange():
                pass
        except (OSError, Incomplete):
            logger.debug("A client hung up.")
        finally:
            with self._lock:
                del self._open[connection]
                connection.close()


class _Peer:
    """The server's side of one connection."""

    def __init__(self, connection: socket.socket, app: Callable[..., Any]) -> None:
        self._socket = connection
        self._app = app
        self._buffer = b""
        self._unread = 0
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def exchange(self) -> bool:
        """Answer one request; False when there will be no other."""
        head = self._head()
        if not head:
            return False
        environ = _environ(head)
        if environ is None:
            self._send("400 Bad Request", [], b"", close=True)
            return False
        length = environ.get("CONTENT_LENGTH", "0")
        if "HTTP_TRANSFER_ENCODING" in environ or not length.isdecimal():
            self._send("411 Length Required", [], b"", close=True)
            return False
        self._unread = int(length)
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._answer(environ)

    def read(self, size: int, /) -> bytes:
        """Part of the request's body, for the application."""
        size = min(size, self._unread)
        if self._buffer:
            block, self._buffer = self._buffer[:size], self._buffer[size:]
        else:
            block = self._socket.recv(size) if size else b""
        self._unread -= len(block)
        return block

    def _answer(self, environ: dict[str, Any]) -> bool:
        environ["wsgi.input"] = self
        try:
            body = b"".join(self._app(environ, self._start))
        except AnswerLost:
            return False
        while self._unread and self.read(_BLOCK):  # a refusal before the body was read must reach its sender, too
            pass
        close = bool(self._unread) or _wants_close(environ)
        self._send(self._status, self._headers, body, close=close)
        return not close

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        self._status, self._headers = status, headers
        return self._socket.sendall

    def _send(self, status: str, headers: list[tuple[str, str]], body: bytes, *, close: bool) -> None:
        lines = [f"HTTP/1.1 {status}", f"Date: {formatdate(usegmt=True)}", "Server: sandbox"]
        lines += [f"{name}: {value}" for name, value in headers]
        if not status.startswith("204"):
            lines.append(f"Content-Length: {len(body)}")
        lines.append(f"Connection: {'close' if close else 'keep-alive'}")
        head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
        self._socket.sendall(head + (b"" if status.startswith("204") else body))

    def _head(self) -> bytes:
        """The request's line and headers; b"" when the client has gone."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            block = self._socket.recv(_BLOCK)
            if not block or len(self._buffer) > _LONGEST_HEAD:
                return b""
            self._buffer += block
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return head


def _environ(head: bytes) -> dict[str, Any] | None:
    """The WSGI environment of a request's head; None when it is no HTTP."""
    lines = head.decode("latin-1").lstrip("\r\n").split("\r\n")
    method, _, rest = lines[0].partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not method.isalpha() or not target.startswith("/") or not protocol.startswith("HTTP/1."):
        return None
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "RAW_PATH": path,
        "QUERY_STRING": query,
        "SERVER_PROTOCOL": protocol,
        "wsgi.url_scheme": "http",
    }
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            return None
        key = name.upper().replace("-", "_")
        environ[key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"] = value.strip()
    return environ


def _wants_close(environ: dict[str, Any]) -> bool:
    wish = str(environ.get("HTTP_CONNECTION", "")).lower()
    is_old = str(environ["SERVER_PROTOCOL"]) == "HTTP/1.0"
    return wish == "close" or (is_old and wish != "keep-alive")
