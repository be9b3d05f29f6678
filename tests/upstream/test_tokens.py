"""Tokens: one per API, minted once for all threads, renewed in time, dropped when refused."""

import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pecportal.upstream import Rejected, SignInRefused, Unavailable, Upstream, UpstreamError
from pecportal.upstream.massiva import Credentials, Outgoing
from tests.upstream.servers import Peer, Server, answer, packed, raw

ENVELOPE = {"success": True, "message": "", "error": None}
PAGE = ENVELOPE | {"data": []}
REFUSED = {"success": False, "message": "Authorization is not valid or empty"}


class Vendor:
    """Mints `token-1`, `token-2`, …; takes those in `good` (None: all) and refuses others with 401."""

    def __init__(self) -> None:
        self.minted = 0
        self.good: set[str] | None = None
        self.refused_users: set[str] = set()
        self.lock = threading.Lock()

    def __call__(self, server: Server, peer: Peer) -> bool:
        seen = peer.request()
        if seen is None:
            return False
        with self.lock:
            server.seen.append(seen)
            status, body = self._answer(seen.target, seen.headers)
        peer.sock.sendall(packed(status, json.dumps(body).encode()))
        return True

    def _answer(self, target: str, headers: Any) -> tuple[int, dict[str, Any]]:
        if target.startswith("/token"):
            self.minted += 1
            return 200, {"token": f"token-{self.minted}", "expireAt": "2099-01-01T00:00:00+00:00"}
        token = headers["authorization"].removeprefix("Bearer ")
        if headers.get("x-username") in self.refused_users or (self.good is not None and token not in self.good):
            return 401, REFUSED
        return 200, PAGE


@pytest.fixture
def vendor(server: Server) -> Vendor:
    vendor = Vendor()
    server.then(vendor)
    return vendor


@pytest.fixture
def minting(connect: Callable[..., Upstream]) -> Upstream:
    return connect(token="")


SCOPES = {
    "pec": {
        "GET:H/verifica_pec",
        "GET:H/pec",
        "POST:H/pec",
        "PATCH:H/pec",
        "DELETE:H/pec",
        "GET:H/domini_pec",
    },
    "massiva": {"GET:H/send", "POST:H/send", "DELETE:H/send", "GET:H/inbox", "DELETE:H/inbox", "GET:H/quota"},
    "company": {"GET:H/IT-pec"},
}
HOSTS = {
    "pec": "test.pec.openapi.it",
    "massiva": "test.ws.pecmassiva.com",
    "company": "test.company.openapi.com",
}


@pytest.mark.parametrize("api", SCOPES)
@pytest.mark.parametrize(("version", "path"), [(1, "/token"), (2, "/tokens")])
def test_a_token_is_asked_for_one_api_with_all_its_scopes(
    server: Server, connect: Callable[..., Upstream], api: str, version: int, path: str
) -> None:
    server.then(answer(200, ENVELOPE | {"token": "fresh-token", "expire": 4_000_000_000}))

    assert connect(token="", oauth_version=version, token_ttl=600).tokens.get(api) == "fresh-token"

    seen = server.seen[0]
    assert (seen.method, seen.target) == ("POST", path)
    assert base64.b64decode(seen.headers["authorization"].removeprefix("Basic ")) == (
        b"prova@portale.example:key-of-the-account"
    )
    assert set(seen.json()["scopes"]) == {scope.replace(":H", f":{HOSTS[api]}") for scope in SCOPES[api]}
    assert seen.json()["ttl"] == 600


@pytest.mark.parametrize(
    "body",
    [
        {"token": "fresh-token"},
        {"token": "fresh-token", "expireAt": "2099-11-19T10:00:00Z", "refreshToken": "x"},
        ENVELOPE | {"data": {"token": "fresh-token", "expireAt": "2099-11-19T10:00:00"}},
        ENVELOPE | {"data": [{"token": "fresh-token", "expire": "4000000000"}]},
        ENVELOPE | {"scopes": [], "expire": 4_000_000_000, "token": "fresh-token"},
        ENVELOPE | {"token": "fresh-token", "expire": 1_000_000_000},
        ENVELOPE | {"token": "fresh-token", "expireAt": "soon"},
    ],
)
def test_a_token_is_found_wherever_it_stands_and_kept(server: Server, minting: Upstream, body: dict[str, Any]) -> None:
    server.then(answer(200, body))

    assert [minting.tokens.get("pec") for _ in range(3)] == ["fresh-token"] * 3

    assert len(server.seen) == 1


def test_a_ready_token_is_used_as_it_is(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(401, REFUSED))

    with pytest.raises(Rejected):
        upstream.massiva.inbox(credentials)

    assert [seen.target for seen in server.seen] == ["/inbox"]


def test_a_token_is_renewed_a_little_before_it_expires(server: Server, minting: Upstream) -> None:
    expiry = datetime.now(UTC) + timedelta(hours=1, seconds=1)  # the vendor's clock is an hour ahead
    headers = {"Date": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}
    server.then(answer(200, {"token": "short-lived", "expire": int(expiry.timestamp()) + 1}, headers))

    minting.tokens.get("pec")
    minting.tokens.get("pec")
    assert len(server.seen) == 1
    time.sleep(2)
    minting.tokens.get("pec")

    assert len(server.seen) == 2


