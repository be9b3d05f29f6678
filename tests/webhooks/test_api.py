"""Events and webhooks through the API: read on without a gap, one's own alone, secrets told once."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from pecportal.api.models import KeptAnswer
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.webhooks import events, forgetting, publishing, secrets, signing
from pecportal.webhooks.models import Delivery, Event, EventType, Webhook
from tests import build as kernel
from tests.api.build import Caller, caller, program
from tests.webhooks import build

pytestmark = pytest.mark.django_db
FEED, HOOKS = "/api/v1/events/", "/api/v1/webhooks/"
BODY = {"name": "ERP", "url": "https://erp.example/hooks", "types": ["message.status_changed"]}


@pytest.fixture
def office() -> Organisation:
    return kernel.organisation()


@pytest.fixture
def clerk(office: Organisation) -> Caller:
    """An administrator's browser."""
    found = Caller()
    found.client.force_login(kernel.user(office, Role.ADMINISTRATOR))
    return found


def test_the_feed_is_read_on_from_the_last_event(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    for n in range(5):
        build.event(office, by=owner, status=str(n))
    reader, seen, after = Caller(key), [], ""
    while True:
        part = reader.get(f"{FEED}?limit=2{after}").json()
        seen += [each["data"]["status"] for each in part["items"]]
        after = f"&after={part['next']}"
        if not part["has_more"]:
            break

    assert seen == list("01234")
    assert reader.get(f"{FEED}?limit=2{after}").json() == {
        "items": [], "next": after.removeprefix("&after="), "has_more": False
    }  # fmt: skip
    build.event(office, by=owner, status="5")
    assert [each["data"]["status"] for each in reader.get(f"{FEED}?limit=2{after}").json()["items"]] == ["5"]


def test_an_empty_feed_says_so_and_the_first_event_comes_then(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    assert Caller(key).get(FEED).json() == {"items": [], "next": None, "has_more": False}
    events.record(office, EventType.MESSAGE_STATUS, uuid.uuid4(), {"status": "failed"}, made_by_id=owner.pk)

    (item,) = Caller(key).get(FEED).json()["items"]
    row = Event.objects.get()
    assert item == {
        "id": str(row.public_id), "type": "message.status_changed", "timestamp": item["timestamp"],
        "data": {"status": "failed"},
    }  # fmt: skip
    assert item["timestamp"].endswith("Z")


def test_a_program_reads_of_its_own_and_of_mailboxes_alone(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    other, _key = program(office, Role.EVENTS_READ)
    box = kernel.mailbox(office)
    build.event(office, by=owner, status="own")
    build.event(office, by=other, status="another's")
    build.event(office, status="a clerk's")
    told = {"mailbox": str(box.public_id), "state": "active"}
    events.record(office, EventType.MAILBOX_STATE, box.public_id, told, mailbox_id=box.pk)
    publishing.publish()

    items = Caller(key).get(FEED).json()["items"]
    assert [each["data"].get("status") or each["data"]["state"] for each in items] == ["own", "active"]
    assert Caller(key).get(f"{FEED}?type=mailbox.state_changed").json()["items"] == items[1:]


def test_a_program_of_some_mailboxes_is_told_of_those_alone(office: Organisation) -> None:
    box, other = kernel.mailbox(office), kernel.mailbox(office, address="altra@prova.example")
    scopes = (Role.EVENTS_READ, Role.MAILBOXES_READ)
    _owner, key = program(office, *scopes, mailboxes=frozenset({box.pk}))
    for each in (box, other):
        told = {"mailbox": str(each.public_id), "state": "active"}
        events.record(office, EventType.MAILBOX_STATE, each.public_id, told, mailbox_id=each.pk)

    assert [each["data"]["mailbox"] for each in Caller(key).get(FEED).json()["items"]] == [str(box.public_id)]


def test_another_organisations_events_are_not_there(office: Organisation) -> None:
    foreign = build.event(build.webhook().organisation)

    assert caller(office, Role.EVENTS_READ).get(FEED).json()["items"] == []
    assert caller(office, Role.EVENTS_READ).get(f"{FEED}?after={foreign.public_id}").status_code == 410


def test_who_reads_on_from_a_forgotten_event_is_told_so(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        old = build.event(office, by=owner)
    build.event(office, by=owner)
    forgetting.forget()

    answer = Caller(key).get(f"{FEED}?after={old.public_id}")
    assert answer.status_code == 410
    assert answer.json()["type"].endswith("/api/problems/event-gone/")
    assert len(Caller(key).get(FEED).json()["items"]) == 1


@pytest.mark.parametrize("query", ["after=x", "limit=0", "limit=201", "type=x", "before=1", "after=1&after=2"])
def test_what_is_no_question_is_refused(office: Organisation, query: str) -> None:
    assert caller(office, Role.EVENTS_READ).get(f"{FEED}?{query}").status_code == 400


def test_a_program_makes_a_webhook_of_its_own_whose_secret_is_told_once(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    answer = Caller(key).post(HOOKS, BODY)

    row = Webhook.objects.get()
    secret = signing.written(secrets.current(row))
    assert (answer.status_code, answer.json()["secret"]) == (201, secret)
    assert row.program == owner
    address = answer.headers["Location"].partition("/api/")[2]
    build.event(office, by=owner)
    for path in (f"/api/{address}", HOOKS, f"/api/{address}deliveries/", FEED):
        found = Caller(key).get(path)
        assert found.status_code == 200
        assert secret not in found.content.decode()
        assert row.secret_sealed not in found.content.decode()
    told = Caller(key).get(f"/api/{address}").json()
    assert told["is_of_program"] is True
    assert told["because"] is None


def test_what_holds_a_secret_is_repeated_and_kept_sealed(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    erp = Caller(key)
    first, second = (erp.post(HOOKS, BODY, Idempotency_Key="erp-1") for _n in range(2))

    row = Webhook.objects.get()
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (second.headers["Location"], second.headers["Idempotency-Replayed"]) == (first.headers["Location"], "true")
    path = f"{HOOKS}{row.public_id}/rotate-secret/"
    once, again = (erp.post(path, {"overlap_hours": 1}, Idempotency_Key="erp-2") for _n in range(2))
    assert once.json()["secret"] == again.json()["secret"] == signing.written(secrets.current(Webhook.objects.get()))
    told = {first.json()["secret"], once.json()["secret"]}
    assert len(told) == 2
    kept = KeptAnswer.objects.filter(user=owner)
    assert [each.body for each in kept] == ["", ""]
    assert not any(secret in str(each.__dict__) for each in kept for secret in told)


def test_a_test_that_is_asked_for_again_with_its_key_is_delivered_once(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    path = f"{HOOKS}{build.webhook(office, program=owner).public_id}/test/"
    first, second = (Caller(key).post(path, Idempotency_Key="erp-3") for _n in range(2))

    assert first.json()["id"] == second.json()["id"]
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"url": "http://erp.example/"}, "/url"),
        ({"url": "https://10.0.0.1/"}, "/url"),
        ({"types": []}, "/types"),
        ({"types": ["webhook.test"]}, "/types/0"),
        ({"name": ""}, "/name"),
        ({"secret": "whsec_x"}, "/secret"),
    ],
)
def test_a_body_that_cannot_be_is_refused_with_its_place(
    office: Organisation, settings: Settings, change: dict[str, object], place: str
) -> None:
    settings.WEBHOOK_NETWORKS = []
    answer = caller(office, Role.EVENTS_READ).post(HOOKS, {**BODY, **change})

    assert answer.status_code == 400
    assert [each["pointer"] for each in answer.json()["errors"]] == [place]
    assert not Webhook.objects.exists()


def test_a_webhook_is_changed_switched_off_and_on_and_removed(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    row = build.webhook(office, program=owner)
    mine, path = Caller(key), f"{HOOKS}{row.public_id}/"

    assert mine.send("PATCH", path, {"url": "https://new.example/"}).json()["url"] == "https://new.example/"
    off = mine.send("PATCH", path, {"is_enabled": False}).json()
    assert (off["state"], off["because"], off["name"]) == ("disabled", "person", row.name)
    assert mine.post(f"{path}test/").status_code == 409
    assert mine.send("PATCH", path, {"is_enabled": True}).json()["state"] == "enabled"
    assert mine.send("DELETE", path).status_code == 204
    assert mine.get(path).status_code == 404


def test_deliveries_are_listed_and_made_again(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    row = build.webhook(office, program=owner)
    first = build.delivery(row, state="failed", tries=10, last_status=500, problem="status 500")
    build.delivery(row, state="failed", tries=10)
    build.delivery(row, state="delivered", tries=1)
    mine, path = Caller(key), f"{HOOKS}{row.public_id}/"

    assert len(mine.get(f"{path}deliveries/").json()["items"]) == 3
    told = mine.get(f"{path}deliveries/?state=failed").json()["items"][-1]
    assert (told["event"], told["last_status"], told["next_at"]) == (str(first.event.public_id), 500, None)
    again = mine.post(f"{path}deliveries/{first.public_id}/redeliver/")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert again.json()["next_at"].endswith("Z")
    assert mine.post(f"{path}deliveries/{first.public_id}/redeliver/").status_code == 409
    assert mine.post(f"{path}redeliver/").json() == {"count": 1}
    assert Delivery.objects.filter(state="waiting").count() == 2


def test_a_test_is_delivered_and_a_new_secret_told(office: Organisation) -> None:
    owner, key = program(office, Role.EVENTS_READ)
    row = build.webhook(office, program=owner)
    mine, path = Caller(key), f"{HOOKS}{row.public_id}/"

    assert mine.post(f"{path}test/").json()["type"] == "webhook.test"
    old = signing.written(secrets.current(row))
    answer = mine.post(f"{path}rotate-secret/", {"overlap_hours": 1})
    assert answer.json()["secret"] not in (old, None)
    assert answer.json()["old_secret_until"] is not None
    assert mine.post(f"{path}rotate-secret/", {"overlap_hours": 169}).status_code == 400
    assert mine.post(f"{path}rotate-secret/", {}).status_code == 200


def test_programs_see_no_webhook_of_the_organisations_or_of_each_others(office: Organisation) -> None:
    other, _key = program(office, Role.EVENTS_READ)
    build.webhook(office, name="office's")
    build.webhook(office, name="other's", program=other)
    own, key = program(office, Role.EVENTS_READ)
    build.webhook(office, name="own", program=own)

    assert [each["name"] for each in Caller(key).get(HOOKS).json()["items"]] == ["own"]


def test_people_keep_all_of_the_organisations(office: Organisation, clerk: Caller) -> None:
    owner, _key = program(office, Role.EVENTS_READ)
    build.webhook(office, name="office's")
    build.webhook(office, name="program's", program=owner)

    assert [each["name"] for each in clerk.get(HOOKS).json()["items"]] == ["program's", "office's"]
    assert clerk.post(HOOKS, BODY).json()["is_of_program"] is False


def test_a_session_that_is_old_shows_first_who_it_is(office: Organisation, clerk: Caller, settings: Settings) -> None:
    row = build.webhook(office)
    settings.STEP_UP_SECONDS = 0
    head = kernel.user(office, Role.ADMINISTRATOR, password="quattro cavalli")
    clerk.client.force_login(head)
    path = f"{HOOKS}{row.public_id}/"

    for answer in (
        clerk.post(HOOKS, BODY), clerk.post(f"{path}rotate-secret/", {}),
        clerk.send("PATCH", path, {"url": "https://x.example/"}), clerk.send("DELETE", path),
    ):  # fmt: skip
        assert answer.status_code == 403
        assert answer.json()["type"].endswith("/step-up-needed/")
    assert clerk.get(path).status_code == 200


def test_a_session_without_the_token_against_forged_forms_changes_nothing(office: Organisation) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(kernel.user(office, Role.ADMINISTRATOR))

    assert client.post(HOOKS, BODY, content_type="application/json").status_code == 403
    assert not Webhook.objects.exists()
