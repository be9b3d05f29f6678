"""The mailbox read in every spelling, and emptiness told from failure."""

import json
from typing import Any

import pytest

from pecportal.upstream import OutcomeUnknown, Rejected, Unavailable, Upstream
from pecportal.upstream.inbox import item_of, readable
from pecportal.upstream.massiva import Credentials, Quota
from tests.upstream.servers import Server, answer, raw

DATE = "Wed, 26 Aug 2020 10:00:35 +0200"
ENVELOPE = {"success": True, "message": ""}
ITEM = {
    "sender": "s@prova.example",
    "recipient": "r@prova.example",
    "date": DATE,
    "object": "ACCETTAZIONE: x",
    "id": 1,
}


@pytest.mark.parametrize(
    "spelling",
    [
        {"sender": "s", "recipient": "r", "data": DATE, "object": "CONSEGNA: x", "message": "testo"},
        {"sender": "s", "recipient": "r", "date": DATE, "subject": "CONSEGNA: x", "body": "testo"},
        {"sender": "s", "recipient": "r", "date": DATE, "object": "CONSEGNA: x", "body": "testo"},
        {
            "sender": "s",
            "recipient": ["r"],
            "date": "",
            "data": DATE,
            "subject": None,
            "object": "CONSEGNA: x",
            "body": "testo",
            "message": "",
        },
    ],
)
def test_every_spelling_tells_the_same_mail(spelling: dict[str, Any]) -> None:
    item = item_of(spelling)

    assert item is not None
    assert (item.sender, item.recipient, item.date) == ("s", "r", DATE)
    assert (item.subject, item.body) == ("CONSEGNA: x", "testo")
    assert json.loads(item.raw) == spelling


@pytest.mark.parametrize(
    ("told", "kept"),
    [(1, "1"), ("17", "17"), (3.0, "3"), ("AB-7", "AB-7"), (0, "0"), (None, None), (True, None), ("", None)],
)
def test_ids_come_as_numbers_and_as_text(told: object, kept: str | None) -> None:
    item = item_of(ITEM | {"id": told})

    assert item is not None
    assert item.id == kept


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "x",
        3,
        [],
        {},
        {"id": 3},
        {"sender": {"name": "x"}},
        ITEM | {"object": {"a": 1}},
        ITEM | {"date": True},
    ],
)
def test_what_is_no_mail_is_none(entry: object) -> None:
    assert item_of(entry) is None


def test_characters_that_no_database_takes_are_replaced_and_lost_ones_kept() -> None:
    item = item_of({"subject": "a\ud800b\x00c\ufffdd", "sender": '"Per conto di: x@prova.example" '})

    assert item is not None
    assert item.subject == "a\ufffdb\ufffdc\ufffdd"
    assert item.sender == '"Per conto di: x@prova.example" '
    assert json.loads(item.raw)["subject"] == "a\ud800b\x00c\ufffdd"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Salve%2C+questa+%C3%A8+una+prova%0D%0Adi+invio", "Salve, questa è una prova\r\ndi invio"),
        ("Salve%2C%20questa%20prova", "Salve, questa prova"),
        ("perch%E9+no", "perché no"),
        ("questa+%EF%BF%BD+una%21", "questa \ufffd una!"),
        ("questa+\ufffd+una%21", "questa \ufffd una!"),
        ("Salve, sconto del 20%", "Salve, sconto del 20%"),
        ("100%25 sicuro", "100%25 sicuro"),
        ("sconto+del+20%", "sconto+del+20%"),
        ("C++", "C++"),
        ("+39.06.123", "+39.06.123"),
        ("testo 50%2C e altro", "testo 50%2C e altro"),
        ("caff\u00e8%20", "caff\u00e8%20"),
        ("questa email \ufffd una prova", "questa email \ufffd una prova"),
        ("", ""),
    ],
)
def test_a_body_is_decoded_only_when_it_truly_is_urlencoded(body: str, text: str) -> None:
    assert readable(body) == text


