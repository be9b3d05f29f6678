"""How full a mailbox is: kept, forecast, and a reason to hold the sending before receipts are lost."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from mailboxes import credentials, filling, gauge, space
from mailboxes.filling import Forecast, Reading
from mailboxes.models import Mailbox, SpaceReading
from pecportal import vendor as vendors
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from tests import build
from tests.jobs import Jobs

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def reading(hours: float, used: int, limit: int = 1000) -> Reading:
    return Reading(NOW + timedelta(hours=hours), used, limit)


def test_a_steady_trend_is_drawn_out_to_the_share() -> None:
    found = filling.forecast([reading(-2, 500), reading(0, 600)], share=0.9)

    assert found == Forecast(NOW + timedelta(hours=6), None)


def test_the_messages_still_to_be_sent_count_when_they_fill_it_sooner() -> None:
    readings = [reading(-2, 500), reading(0, 600)]

    assert filling.forecast(readings, share=0.9, sent=100, to_send=300, per_hour=100) == Forecast(
        NOW + timedelta(hours=3), 300
    )
    assert filling.forecast(readings, share=0.9, sent=100, to_send=300, per_hour=10).at == NOW + timedelta(hours=6)
    assert filling.forecast(readings, share=0.9, sent=100, to_send=299, per_hour=100).at == NOW + timedelta(hours=6)


@pytest.mark.parametrize(
    "readings",
    [[], [reading(0, 500)], [reading(-2, 500), reading(0, 500)], [reading(-0.1, 500), reading(0, 600)]],
)
def test_too_little_to_go_by_foretells_nothing(readings: list[Reading]) -> None:
    assert filling.forecast(readings, share=0.9).at is None


def test_after_it_was_emptied_only_what_came_since_counts() -> None:
    readings = [reading(-5, 100), reading(-4, 800), reading(-2, 200), reading(0, 300)]

    assert filling.forecast(readings, share=0.9).at == NOW + timedelta(hours=12)


def test_another_unit_gives_the_same_forecast() -> None:
    small = [reading(-2, 500), reading(0, 600)]
    large = [reading(-2, 512_000, 1_024_000), reading(0, 614_400, 1_024_000)]

    assert filling.forecast(small, share=0.9) == filling.forecast(large, share=0.9)


def test_a_full_one_is_full_at_once() -> None:
    assert filling.forecast([reading(0, 950)], share=0.9) == Forecast(NOW, 0)


@pytest.mark.django_db
def test_every_reading_is_kept_and_the_alert_raised_and_ended() -> None:
    mailbox = build.mailbox()
    for used in (500, 920, 930, 100):
        gauge.keep(mailbox, used=used, limit=1000)

    assert SpaceReading.objects.count() == 4
    alert = Alert.objects.get()
    assert (alert.kind, alert.times, alert.ended_at is None) == (gauge.ALERT, 2, False)
    mailbox.refresh_from_db()
    assert mailbox.space_percent == 10


@pytest.mark.django_db
def test_old_readings_are_thinned_out_to_one_an_hour_and_forgotten_after_ninety_days() -> None:
    mailbox, other = build.mailbox(), build.mailbox(address="altra@prova.example")
    now = timezone.now().replace(minute=30)
    ages = {
        "young": [timedelta(hours=1, minutes=n) for n in range(5)],
        "old": [timedelta(hours=72, minutes=n) for n in (0, 10, 20)] + [timedelta(hours=74)],
        "gone": [timedelta(days=91), timedelta(days=400)],
    }
    for box in (mailbox, other):
        for spans in ages.values():
            SpaceReading.objects.bulk_create(
                SpaceReading(mailbox=box, at=now - span, used=1, limit=2) for span in spans
            )

    assert gauge.thin_out(mailbox, now=now) == 4
    assert gauge.thin_out(mailbox, now=now) == 0

    kept = {now - at for at in SpaceReading.objects.filter(mailbox=mailbox).values_list("at", flat=True)}
    assert kept == {*ages["young"], timedelta(hours=72), timedelta(hours=74)}
    assert SpaceReading.objects.filter(mailbox=other).count() == 11


@pytest.mark.django_db
def test_the_clerk_is_told_what_a_full_mailbox_means(settings: Settings) -> None:
    mailbox = build.mailbox(space_used=92, space_limit=100)

    assert mailbox.why_not() is None
    assert "92% full" in (mailbox.why_not_now() or "")
    assert build.mailbox(address="b@prova.example", space_used=89, space_limit=100).why_not_now() is None
    settings.MAILBOX_FULL_PERCENT = 95
    assert mailbox.why_not_now() is None


@pytest.mark.django_db(transaction=True)
def test_what_the_provider_says_becomes_a_reading(vendor: Sandbox) -> None:
    mailbox = build.mailbox(vendor=vendor)

    credentials.test(mailbox, client=vendors.connect())

    assert SpaceReading.objects.get().limit == vendor.quota_limit


@pytest.mark.parametrize(
    ("minutes", "used", "often", "hourly"),
    [(5, 10, 0, 0), (11, 10, 1, 0), (61, 10, 1, 1), (1, 95, 0, 0), (3, 95, 1, 0), (None, None, 1, 1)],
)
def test_it_is_read_hourly_often_while_sending_and_oftener_while_held(
    jobs: Jobs, minutes: int | None, used: int | None, often: int, hourly: int
) -> None:
    at = None if minutes is None else timezone.now() - timedelta(minutes=minutes)
    mailbox: Mailbox = build.mailbox(space_used=used, space_limit=100 if used else None, space_at=at)

    assert space.ask_soon() == hourly
    jobs.clear()
    assert space.ask_often([]) == 0
    assert space.ask_often([mailbox.pk]) == often
    assert jobs.names() == ["mailboxes.tasks.read_space"] * often
    assert connection.in_atomic_block is False
