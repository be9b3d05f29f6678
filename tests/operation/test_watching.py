"""Accounts, disk, clock, caps, doubts and expiries: raised when it is so, ended when it is over."""

from datetime import timedelta
from typing import NamedTuple

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns import alarms
from campaigns.models import Message
from campaigns.states import MessageState, Shown
from mailboxes import alarms as of_mailboxes
from mailboxes.models import Mailbox, Plan
from pecportal.operation import watching
from pecportal.operation.models import Alert, VendorCall
from pecportal.schedules import PERIODIC
from tests.campaigns import build

pytestmark = pytest.mark.django_db


class Room(NamedTuple):
    total: int
    used: int
    free: int


def raised() -> list[tuple[str, str]]:
    return list(Alert.objects.filter(ended_at=None).order_by("kind").values_list("kind", "key"))


def test_all_watches_are_periodic() -> None:
    tasks = {each.task for each in PERIODIC}
    assert {"campaigns.tasks.watch", "mailboxes.tasks.watch", "pecportal.operation.tasks.ring_letters"} <= tasks


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ("sign_in", watching.REFUSED),
        ("402", watching.CREDIT),
        ("no_answer", watching.AWAY),
        ("503", watching.AWAY),
        ("429", None),
        ("401", None),  # a mailbox's password
    ],
)
def test_what_the_vendor_answers_raises_an_alert_of_its_account(problem: str, kind: str | None) -> None:
    now = timezone.now()
    call = VendorCall.objects.create(account=0, api="massiva", problem=problem, bad_at=now)
    call.good_at = now - timedelta(hours=1)
    call.save()

    watching.watch_vendor()
    watching.watch_vendor()
    assert raised() == ([(kind, "0")] if kind else [])

    VendorCall.objects.update(good_at=now, bad_at=now - timedelta(minutes=6))
    watching.watch_vendor()
    assert raised() == []


def test_reading_shows_nothing_of_the_credit() -> None:
    now = timezone.now()
    VendorCall.objects.create(api="massiva", problem="402", bad_at=now - timedelta(minutes=1), good_at=now)
    VendorCall.objects.create(api="pec", problem="503", bad_at=now - timedelta(minutes=1), good_at=now)

    watching.watch_vendor()

    assert raised() == [(watching.CREDIT, "0")]


def test_a_vendor_that_answered_a_moment_ago_is_not_away() -> None:
    now = timezone.now()
    VendorCall.objects.create(api="pec", problem="503", bad_at=now, good_at=now - timedelta(minutes=1))

    watching.watch_vendor()

    assert raised() == []


@pytest.mark.parametrize(("free", "is_raised"), [(200, False), (50, True)])
def test_a_disk_that_is_nearly_full(monkeypatch: pytest.MonkeyPatch, free: int, is_raised: bool) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: Room(1000 * 2**30, 0, free * 2**30))
    watching.watch_disk()
    assert bool(raised()) == is_raised

    monkeypatch.setattr("shutil.disk_usage", lambda path: Room(1000 * 2**30, 0, 900 * 2**30))
    watching.watch_disk()
    assert raised() == []


def test_a_clock_that_differs_from_the_databases(monkeypatch: pytest.MonkeyPatch) -> None:
    watching.watch_clock()
    assert raised() == []

    monkeypatch.setattr("pecportal.clock.database_now", lambda: timezone.now() - timedelta(seconds=90))
    watching.watch_clock()
    assert [kind for kind, _key in raised()] == ["clock"]


@pytest.mark.parametrize(
    ("limit", "kinds"), [(6, []), (5, [alarms.NEARLY]), (4, [alarms.USED_UP, alarms.NEARLY]), (None, [])]
)
def test_caps_are_told_at_80_and_100_percent(limit: int | None, kinds: list[str]) -> None:
    campaign = build.started(build.clerk(), statuses=[Shown.DELIVERED] * 4)
    for message in campaign.messages.all():
        reserve(message)
    plan = Plan.objects.create(name="Piano", daily_limit=limit, margin=0)
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(plan=plan)

    alarms.watch_caps()
    alarms.watch_caps()
    assert raised() == [(kind, str(campaign.mailbox_id)) for kind in kinds]

    Plan.objects.update(daily_limit=100)
    alarms.watch_caps()
    assert raised() == []


def reserve(message: Message) -> None:
    from campaigns.models import Reservation

    attempt = message.attempts.first() or build.attempt(message)
    Reservation.objects.get_or_create(
        attempt=attempt, defaults={"mailbox_id": message.mailbox_id, "at": timezone.now(), "units": 1}
    )


def test_messages_in_doubt_for_an_hour_are_told_once_for_their_campaign() -> None:
    campaign = build.started(build.clerk(), statuses=[Shown.UNCERTAIN, Shown.UNCERTAIN, Shown.DELIVERED])
    Message.objects.update(state_since=timezone.now())
    alarms.watch_doubts()
    assert raised() == []

    Message.objects.update(state_since=timezone.now() - timedelta(hours=2))
    alarms.watch_doubts()
    assert raised() == [(alarms.DOUBT, str(campaign.pk))]
    assert Alert.objects.get().facts["messages"] == 2

    Message.objects.update(state=MessageState.SUBMITTED)
    alarms.watch_doubts()
    assert raised() == []


def test_a_mailbox_that_expires_within_a_month(settings: Settings) -> None:
    campaign = build.started(build.clerk())
    box = Mailbox.objects.filter(pk=campaign.mailbox_id)
    for days, is_raised in ((40, False), (20, True), (-5, True), (-60, False)):
        box.update(expires_at=timezone.now() + timedelta(days=days))
        of_mailboxes.watch()
        assert bool(raised()) == is_raised, days
