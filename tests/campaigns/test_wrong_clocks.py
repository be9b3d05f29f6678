"""Two machines whose clocks are an hour wrong, one too early and one too late, do what two right ones would."""

from datetime import date, datetime, timedelta
from itertools import pairwise, permutations
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from campaigns import evidence
from campaigns.absence import Gap
from campaigns.models import Attempt, InboxScan, InboxWatch, Message, Reservation
from campaigns.sending import pump
from campaigns.states import MessageState, Outcome
from campaigns.tracking import reading
from mailboxes.models import Mailbox, Plan
from pecportal import clock
from pecportal.operation import clocks
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.skewed import Hosts
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ROME = ZoneInfo("Europe/Rome")
HOUR = timedelta(hours=1)
AHEAD, BEHIND = ("avanti", HOUR), ("indietro", -HOUR)


@pytest.fixture(autouse=True)
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Hosts:
    """It is half past eleven in the evening."""
    return Hosts(datetime(2026, 11, 25, 23, 30, tzinfo=ROME), monkeypatch, settings)


@pytest.mark.parametrize(("first", "second"), list(permutations([AHEAD, BEHIND])))
def test_no_machine_opens_the_next_day_of_a_limit_early(
    box: Sandbox, hosts: Hosts, first: tuple[str, timedelta], second: tuple[str, timedelta]
) -> None:
    running(messages=6)
    Mailbox.objects.update(plan=Plan.objects.create(name="Due al giorno", daily_limit=2, margin=0, window="calendar"))

    hosts.on(*first)
    assert pump.run() == 2
    hosts.on(*second)
    assert pump.run() == 0
    hosts.on(*first)
    assert pump.run() == 0

    assert {at.astimezone(ROME).date() for at in Reservation.objects.values_list("at", flat=True)} == {
        date(2026, 11, 25)
    }
    assert set(Alert.objects.filter(kind=clocks.ALERT).values_list("key", flat=True)) == {"avanti", "indietro"}
    hosts.wait(HOUR)
    hosts.on(*second)
    assert pump.run() == 2
    assert box.sent_count == 4


def test_a_reading_that_began_before_the_mark_shows_no_absence(hosts: Hosts) -> None:
    running(messages=1)
    hosts.on(*AHEAD)
    reading.run()
    early = InboxScan.objects.filter(full=True).get()
    assert early.complete
    hosts.on(*BEHIND)
    assert pump.run() == 1
    Attempt.objects.update(outcome=Outcome.UNCERTAIN)
    Message.objects.update(state=MessageState.UNCERTAIN)

    hosts.on("dritta")
    hosts.wait(timedelta(minutes=3))
    attempt = Attempt.objects.get()
    assert attempt.marked_at is not None
    assert early.started_at < attempt.marked_at < hosts.true_now()
    assert Gap.NO_SCAN in evidence.of(attempt).finding.gaps

    hosts.on(*BEHIND)
    reading.run()
    assert Gap.NO_SCAN not in evidence.of(attempt).finding.gaps


def test_what_a_machine_that_is_ahead_prepares_is_not_kept_waiting_for_an_hour(box: Sandbox, hosts: Hosts) -> None:
    hosts.on(*AHEAD)
    clocks.check()
    running(messages=1)

    hosts.on(*BEHIND)
    assert pump.run() == 1


@pytest.mark.parametrize(("first", "second"), list(permutations([AHEAD, BEHIND])))
def test_an_inbox_that_is_read_is_nobody_elses_until_its_lease_ends(
    hosts: Hosts, first: tuple[str, timedelta], second: tuple[str, timedelta]
) -> None:
    mailbox_id = running(messages=1).mailbox_id
    hosts.on(*first)
    assert reading._take(mailbox_id, "uno")
    hosts.on(*second)
    assert not reading._take(mailbox_id, "due")

    until = InboxWatch.objects.get().leased_until
    assert until is not None
    assert abs((until - reading._lease() - hosts.true_now()).total_seconds()) < 10
    hosts.wait(reading._lease())
    assert reading._take(mailbox_id, "due")


def test_a_machine_that_cannot_tell_the_time_claims_and_reads_nothing(
    box: Sandbox, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(messages=2)
    monkeypatch.setattr(clock, "SLOWEST", -1.0)

    assert pump.run() == 0
    assert reading.run() == 0

    assert not Attempt.objects.exists()
    assert not InboxScan.objects.exists()
    assert box.sent_count == 0


def test_however_many_messages_the_clocks_are_compared_once_in_seconds(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    running(messages=120)
    compared: list[datetime] = []
    compare = clock.compare

    def counted() -> timedelta | None:
        compared.append(hosts.true_now())
        return compare()

    monkeypatch.setattr(clock, "compare", counted)

    assert pump.run() == 120

    gaps = [(later - before).total_seconds() for before, later in pairwise(compared)]
    assert all(gap >= pump.RENEW_SECONDS for gap in gaps)
    assert compared
