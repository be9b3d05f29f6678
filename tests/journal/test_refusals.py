"""From where an act comes, and who was refused: recorded once in a while, however often it is tried."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from pecportal.journal import origin, refusals
from pecportal.journal.models import Entry, Refused
from pecportal.journal.record import record, verify
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build

pytestmark = pytest.mark.django_db
PASSWORD = "una parola d'ordine lunga"


@pytest.fixture
def person() -> User:
    return build.user(build.organisation(), Role.PREPARER, password=PASSWORD)


def sign_in(client: Client, email: str, password: str) -> None:
    client.post(reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR="192.0.2.7")


def test_signing_in_is_recorded_with_its_door_and_address(client: Client, person: User) -> None:
    sign_in(client, person.email, PASSWORD)
    client.post(reverse("account_logout"))

    first, second = Entry.objects.order_by("number")
    assert (first.action, first.actor, first.door, first.address) == ("access.sign_in", person, "browser", "192.0.2.7")
    assert second.action == "access.sign_out"


def test_failures_are_recorded_once_in_ten_minutes_and_then_counted(client: Client, person: User) -> None:
    for _time in range(5):
        sign_in(client, person.email, "wrong")

    entry = Entry.objects.get()
    assert (entry.action, entry.actor, entry.facts) == ("access.sign_in_failed", None, {"person": person.email})

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        sign_in(client, person.email, "wrong")
    assert Entry.objects.order_by("number")[1].facts["times_before"] == 4
    assert verify() is None


def test_what_a_stranger_types_is_nowhere(client: Client) -> None:
    sign_in(client, "canary-of-a-password", "canary-too")

    assert "canary" not in str(list(Entry.objects.values())) + str(list(Refused.objects.values()))


def test_many_strangers_fill_no_more_than_a_window(client: Client) -> None:
    for n in range(refusals.MOST + 20):
        refusals.note("access.sign_in_failed", f"stranger {n}")

    assert Entry.objects.count() == refusals.MOST


def test_what_is_not_theirs_is_recorded_as_refused(client: Client, person: User) -> None:
    foreign = build.mailbox()
    Entry.objects.count()
    client.force_login(person)
    before = Entry.objects.count()

    for _time in range(3):
        assert client.get(reverse("mailboxes:detail", args=[foreign.pk])).status_code == 404
    client.get("/nothing/of/ours/")

    assert Entry.objects.count() == before + 1
    entry = Entry.objects.first()
    assert entry is not None
    assert (entry.action, entry.actor) == ("access.refused", person)
    assert entry.facts == {"page": "mailboxes:detail", "method": "GET", "status": 404, "which": {"pk": foreign.pk}}


def test_a_forged_form_is_recorded(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person)

    assert client.post(reverse("account_logout")).status_code == 403

    entry = Entry.objects.get(action="access.refused")
    assert (entry.facts["page"], entry.facts["status"]) == ("account_logout", 403)


def test_the_console_and_the_engine_are_told_apart(client: Client) -> None:
    record("plan.save")
    request = RequestFactory().get("/admin/mailboxes/plan/")
    request.user = AnonymousUser()

    assert Entry.objects.get().door == "engine"
    assert origin.door_of(request) is origin.Door.CONSOLE
    assert origin.door_of(RequestFactory().get("/api/v1/campaigns/")) is origin.Door.API
    assert origin.door_of(RequestFactory().get("/administration/")) is origin.Door.BROWSER


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, "203.0.113.1", "10.0.0.1"),  # nobody is believed
        (1, "203.0.113.1", "203.0.113.1"),
        (1, "198.51.100.66, 203.0.113.1", "203.0.113.1"),  # what the caller says of himself
        (2, "198.51.100.66, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (3, "203.0.113.1", "203.0.113.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_the_address_is_what_our_own_proxies_saw(settings: Settings, proxies: int, told: str, address: str) -> None:
    settings.NUM_PROXIES = proxies

    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR=told)

    assert origin.address_of(request) == address
