"""The server: kept-alive connections, bad requests, an end that leaves nothing behind; and the command."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from pecportal.sandbox import Sandbox, serve
from tests.sandbox.callers import Caller

ROOT = Path(__file__).resolve().parent.parent.parent


def connection(caller: Caller) -> socket.socket:
    parts = urlsplit(caller.url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=5)


def ask(caller: Caller, *pieces: bytes) -> bytes:
    """Everything that comes back for these bytes, until the server hangs up."""
    with connection(caller) as peer:
        for piece in pieces:
            peer.sendall(piece)
            time.sleep(0.02)
        answer = b""
        while block := peer.recv(65536):
            answer += block
        return answer


def test_a_connection_serves_many_requests(caller: Caller) -> None:
    parts = urlsplit(caller.url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        for _ in range(3):
            connection.request("GET", "/pec", headers={"Authorization": f"Bearer {caller.token}"})
            first = connection.sock
            answer = connection.getresponse()
            assert answer.status == 404
            assert json.loads(answer.read())["error"] == 200
            assert connection.sock is first
    finally:
        connection.close()


def test_a_request_in_pieces_is_understood(caller: Caller) -> None:
    answer = ask(caller, b"GET /_sandbox/led", b"ger HTTP/1.1\r\nConnection: clo", b"se\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n[]")
    assert b"\r\nConnection: close\r\n" in answer


def test_two_requests_at_once_get_two_answers(caller: Caller) -> None:
    one = b"GET /_sandbox/ledger HTTP/1.1\r\n\r\n"
    last = b"GET /_sandbox/ledger HTTP/1.0\r\n\r\n"

    assert ask(caller, one + last).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"HELLO\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nsenza due punti\r\n\r\n", b"400"),
        (b"POST /send HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"POST /send HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"411"),
    ],
)
def test_what_is_no_request_is_refused(caller: Caller, request_: bytes, status: bytes) -> None:
    assert ask(caller, request_).startswith(b"HTTP/1.1 " + status)


def test_whoever_waits_to_be_told_to_go_on_is_told(caller: Caller) -> None:
    head = b"POST /tokens HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n"

    answer = ask(caller, head, b"{}")

    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 ")


def test_a_body_that_breaks_off_is_not_taken(box: Caller) -> None:
    body = json.dumps(box.message()).encode()
    head = f"POST /send HTTP/1.1\r\nAuthorization: Bearer {box.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    with connection(box) as peer:
        peer.sendall(head.encode() + body[:-1])

    assert box.send().status_code == 201
    assert box.sandbox.sent_count == 1


def test_an_unknown_path_is_not_found(caller: Caller) -> None:
    for method, path in [("GET", "/pec/a/b/c"), ("PUT", "/pec"), ("GET", "/nulla")]:
        assert caller.call(method, path).status_code == 404


def test_a_refusal_reaches_whoever_still_sends(caller: Caller) -> None:
    answer = caller.call("POST", "/send", token="0" * 24, data=bytes(5_000_000))

    assert answer.status_code == 401


def test_a_body_beyond_every_measure_is_refused(box: Caller) -> None:
    head = f"POST /send HTTP/1.1\r\nAuthorization: Bearer {box.token}\r\nContent-Length: 140000001\r\n\r\n"
    with connection(box) as peer:
        peer.sendall(head.encode())
        peer.shutdown(socket.SHUT_WR)
        assert peer.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_the_end_leaves_no_thread_and_no_connection_behind() -> None:
    before = set(threading.enumerate())
    with serve(Sandbox()) as server:
        parts = urlsplit(server.url)
        idle = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)
        requests.get(server.url, timeout=5)

    with idle:
        assert idle.recv(1) == b""
    assert set(threading.enumerate()) == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def test_a_sandbox_can_be_served_again() -> None:
    sandbox = Sandbox()
    for _ in range(2):
        with serve(sandbox) as server:
            assert requests.get(server.url, timeout=5).status_code == 200


def test_it_is_a_wsgi_application_for_any_server() -> None:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]]) -> Callable[[bytes], object]:
        started.append((status, headers))
        return lambda data: None

    body = b"".join(Sandbox()({"REQUEST_METHOD": "GET", "PATH_INFO": "/_sandbox/ledger"}, start))

    assert started == [("200 OK", [("Content-Type", "application/json")])]
    assert body == b"[]"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal_comes(end: signal.Signals) -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", "0", "--rate", "0"]
    command += [
        "--clock-speed",
        "3600",
        "--clock-origin",
        str(int(time.time())),
        "--mailbox",
        "a@prova.example:segreta",
    ]
    environment = os.environ | {"OPENAPI_EMAIL": "conto@prova.example", "OPENAPI_API_KEY": "chiave"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[3]
        (mailbox,) = requests.get(f"{url}/_sandbox/mailboxes", timeout=5).json()
        account = ("conto@prova.example", "chiave")
        minted = requests.post(f"{url}/token", json={"scopes": ["*:*/*"]}, auth=account, timeout=5)
        process.send_signal(end)
        assert process.wait(10) == 0

    assert url.startswith("http://127.0.0.1:")
    assert (mailbox["address"], mailbox["password"]) == ("a@prova.example", "segreta")
    assert minted.status_code == 200


def test_a_mailbox_without_a_password_stops_the_command() -> None:
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", "0", "--mailbox", "a@prova.example"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 1
    assert "is not ADDRESS:PASSWORD" in done.stderr