def test_many_threads_wait_for_one_token(server: Server, minting: Upstream, vendor: Vendor) -> None:
    with ThreadPoolExecutor(32) as threads:
        tokens = set(threads.map(minting.tokens.get, ["massiva"] * 64))

    assert tokens == {"token-1"}
    assert vendor.minted == 1


def test_many_threads_share_one_failure(server: Server, minting: Upstream) -> None:
    server.then(answer(401, REFUSED, delay=0.3))

    def ask(_: int) -> UpstreamError:
        with pytest.raises(SignInRefused) as caught:
            minting.tokens.get("massiva")
        return caught.value

    with ThreadPoolExecutor(16) as threads:
        failures = list(threads.map(ask, range(16)))

    assert len(server.seen) < 4
    assert len({id(failure) for failure in failures}) == 16


@pytest.mark.parametrize("status", [401, 402, 429])
def test_a_refused_account_is_told_from_a_refused_mailbox(
    server: Server, minting: Upstream, outgoing: Outgoing, credentials: Credentials, status: int
) -> None:
    server.then(answer(status, {"success": False, "message": "no", "error": 110}, {"Retry-After": "7"}))

    with pytest.raises(SignInRefused) as caught:
        minting.massiva.send(outgoing, credentials=credentials)

    assert (caught.value.status, caught.value.error, caught.value.retry_after) == (status, 110, 7.0)
    assert caught.value.call == "oauth POST /tokens for massiva"
    assert [seen.target for seen in server.seen] == ["/tokens"]


@pytest.mark.parametrize(
    "reaction",
    [
        answer(422, {"success": False, "message": "Invalid scopes specified or API not enabled", "error": 90}),
        answer(403, {"success": False, "message": "no"}),
        answer(401, b"Unauthorized"),
        answer(500, {"success": False, "message": "MySQL Error"}),
        answer(302, b"", {"Location": "/elsewhere"}),
        answer(200, b"<html></html>"),
        answer(200, {"token": ""}),
        answer(200, {"token": 7}),
        answer(200, {"token": "two words"}),
        answer(200, {"token": "a\r\nX-Admin: 1"}),
        answer(200, {"data": [{"token": "one"}, {"token": "two"}]}),
        raw(b""),
        raw(b"", reset=True),
    ],
)
def test_without_a_token_nothing_is_sent(
    server: Server, minting: Upstream, outgoing: Outgoing, credentials: Credentials, reaction: Any
) -> None:
    marks: list[int] = []
    server.then(reaction)

    with pytest.raises(Unavailable):
        minting.massiva.send(outgoing, credentials=credentials, on_wire=lambda: marks.append(1))

    assert marks == []
    assert [seen.target for seen in server.seen] == ["/tokens"]


def test_an_unread_answer_that_may_hold_a_token_is_not_kept(server: Server, minting: Upstream) -> None:
    server.then(answer(200, b'{"token": "half-a-tok'))

    with pytest.raises(Unavailable) as caught:
        minting.tokens.get("pec")

    assert caught.value.raw == b""


def test_a_read_is_asked_again_once_with_a_new_token(
    minting: Upstream, vendor: Vendor, credentials: Credentials
) -> None:
    vendor.good = {"token-1"}
    minting.massiva.inbox(credentials)
    vendor.good = {"token-2"}

    minting.massiva.inbox(credentials)

    assert vendor.minted == 2


def test_a_mailbox_that_is_refused_does_not_mint_at_each_poll(
    minting: Upstream, vendor: Vendor, credentials: Credentials
) -> None:
    vendor.refused_users = {credentials.username}

    for _ in range(5):
        with pytest.raises(Rejected) as caught:
            minting.massiva.inbox(credentials)
        assert caught.value.status == 401
    minting.massiva.inbox(Credentials("altro@prova.example", "password"))

    assert vendor.minted == 2


def test_a_refused_send_drops_the_token_so_that_the_next_has_a_new_one(
    server: Server, minting: Upstream, vendor: Vendor, outgoing: Outgoing, credentials: Credentials
) -> None:
    vendor.good = set()

    for _ in range(2):
        with pytest.raises(Rejected):
            minting.massiva.send(outgoing, credentials=credentials)

    assert vendor.minted == 2
    assert [seen.target for seen in server.seen] == ["/tokens", "/send", "/tokens", "/send"]


def test_only_the_refused_token_is_dropped(minting: Upstream, vendor: Vendor) -> None:
    first = minting.tokens.get("massiva")
    other = minting.tokens.get("pec")

    minting.tokens.invalidate(first)
    second = minting.tokens.get("massiva")
    minting.tokens.invalidate(first)

    assert minting.tokens.get("massiva") == second != first
    assert minting.tokens.get("pec") == other
    assert vendor.minted == 3


def test_waiting_for_another_threads_token_ends_at_the_deadline(server: Server, minting: Upstream) -> None:
    server.then(answer(200, {"token": "late"}, delay=1))
    with ThreadPoolExecutor(1) as threads:
        patient = threads.submit(minting.tokens.get, "massiva")
        server_busy = time.monotonic() + 5
        while not server.seen and time.monotonic() < server_busy:
            time.sleep(0.01)
        started = time.monotonic()

        with pytest.raises(Unavailable):
            minting.tokens.get("massiva", until=started + 0.2)

        assert time.monotonic() - started < 0.6
        assert patient.result() == "late"
