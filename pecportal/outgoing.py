"""Calls to addresses that people enter: only to the public network, unless the operator's settings allow another one.

https on 443 or 8443; every address that the name resolves to has to be public, and the call goes to that very address,
so that the name cannot be given another meaning in between. No redirects, ten seconds for all of it, the resolving
included; nothing of the answer is kept but its status and how long it asks to wait.
"""

import ipaddress
import queue
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException
from ssl import SSLContext
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.utils.translation import gettext_noop
from urllib3.exceptions import HTTPError

from pecportal.upstream.deadline import PlainConnection, TlsConnection, tls_context

SECONDS: Final = 10.0
RESOLVING: Final = 32  # names at once; a system's resolver cannot be called off, and one that hangs keeps its thread
PORTS: Final = frozenset({443, 8443})
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.ip_network("64:ff9b:1::/48")
_COMPATIBLE: Final = ipaddress.ip_network("::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_resolving = threading.BoundedSemaphore(RESOLVING)


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


@dataclass(frozen=True, slots=True)
class Reply:
    """What is known of an answer: its status, and the seconds that its `Retry-After` asks for, if it has one."""

    status: int
    retry_after: float | None = None


class _Plain(PlainConnection):
    """A connection that ends at an instant of `time.monotonic()`, however long each step takes."""

    until = 0.0

    def _new_conn(self) -> socket.socket:
        self.timeout = _left(self.until)
        made = super()._new_conn()
        made.settimeout(_left(self.until))
        return made


class _Tls(TlsConnection):
    """The same over TLS, whose handshake has what the connecting left."""

    until = 0.0

    def _new_conn(self) -> socket.socket:
        self.timeout = _left(self.until)
        made = super()._new_conn()
        made.settimeout(_left(self.until))
        return made


def post(url: str, body: bytes, *, headers: Mapping[str, str], allowed: Iterable[str] = ()) -> int:
    """Post `body`; the status, which is 2xx. `allowed` are networks (CIDR) that may be reached though not public.

    Raises `Forbidden` or `Failed`, whose words name neither the address nor anything of the answer.
    """
    status = call(url, body, headers=headers, allowed=allowed).status
    if not 200 <= status < 300:
        raise Failed(f"status {status}")
    return status


def call(url: str, body: bytes, *, headers: Mapping[str, str], allowed: Iterable[str] = ()) -> Reply:
    """The same, whatever the status is. Raises `Forbidden`, or `Failed` where no answer came."""
    until = time.monotonic() + SECONDS
    target = examine(url, allowed=allowed, until=until)
    host = target.parts.hostname or ""
    connection: _Plain | _Tls
    if target.parts.scheme == "https":
        connection = _Tls(
            target.address, target.port, ssl_context=_context(), server_hostname=host, assert_hostname=host
        )
    else:
        connection = _Plain(target.address, target.port)
    connection.until = until
    path = (target.parts.path or "/") + (f"?{target.parts.query}" if target.parts.query else "")
    told = {"Host": target.parts.netloc.rpartition("@")[2], "User-Agent": "pecportal", "Connection": "close", **headers}
    try:
        connection.connect()
        connection.timeout = _left(until)
        connection.request("POST", path, body=body, headers=told, preload_content=False)
        connection.timeout = _left(until)
        answer = connection.getresponse()
        return Reply(int(answer.status), _retry_after(answer.headers.get("Retry-After")))
    except (OSError, HTTPException, HTTPError) as exc:
        raise Failed(type(exc).__name__) from None
    finally:
        connection.close()


def examine(url: str, *, allowed: Iterable[str] = (), until: float | None = None) -> Target:
    """The address that a call to `url` would go to; raises `Forbidden`, or `Failed` when the name is not known.

    `until` is the instant of `time.monotonic()` up to which the name's address is waited for.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("The address cannot be read.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise Forbidden("Only https addresses without a user name are called.")
    networks = [ipaddress.ip_network(each, strict=False) for each in allowed]
    found = _resolved(parts.hostname, port, until=time.monotonic() + SECONDS if until is None else until)
    if all(any(_is_in(address, network) for network in networks) for address in found):
        return Target(parts, port, str(found[0]))
    if parts.scheme != "https" or port not in PORTS:
        raise Forbidden("Only https on the ports 443 and 8443 is called.")
    if not all(is_public(address) for address in found):
        raise Forbidden("The name leads into a network that is not public.")
    return Target(parts, port, str(found[0]))


def is_inside(host: str, *, allowed: Iterable[str] = ()) -> bool:
    """Whether a host is written as an address, or as this machine's name, that is never called; asks nobody."""
    if host.lower().rstrip(".") == "localhost" or host.lower().rstrip(".").endswith(".localhost"):
        address: Address = ipaddress.ip_address("127.0.0.1")
    else:
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
    networks = [ipaddress.ip_network(each, strict=False) for each in allowed]
    return not is_public(address) and not any(_is_in(address, network) for network in networks)


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


def _resolved(host: str, port: int, *, until: float) -> list[Address]:
    """The name's addresses, asked for in a thread of its own: a name server that hangs holds no caller."""
    places = _resolving
    if not places.acquire(timeout=_left(until)):
        raise Failed(gettext_noop("Too many names are being looked up."))
    found: queue.SimpleQueue[list[Address] | None] = queue.SimpleQueue()

    def resolve() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([ipaddress.ip_address(str(row[4][0])) for row in rows])
        except (OSError, ValueError):  # of which a name that cannot be encoded is one
            found.put(None)
        finally:
            places.release()

    threading.Thread(target=resolve, name="resolving", daemon=True).start()
    try:
        addresses = found.get(timeout=_left(until))
    except queue.Empty:
        raise Failed(gettext_noop("The name server does not answer.")) from None
    if not addresses:
        raise Failed(gettext_noop("The name is not known."))
    return addresses


def _left(until: float) -> float:
    """The seconds that are left; a moment where none is, so that the next step fails by itself."""
    return max(0.05, until - time.monotonic())


def _retry_after(told: str | None) -> float | None:
    """The header's seconds, or those until its date; None for anything else (RFC 9110, 10.2.3)."""
    text = (told or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _is_in(address: Address, network: Network) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address.version == network.version and address in network


@lru_cache(maxsize=1)
def _context() -> SSLContext:
    return tls_context()
