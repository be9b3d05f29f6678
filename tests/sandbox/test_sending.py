"""POST /send: what is checked, what is taken, what is answered."""

import base64
import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests

from pecportal.sandbox import Clock, Sandbox, serve
from tests.sandbox.callers import BOX, PASSWORD, SCOPES, Caller, said

REFUSED = {"success": False, "message": "Post parameter is not valid"}
NOT_SIGNED_IN = {"success": False, "message": "Authorization is not valid or empty"}


def test_a_message_is_taken_once_and_gets_a_code(box: Caller) -> None:
    answer = box.send("ditta@prova.example", subject="Avviso è", body="<p>Così</p>")

    (sent,) = box.sandbox.ledger
    assert answer.status_code == 201
    assert answer.json() == {"success": True, "sent": 1, "message": "", "message_id": sent.code}
    assert (sent.sender, sent.recipient, sent.subject) == (BOX, "ditta@prova.example", "Avviso è")
    assert sent.body_sha256 == hashlib.sha256("<p>Così</p>".encode()).hexdigest()
    assert (sent.fate, sent.planned, sent.attachments) == ("consegnata", "delivered", ())
    assert abs(sent.at - box.sandbox.clock.now()) < timedelta(seconds=10)


def test_a_code_is_romes_time_and_one_or_two_digits(box: Caller) -> None:
    for _ in range(30):
        box.send()

    codes = [sent.code for sent in box.sandbox.ledger]
    assert len(set(codes)) == 30
    for sent in box.sandbox.ledger:
        assert len(sent.code) in (15, 16)
        rome = datetime.strptime(sent.code[:14], "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo("Europe/Rome"))
        assert abs(rome - sent.at) < timedelta(seconds=2)


def test_several_recipients_share_one_code(box: Caller) -> None:
    answer = box.send(["uno@prova.example", "inesistente@prova.example"]).json()

    assert answer["sent"] == 2
    assert [(sent.code, sent.planned) for sent in box.sandbox.ledger] == [
        (answer["message_id"], "delivered"),
        (answer["message_id"], "undelivered"),
    ]


@pytest.mark.parametrize("prefix", ["data:application/pdf;base64,", ""])
def test_attachments_are_known_by_size_and_hash(box: Caller, prefix: str) -> None:
    contents = [b"%PDF-1.4", b"", bytes(range(256)) * 999]
    files = [
        {"name": f"{number}.pdf", "file": prefix + base64.b64encode(content).decode()}
        for number, content in enumerate(contents)
    ]

    box.code(attachments=files)

    (sent,) = box.sandbox.ledger
    assert sent.attachments == tuple(
        (f"{number}.pdf", len(content), hashlib.sha256(content).hexdigest()) for number, content in enumerate(contents)
    )


def test_a_large_message_is_taken(box: Caller) -> None:
    content = bytes(30_000_000)

    box.code(attachments=[{"name": "grande.bin", "file": base64.b64encode(content).decode()}])

    assert box.sandbox.ledger[0].attachments == (("grande.bin", 30_000_000, hashlib.sha256(content).hexdigest()),)


@pytest.mark.parametrize(
    "changes",
    [
        {"sender": "altra@prova.example"},
        {"sender": None},
        {"recipient": ""},
        {"recipient": []},
        {"recipient": ["buona@prova.example", "cattiva"]},
        {"recipient": {"a": "b"}},
        {"recipient": "a@prova.example\r\nBcc: b@prova.example"},
        {"subject": ""},
        {"subject": "Avviso\r\nBcc: b@prova.example"},
        {"subject": 3},
        {"body": None},
        {"username": None},
        {"password": 7},
        {"attachments": "a"},
        {"attachments": ["a"]},
        {"attachments": [{"name": "a.pdf"}]},
        {"attachments": [{"name": "", "file": "QQ=="}]},
        {"attachments": [{"name": "a.pdf", "file": "non base64"}]},
        {"attachments": [{"name": "a.pdf", "file": "QQ==QQ=="}]},
        {"attachments": [{"name": "a.pdf", "file": "data:application/pdf,ciao"}]},
        {"attachments": [{"name": "a.pdf", "file": None}]},
    ],
    ids=repr,
)
def test_what_is_not_valid_is_refused_and_not_taken(box: Caller, changes: dict[str, Any]) -> None:
    answer = box.call("POST", "/send", json=box.message() | changes)

    assert (answer.status_code, answer.json()) == (400, REFUSED)
    assert box.sandbox.sent_count == 0


@pytest.mark.parametrize("body", [b"", b"{", b'"x"', b"[]", b'{"sender": "\\', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(box: Caller, body: bytes) -> None:
    assert box.call("POST", "/send", data=body).json() == REFUSED


@pytest.mark.parametrize(
    "changes",
    [{"password": "sbagliata"}, {"password": ""}, {"username": "altra@prova.example", "sender": "altra@prova.example"}],
)
def test_the_mailbox_must_sign_in(box: Caller, changes: dict[str, Any]) -> None:
    answer = box.send(**changes)

    assert (answer.status_code, answer.json()) == (401, NOT_SIGNED_IN)


def test_the_bearer_token_must_be_good(box: Caller) -> None:
    answer = box.call("POST", "/send", token="0" * 24, json=box.message())

    assert (answer.status_code, answer.json()) == (401, NOT_SIGNED_IN)
    assert box.sandbox.sent_count == 0


@pytest.mark.parametrize("state", ["registrata", "in_evasione", "documenti_errati", "revocata", "chiusa"])
def test_a_mailbox_that_is_not_active_cannot_send(box: Caller, state: str) -> None:
    box.sandbox.set_state(BOX, state)

    assert box.send().status_code == 401


def test_a_legalmail_box_is_not_known_to_the_sending_api(caller: Caller, one_page: bytes) -> None:
    casella = caller.registered(tipo_casella="STANDARD", casella_pec="a@legalmail.it")
    caller.hand_in(casella, one_page, one_page)
    caller.sandbox.advance(hours=24)
    caller.box, caller.password = "a@legalmail.it", caller.sandbox.password_of("a@legalmail.it")

    assert caller.state(casella) == "evasa"
    assert caller.send().status_code == 401


def test_the_letters_password_opens_a_registered_mailbox(caller: Caller, two_pages: bytes) -> None:
    caller.hand_in(caller.registered(), two_pages)
    caller.sandbox.advance(hours=24)
    caller.box, caller.password = "comune@pecmassiva.com", caller.sandbox.password_of("comune@pecmassiva.com")

    assert caller.send().status_code == 201


def test_a_mailbox_made_again_has_the_new_password_and_the_same_id(box: Caller) -> None:
    first = box.sandbox.mailboxes()[0].id

    assert box.sandbox.create_mailbox(BOX, "nuova") == first
    assert box.send().status_code == 401
    assert box.send(password="nuova").status_code == 201


def test_an_empty_wallet_sends_nothing(box: Caller) -> None:
    box.sandbox.wallet = Decimal("0.07")

    assert box.send().status_code == 201
    assert box.send().status_code == 402
    assert box.sandbox.sent_count == 1
    assert box.sandbox.wallet == Decimal("0.02")


def test_above_the_rate_429_tells_when_to_come_again(box: Caller) -> None:
    box.sandbox.rate = 1.0

    assert box.send().status_code == 201
    answer = box.send()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert box.sandbox.sent_count == 1
    box.sandbox.rate = 0.1
    assert box.send().headers["retry-after"] == "10"


def test_each_mailbox_has_its_own_rate(box: Caller) -> None:
    box.sandbox.rate = 1.0
    box.sandbox.create_mailbox("altra@prova.example", PASSWORD)

    assert box.send().status_code == 201
    box.box = "altra@prova.example"
    assert box.send().status_code == 201


def other_account(box: Caller) -> Caller:
    """A caller with another account of the same vendor."""
    box.sandbox.others["altro@conti.example"] = "chiave"
    token = requests.post(
        f"{box.url}/tokens", json={"scopes": SCOPES}, auth=("altro@conti.example", "chiave"), timeout=10
    )
    return Caller(box.sandbox, box.url, _token=token.json()["token"])


def test_the_rate_may_be_counted_for_each_account(box: Caller) -> None:
    box.sandbox.rate, box.sandbox.pace_of = 1.0, "account"
    box.sandbox.create_mailbox("altra@prova.example", PASSWORD)
    other = other_account(box)

    assert box.send().status_code == 201
    assert other.send().status_code == 201  # of the same mailbox, by another account
    box.box = "altra@prova.example"
    assert box.send().status_code == 429

    assert [entry.account for entry in box.sandbox.ledger] == [box.sandbox.email, "altro@conti.example"]


def test_each_account_pays_from_its_own_wallet(box: Caller) -> None:
    other = other_account(box)
    box.sandbox.wallets["altro@conti.example"] = Decimal("0.06")
    before = box.sandbox.wallet

    assert [other.send().status_code for _time in range(2)] == [201, 402]
    assert said(other.register())[:2] == (402, 262)
    assert said(other.call("GET", "/domini_pec/legalmail.it"))[:2] == (402, 403)
    assert said(other.call("GET", "/IT-pec/12485671007"))[:2] == (402, 610)

    assert box.sandbox.wallet == before
    assert box.sandbox.credit_of("altro@conti.example") == Decimal("0.01")
    credit = requests.get(f"{box.url}/wallet", auth=("altro@conti.example", "chiave"), timeout=10).json()["data"]
    assert credit["credit"] == 0.01


def test_at_the_rate_nobody_is_refused_and_never_more_than_the_rate_is_taken(box: Caller) -> None:
    box.sandbox.rate = 20.0
    started = time.monotonic()

    taken = 0
    while taken < 10:
        taken += box.send().status_code == 201

    assert time.monotonic() - started > 9 / 20 - 0.03


def test_latency_is_waited_before_each_answer(box: Caller) -> None:
    box.send()
    box.sandbox.latency = 0.3
    started = time.monotonic()

    box.send()
    box.send(password="sbagliata")

    assert time.monotonic() - started > 0.6


def test_the_ledger_is_exact_among_many_threads(box: Caller) -> None:
    assert box.token

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda n: box.send(f"ditta{n}@posta.example").json()["message_id"], range(200)))

    ledger = box.sandbox.ledger
    assert sorted(sent.code for sent in ledger) == sorted(answers)
    assert len(set(answers)) == 200
    assert {sent.recipient for sent in ledger} == {f"ditta{n}@posta.example" for n in range(200)}


def test_codes_follow_the_sandboxs_clock() -> None:
    sandbox = Sandbox(rate=0, clock=Clock(origin=datetime(2020, 8, 26, 8, 0, 34, tzinfo=UTC).timestamp(), speed=0))
    sandbox.create_mailbox(BOX, PASSWORD)
    with serve(sandbox) as server:
        code = Caller(sandbox, server.url).code()

    assert code.startswith("20200826100034")


def test_a_message_of_a_text_beyond_ascii_and_many_escapes_is_taken_as_it_is(box: Caller) -> None:
    text = 'Così "file": "x" \\ \u2028 \U0001f4e8 ' * 500
    for ascii_only in (True, False):
        body = json.dumps(box.message(body=text), ensure_ascii=ascii_only).encode()
        assert box.call("POST", "/send", data=body).status_code == 201

    assert {sent.body_sha256 for sent in box.sandbox.ledger} == {hashlib.sha256(text.encode()).hexdigest()}