def test_a_page_of_the_inbox(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    broken: list[object] = [None, {"id": 4}, "x", {"object": {}}]
    numbers = {"total": "981", "page": 39.0, "n_of_pages": 39}
    server.then(answer(200, ENVELOPE | numbers | {"data": [ITEM, *broken, ITEM | {"id": "2"}]}))

    page = upstream.massiva.inbox(credentials, page=39, q="Rif. 7KQ2M9 & più")

    assert [item.id for item in page.items] == ["1", "2"]
    assert (page.total, page.page, page.pages, page.broken) == (981, 39, 39, 4)
    assert page.items[0].body is None
    seen = server.seen[0]
    assert seen.target == "/inbox?q=Rif.+7KQ2M9+%26+pi%C3%B9&page=39"
    assert seen.headers["x-username"] == credentials.username
    assert seen.headers["x-password"].encode("latin-1").decode() == credentials.password


def test_the_default_page_is_the_vendors(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(200, ENVELOPE | {"data": []}))

    page = upstream.massiva.inbox(credentials)

    assert server.seen[0].target == "/inbox"
    assert (page.total, page.page, page.pages) == (None, None, None)


@pytest.mark.parametrize("data", [None, [], {}])
def test_every_way_to_say_nothing_is_empty(
    server: Server, upstream: Upstream, credentials: Credentials, data: object
) -> None:
    server.then(answer(200, ENVELOPE | {"data": data}))

    assert upstream.massiva.inbox(credentials).items == ()
    assert upstream.massiva.receipts(credentials, "2020082610003492") == ()


@pytest.mark.parametrize("data", [{"0": ITEM, "2": ITEM}, [ITEM, ITEM]])
def test_a_list_may_be_an_object_with_numbers(
    server: Server, upstream: Upstream, credentials: Credentials, data: object
) -> None:
    server.then(answer(200, ENVELOPE | {"data": data}))

    assert len(upstream.massiva.inbox(credentials).items) == 2


@pytest.mark.parametrize(
    "body", [ENVELOPE, ENVELOPE | {"data": "none"}, ENVELOPE | {"data": 0}, {"data": [], "success": False}]
)
def test_an_answer_without_a_list_proves_no_absence(
    server: Server, upstream: Upstream, credentials: Credentials, body: object
) -> None:
    server.then(answer(200, body))

    with pytest.raises(Unavailable):
        upstream.massiva.inbox(credentials)
    with pytest.raises(Unavailable):
        upstream.massiva.receipts(credentials, "2020082610003492")


def test_no_receipt_yet_is_an_empty_answer(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(404, {"success": False, "message": "Result empty"}))

    assert upstream.massiva.receipts(credentials, "2020082610003492") == ()
    assert upstream.massiva.inbox(credentials).items == ()
    assert server.seen[0].target == "/send/2020082610003492"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"<html>404 Not Found</html>", Unavailable),
        (b"Result empty", Unavailable),
        (b'{"message": "no Route matched with those values"}', Rejected),
    ],
)
def test_a_proxys_404_proves_no_absence(
    server: Server, upstream: Upstream, credentials: Credentials, body: bytes, kind: type[Exception]
) -> None:
    server.then(answer(404, body))

    with pytest.raises(kind):
        upstream.massiva.receipts(credentials, "2020082610003492")


def test_receipts_come_with_their_bodies(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    receipt = {
        "sender": "p",
        "recipient": "r",
        "data": DATE,
        "object": "CONSEGNA: x 2020",
        "message": "\u00e8",
    }
    server.then(answer(200, ENVELOPE | {"data": [receipt, 3]}))

    (item,) = upstream.massiva.receipts(credentials, "2020082610003492")

    assert (item.id, item.body, item.date) == (None, "\u00e8", DATE)


def test_one_mail_with_its_body(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(200, ENVELOPE | {"data": ITEM | {"body": "Ricevuta%20di%20accettazione"}}))

    item = upstream.massiva.inbox_item(credentials, "17")

    assert item.body == "Ricevuta di accettazione"
    assert server.seen[0].target == "/inbox/17"


def test_a_mail_that_is_not_there_is_a_refusal(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(404, {"success": False, "message": "Message not found"}))

    with pytest.raises(Rejected) as caught:
        upstream.massiva.inbox_item(credentials, "17")

    assert caught.value.status == 404


@pytest.mark.parametrize("item_id", ["", ".", ".."])
def test_an_id_that_would_name_another_path_is_refused(
    server: Server, upstream: Upstream, credentials: Credentials, item_id: str
) -> None:
    with pytest.raises(ValueError, match="names nothing"):
        upstream.massiva.inbox_item(credentials, item_id)

    assert server.connections == 0


def test_an_id_stays_one_segment(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(200, ENVELOPE | {"data": ITEM}))

    upstream.massiva.inbox_item(credentials, "../quota?x=1#y")

    assert server.seen[0].target == "/inbox/..%2Fquota%3Fx%3D1%23y"


def test_the_quota_is_a_share(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(200, ENVELOPE | {"data": {"usage": 262144, "limit": "1048576"}}))

    quota = upstream.massiva.quota(credentials)

    assert quota == Quota(262144, 1048576)
    assert quota.share == 0.25
    assert server.seen[0].target == "/quota/INBOX"


@pytest.mark.parametrize(
    "data",
    [None, [], {"usage": 1}, {"usage": 1, "limit": 0}, {"usage": -1, "limit": 5}, {"usage": "x", "limit": 5}],
)
def test_a_quota_without_numbers_is_none(
    server: Server, upstream: Upstream, credentials: Credentials, data: object
) -> None:
    server.then(answer(200, ENVELOPE | {"data": data}))

    with pytest.raises(Unavailable):
        upstream.massiva.quota(credentials)


def test_deletions_go_to_their_own_paths(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(answer(200, {"success": True, "message": "Message deleted"}))

    upstream.massiva.delete_item(credentials, "3")
    upstream.massiva.delete_receipts(credentials, "2020082610003492")

    assert [(seen.method, seen.target) for seen in server.seen] == [
        ("DELETE", "/inbox/3"),
        ("DELETE", "/send/2020082610003492"),
    ]


def test_a_deletion_without_answer_is_uncertain(server: Server, upstream: Upstream, credentials: Credentials) -> None:
    server.then(raw(b""))

    with pytest.raises(OutcomeUnknown):
        upstream.massiva.delete_item(credentials, "3")

    server.then(answer(404, {"success": False, "message": "Email not found"}))
    with pytest.raises(Rejected):
        upstream.massiva.delete_receipts(credentials, "2020082610003492")
