"""Programs that were written for the vendor's own sending address: queued, sent once, told in the vendor's form."""

import base64
import hashlib
import json
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import time_machine
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Message, OwnFile
from campaigns.sending import pump
from campaigns.tracking import reading
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests.api.build import Caller, caller, program
from tests.worlds import ADDRESS

pytestmark = pytest.mark.django_db(transaction=True)
SEND = "/compat/send"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


def asked(**given: Any) -> dict[str, Any]:
    told = {
        "sender": ADDRESS,
        "recipient": "ditta@prova.example",
        "subject": "Sollecito",
        "body": "Salve, <b>ecco</b>.",
        "username": ADDRESS,
        "password": "another system's secret",
    }
    return told | given


def note(content: bytes = b"Una nota.", name: str = "nota.txt") -> dict[str, str]:
    return {"name": name, "file": f"data:text/plain;base64,{base64.b64encode(content).decode()}"}


def words(answer: Any) -> tuple[int, str]:
    told = answer.json()
    assert told["success"] is False
    return answer.status_code, told["message"]


def test_a_message_is_taken_sent_and_told_of_as_the_vendor_does(box: Sandbox, erp: Caller) -> None:
    made = erp.post(SEND, asked(attachments=[note()]))

    told = made.json()
    assert (made.status_code, told["success"], told["sent"], told["message"]) == (201, True, 1, "")
    assert told["message_id"].isdecimal()
    assert len(told["message_id"]) == 18
    address = f"{SEND}/{told['message_id']}"
    empty = erp.get(address)
    assert words(empty) == (404, "Result empty")
    assert [each["status"] for each in empty.json()["messages"]] == ["queued"]

    assert pump.run() == 1
    box.advance(hours=1)
    reading.run()

    (sent,) = box.ledger
    assert (sent.recipient, sent.attachments) == (
        "ditta@prova.example",
        (("nota.txt", 9, hashlib.sha256(b"Una nota.").hexdigest()),),
    )
    found = erp.get(address).json()
    assert found["success"] is True
    assert {item["object"].partition(":")[0] for item in found["data"]} == {"ACCETTAZIONE", "CONSEGNA"}
    for item in found["data"]:
        assert item["recipient"] == ADDRESS
        assert (item["data"], item["object"], item["message"]) == (item["date"], item["subject"], item["body"])
    assert [each["status"] for each in found["messages"]] == ["delivered"]


def test_the_same_again_is_a_repetition_for_a_day(erp: Caller) -> None:
    body = asked(attachments=[note()])

    first, again = erp.post(SEND, body), erp.post(SEND, body | {"password": "changed"})
    other = erp.post(SEND, asked(attachments=[note(b"Altra nota.")]))
    meant = erp.post(SEND, body, Idempotency_Key="reminder-2")
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        later = erp.post(SEND, body)

    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    codes = {each.json()["message_id"] for each in (first, other, meant, later)}
    assert len(codes) == Message.objects.count() == 4


def test_several_recipients_get_a_message_each_under_one_code(box: Sandbox, erp: Caller) -> None:
    both = ["uno@prova.example", "DUE@prova.example", "due@PROVA.example"]

    told = erp.post(SEND, asked(recipient=both, attachments=[note()])).json()

    assert told["sent"] == 2
    assert OwnFile.objects.count() == 1
    assert pump.run() == 2
    assert sorted(sent.recipient for sent in box.ledger) == ["DUE@prova.example", "uno@prova.example"]
    found = erp.get(f"{SEND}/{told['message_id']}").json()["messages"]
    assert [each["recipient"] for each in found] == ["uno@prova.example", "DUE@prova.example"]


