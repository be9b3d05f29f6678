"""A virus scanner as clamd is one, for tests: it hears INSTREAM and PING, and misbehaves as it is told."""

import socketserver
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MARK = b"THIS-IS-A-VIRUS"
SIGNATURE = "Test.Mark-1"


class Clamd:
    """What the scanner does, and what it was given."""

    url = ""

    def __init__(self) -> None:
        self.limit = 10 * 2**20
        self.answer: bytes | None = None  # instead of the true one
        self.is_hanging = False
        self.seen: list[bytes] = []
        self.longest_piece = 0


class _Question(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        clamd: Clamd = self.server.clamd  # type: ignore[attr-defined]
        command = self._until_nul()
        if clamd.is_hanging:
            time.sleep(2)
            return
        if command == b"zPING":
            self._say(clamd.answer or b"PONG\0")
        elif command == b"zINSTREAM":
            self._scan(clamd)
        else:
            self._say(b"UNKNOWN COMMAND\0")

    def _scan(self, clamd: Clamd) -> None:
        content = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            clamd.longest_piece = max(length, clamd.longest_piece)
            content += self.rfile.read(length)
            if len(content) > clamd.limit:
                self._say(b"INSTREAM size limit exceeded. ERROR\0")
                return
        clamd.seen.append(content)
        found = f"stream: {SIGNATURE} FOUND" if MARK in content else "stream: OK"
        self._say(clamd.answer if clamd.answer is not None else f"{found}\0".encode())

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer)

    def _until_nul(self) -> bytes:
        told = b""
        while (sign := self.rfile.read(1)) not in (b"", b"\0"):
            told += sign
        return told


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class _Unix(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


@contextmanager
def serve(path: Path | None = None) -> Iterator[Clamd]:
    """The scanner, on a port of loopback, or on a socket at `path`."""
    clamd = Clamd()
    kinds: dict[bool, Any] = {True: _Unix, False: _Tcp}
    server = kinds[path is not None](str(path) if path else ("127.0.0.1", 0), _Question)
    server.clamd = clamd
    clamd.url = f"unix://{path}" if path else f"tcp://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield clamd
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
