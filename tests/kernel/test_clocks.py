"""A host's clock is compared with the database's, corrected by it, and told when it is wrong."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from pecportal import clock
from pecportal.operation import clocks, liveness
from pecportal.operation.models import Alert
from tests.skewed import Hosts

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
START = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Hosts:
    return Hosts(START, monkeypatch, settings)


def is_near(one: datetime, other: datetime) -> bool:
    return abs((one - other).total_seconds()) < 2


@pytest.mark.parametrize("ahead", [HOUR, -HOUR, timedelta(days=400)])
def test_a_wrong_clock_is_corrected_and_told(hosts: Hosts, ahead: timedelta) -> None:
    hosts.on("storta", ahead)
    assert is_near(clock.now(), hosts.true_now() + ahead)

    assert clocks.check()
    assert clocks.check()

    assert is_near(clock.now(), hosts.true_now())
    assert is_near(clock.real_now(), hosts.true_now())
    assert is_near(clock.from_real(hosts.true_now() + HOUR), hosts.true_now() + HOUR)
    alert = Alert.objects.get(kind=clocks.ALERT, ended_at=None)
    assert (alert.key, alert.times, alert.facts) == ("storta", 2, {"seconds": abs(ahead.total_seconds())})


def test_once_the_clock_is_set_right_the_alert_ends(hosts: Hosts) -> None:
    hosts.on("storta", HOUR)
    clocks.check()

    hosts.set_clock(timedelta(seconds=2))  # which is tolerated, and corrected all the same
    assert clocks.check()

    assert is_near(clock.now(), hosts.true_now())
    assert not Alert.objects.filter(ended_at=None).exists()


def test_other_machines_alerts_stay(hosts: Hosts) -> None:
    hosts.on("storta", HOUR)
    clocks.check()
    hosts.on("dritta")
    clocks.check()

    assert [alert.key for alert in Alert.objects.filter(ended_at=None)] == ["storta"]
    assert clocks.ALERT in liveness.PASSING  # of a machine that was taken away it ends by itself


def test_where_the_answer_comes_too_slowly_nothing_is_said_and_what_was_known_stays(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts.on("storta", HOUR)
    assert clocks.check()

    for limit in ("QUICK", "SLOWEST"):
        monkeypatch.setattr(clock, limit, -1.0)
    assert not clocks.check()

    assert hosts.asked == 1 + clock.TRIES
    assert is_near(clock.now(), hosts.true_now())


def test_the_demos_quick_clock_shows_the_same_on_every_machine(hosts: Hosts, settings: Settings) -> None:
    settings.CLOCK_SPEED, settings.CLOCK_ORIGIN = 60.0, (START - HOUR).timestamp()
    shown = []
    for name, ahead in (("avanti", HOUR), ("indietro", -HOUR), ("dritta", timedelta(0))):
        hosts.on(name, ahead)
        clocks.check()
        shown.append((clock.now() - (START - HOUR)).total_seconds() / 60)

    assert all(3600 <= seconds < 3605 for seconds in shown)


def test_a_new_connection_compares_unless_that_was_done_lately(hosts: Hosts) -> None:
    hosts.on("web", HOUR)
    clock.compare_at_connecting(SimpleNamespace(vendor="sqlite"))  # type: ignore[arg-type]
    assert hosts.asked == 0

    for _n in range(3):
        clock.compare_at_connecting(SimpleNamespace(vendor="postgresql"))  # type: ignore[arg-type]

    assert hosts.asked == 1
    assert is_near(clock.now(), hosts.true_now())


def test_the_real_database_is_asked(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """On SQLite the clocks are one, and stay it; on PostgreSQL this machine's is corrected."""
    assert clock.compare() == timedelta(0)
    settings.HOST_NAME = "storta"
    monkeypatch.setattr(clock, "host_now", lambda: timezone.now() + HOUR)

    assert clocks.check()

    there = timezone.now() if connection.vendor == "postgresql" else timezone.now() + HOUR
    assert is_near(clock.now(), there)
    assert Alert.objects.filter(kind=clocks.ALERT).exists() == (connection.vendor == "postgresql")
