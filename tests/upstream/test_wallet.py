"""What is left in the account's wallet, in both versions of the sign-in, and what is no credit."""

import base64
from collections.abc import Callable
from decimal import Decimal

import pytest

from pecportal.upstream import Rejected, Unavailable, Upstream
from pecportal.upstream.errors import Unusable
from tests.upstream.servers import Server, answer, raw

Connect = Callable[..., Upstream]


@pytest.mark.parametrize(
    ("version", "path", "body"),
    [
        (2, "/wallet", {"data": {"credit": 125.5, "createdAt": "2025-01-15T10:00:00+00:00"}}),
        (2, "/wallet", {"data": {"credit": "125.50"}}),
        (1, "/credit", {"data": {"credit": 125.5}, "success": True, "message": "", "error": None}),
    ],
)
def test_the_credit_is_asked_for_with_the_accounts_own_key(
    server: Server, connect: Connect, version: int, path: str, body: object
) -> None:
    server.then(answer(200, body))

    assert connect(token="", oauth_version=version).wallet.credit() == Decimal("125.5")

    (seen,) = server.seen
    assert (seen.method, seen.target) == ("GET", path)
    given = base64.b64decode(seen.headers["authorization"].removeprefix("Basic "))
    assert given == b"prova@portale.example:key-of-the-account"


@pytest.mark.parametrize(
    ("credit", "expected"),
    [(0, "0"), (-3.25, "-3.25"), (1.1935842939015e-12, "0"), (0.1, "0.1"), (12, "12")],
)
def test_a_credit_is_taken_as_it_is_told(server: Server, connect: Connect, credit: float, expected: str) -> None:
    server.then(answer(200, {"data": {"credit": credit}}))

    assert connect().wallet.credit() == Decimal(expected)


@pytest.mark.parametrize(
    "body",
    [
        {"data": {}},
        {"data": None},
        {"data": [1]},
        {"data": {"credit": None}},
        {"data": {"credit": True}},
        {"data": {"credit": "viele"}},
        {"data": {"credit": 1e300}},
        {"data": {"credit": {"value": 1}}},
        {"credit": 1},
        {"success": False, "data": {"credit": 1}},
    ],
)
def test_what_is_no_credit_claims_nothing(server: Server, connect: Connect, body: object) -> None:
    server.then(answer(200, body))

    with pytest.raises(Unavailable):
        connect().wallet.credit()


def test_nor_does_an_answer_that_is_not_json(server: Server, connect: Connect) -> None:
    server.then(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"))

    with pytest.raises(Unavailable):
        connect().wallet.credit()


@pytest.mark.parametrize(
    ("version", "status", "error", "words"),
    [(1, 404, 320, "non-existent Openapi credit"), (2, 401, 140, "Unauthorized")],
)
def test_a_refusal_is_told_in_the_vendors_words(
    server: Server, connect: Connect, version: int, status: int, error: int, words: str
) -> None:
    server.then(answer(status, {"success": False, "message": words, "error": error, "data": None}))

    with pytest.raises(Rejected, match=words) as told:
        connect(oauth_version=version).wallet.credit()

    assert told.value.error == error


def test_without_a_key_nobody_is_asked(server: Server, connect: Connect) -> None:
    with pytest.raises(Unusable):
        connect(api_key="").wallet.credit()

    assert server.seen == []


def test_an_account_that_may_not_be_used_asks_for_nothing_at_all(server: Server, connect: Connect) -> None:
    upstream = connect(unusable="Not here.")

    for ask in (upstream.wallet.credit, upstream.pec.list, lambda: upstream.company.pec_of("1")):
        with pytest.raises(Unusable, match=r"Not here\."):
            ask()

    assert server.seen == []
