"""Hours, limits and pace as the pump obeys them, and the forecast compared with what it does."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connections, transaction
from django.utils import timezone
from pytest_django import Settings

from campaigns import outlook
from campaigns.models import Attempt, Baton, Campaign, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import accounts, feeding, lanes, pump, turns
from campaigns.states import CampaignState
from mailboxes.models import Mailbox, Plan
from pecportal import clock
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ROME = ZoneInfo("Europe/Rome")


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def send() -> int:
    return pump.run()


def put_under(**fields: object) -> Plan:
    plan = Plan.objects.create(**{"name": "Prova", "margin": 0, "window": "calendar", **fields})
    Mailbox.objects.update(plan=plan)
    return plan


@pytest.fixture
def move(settings: Settings) -> Callable[[datetime], None]:
    """Set the portal's clock, which runs ten times as fast as a real one."""

    def moved(to: datetime) -> None:
        real, speed = timezone.now().timestamp(), 10.0
        settings.CLOCK_SPEED = speed
        settings.CLOCK_ORIGIN = (speed * real - to.timestamp()) / (speed - 1)

    return moved


def test_a_campaign_outside_its_hours_stays_and_does_not_keep_the_pump(box: Sandbox) -> None:
    closed, opened = running(messages=2), running(messages=3)
    Campaign.objects.filter(pk=closed.pk).update(starts_at=timezone.now() + timedelta(days=1))
    began = time.monotonic()

    assert send() == 3

    assert time.monotonic() - began < 15  # of the pump's 20 seconds
    closed.refresh_from_db()
    assert closed.state == CampaignState.RUNNING
    assert Message.objects.filter(campaign=closed, state="queued").count() == 2
    assert Message.objects.filter(campaign=opened, state="submitted").count() == 3
    assert lanes.due_mailboxes() == []
    assert not SendingLane.objects.exclude(holder="").exists()


def test_when_its_hours_come_it_is_found_again(box: Sandbox) -> None:
    campaign = running(messages=2)
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=timezone.now() + timedelta(days=1))
    assert send() == 0

    Campaign.objects.filter(pk=campaign.pk).update(starts_at=timezone.now() - timedelta(seconds=1))

    assert lanes.due_mailboxes() == [campaign.mailbox_id]
    assert send() == 2


