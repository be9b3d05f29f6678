"""Calls to addresses that people enter reach the public network alone."""

import ipaddress
import socket

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
