"""The inbox: pages in every order and base, single mails, deletion, search, quota, and its faults."""

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from pecportal.sandbox import Sandbox, serve
from tests.sandbox.callers import BOX, PASSWORD, Caller

DATE = datetime(2020, 8, 26, 8, 0, 35, tzinfo=UTC)


def fill(caller: Caller, count: int) -> None:
    for number in range(1, count + 1):
        caller.sandbox.deliver_to_inbox(BOX, f"Lettera {number}", f"Testo {number}", "chi@posta.example", DATE)


def numbers(page: dict[str, Any]) -> list[int]:
    return [int(item["subject"].split()[1]) for item in page["data"]]


@pytest.mark.parametrize("first_page", [0, 1])
@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_hold_25_in_either_order_and_base(box: Caller, first_page: Any, newest_first: bool) -> None:
    box.sandbox.first_page, box.sandbox.newest_first = first_page, newest_first
    fill(box, 60)

    pages = [box.read(f"/inbox?page={first_page + number}").json() for number in range(4)]

    assert [len(page["data"]) for page in pages] == [25, 25, 10, 0]
    everything = [number for page in pages for number in numbers(page)]
    assert everything == (list(range(60, 0, -1)) if newest_first else list(range(1, 61)))
    assert {page["total"] for page in pages} == {60}
    assert [page["page"] for page in pages] == [first_page + number for number in range(4)]


def test_the_number_of_pages_is_wrong_by_one_as_in_the_vendors_sample(box: Caller) -> None:
    fill(box, 60)

    assert box.read("/inbox").json()["n_of_pages"] == 2


def test_without_a_page_and_before_the_first_the_first_is_shown(box: Caller) -> None:
    fill(box, 60)

    first = numbers(box.read("/inbox?page=1").json())

    for path in ("/inbox", "/inbox?page=0", "/inbox?page=", "/inbox?page=x"):
        assert numbers(box.read(path).json()) == first


def test_an_empty_inbox_is_an_empty_page(box: Caller) -> None:
    assert box.read("/inbox").json() == {
        "data": [],
        "success": True,
        "message": "",
        "total": 0,
        "page": 1,
        "n_of_pages": 0,
    }


@pytest.mark.parametrize(
    ("spelling", "listed", "filed"),
    [
        ("live", {"date", "subject", "id"}, {"date", "subject", "body"}),
        ("documented", {"date", "object", "id"}, {"data", "object", "message"}),
    ],
)
def test_items_come_in_both_spellings(box: Caller, spelling: Any, listed: set[str], filed: set[str]) -> None:
    box.sandbox.spelling = spelling
    code = box.code()
    box.sandbox.advance(hours=1)

    item = box.read("/inbox").json()["data"][0]
    whole = box.read(f"/inbox/{item['id']}").json()["data"]
    mail = box.read(f"/send/{code}").json()["data"][0]

    who = {"sender", "recipient"}
    assert set(item) == listed | who
    assert set(whole) == listed | who | {"body"}
    assert set(mail) == filed | who


def test_a_mail_is_given_whole_by_its_id(box: Caller) -> None:
    box.sandbox.deliver_to_inbox(BOX, "POSTA CERTIFICATA: Ciao", "Testo", '"Per conto di: x" ', "non una data")

    (item,) = box.read("/inbox").json()["data"]
    assert box.read(f"/inbox/{item['id']}").json()["data"] == item | {"body": "Testo"}
    assert (item["sender"], item["date"], item["recipient"]) == ('"Per conto di: x" ', "non una data", BOX)
    for missing in ("2", "0", "x", "-1"):
        answer = box.read(f"/inbox/{missing}")
        assert (answer.status_code, answer.json()["message"]) == (404, "Message not found")


def test_dates_are_written_in_romes_time(box: Caller) -> None:
    fill(box, 1)

    assert box.read("/inbox/1").json()["data"]["date"] == "Wed, 26 Aug 2020 10:00:35 +0200"


def test_a_deleted_mail_is_gone_and_ids_stay(box: Caller) -> None:
    fill(box, 3)

    assert box.read("/inbox/2", "DELETE").json() == {"success": True, "message": "Message deleted"}

    assert [item["id"] for item in box.read("/inbox").json()["data"]] == [3, 1]
    assert box.read("/inbox/2").status_code == 404
    assert box.read("/inbox/2", "DELETE").status_code == 404
    fill(box, 1)
    assert box.read("/inbox").json()["data"][0]["id"] == 4


def test_positional_ids_shift_after_a_deletion(box: Caller) -> None:
    box.sandbox.positional_ids = True
    fill(box, 3)

    box.read("/inbox/1", "DELETE")

    page = box.read("/inbox").json()
    assert [(item["id"], item["subject"]) for item in page["data"]] == [(2, "Lettera 3"), (1, "Lettera 2")]
    assert box.read("/inbox/1").json()["data"]["subject"] == "Lettera 2"
    assert box.read("/inbox/3").status_code == 404


def test_a_message_without_receipts_yet_has_an_empty_result(box: Caller) -> None:
    code = box.code()

    answer = box.read(f"/send/{code}")

    assert (answer.status_code, answer.json()) == (404, {"success": False, "message": "Result empty"})


def test_the_receipts_of_one_message_are_deleted_together(box: Caller) -> None:
    code, other = box.code(), box.code()
    box.sandbox.advance(hours=1)

    assert box.read(f"/send/{code}", "DELETE").json() == {"success": True, "message": "Operation succefull"}

    answer = box.read(f"/send/{code}", "DELETE")
    assert (answer.status_code, answer.json()["message"]) == (404, "Email not found")
    assert len(box.read(f"/send/{other}").json()["data"]) == 2
    assert box.read("/inbox").json()["total"] == 2


