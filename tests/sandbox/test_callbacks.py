"""Changes of state are told to the address given at registration, on this machine only."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from pecportal.sandbox import callbacks
from tests.sandbox.callers import Caller


class Listener:
    """What came in by POST: content type and body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: queue.Queue[tuple[str, bytes]] = queue.Queue()

    def next(self) -> tuple[str, bytes]:
        return self.heard.get(timeout=5)


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            found.heard.put((self.headers["Content-Type"], body))

        def log_message(self, *args: Any) -> None:
            """Be quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Listener(f"http://127.0.0.1:{server.server_port}/avviso?chi=1")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_each_change_of_state_is_told_as_a_form(caller: Caller, listener: Listener, two_pages: bytes) -> None:
    callback = {"url": listener.url, "field": "dati", "data": {"rif": 7}}
    casella = caller.registered(callback=callback)
    caller.hand_in(casella, two_pages)
    caller.sandbox.advance(hours=24)
    caller.call("DELETE", f"/pec/{casella}")

    for state in ("registrata", "in_evasione", "evasa", "revocata"):
        kind, body = listener.next()
        record = json.loads(parse_qs(body.decode())["dati"][0])
        assert kind == "application/x-www-form-urlencoded"
        assert (record["id"], record["stato"], record["callback"]["data"]) == (casella, state, {"rif": 7})


def test_json_is_told_as_json_and_never_the_password(caller: Caller, listener: Listener) -> None:
    caller.registered(callback={"url": listener.url, "method": "JSON"})
    listener.next()
    caller.sandbox.set_state("comune@pecmassiva.com", "evasa")

    kind, body = listener.next()

    assert kind == "application/json"
    assert json.loads(body)["stato"] == "evasa"
    assert caller.sandbox.password_of("comune@pecmassiva.com") not in body.decode()


def test_the_office_tells_by_itself_when_its_time_has_come(
    caller: Caller, listener: Listener, two_pages: bytes
) -> None:
    caller.sandbox.office_hours = 0
    casella = caller.registered(callback={"url": listener.url})
    caller.hand_in(casella, two_pages)

    states = [json.loads(parse_qs(listener.next()[1].decode())["data"][0])["stato"] for _ in range(3)]

    assert states == ["registrata", "in_evasione", "evasa"]


@pytest.mark.parametrize(
    "callback",
    [
        {"url": "http://posta.example/avviso"},
        {"url": "http://192.0.2.1/avviso"},
        {"url": "https://127.0.0.1/avviso"},
        {"url": "file:///etc/passwd"},
        {"url": "http://127.0.0.1:x/"},
        {"url": 7},
        {},
        False,
    ],
    ids=repr,
)
def test_nothing_is_told_to_other_machines(callback: object) -> None:
    assert callbacks.call_for(callback, {"stato": "evasa"}) is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_this_machine_has_several_names(host: str) -> None:
    assert callbacks.call_for({"url": f"http://{host}:8000/a"}, {}) is not None


def test_callbacks_that_nobody_takes_disturb_neither_calls_nor_later_ones(caller: Caller, listener: Listener) -> None:
    for number, url in enumerate(["http://127.0.0.1:9/avviso", "http://127.0.0.1:9/è a"]):
        casella = caller.registered(casella_pec=f"a{number}@pecmassiva.com", callback={"url": url})
        assert caller.state(casella) == "registrata"

    caller.registered(callback={"url": listener.url})

    assert listener.next()
