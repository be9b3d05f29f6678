"""What each answer to a send means: the table of verdicts, one row a case."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pecportal.upstream import OutcomeUnknown, Rejected, Unavailable, Upstream, UpstreamError
from pecportal.upstream.massiva import Credentials, Outgoing
from tests.upstream.servers import Reaction, Server, answer, packed, raw

CODE = "2020082610003492"
GOOD = {"success": True, "sent": 1, "message": "", "message_id": CODE}
REFUSAL = {"success": False, "message": "Post parameter is not valid"}


def failure_of(upstream: Upstream, outgoing: Outgoing, credentials: Credentials) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        upstream.massiva.send(outgoing, credentials=credentials)
    return caught.value


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (GOOD, CODE),
        (GOOD | {"message_id": "202009211526363"}, "202009211526363"),
        (GOOD | {"message_id": 202009211526363}, "202009211526363"),
        (GOOD | {"message_id": "20200921152636"}, "20200921152636"),
        (GOOD | {"message_id": "202009211526360012"}, "202009211526360012"),
        ({"success": True, "data": {"sent": 1, "message_id": CODE}}, CODE),
        (GOOD | {"message": {"it": ["ok"]}}, CODE),
        (GOOD | {"trace": "x", "error": None}, CODE),
    ],
)
def test_a_success_that_is_consistent_in_every_respect_is_an_acceptance(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    status: int,
    body: dict[str, Any],
    code: str,
) -> None:
    server.then(answer(status, body, {"Content-Type": "text/plain"}))

    accepted = upstream.massiva.send(outgoing, credentials=credentials)

    assert accepted.code == code
    assert json.loads(accepted.answer) == body


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422, 429])
@pytest.mark.parametrize("body", [REFUSAL, {"message": "no"}, {"success": None, "message": "no", "error": 262}])
def test_a_refusal_in_the_vendors_words_was_not_sent(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    status: int,
    body: dict[str, Any],
) -> None:
    server.then(answer(status, body))

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is Rejected
    assert (failure.status, failure.message, failure.error) == (status, body["message"], body.get("error"))
    assert json.loads(failure.raw) == body
    assert failure.call == "massiva POST /send"


@pytest.mark.parametrize(
    "status", [300, 301, 302, 303, 307, 308, 406, 408, 409, 410, 425, 428, 451, 500, 502, 503, 504]
)
@pytest.mark.parametrize("body", [REFUSAL, b"<html>gateway</html>", b""])
def test_a_status_that_proves_nothing_leaves_the_send_uncertain(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    status: int,
    body: object,
) -> None:
    server.then(answer(status, body))

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is OutcomeUnknown
    assert failure.status == status
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 413, 415, 422, 429])
@pytest.mark.parametrize(
    "body",
    [
        b"<html>nginx</html>",
        b"",
        b"Bad Request",
        b"[]",
        b'{"detail": "x"}',
        b'"x"',
        b'{"success": true, "message": ""}',
        b'{"success": "false", "message": "no"}',
        b'{"success": false, "mess',
    ],
)
def test_a_refusal_without_the_vendors_words_is_uncertain(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, status: int, body: bytes
) -> None:
    server.then(answer(status, body))

    assert type(failure_of(upstream, outgoing, credentials)) is OutcomeUnknown


CONTRADICTIONS: list[dict[str, Any]] = [
    {"success": False, "message": "SMTP failure"},
    GOOD | {"success": False},
    GOOD | {"success": "true"},
    GOOD | {"success": 1},
    GOOD | {"success": None},
    {"sent": 1, "message_id": CODE},
    GOOD | {"sent": 0},
    GOOD | {"sent": 2},
    GOOD | {"sent": True},
    GOOD | {"sent": "1"},
    GOOD | {"sent": 1.0},
    GOOD | {"sent": None},
    {"success": True, "message_id": CODE},
    {"success": True, "sent": 1},
    GOOD | {"message_id": ""},
    GOOD | {"message_id": None},
    GOOD | {"message_id": True},
    GOOD | {"message_id": "SMTP connect() failed"},
    GOOD | {"message_id": "2020082610003"},
    GOOD | {"message_id": "2020082610003492999"},
    GOOD | {"message_id": CODE + "\n"},
    GOOD | {"message_id": "٢٠٢٠٠٨٢٦١٠٠٠٣٤٩٢"},
    GOOD | {"message_id": [CODE]},
    GOOD | {"message_id": float(CODE)},
]


@pytest.mark.parametrize("body", CONTRADICTIONS, ids=lambda body: json.dumps(body))
def test_a_contradictory_success_is_uncertain(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, body: dict[str, Any]
) -> None:
    server.then(answer(201, body))

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is OutcomeUnknown
    assert json.loads(failure.raw) == body


def broken(whole: bytes) -> dict[str, Reaction]:
    """The good answer `whole`, spoilt in every way."""
    return {
        "truncated JSON": answer(200, whole[:-9]),
        "cut short of its length": raw(packed(200, whole, {"Content-Length": "500"})),
        "cut in its chunks": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" + whole[:20]),
        "reset in its body": raw(packed(200, whole[:20], {"Content-Length": "500"}), reset=True),
        "reset before its head": raw(b"", reset=True),
        "no answer": raw(b""),
        "half a status line": raw(b"HTTP/1.1 2"),
        "half a head": raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        "no HTTP": raw(b"220 mail.prova.example ESMTP\r\n"),
        "endless head": raw(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 500 + b"\r\n" + whole),
        "huge header": raw(b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 70_000 + b"\r\n\r\n" + whole),
        "two lengths": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 90\r\n\r\n" + whole),
        "trailing commas": answer(200, whole[:-1] + b",}"),
        "NaN": answer(200, whole.replace(b'""', b"NaN")),
        "Infinity": answer(200, whole.replace(b'""', b"-Infinity")),
        "success in a string": answer(200, whole.replace(b"true", b'"true"')),
        "a list": answer(200, b"[" + whole + b"]"),
        "HTML": answer(200, b"<html><body>OK</body></html>"),
        "nothing": answer(200, b""),
        "204": raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
        "early hints": raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" + packed(200, whole)),
        "nesting 1e5": answer(200, b"[" * 100_000),
        "nested object 1e5": answer(200, b'{"a":' * 100_000),
        "11 MB": answer(200, b" " * 11_000_000 + whole),
        "11 MB undeclared": raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 11_000_000 + whole),
        "a number of 1e5 digits": answer(200, whole[:-1] + b',"error":' + b"1" * 100_000 + b"}"),
        "gzip": answer(200, gzip.compress(whole), {"Content-Encoding": "gzip"}),
        "gzip bomb": answer(200, gzip.compress(b" " * 50_000_000 + whole), {"Content-Encoding": "gzip"}),
        "unknown encoding": answer(200, whole, {"Content-Encoding": "x-own"}),
        "UTF-16": answer(200, whole.decode().encode("utf-16")),
    }


def wrapped(whole: bytes) -> dict[str, Reaction]:
    """The good answer `whole` in forms a read takes and a send does not."""
    return {
        "BOM": answer(200, b"\xef\xbb\xbf" + whole),
        "JSON in a string": answer(200, json.dumps(whole.decode()).encode()),
        "a key twice": answer(200, whole[:-1] + b',"success":true}'),
        "2 MB": answer(200, b" " * 2_000_000 + whole),
        "2 MB undeclared": raw(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2_000_000 + whole),
    }


SENT = json.dumps(GOOD).encode()
EMPTY = json.dumps({"success": True, "message": "", "data": []}).encode()
BROKEN_SENDS = broken(SENT) | wrapped(SENT)
BROKEN_READS = broken(EMPTY)


@pytest.mark.parametrize("fault", BROKEN_SENDS)
def test_an_answer_that_cannot_be_read_leaves_the_send_uncertain(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, fault: str
) -> None:
    server.then(BROKEN_SENDS[fault])

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is OutcomeUnknown
    assert len(failure.raw) <= 64 * 1024
    assert server.connections == 1


@pytest.mark.parametrize("fault", BROKEN_READS)
def test_a_read_whose_answer_cannot_be_read_may_be_repeated(
    server: Server, upstream: Upstream, credentials: Credentials, fault: str
) -> None:
    server.then(BROKEN_READS[fault])

    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)

    assert server.connections == 1


@pytest.mark.parametrize("form", wrapped(EMPTY))
def test_a_read_takes_odd_but_clear_answers(
    server: Server, upstream: Upstream, credentials: Credentials, form: str
) -> None:
    server.then(wrapped(EMPTY)[form])

    assert upstream.massiva.inbox(credentials).items == ()


def test_huge_and_deep_answers_need_little_memory(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    faults = ("gzip bomb", "11 MB", "11 MB undeclared", "nesting 1e5", "nested object 1e5")
    server.then(*[BROKEN_SENDS[fault] for fault in faults * 2])
    tracemalloc.start()
    try:
        for _ in faults * 2:
            failure_of(upstream, outgoing, credentials)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < 50_000_000


@pytest.mark.parametrize("fault", ["BOM", "JSON in a string"])
def test_an_installation_may_choose_to_take_wrapped_answers(
    server: Server, connect: Callable[..., Upstream], outgoing: Outgoing, credentials: Credentials, fault: str
) -> None:
    server.then(wrapped(SENT)[fault])

    accepted = connect(wrapped_send_answers=True).massiva.send(outgoing, credentials=credentials)

    assert accepted.code == CODE


def _date(seconds: float) -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("wish", "low", "high"),
    [
        ("7", 7, 7),
        (" 7 ", 7, 7),
        ("0", 0, 0),
        ("1e9", 1e9, 1e9),
        ("1000000000", 1e9, 1e9),
        (120, 60, 121),  # a date so many seconds from now
        (-3600, 0, 0),
    ],
)
def test_retry_after_is_told_in_seconds(
    server: Server,
    upstream: Upstream,
    outgoing: Outgoing,
    credentials: Credentials,
    wish: str | int,
    low: float,
    high: float,
) -> None:
    server.then(answer(429, REFUSAL, {"Retry-After": wish if isinstance(wish, str) else _date(wish)}))

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is Rejected
    assert failure.retry_after is not None
    assert low <= failure.retry_after <= high


@pytest.mark.parametrize("wish", ["-5", "soon", "", "inf", "nan", "1e999", "1_000", "0x10", "٧", "Wed, 99 Foo 2026"])
def test_a_retry_after_that_makes_no_sense_is_none(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials, wish: str
) -> None:
    server.then(raw(packed(429, json.dumps(REFUSAL).encode(), {"Retry-After": wish.encode().decode("latin-1")})))

    failure = failure_of(upstream, outgoing, credentials)

    assert type(failure) is Rejected
    assert failure.retry_after is None


def test_a_retry_date_is_taken_by_the_vendors_clock(
    server: Server, upstream: Upstream, outgoing: Outgoing, credentials: Credentials
) -> None:
    server.then(answer(429, REFUSAL, {"Date": _date(3600), "Retry-After": _date(3630)}))

    wait = failure_of(upstream, outgoing, credentials).retry_after

    assert wait is not None
    assert 29 <= wait <= 31
