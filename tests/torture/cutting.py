"""A connection to PostgreSQL that breaks in the middle of a COMMIT, before the server heard of it, or after.

Whoever commits cannot tell the two apart: so it is when a server is restarted, or a network fails, at that moment.
"""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

BLOCK: Final = 65536
COMMIT: Final = b"COMMIT\x00"  # as the protocol has it, in the question and in the answer


class Cutter:
    """Stands between the portal and a server; while `share` is above 0, it cuts that share of all commits."""

    def __init__(self, server: str, *, seed: int) -> None:
        parts = urlsplit(server)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._chance = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        host = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = parts._replace(netloc=host, query="sslmode=disable").geturl()
        self.share = 0.0
        self.before = self.after = 0

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._server) as server:
            doomed = threading.Event()
            threading.Thread(target=_answers, args=(server, client, doomed), daemon=True).start()
            while (data := client.recv(BLOCK)) and not self._dooms(data, doomed):
                server.sendall(data)
            _hang_up(server, client)

    def _dooms(self, data: bytes, answer: threading.Event) -> bool:
        """Whether to hang up instead of passing the data on; or, in turn, only before the `answer` is heard."""
        if COMMIT not in data or self._chance.random() >= self.share:
            return False
        if self.before <= self.after:
            self.before += 1
            return True
        self.after += 1
        answer.set()
        return False


def _answers(server: socket.socket, client: socket.socket, doomed: threading.Event) -> None:
    with suppress(OSError):
        while (data := server.recv(BLOCK)) and not (doomed.is_set() and COMMIT in data):
            client.sendall(data)
    _hang_up(server, client)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(server: str, *, seed: int) -> Iterator[Cutter]:
    """A cutter before the database that the URL `server` names."""
    cutter = Cutter(server, seed=seed)
    thread = threading.Thread(target=cutter.serve, daemon=True)
    thread.start()
    try:
        yield cutter
    finally:
        cutter.close()
