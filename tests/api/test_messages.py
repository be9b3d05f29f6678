"""Single messages over HTTP: posted once, sent, listed, proven; each program sees its own alone."""

import hashlib
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Campaign, Message, OwnFile
from campaigns.sending import pump
from campaigns.tracking import reading
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.api.build import Caller, caller, program
from tests.api.posts import MESSAGES, message, post

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_taken_is_told_again_whatever_has_changed_since(mailbox: Mailbox, erp: Caller) -> None:
    key = str(uuid.uuid4())
    made = post(erp, message(mailbox), key=key)
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED)

    again = post(erp, message(mailbox), key=key)

    assert (again.status_code, again.json()) == (201, made.json())
    assert post(erp, message(mailbox)).status_code == 409
    assert Message.objects.count() == 1


@pytest.mark.parametrize("asked", ["Ufficio@prova.example", "Ufficio@PROVA.example", " Ufficio@prova.example"])
def test_an_address_is_found_as_it_was_posted(mailbox: Mailbox, erp: Caller, asked: str) -> None:
    told = post(erp, message(mailbox, to="Ufficio@Prova.example")).json()

    found = erp.get(f"{MESSAGES}?{urlencode({'to': asked})}").json()["items"]

    assert [each["id"] for each in found] == [told["id"]]


def test_json_that_would_fill_the_memory_is_not_read(mailbox: Mailbox, erp: Caller) -> None:
    body = b'{"x": [' + b"[]," * 3_000_000 + b"[]]}"

    answer = erp.send("POST", MESSAGES, body, Idempotency_Key="one")

    assert answer.status_code == 413


def test_a_person_who_has_not_shown_lately_who_they_are_sends_nothing(mailbox: Mailbox, settings: Settings) -> None:
    settings.STEP_UP_SECONDS = 0
    person = kernel.user(mailbox.organisation, Role.PREPARER)
    person.set_password("quattro cavalli per la strada")
    person.save()
    client = Client()
    client.force_login(person)

    answer = client.post(MESSAGES, message(mailbox), "application/json", headers={"Idempotency-Key": "one"})

    assert (answer.status_code, answer.json()["type"].rstrip("/").rpartition("/")[2]) == (403, "step-up-needed")
    assert not Message.objects.exists()


def test_a_message_is_posted_sent_and_proven(box: Sandbox, mailbox: Mailbox, erp: Caller) -> None:
    made = post(erp, message(mailbox, client_reference="ord-1"))

    assert made.status_code == 201
    told = made.json()
    assert (told["status"], told["client_reference"], told["sent_at"]) == ("queued", "ord-1", None)
    assert pump.run() == 1
    box.advance(hours=1)
    reading.run()

    address = made.headers["Location"]
    found = erp.get(address).json()
    assert found["status"] == "delivered"
    assert {each["kind"] for each in erp.get(f"{address}receipts/").json()["items"]} >= {"acceptance", "delivery"}
    [attempt] = erp.get(f"{address}attempts/").json()["items"]
    assert attempt["provider_code"] == box.ledger[0].code
    evidence = erp.get(f"{address}evidence/").json()
    assert evidence["body"] == "<p>Testo.</p>"
    assert all(each["sha256"] == hashlib.sha256(each["raw"].encode()).hexdigest() for each in evidence["receipts"])


def test_a_mailbox_may_be_named_by_its_address(mailbox: Mailbox, erp: Caller) -> None:
    assert post(erp, message(mailbox, mailbox=mailbox.address.upper())).status_code == 201


def test_the_same_request_again_sends_nothing_more(box: Sandbox, mailbox: Mailbox, erp: Caller) -> None:
    first = post(erp, message(mailbox), key="one")
    again = post(erp, message(mailbox), key="one")
    other = post(erp, message(mailbox, subject="Altro"), key="one")

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert again.json()["id"] == first.json()["id"]
    assert other.status_code == 422
    assert pump.run() == 1
    assert erp.post(MESSAGES, message(mailbox)).status_code == 400  # a key is needed