def test_a_code_that_begins_another_finds_its_own_alone_unless_loose(box: Caller) -> None:
    codes = [box.code() for _ in range(30)]
    short = next(code for code in codes if any(other.startswith(code) and other != code for other in codes))
    box.sandbox.advance(hours=1)

    assert len(box.read(f"/send/{short}").json()["data"]) == 2
    box.sandbox.loose_codes = True
    assert len(box.read(f"/send/{short}").json()["data"]) > 2


def test_a_search_finds_subjects_and_senders_in_any_case(box: Caller) -> None:
    for number in range(30):
        box.code(subject=f"Avviso Rif. {'AB12' if number % 2 else 'CD34'}")
    box.sandbox.advance(hours=1)

    page = box.read("/inbox?q=rif.+ab12").json()
    assert (page["total"], len(page["data"])) == (30, 25)
    assert len(box.read("/inbox?q=Rif.%20AB12&page=2").json()["data"]) == 5
    assert box.read("/inbox?q=Posta-Certificata").json()["total"] == 60
    assert box.read("/inbox?q=assente").json()["data"] == []


@pytest.mark.parametrize("path", ["/inbox", "/inbox/1", "/send/2020082610003492", "/quota/INBOX"])
def test_every_reading_wants_the_mailboxs_own_sign_in(box: Caller, path: str) -> None:
    for headers in ({}, {"x-username": BOX}, {"x-username": BOX, "x-password": "sbagliata"}):
        answer = box.call("GET", path, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, "Authorization is not valid or empty")


def test_the_quota_grows_with_receipts_and_what_they_carry(box: Caller) -> None:
    assert box.read("/quota/INBOX").json()["data"] == {"usage": 0, "limit": 1_048_576}

    box.code(body="x" * 3_000_000)
    box.sandbox.advance(hours=1)

    usage, limit = box.sandbox.quota(BOX)
    assert 3_900 < usage < 4_000
    assert box.read("/quota/inbox").json()["data"] == {"usage": usage, "limit": limit}
    answer = box.read("/quota/Bozze")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "An error occured: the requested mailbox might be unavailable",
    )


def test_a_full_mailbox_loses_receipts_until_there_is_room(box: Caller) -> None:
    box.sandbox.quota_limit = 20
    codes = [box.code() for _ in range(3)]
    box.sandbox.advance(hours=1)

    assert box.read("/inbox").json()["total"] == 2
    assert box.sandbox.mailboxes()[0].inbox.lost == 4
    for code in codes:
        box.read(f"/send/{code}", "DELETE")
    assert box.sandbox.quota(BOX)[0] == 0
    box.sandbox.full_loses = False
    fill(box, 30)
    assert box.read("/inbox").json()["total"] == 30


def test_thirty_thousand_receipts_are_read_quickly(sandbox: Sandbox) -> None:
    sandbox.create_mailbox(BOX, PASSWORD)
    for number in range(30_000):
        sandbox.deliver_to_inbox(BOX, f"CONSEGNA: Avviso {number}", "", "p@prova.example", DATE)
    with serve(sandbox) as server:
        caller = Caller(sandbox, server.url)
        caller.read("/inbox")
        started = time.monotonic()
        for page in range(1, 1200, 60):
            assert len(caller.read(f"/inbox?page={page}").json()["data"]) == 25
        elapsed = time.monotonic() - started

    assert elapsed < 2.0  # 20 requests: sorting 30,000 for each would take longer


# --- faults


def walk(caller: Caller, pages: int) -> list[list[Any]]:
    return [caller.read(f"/inbox?page={number}").json().get("data") for number in range(1, pages + 1)]


def test_a_page_may_be_shown_twice(box: Caller) -> None:
    fill(box, 60)
    box.sandbox.inbox_faults.active.add("page_repeated")

    first, second, third, _ = walk(box, 4)

    assert first == second
    assert len(third) == 10


def test_a_page_may_be_missing(box: Caller) -> None:
    fill(box, 60)
    box.sandbox.inbox_faults.active.add("page_missing")

    assert [len(page) for page in walk(box, 3)] == [25, 10, 0]
    assert box.read("/inbox").json()["total"] == 60


def test_the_total_may_be_wrong(box: Caller) -> None:
    fill(box, 3)
    box.sandbox.inbox_faults.active.add("total_wrong")

    assert box.read("/inbox").json()["total"] == 10


def test_a_page_may_end_in_a_server_error(box: Caller) -> None:
    fill(box, 60)
    box.sandbox.inbox_faults.active.add("server_error_on_page")
    box.sandbox.inbox_faults.page = 3

    assert [box.read(f"/inbox?page={number}").status_code for number in (1, 2, 3)] == [200, 200, 500]


def test_items_may_be_broken(box: Caller) -> None:
    fill(box, 2)
    box.sandbox.inbox_faults.active.add("broken_items")

    items = box.read("/inbox").json()["data"]

    assert None in items
    assert {} in items
    assert [item["subject"] for item in items if isinstance(item, dict) and "subject" in item] == [
        "Lettera 2",
        "Lettera 1",
    ]


def test_the_order_may_be_random(box: Caller) -> None:
    fill(box, 25)
    box.sandbox.inbox_faults.active.add("random_order")

    pages = [numbers(box.read("/inbox").json()) for _ in range(5)]

    assert all(sorted(page) == list(range(1, 26)) for page in pages)
    assert any(one != other for one, other in pairwise(pages))


def test_the_inbox_may_grow_while_its_pages_are_turned(box: Caller) -> None:
    fill(box, 30)
    box.sandbox.inbox_faults.active.add("growth")

    first, second = walk(box, 2)

    assert box.read("/inbox").json()["total"] == 33
    assert [item for item in first if item in second]  # what was pushed down is seen again
