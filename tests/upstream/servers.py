"""Small vendors for the tests: real sockets on loopback that answer by script, or break in a chosen way."""

import json
import socket
import ssl
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Seen:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int

    def json(self) -> Any:
        return json.loads(self.body)


class Peer:
    """The server's side of one connection."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        self._buffer = b""

    def head(self) -> list[str] | None:
        """The request's line and headers; None when the client hung up instead."""
        while b"\r\n\r\n" not in self._buffer:
            data = self.sock.recv(65536)
            if not data:
                return None
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head.decode("latin-1").split("\r\n")

    def body(self, length: int, *, at_most: int | None = None) -> bytes:
        """The request's body, as much of it as comes; `at_most` bytes of it are kept, to test big ones."""
        kept, got = bytearray(self._buffer[:length]), min(len(self._buffer), length)
        self._buffer = self._buffer[length:]
        while got < length:
            data = self.sock.recv(min(65536, length - got))
            if not data:
                break
            got += len(data)
            if at_most is None or len(kept) < at_most:
                kept += data
        return bytes(kept)

    def request(self) -> Seen | None:
        """The whole request, however little of its body came."""
        lines = self.head()
        if lines is None:
            return None
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        method, target, _ = lines[0].split(" ", 2)
        return Seen(method, target, headers, self.body(int(headers.get("content-length", "0"))), self.number)

    def reset_after_client(self) -> None:
        """Stop reading while the client still writes, as servers do that have answered already."""
        time.sleep(0.1)
        self.sock.close()

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Reaction = Callable[["Server", Peer], bool]


class Server:
    """Answers each request with the next reaction of its script, the last one again and again.

    `seen` are the requests in their order, `connections` how many were accepted.
    """

    def __init__(self, *reactions: Reaction, tls: ssl.SSLContext | None = None) -> None:
        self.script = deque(reactions)
        self.seen: list[Seen] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._tls = tls
        self._lock = threading.Lock()
        self._peers: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def then(self, *reactions: Reaction) -> Self:
        """Replace the script."""
        with self._lock:
            self.script = deque(reactions)
        return self

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._listener.close()
        for sock in self._peers:
            sock.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._peers.append(sock)
            threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_side=True)
                self._peers.append(sock)
            peer = Peer(sock, number)
            while self._next()(self, peer):
                pass
        except OSError:
            pass  # the client hung up, which is what some tests are about
        finally:
            sock.close()

    def _next(self) -> Reaction:
        with self._lock:
            return self.script.popleft() if len(self.script) > 1 else self.script[0]

    def wait_for_requests(self, count: int) -> list[Seen]:
        """The requests seen, once there are `count`."""
        limit = time.monotonic() + 5
        while len(self.seen) < count and time.monotonic() < limit:
            time.sleep(0.005)
        return self.seen


def packed(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """An HTTP answer; a `Content-Length` of one's own wins."""
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers or {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}\r\n".encode("latin-1") + body


def answer(
    status: int = 200, body: object = b"", headers: Mapping[str, str] | None = None, *, delay: float = 0
) -> Reaction:
    """Read a request and answer it; `body` may be bytes, or anything JSON can say."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()

    def react(server: Server, peer: Peer) -> bool:
        seen = peer.request()
        if seen is None:
            return False
        server.seen.append(seen)
        server.stopped.wait(delay)
        peer.sock.sendall(packed(status, octets, headers))
        return True  # the connection is kept alive, whatever the client may have wished

    return react


def raw(octets: bytes, *, reset: bool = False) -> Reaction:
    """Read a request, send `octets` as they are, and hang up."""

    def react(server: Server, peer: Peer) -> bool:
        seen = peer.request()
        if seen is not None:
            server.seen.append(seen)
            peer.sock.sendall(octets)
            if reset:
                peer.reset()
        return False

    return react


def trickle(octets: bytes, *, pause: float = 0.05) -> Reaction:
    """Read a request and answer byte by byte, for ever: after `octets` come spaces."""

    def react(server: Server, peer: Peer) -> bool:
        seen = peer.request()
        if seen is None:
            return False
        server.seen.append(seen)
        position = 0
        while not server.stopped.wait(pause):
            peer.sock.sendall(octets[position : position + 1] or b" ")
            position += 1
        return False

    return react


def deaf(server: Server, peer: Peer) -> bool:
    """Read the head and then nothing more, so that a long body gets stuck."""
    peer.head()
    server.stopped.wait()
    return False


def mute(server: Server, peer: Peer) -> bool:
    """Read the request and never answer."""
    seen = peer.request()
    if seen is not None:
        server.seen.append(seen)
        server.stopped.wait()
    return False