def test_one_wrong_recipient_and_none_is_taken(erp: Caller) -> None:
    code, message = words(erp.post(SEND, asked(recipient=["uno@prova.example", "due@@prova.example"])))

    assert code == 400
    assert message.startswith("recipient: ")
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"sender": "altra@pec.example"}, "sender"),
        ({"recipient": []}, "recipient"),
        ({"recipient": ["a@prova.example"] * 100 + [f"b{n}@prova.example" for n in range(101)]}, "recipient"),
        ({"subject": ""}, "subject"),
        ({"subject": "due\nrighe"}, "subject"),
        ({"body": 7}, "body"),
        ({"cc": "copia@prova.example"}, "cc"),
        ({"attachments": [{"name": "nota.txt"}]}, "attachments/0/file"),
        ({"attachments": [{"name": "a.exe", "file": base64.b64encode(b"MZ" + bytes(99)).decode()}]}, "attachments"),
    ],
)
def test_what_is_wrong_is_named(erp: Caller, given: dict[str, Any], place: str) -> None:
    code, message = words(erp.post(SEND, asked(**given)))

    assert (code, message.partition(":")[0]) == (400, place)
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"attachments": [{"name": "a", "file": "###"}]}',
        b'{"sender": "a", "sender": "b"}',
        b"[]",
        b"",
        b'"\xff"',
        b'{"file": "QQ==", "sender": "a@pec.example", "recipient": "b@pec.example", "subject": "s", "body": "t"}',
    ],
)
def test_what_is_no_message_is_refused(erp: Caller, body: bytes) -> None:
    assert words(erp.send("POST", SEND, body))[0] == 400


def test_of_the_keys_only_those_that_may_send_do(mailbox: Mailbox) -> None:
    assert words(Caller().post(SEND, asked()))[0] == 401
    assert words(Caller("ppk_nothing").post(SEND, asked()))[0] == 401
    assert words(caller(mailbox.organisation, Role.LOOKUPS).post(SEND, asked()))[0] == 403


def test_what_another_program_sent_is_not_there(mailbox: Mailbox, erp: Caller) -> None:
    code = erp.post(SEND, asked()).json()["message_id"]
    other = Caller(program(mailbox.organisation, Role.MESSAGES_SEND)[1])

    assert other.get(f"{SEND}/{code}").json()["messages"] == []


def test_beyond_the_days_number_nothing_is_taken(mailbox: Mailbox, erp: Caller) -> None:
    Organisation.objects.update(programs_daily_limit=2)

    code, message = words(erp.post(SEND, asked(recipient=[f"a{n}@prova.example" for n in range(3)])))

    assert code == 409
    assert "2" in message
    assert not Message.objects.exists()


def test_what_was_taken_is_told_again_whatever_has_changed_since(erp: Caller) -> None:
    made = erp.post(SEND, asked())
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED)

    assert erp.post(SEND, asked()).json() == made.json()
    assert words(erp.post(SEND, asked(subject="Altro")))[0] == 400


def test_no_more_files_are_opened_than_a_message_carries(erp: Caller) -> None:
    many = [note(b"%d" % number, f"nota-{number}.txt") for number in range(31)]

    assert words(erp.post(SEND, asked(attachments=many))) == (
        400,
        "The body is no JSON, or a file in it is no base64, or there are more than 30.",
    )


def test_receipts_are_not_deleted_and_the_rest_is_elsewhere(erp: Caller) -> None:
    code = erp.post(SEND, asked()).json()["message_id"]
    assert words(erp.send("DELETE", f"{SEND}/{code}"))[0] == 409
    assert words(erp.send("DELETE", f"{SEND}/2020082610003492"))[0] == 404
    assert words(erp.get("/compat/inbox")) == (
        404,
        "Of the provider's addresses only /send and /send/{message_id} are here: the rest is under /api/v1/.",
    )
    assert words(erp.get(SEND))[0] == 405


def test_a_bug_is_told_without_its_words(erp: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr("campaigns.sending.posting.new_code", broken)

    code, message = words(erp.post(SEND, asked()))

    assert code == 500
    assert "inside" not in message


def test_a_large_file_is_not_held_in_memory(mailbox: Mailbox, live_server: LiveServer, tmp_path: Path) -> None:
    key = program(mailbox.organisation, Role.MESSAGES_SEND)[1]
    before, after = json.dumps(asked(attachments=[{"name": "nota.txt", "file": "*"}])).encode().split(b"*")
    body = tmp_path / "body.json"
    with body.open("wb") as file:
        file.write(before)
        for _ in range(30):
            file.write(base64.b64encode(b"Una riga.\n" * 90_000))
        file.write(after)
    headers = {"Authorization": f"Bearer {key.text}", "Content-Type": "application/json"}

    tracemalloc.start()
    try:
        with body.open("rb") as file:
            answer = requests.post(f"{live_server.url}{SEND}", data=file, headers=headers, timeout=120)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.status_code == 201, answer.text
    assert OwnFile.objects.get().size == 27_000_000
    assert peak < 13_000_000