def test_files_go_along_and_repeated_ones_leave_nothing_behind(box: Sandbox, mailbox: Mailbox, erp: Caller) -> None:
    def send() -> Any:
        files = [SimpleUploadedFile("nota.txt", b"Nota.\n"), SimpleUploadedFile("b.txt", b"B.\n")]
        headers = {"Idempotency-Key": "files"}
        return erp.client.post(MESSAGES, {**message(mailbox), "files": files}, headers=headers)

    made, again = send(), send()

    assert (made.status_code, again.status_code) == (201, 201)
    assert [each["name"] for each in made.json()["files"]] == ["nota.txt", "b.txt"]
    assert OwnFile.objects.count() == 2
    assert pump.run() == 1
    assert [name for name, _size, _hash in box.ledger[0].attachments] == ["nota.txt", "b.txt"]


@pytest.mark.parametrize(
    ("given", "status", "pointer"),
    [
        ({"to": "nessuno"}, 409, "/to"),
        ({"mailbox": str(uuid.uuid4())}, 400, "/mailbox"),
        ({"subject": "x" * 401}, 400, "/subject"),
        ({"body": ""}, 400, "/body"),
        ({"sent": True}, 400, "/sent"),
        ({"to": 5}, 400, "/to"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(
    mailbox: Mailbox, erp: Caller, given: dict[str, Any], status: int, pointer: str
) -> None:
    answer = post(erp, message(mailbox, **given))

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert not Message.objects.exists()


def test_lists_are_filtered_and_paged(mailbox: Mailbox, erp: Caller) -> None:
    each = [message(mailbox, to=f"d{n}@prova.example", client_reference=f"r{n % 2}") for n in range(5)]
    made = [post(erp, one).json() for one in each]
    newest = [each["id"] for each in reversed(made)]

    first = erp.get(f"{MESSAGES}?limit=3&fields=id").json()
    rest = erp.get(f"{MESSAGES}?limit=3&fields=id&cursor={first['next']}").json()
    assert [each["id"] for each in first["items"] + rest["items"]] == newest
    assert rest["next"] is None
    assert set(first["items"][0]) == {"id"}

    def ids(query: str) -> list[str]:
        return [each["id"] for each in erp.get(f"{MESSAGES}?{query}").json()["items"]]

    assert ids("client_reference=r1") == [newest[1], newest[3]]
    assert ids("to=d4@prova.example") == [newest[0]]
    assert ids(f"reference={made[2]['reference']}-1") == [made[2]["id"]]
    assert ids("status=delivered") == []
    assert ids(f"status=queued&campaign={made[0]['campaign']}&mailbox={mailbox.public_id}") == newest
    assert ids(f"until={(timezone.now() - timedelta(days=1)).isoformat().replace('+00:00', 'Z')}") == []
    assert erp.get(f"{MESSAGES}?colour=red").status_code == 400


def test_a_program_sees_its_own_messages_alone(mailbox: Mailbox, erp: Caller) -> None:
    mine = post(erp, message(mailbox)).json()
    other = caller(mailbox.organisation, Role.MESSAGES_SEND)

    assert other.get(MESSAGES).json()["items"] == []
    assert other.get(f"{MESSAGES}{mine['id']}/").status_code == 404
    assert Campaign.objects.filter(stream_day__isnull=False).count() == 1


def test_what_the_organisation_does_not_allow_is_refused(mailbox: Mailbox, erp: Caller) -> None:
    Organisation.objects.update(programs_daily_limit=0)
    answer = post(erp, message(mailbox))
    reader = Caller(program(mailbox.organisation, Role.CAMPAIGNS_READ)[1])

    assert answer.status_code == 409
    assert "a person approves what programs send" in answer.json()["detail"]
    assert post(reader, message(mailbox)).status_code == 403
    assert not Message.objects.exists()
