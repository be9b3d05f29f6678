"""Calls to addresses that people enter reach the public network alone."""

import ipaddress
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pecportal import outgoing

INSIDE = [
    "127.0.0.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "::127.0.0.1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_these_are_not_public(address: str) -> None:
    assert not outgoing.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_these_are_public(address: str) -> None:
    assert outgoing.is_public(ipaddress.ip_address(address))


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    rows = [(0, 0, 0, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: rows)


def test_the_call_goes_to_the_address_that_was_examined(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "93.184.216.34")

    assert outgoing.examine("https://hook.example/x").address == "93.184.216.34"


def test_one_address_inside_among_many_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "93.184.216.34", "10.0.0.1")

    with pytest.raises(outgoing.Forbidden, match="not public"):
        outgoing.examine("https://hook.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "https://hook.example:22/",
        "https://hook.example:99999/",
        "ftp://hook.example/",
        "file:///etc/passwd",
        "https://anna:x@hook.example/",
        "https:///x",
        "https://[::1/",
        "gopher://hook.example/",
    ],
)
def test_other_addresses_are_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    resolve(monkeypatch, "93.184.216.34")

    with pytest.raises(outgoing.Forbidden):
        outgoing.examine(url)


def test_a_network_that_the_settings_allow_is_reached_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "10.0.0.1")
    assert outgoing.examine("http://hook.example:8065/", allowed=["10.0.0.0/24"]).port == 8065

    resolve(monkeypatch, "10.0.0.1", "10.0.9.1")
    with pytest.raises(outgoing.Forbidden):
        outgoing.examine("http://hook.example:8065/", allowed=["10.0.0.0/24"])


def test_a_name_that_nobody_knows_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(outgoing.Failed):
        outgoing.examine("https://hook.example/")


def test_a_name_server_that_hangs_holds_nobody_longer_than_the_call_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(outgoing, "SECONDS", 0.3)

    def hang(*args: object, **kwargs: object) -> list[object]:
        let_go.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()

    with pytest.raises(outgoing.Failed, match="name server"):
        outgoing.call("https://hook.example/", b"", headers={})

    assert time.monotonic() - began < 5
    let_go.set()


def test_names_that_hang_do_not_pile_up_threads_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go, asked = threading.Event(), []

    def hang(*args: object, **kwargs: object) -> list[object]:
        asked.append(args)
        let_go.wait(30)
        return []

    monkeypatch.setattr(outgoing, "SECONDS", 0.05)
    monkeypatch.setattr(outgoing, "_resolving", threading.BoundedSemaphore(3))
    monkeypatch.setattr(socket, "getaddrinfo", hang)
    for _n in range(6):
        with pytest.raises(outgoing.Failed):
            outgoing.examine("https://hook.example/")

    assert len(asked) == 3
    let_go.set()


@pytest.mark.parametrize(
    ("told", "seconds"), [("7", 7.0), (" 120 ", 120.0), ("", None), (None, None), ("soon", None), ("-5", None)]
)
def test_a_wish_to_wait_is_read_in_seconds(told: str | None, seconds: float | None) -> None:
    assert outgoing._retry_after(told) == seconds


def test_a_wish_to_wait_until_a_date_is_read() -> None:
    then = datetime.now(UTC) + timedelta(minutes=10)
    found = outgoing._retry_after(format_datetime(then, usegmt=True))

    assert found is not None
    assert 590 < found <= 600


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "::1", "localhost", "a.localhost.", "169.254.169.254"])
def test_a_host_that_is_written_as_an_address_inside_is_known_without_asking(host: str) -> None:
    assert outgoing.is_inside(host)
    assert not outgoing.is_inside(host, allowed=["127.0.0.0/8", "10.0.0.0/8", "::1/128", "169.254.0.0/16"])


def test_a_name_is_not_looked_up_to_tell_whether_it_is_inside() -> None:
    assert not outgoing.is_inside("hook.example")
    assert not outgoing.is_inside("93.184.216.34")