def test_nothing_is_claimed_that_would_leave_after_the_hours(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_RATE = 1.0
    campaign = running(messages=3)
    (pk,) = lanes.acquire("a pump")
    lane = lanes.load(pk)
    assert lane is not None
    feeding.feed(lane)
    assert [feed.campaign_id for feed in lane.open_feeds] == [campaign.pk]

    lane.feeds[0].closes = time.monotonic() + 0.5
    assert lane.open_feeds
    lane.slots.at_gate = 1  # it would be the next but one
    assert lane.open_feeds == []


def test_a_used_up_plan_ends_the_pump_and_says_until_when(box: Sandbox) -> None:
    running(messages=3)
    plan = put_under(daily_limit=1)

    assert send() == 1

    lane = SendingLane.objects.get()
    assert (lane.hold, lane.holder) == (Hold.CAP, "")
    assert lane.held_until is not None
    midnight = timezone.now().astimezone(ROME).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert abs((lane.held_until - midnight).total_seconds()) < 5
    assert lanes.due_mailboxes() == []
    assert lanes.due_mailboxes(capped=True) == [lane.pk]

    Plan.objects.filter(pk=plan.pk).update(daily_limit=3)
    assert send() == 2


def test_the_plans_own_rate_is_obeyed(box: Sandbox) -> None:
    running(messages=4)
    put_under(rate=4.0)

    send()

    moments = sorted(at for at in Attempt.objects.values_list("marked_at", flat=True) if at)
    assert len(moments) == 4
    assert all((after - before).total_seconds() > 0.2 for before, after in pairwise(moments))


def two_of_one_account(box: Sandbox, settings: Settings, *, messages: int) -> list[Campaign]:
    """Two mailboxes under one plan whose pace of 4 a second is the account's, each with a campaign."""
    first = running(messages=messages)
    other = kernel.mailbox(address="altra@prova.example", password=PASSWORD)
    box.create_mailbox("altra@prova.example", PASSWORD)
    second = running(messages=messages)
    Campaign.objects.filter(pk=second.pk).update(mailbox=other)
    Message.objects.filter(campaign=second).update(mailbox=other)
    put_under(rate=4.0, pace_of="account")
    return [first, second]


def test_mailboxes_of_one_account_share_one_pace_and_take_turns(box: Sandbox, settings: Settings) -> None:
    two_of_one_account(box, settings, messages=4)

    assert send() == 8

    marked = list(Attempt.objects.order_by("marked_at").values_list("mailbox", "marked_at"))
    assert all((b - a).total_seconds() > 0.2 for (_, a), (_, b) in pairwise(marked) if a and b)
    assert len({mailbox for mailbox, _ in marked[:4]}) == 2
    assert Baton.objects.get(name=accounts.NAME).holder == ""


def test_two_pumps_do_not_exceed_the_accounts_pace_together(box: Sandbox, settings: Settings) -> None:
    two_of_one_account(box, settings, messages=4)

    def run() -> None:
        try:
            send()
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    send()

    assert box.sent_count == 8
    marked = sorted(at for at in Attempt.objects.values_list("marked_at", flat=True) if at)
    assert all((b - a).total_seconds() > 0.2 for a, b in pairwise(marked))


def test_while_one_pump_has_the_accounts_baton_another_takes_none_of_its_lanes(
    box: Sandbox, settings: Settings
) -> None:
    first, second = two_of_one_account(box, settings, messages=1)
    Campaign.objects.filter(pk=second.pk).update(state=CampaignState.PAUSED)
    assert lanes.acquire("one") == [first.mailbox_id]
    Campaign.objects.filter(pk=second.pk).update(state=CampaignState.RUNNING)

    assert lanes.acquire("two") == []
    assert lanes.acquire("one") == [Campaign.objects.get(pk=second.pk).mailbox_id]


def test_who_takes_the_baton_of_a_dead_pump_moves_the_fences_and_waits_an_interval(
    box: Sandbox, settings: Settings
) -> None:
    first, second = two_of_one_account(box, settings, messages=1)
    lanes.acquire("one")
    before = dict(SendingLane.objects.values_list("pk", "fence"))
    gone = timezone.now() - timedelta(seconds=1)
    Baton.objects.update(leased_until=gone)
    SendingLane.objects.update(leased_until=gone)
    Campaign.objects.filter(pk=first.pk).update(state=CampaignState.PAUSED)

    asked = clock.database_now()
    (taken,) = lanes.acquire("two")

    assert taken == Campaign.objects.get(pk=second.pk).mailbox_id
    after = dict(SendingLane.objects.values_list("pk", "fence"))
    assert all(after[pk] > before[pk] for pk in before)  # also the one that nobody took
    lane = lanes.load(taken)
    assert lane is not None
    assert (SendingLane.objects.get(pk=taken).next_slot_at or asked) >= asked + timedelta(seconds=lane.interval)
    with transaction.atomic():
        assert lanes.renew("one", {taken: lane}) == set()


def test_a_plan_whose_pace_becomes_the_accounts_has_its_lanes_taken_anew(box: Sandbox, settings: Settings) -> None:
    running(messages=1)
    plan = put_under(rate=4.0)
    (pk,) = lanes.acquire("one")
    lane = lanes.load(pk)
    assert lane is not None

    Plan.objects.filter(pk=plan.pk).update(pace_of="account")

    with pytest.raises(feeding.Regrouped):
        feeding.feed(lane)


def test_lanes_of_one_account_claim_only_when_their_turn_is_near(box: Sandbox, settings: Settings) -> None:
    two_of_one_account(box, settings, messages=4)
    held: dict[int, lanes.Lane] = {}
    for pk in lanes.acquire("one"):
        lane = lanes.load(pk, others=held.values())
        assert lane is not None
        held[pk] = lane

    first, second = held.values()
    assert first.slots is second.slots
    assert turns.in_turn(held, dict.fromkeys(held, 2)) == dict.fromkeys(held, 1)
    assert turns.in_turn(held, {}) == {}


@pytest.mark.slow
def test_the_forecast_is_right_to_the_minute_over_a_limit_and_a_night(
    box: Sandbox, settings: Settings, move: Callable[[datetime], None]
) -> None:
    """Twelve today, eight after midnight: the clock runs at ten times its speed, and is moved over the evening."""
    settings.SENDING_RATE = 2.0  # of real seconds: a message in five seconds of the portal's clock
    move(datetime(2026, 11, 25, 15, 0, tzinfo=ROME))
    campaign = running(messages=20)
    put_under(daily_limit=12)
    campaign = Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk)
    expected = outlook.of(campaign)
    assert expected is not None
    assert [count for _day, count in expected.days] == [12, 8]

    assert send() == 12
    evening = clock.now()
    move(datetime(2026, 11, 25, 23, 59, 30, tzinfo=ROME))
    SendingLane.objects.update(held_until=timezone.now() + timedelta(seconds=3), next_slot_at=None)
    assert send() == 8

    left = sorted(at for at in Message.objects.values_list("sent_at", flat=True) if at)
    assert left[11] < evening
    assert expected.ends is not None
    assert abs((left[-1] - expected.ends).total_seconds()) < 60
    assert left[12].astimezone(ROME).date() == datetime(2026, 11, 26).date()  # noqa: DTZ001
    again = outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk))
    assert again is None
