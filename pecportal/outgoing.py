"""Calls to addresses that people enter: only to the public network, unless the operator's settings allow another one.

https on 443 or 8443; every address that the name resolves to has to be public, and the call goes to that very address,
so that the name cannot be given another meaning in between. No redirects, ten seconds for all of it, nothing of the
answer is kept but its status.
"""

import ipaddress
import socket
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from ssl import SSLContext
from typing import Final
from urllib.parse import SplitResult, urlsplit

from urllib3.exceptions import HTTPError

from pecportal.upstream.deadline import PlainConnection, TlsConnection, tls_context

SECONDS: Final = 10.0
PORTS: Final = frozenset({443, 8443})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Forbidden(Exception):
    """Nothing is sent to this address."""


class Failed(Exception):
    """It was not taken: no answer, or one that says so."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes: the parts of its URL, and the one network address that was examined."""

    parts: SplitResult
    port: int
    address: str


def post(url: str, body: bytes, *, headers: Mapping[str, str], allowed: Iterable[str] = ()) -> int:
    """Post `body`; the status, which is 2xx. `allowed` are networks (CIDR) that may be reached though not public.

    Raises `Forbidden` or `Failed`, whose words name neither the address nor anything of the answer.
    """
    target = examine(url, allowed=allowed)
    host, until = target.parts.hostname or "", time.monotonic() + SECONDS
    connection: PlainConnection | TlsConnection
    if target.parts.scheme == "https":
        connection = TlsConnection(
            target.address,
            target.port,
            timeout=SECONDS,
            ssl_context=_context(),
            server_hostname=host,
            assert_hostname=host,
        )
    else:
        connection = PlainConnection(target.address, target.port, timeout=SECONDS)
    path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
    told = {"Host": target.parts.netloc.rpartition("@")[2], "User-Agent": "pecportal", "Connection": "close", **headers}
    try:
        connection.connect()
        connection.timeout = max(0.1, until - time.monotonic())
        connection.request("POST", path, body=body, headers=told, preload_content=False)
        status = connection.getresponse().status
    except (OSError, HTTPException, HTTPError) as exc:
        raise Failed(type(exc).__name__) from None
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise Failed(f"status {status}")
    return int(status)


def examine(url: str, *, allowed: Iterable[str] = ()) -> Target:
    """The address that a call to `url` would go to; raises `Forbidden`, or `Failed` when the name is not known."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("The address cannot be read.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise Forbidden("Only https addresses without a user name are called.")
    networks = [ipaddress.ip_network(each, strict=False) for each in allowed]
    found = _resolved(parts.hostname, port)
    if all(any(_is_in(address, network) for network in networks) for address in found):
        return Target(parts, port, str(found[0]))
    if parts.scheme != "https" or port not in PORTS:
        raise Forbidden("Only https on the ports 443 and 8443 is called.")
    if not all(is_public(address) for address in found):
        raise Forbidden("The name leads into a network that is not public.")
    return Target(parts, port, str(found[0]))


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could be meant; addresses that wrap others are what they wrap."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address in _NAT64_LOCAL or address.teredo:
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and (address in _NAT64 or address in _COMPATIBLE):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _resolved(host: str, port: int) -> list[Address]:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Failed("The name is not known.") from None
    return [ipaddress.ip_address(str(row[4][0])) for row in rows]


def _is_in(address: Address, network: Network) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version == network.version and address in network


@lru_cache(maxsize=1)
def _context() -> SSLContext:
    return tls_context()
