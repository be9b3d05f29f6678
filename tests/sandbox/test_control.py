"""The doors for other processes, and the page for people."""

from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import requests

from pecportal.sandbox.fates import FATES
from tests.sandbox.callers import BOX, PASSWORD, Caller


def get(caller: Caller, path: str) -> Any:
    return requests.get(f"{caller.url}/_sandbox/{path}", timeout=10).json()


def post(caller: Caller, path: str, body: object) -> requests.Response:
    return requests.post(f"{caller.url}/_sandbox/{path}", json=body, timeout=10)


def test_the_ledger_is_told_with_what_is_planned(box: Caller) -> None:
    code = box.code("silenziosa@prova.example", attachments=[{"name": "a.txt", "file": "QQ=="}])

    (entry,) = get(box, "ledger")
    assert entry["code"] == code
    assert (entry["recipient"], entry["planned"]) == ("silenziosa@prova.example", "no_outcome")
    assert entry["attachments"][0][:2] == ["a.txt", 1]
    assert datetime.fromisoformat(entry["at"]) == box.sandbox.ledger[0].at


def test_mailboxes_are_told_with_their_passwords(box: Caller) -> None:
    (entry,) = get(box, "mailboxes")

    assert (entry["address"], entry["password"], entry["state"]) == (BOX, PASSWORD, "evasa")


def test_the_clock_is_moved_and_documents_are_judged(caller: Caller, two_pages: bytes) -> None:
    caller.hand_in(caller.registered(), two_pages)
    before = caller.sandbox.clock.now()

    told = post(caller, "clock", {"advance_hours": 24}).json()

    assert datetime.fromisoformat(told["now"]) - before > timedelta(hours=24)
    assert get(caller, "mailboxes")[0]["state"] == "evasa"
    assert get(caller, "clock")["speed"] == 1.0


def test_faults_are_set_from_outside(box: Caller) -> None:
    wish = {
        "fail_next": {"status": 418, "after_accepting": True, "headers": {"X-Prova": "sì"}, "body": "ciao"},
        "drop_next_answer": {"after_accepting": False},
        "inbox": ["total_wrong"],
        "inbox_page": 3,
    }
    assert post(box, "faults", wish).status_code == 200

    answer = box.send()
    assert (answer.status_code, answer.text, box.sandbox.sent_count) == (418, "ciao", 1)
    with pytest.raises(requests.ConnectionError):
        box.send()
    assert box.sandbox.sent_count == 1
    assert box.read("/inbox").json()["total"] == 7
    assert box.sandbox.inbox_faults.page == 3
    post(box, "faults", {"inbox": []})
    assert box.read("/inbox").json()["total"] == 0


def test_faults_come_later_and_it_is_told_which_befell_somebody(box: Caller) -> None:
    post(box, "faults", {"fail_next": {"status": 500, "later": 2}, "inbox": ["total_wrong", "server_error_on_page"]})

    assert get(box, "faults") == {"waiting": 1, "inbox": []}
    assert [box.send().status_code for _ in range(4)] == [201, 201, 500, 201]
    box.read("/inbox")
    assert get(box, "faults") == {"waiting": 0, "inbox": ["total_wrong"]}


def test_a_mailbox_is_made_and_the_office_told_from_outside(caller: Caller, two_pages: bytes) -> None:
    assert post(caller, "mailboxes", {"address": BOX, "password": PASSWORD}).status_code == 200
    assert caller.send().status_code == 201

    assert post(caller, "judgement", {"verdict": "reject", "reason": "Manca la firma."}).status_code == 200
    caller.hand_in(caller.registered(), two_pages)
    caller.sandbox.advance(hours=24)
    assert get(caller, "mailboxes")[1]["reason"] == "Manca la firma."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {}),
        ("clock", {"advance_hours": -1}),
        ("clock", {"advance_hours": True}),
        ("faults", {}),
        ("faults", {"guasto": 1}),
        ("faults", {"fail_next": {}}),
        ("faults", {"fail_next": {"status": 99}}),
        ("faults", {"fail_next": {"status": 500, "body": 7}}),
        ("faults", {"fail_next": {"status": 500, "later": -1}}),
        ("faults", {"inbox": ["guasto"]}),
        ("faults", {"inbox": [], "inbox_page": 0}),
        ("mailboxes", {"address": "x"}),
        ("judgement", {"verdict": "forse"}),
    ],
)
def test_orders_that_make_no_sense_are_refused(caller: Caller, path: str, body: object) -> None:
    answer = post(caller, path, body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_clock_never_goes_back(caller: Caller) -> None:
    with pytest.raises(ValueError, match="only moves on"):
        caller.sandbox.advance(hours=-1)


class Words(HTMLParser):
    """The text of a page, and whatever it would load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loads: list[tuple[str, str | None]] = []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [(name, value) for name, value in attrs if name in ("src", "href")]


def page(caller: Caller) -> Words:
    answer = requests.get(caller.url, timeout=10)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    words = Words()
    words.feed(answer.text)
    return words


def test_the_page_explains_every_magic_recipient_and_loads_nothing(caller: Caller) -> None:
    words = page(caller)

    assert {f"{fate}@prova.example" for fate in FATES} <= set(words.text)
    assert words.loads == []


def test_the_page_shows_letters_messages_and_receipts(box: Caller, one_page: bytes) -> None:
    box.hand_in(box.registered(), one_page)
    box.code("preavviso-24h@prova.example", subject="<script>alert(1)</script>")
    box.sandbox.advance(hours=25)

    text = " ".join(page(box).text)

    assert PASSWORD in text
    assert "C'è una sola pagina" in text
    assert "<script>alert(1)</script>" in text
    assert "scaduta" in text
    assert "ACCETTAZIONE (" in text
    assert text.count("AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO (") == 2


def test_the_page_shows_the_last_hundred_messages(box: Caller) -> None:
    for number in range(105):
        box.code(subject=f"Avviso n. {number:03}")

    text = " ".join(page(box).text)

    assert "Avviso n. 104" in text
    assert "Avviso n. 005" in text
    assert "Avviso n. 004" not in text
