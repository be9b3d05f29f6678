"""What a plan leaves, counted from the reservations, at little cost and never too much."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns import pacing
from campaigns.models import Campaign, Reservation
from campaigns.sending import caps
from campaigns.states import Shown
from mailboxes.models import Mailbox, Plan
from tests.campaigns import build

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Europe/Rome"))


def plan(**fields: object) -> Plan:
    return Plan(**{"name": "Prova", "margin": 0, "window": "calendar", **fields})


@pytest.fixture
def campaign() -> Campaign:
    return build.started()


def used(campaign: Campaign, at: datetime, *, units: int = 1, released: bool = False) -> Reservation:
    row = build.message(campaign, line=10 + Reservation.objects.count(), status=Shown.ACCEPTED)
    return Reservation.objects.create(
        attempt=row.attempts.get(), mailbox=campaign.mailbox, at=at, units=units, released=released
    )


def left(box: Mailbox, rules: Plan, now: datetime = NOON) -> caps.Allowance:
    box.plan = rules
    return caps.allowance(box, now=now)


def test_without_a_plan_there_is_no_limit(campaign: Campaign) -> None:
    assert caps.allowance(campaign.mailbox, now=NOON).units is None


def test_only_what_was_not_given_back_counts(campaign: Campaign) -> None:
    used(campaign, NOON - timedelta(hours=1))
    used(campaign, NOON - timedelta(hours=1), released=True)

    assert left(campaign.mailbox, plan(daily_limit=10)).units == 9


def test_the_window_decides_whether_yesterday_evening_counts(campaign: Campaign) -> None:
    used(campaign, NOON - timedelta(hours=13))

    found = {kind: left(campaign.mailbox, plan(daily_limit=5, window=kind)).units for kind in ("calendar", "rolling")}
    assert found == {"calendar": 5, "rolling": 4}
    assert left(campaign.mailbox, plan(daily_limit=5, window="both")).units == 4


def test_the_zone_decides_where_the_day_begins(campaign: Campaign) -> None:
    used(campaign, NOON.replace(hour=0, minute=30))

    assert left(campaign.mailbox, plan(daily_limit=5)).units == 4
    assert left(campaign.mailbox, plan(daily_limit=5, zone="UTC")).units == 5


def test_the_year_counts_and_the_margin_stays_unused(campaign: Campaign) -> None:
    used(campaign, NOON - timedelta(days=200))

    assert left(campaign.mailbox, plan(yearly_limit=60, monthly_limit=100, margin=50)).units == 9


def test_recipients_or_messages_are_counted(campaign: Campaign) -> None:
    used(campaign, NOON, units=3)

    assert left(campaign.mailbox, plan(daily_limit=5)).units == 2
    assert left(campaign.mailbox, plan(daily_limit=5, counts="messages")).units == 4


def test_used_up_it_says_when_the_next_one_is_free(campaign: Campaign) -> None:
    used(campaign, NOON.replace(second=30))

    found = left(campaign.mailbox, plan(daily_limit=1, window="both"))
    assert (found.units, found.free_at) == (0, NOON + timedelta(hours=24, minutes=1))
    assert left(campaign.mailbox, plan(daily_limit=0)).free_at is None


def test_a_kept_count_notices_what_was_added_and_asks_for_the_latest_minutes_alone(campaign: Campaign) -> None:
    used(campaign, NOON - timedelta(hours=2))
    usage = caps.Usage(campaign.mailbox.pk)
    rules = plan(daily_limit=10)
    assert usage.allowance(rules, now=NOON).units == 9

    used(campaign, NOON + timedelta(seconds=1))
    used(campaign, NOON + timedelta(seconds=2))
    with CaptureQueriesContext(connection) as told:
        assert usage.allowance(rules, now=NOON + timedelta(seconds=3)).units == 7
        assert usage.allowance(rules, now=NOON + timedelta(seconds=3)).units == 7

    assert len(told) == 2
    assert usage.history.since(pacing.minute_of(NOON)) == 2


def test_a_kept_count_is_made_anew_when_the_plan_is_changed(campaign: Campaign) -> None:
    used(campaign, NOON - timedelta(days=3))
    usage = caps.Usage(campaign.mailbox.pk)
    assert usage.allowance(plan(daily_limit=10), now=NOON).units == 10

    assert usage.allowance(plan(monthly_limit=10), now=NOON).units == 9
    assert usage.allowance(None, now=NOON).units is None
