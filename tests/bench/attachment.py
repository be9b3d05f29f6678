"""An attachment of 100 MB on its way out: streamed, against the whole body made by json.dumps."""

import base64
import json
import os
import socket
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from pecportal.upstream import Upstream
from pecportal.upstream.config import Config
from pecportal.upstream.massiva import Attachment, Credentials, Outgoing
from tests.bench.rows import Row

SIZE = 100 * 10**6
ROUNDS = 3
ANSWER = json.dumps({"success": True, "sent": 1, "message": "", "message_id": "202611250900001"}).encode()
WHO = Credentials("banco@prova.example", "una-parola")


def main() -> None:
    """Alternate the two, take the best of each, then measure the memory of the streamed one."""
    with tempfile.TemporaryDirectory() as folder, sink() as port:
        path = Path(folder) / "allegato.pdf"
        path.write_bytes(os.urandom(10**6) * 100)
        streamed, whole = [], []
        for _n in range(ROUNDS):
            streamed.append(_timed(lambda: _stream(port, path)))
            whole.append(_timed(lambda: _whole(port, path)))
        _stream(port, path)  # what is loaded once does not count
        tracemalloc.start()
        _stream(port, path)
        peak = tracemalloc.get_traced_memory()[1] / 10**6
        tracemalloc.stop()
    Row("speed of a streamed attachment of 100 MB", "json.dumps of the whole", min(whole) / min(streamed), 3).tell()
    Row("memory that it takes at most, in MB", "the Python heap", peak, 4, at_most=True).tell()


def _timed(send: object) -> float:
    begun = time.perf_counter()
    if callable(send):
        send()
    return time.perf_counter() - begun


def _stream(port: int, path: Path) -> None:
    url = f"http://127.0.0.1:{port}"
    config = Config(
        environment="sandbox",
        pec_url=url,
        massiva_url=url,
        company_url=url,
        oauth_url=url,
        oauth_version=2,
        email="",
        api_key="",
        token="prova",
    )
    outgoing = Outgoing(WHO.username, "ditta@prova.example", "Avviso", "<p>Testo</p>", (_attachment(path),))
    Upstream(config).massiva.send(outgoing, credentials=WHO)


def _attachment(path: Path) -> Attachment:
    return Attachment(name=path.name, path=path, content_type="application/pdf", size=path.stat().st_size)


def _whole(port: int, path: Path) -> None:
    content = f"data:application/pdf;base64,{base64.b64encode(path.read_bytes()).decode()}"
    fields = {
        "sender": WHO.username,
        "recipient": "ditta@prova.example",
        "subject": "Avviso",
        "body": "<p>Testo</p>",
        "username": WHO.username,
        "password": WHO.password,
        "attachments": [{"name": path.name, "file": content}],
    }
    requests.post(f"http://127.0.0.1:{port}/send", data=json.dumps(fields), timeout=60).raise_for_status()


@contextmanager
def sink() -> Iterator[int]:
    """A server that swallows each request and says that it was taken."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=_swallow, args=(listener,), daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.close()


def _swallow(listener: socket.socket) -> None:
    buffer = bytearray(1 << 20)
    while True:
        try:
            connection, _address = listener.accept()
        except OSError:
            return
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            headers, _, rest = head.partition(b"\r\n\r\n")
            length = int(headers.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            left = length - len(rest)
            while left > 0:
                left -= connection.recv_into(buffer, min(left, len(buffer))) or left
            answer = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nConnection: close\r\n"
            connection.sendall(answer + f"Content-Length: {len(ANSWER)}\r\n\r\n".encode() + ANSWER)


if __name__ == "__main__":
    main()
