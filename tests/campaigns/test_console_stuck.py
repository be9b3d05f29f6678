"""The desk of what does not move: lanes, passwords, campaigns, jobs are set going again, and nothing goes twice."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.console import stuck
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import expired, freeing, lanes, pump
from campaigns.states import MessageState
from mailboxes.models import Mailbox, Notice
from mailboxes.states import CredentialsState
from pecportal.operation import liveness
from pecportal.operation.models import Pulse
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests.campaigns import build
from tests.campaigns.console import chosen, desk_page, done
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def who() -> User:
    liveness.expect()
    return User.objects.create_superuser("olga@portale.example")


@pytest.fixture
def operator(client: Client, who: User) -> Client:
    client.force_login(who)
    return client


def test_a_lane_whose_holder_sends_nothing_is_taken_from_it(vendor: Sandbox, operator: Client) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    campaign = running(messages=1)
    lanes.acquire("gone:1")
    long_ago = timezone.now() - timedelta(hours=1)
    Campaign.objects.update(state_since=long_ago)
    Message.objects.update(not_before=long_ago)
    SendingLane.objects.update(leased_until=timezone.now() + timedelta(days=1))
    fence = SendingLane.objects.get().fence
    assert pump.run() == 0

    assert "gone:1 holds it and sends nothing" in desk_page(operator, "stuck")
    done(operator, chosen(operator, "stuck", "free", [f"lane:{campaign.mailbox_id}"]))

    assert SendingLane.objects.get().fence == fence + 1
    assert pump.run() == 1
    assert stuck.keys() == []


def test_what_the_former_holder_claimed_cannot_be_marked(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    campaign = running(messages=1)
    sleeper = pump.Pump()
    sleeper.taken.extend(lanes.acquire(sleeper.holder))
    sleeper._tend()
    lane = sleeper.lanes[campaign.mailbox_id]
    sleeper._feed(lane)
    sleeper._take_claims({campaign.mailbox_id: sleeper._claim(campaign.mailbox_id, 1)})
    assert freeing.take_away(campaign.mailbox_id, holder=sleeper.holder)
    assert not freeing.take_away(campaign.mailbox_id, holder=sleeper.holder)

    sleeper.senders.give(lane.ready.popleft())
    lane.in_flight += 1
    sleeper.close()

    assert vendor.sent_count == 0
    expired.settle()
    assert campaign.messages.get().state == MessageState.QUEUED


@pytest.mark.parametrize(("hold", "tried"), [(Hold.WALLET, True), (Hold.VENDOR, True), (Hold.RATE, False)])
def test_a_rest_is_ended_unless_the_vendor_asked_for_it(operator: Client, jobs: Jobs, hold: Hold, tried: bool) -> None:
    campaign = running(messages=1)
    later = timezone.now() + timedelta(hours=1)
    SendingLane.objects.create(mailbox=campaign.mailbox, hold=hold, held_until=later, breaker_level=2)
    Campaign.objects.update(state_since=timezone.now() - timedelta(hours=1))
    Message.objects.update(not_before=timezone.now() - timedelta(hours=1))
    jobs.clear()

    told = chosen(operator, "stuck", "try", [f"lane:{campaign.mailbox_id}"])
    if tried:
        done(operator, told)

    lane = SendingLane.objects.get()
    assert lane.held_until is not None
    assert (lane.held_until < timezone.now()) is tried
    assert lane.breaker_level == 2
    assert ("campaigns.tasks.pump" in jobs.names()) is tried
    assert ("pecportal.operation.tasks.read_wallets" in jobs.names()) is (hold == Hold.WALLET)


def test_a_wrong_password_is_told_to_the_keepers_and_never_shown(operator: Client) -> None:
    box = build.started().mailbox
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED, credentials_since=timezone.now())

    page = desk_page(operator, "stuck")
    assert "Wrong password" in page
    assert "una parola" not in page
    done(operator, chosen(operator, "stuck", "password", [f"box:{box.pk}"]))

    assert Notice.objects.filter(mailbox=box, kind="credentials").count() == 1


@pytest.mark.parametrize(
    ("state", "task"), [("launching", "campaigns.tasks.sweep"), ("scheduled", "campaigns.tasks.sweep")]
)
def test_a_campaign_that_does_not_begin_is_rung_for(operator: Client, jobs: Jobs, state: str, task: str) -> None:
    campaign = build.started()
    old = timezone.now() - timedelta(hours=1)
    Campaign.objects.update(state=state, state_since=old, begins_at=old)
    jobs.clear()

    done(operator, chosen(operator, "stuck", "again", [f"campaign:{campaign.pk}"]))

    assert jobs.names() == [task]


def test_a_lane_of_work_at_a_standstill_has_its_periodic_jobs_rung(operator: Client, jobs: Jobs) -> None:
    Pulse.objects.filter(name="tracking").update(beaten_at=timezone.now() - timedelta(minutes=10))
    jobs.clear()

    assert "Lane of work: Tracking" in desk_page(operator, "stuck")
    done(operator, chosen(operator, "stuck", "again", ["work:tracking"]))

    assert "campaigns.tasks.track" in jobs.names()
    assert "campaigns.tasks.pump" not in jobs.names()
