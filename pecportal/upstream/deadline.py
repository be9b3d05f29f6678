"""Connections whose time-out is the whole time left, not the wait for the next byte.

A socket's own time-out starts anew at each byte, so a server that trickles one byte a second holds its
caller for ever. urllib3 sets the time-out when it begins to write and again when it begins to read: these
sockets take that moment as the start of a countdown that further reads and writes share. Both ways to the
vendor use them.
"""

import socket
import ssl
import time
from typing import Any, Final

from requests.adapters import DEFAULT_CA_BUNDLE_PATH, HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class _Countdown(socket.socket):
    """A socket that gives up when the seconds of the last `settimeout` have passed, however much it moved."""

    _until: float | None = None

    def settimeout(self, value: float | None, /) -> None:
        self._until = None if value is None else time.monotonic() + value
        super().settimeout(value)

    def _take_what_is_left(self) -> None:
        if self._until is not None:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the deadline has passed")
            super().settimeout(left)

    def recv_into(self, *args: Any) -> int:
        self._take_what_is_left()
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self._take_what_is_left()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._take_what_is_left()
        super().sendall(*args)


class _TlsCountdown(_Countdown, ssl.SSLSocket):
    """The same over TLS."""


class PlainConnection(HTTPConnection):
    """An HTTP connection with a countdown."""

    def _new_conn(self) -> socket.socket:
        return _counting(super()._new_conn())


class TlsConnection(HTTPSConnection):
    """An HTTPS connection with a countdown; needs a context of `tls_context`."""

    def _new_conn(self) -> socket.socket:
        return _counting(super()._new_conn())


def _counting(plain: socket.socket) -> _Countdown:
    patience = plain.gettimeout()
    counting = _Countdown(plain.family, plain.type, plain.proto, fileno=plain.detach())
    counting.settimeout(patience)
    return counting


def tls_context(ca_bundle: str = "") -> ssl.SSLContext:
    """A verifying context with countdown sockets, loaded once: reading the authorities takes some 10 ms."""
    context = ssl.create_default_context(cafile=ca_bundle or DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = _TlsCountdown
    return context


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = TlsConnection


_POOLS: Final = {"http": _PlainPool, "https": _TlsPool}


class PooledAdapter(HTTPAdapter):
    """requests' adapter over countdown connections, kept alive between reads.

    Used without a Session on purpose: what a Session adds is what must not be (redirects, proxies and
    .netrc from the environment, cookies shared between mailboxes), and the adapter, unlike it, is safe
    among threads.
    """

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(pool_connections=8, pool_maxsize=16, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = dict(_POOLS)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: the context verifies already; requests would add its own bundle at every connection."""
