"""The example of a client in docs/examples/, against the portal and its simulated vendor over real HTTP."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import requests
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Message
from campaigns.sending import pump
from campaigns.tracking import reading
from mailboxes.models import Mailbox
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import examples
from tests.api.build import program
from tests.engine import draft
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = examples.load("portal_client")
    monkeypatch.setattr(module.time, "sleep", lambda _seconds: None)
    return module


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def mailbox(box: Sandbox) -> Mailbox:
    mailbox: Mailbox = draft().mailbox
    Organisation.objects.update(programs_daily_limit=1000)
    return mailbox


@pytest.fixture
def client(example: ModuleType, mailbox: Mailbox, live_server: LiveServer) -> Iterator[Any]:
    key = program(mailbox.organisation, Role.MESSAGES_SEND, Role.EVENTS_READ)[1]
    found = example.Portal(live_server.url, key.text, tries=4)
    with found.session:
        yield found


def losing(client: Any, times: int) -> Callable[..., requests.Response]:
    """The session's `request`, whose first answers are lost on their way back."""
    ask, left = client.session.request, [times]

    def request(*given: Any, **named: Any) -> requests.Response:
        answer: requests.Response = ask(*given, **named)
        left[0] -= 1
        if left[0] >= 0:
            raise requests.ConnectionError("The answer was lost.")
        return answer

    return request


def send(client: Any, **given: Any) -> dict[str, Any]:
    told: dict[str, Any] = client.send(ADDRESS, "ditta@prova.example", "Sollecito", "Testo.", **given)
    return told


def test_a_message_is_sent_followed_and_proven(box: Sandbox, client: Any, tmp_path: Path) -> None:
    note = tmp_path / "nota.txt"
    note.write_text("Una nota.")

    told = send(client, files=[note], reference="ord-1")
    assert pump.run() == 1
    box.advance(hours=1)
    reading.run()

    assert client.message(told["id"])["status"] == "delivered"
    assert [each["id"] for each in client.messages(client_reference="ord-1")] == [told["id"]]
    evidence = client.evidence(told["id"])
    assert {each["kind"] for each in evidence["receipts"]} == {"acceptance", "delivery"}
    assert [each["name"] for each in evidence["message"]["files"]] == ["nota.txt"]
    assert box.ledger[0].attachments[0][:2] == ("nota.txt", 9)


@pytest.mark.parametrize("with_file", [False, True])
def test_answers_that_are_lost_double_nothing(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, with_file: bool
) -> None:
    note = tmp_path / "nota.txt"
    note.write_text("Una nota.")
    monkeypatch.setattr(client.session, "request", losing(client, 3))

    told = send(client, files=[note] if with_file else [])

    assert str(Message.objects.get().public_id) == told["id"]


def test_after_the_last_try_the_same_key_finds_out(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(client.session, "request", losing(client, 4))
        with pytest.raises(requests.ConnectionError):
            send(client, key="order-1042")

    told = send(client, key="order-1042")

    assert str(Message.objects.get().public_id) == told["id"]


def test_what_the_portal_refuses_is_not_repeated(client: Any, example: ModuleType) -> None:
    asked = []
    client.session.hooks["response"] = [lambda answer, **_named: asked.append(answer.status_code)]

    with pytest.raises(example.Refused) as refused:
        client.send(ADDRESS, "ditta@@prova.example", "Sollecito", "Testo.")

    assert (refused.value.status, refused.value.kind) == (409, "refused")
    assert [each["pointer"] for each in refused.value.errors] == ["/to"]
    assert asked == [409]


def test_too_many_requests_are_waited_for(
    client: Any, example: ModuleType, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.API_REQUESTS_A_MINUTE, waited = 1, []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        settings.API_REQUESTS_A_MINUTE = 100

    monkeypatch.setattr(example.time, "sleep", sleep)
    for _n in range(3):  # a minute may begin after the first one
        client.get("")

    assert len(waited) == 1
    assert 1 <= waited[0] <= 61


def test_lists_and_events_come_page_by_page(client: Any) -> None:
    made = [send(client, key=str(uuid.uuid4()))["id"] for _ in range(3)]

    assert sorted(each["id"] for each in client.listed("messages/", limit="2")) == sorted(made)
    first = list(client.events())
    assert list(client.events(after=first[-1]["id"])) == []


def test_a_job_that_never_ends_is_told(client: Any) -> None:
    with pytest.raises(TimeoutError):
        client.done("jobs/none/", seconds=0)
