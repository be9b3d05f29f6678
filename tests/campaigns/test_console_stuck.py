"""The desk of what does not move: lanes, passwords, campaigns, jobs are set going again, and nothing goes twice."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import tallying
from campaigns.console import quarantine, stuck
from campaigns.models import Campaign, Letter, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import expired, freeing, lanes, pump
from campaigns.states import LetterState, MessageState
from mailboxes import notices
from mailboxes.models import Mailbox, Notice
from mailboxes.models.notices import NoticeKind
from mailboxes.states import CredentialsState
from pecportal.operation import alerts, letters
from pecportal.operation.models import Delivery, Pulse
from pecportal.organisations.models import User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns import build, several
from tests.campaigns.console import chosen, desk_page, done
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


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


def shared() -> tuple[Campaign, Mailbox]:
    """A running campaign of two mailboxes, and the second of them."""
    draft = several.ready(build.clerk(), count=4)
    draft = build.launched(draft)
    assert draft.is_split
    return draft, draft.senders[1]


def test_what_several_mailboxes_share_stands_with_each_of_them(operator: Client) -> None:
    campaign, second = shared()
    stranger = build.started().mailbox
    old = timezone.now() - timedelta(hours=1)
    Campaign.objects.filter(pk=campaign.pk).update(state="launching", state_since=old)
    Letter.objects.create(
        campaign=campaign, file_name="a.pdf", subject="a", body="a", state=LetterState.MAKING, state_since=old
    )
    wanted = {f"campaign:{campaign.pk}", f"letter:{campaign.pk}"}

    assert wanted <= set(stuck.keys(campaign.mailbox_id))
    assert wanted <= set(stuck.keys(second.pk))
    assert wanted.isdisjoint(stuck.keys(stranger.pk))
    Campaign.objects.filter(pk=campaign.pk).update(state="paused", problem="x")
    assert quarantine.keys(second.pk) == [f"file:{campaign.pk}"]
    assert quarantine.keys(stranger.pk) == []


def test_letters_nobody_makes_are_rung_for(operator: Client, jobs: Jobs) -> None:
    campaign = build.started()
    old = timezone.now() - timedelta(hours=1)
    Letter.objects.create(
        campaign=campaign, file_name="a.pdf", subject="Oggetto", body="a", state=LetterState.MAKING, state_since=old
    )
    jobs.clear()

    page = desk_page(operator, "stuck")
    assert "Letters are being made, and nobody is at it." in page
    assert "Oggetto" not in page
    done(operator, chosen(operator, "stuck", "again", [f"letter:{campaign.pk}"]))

    assert jobs.names() == ["campaigns.tasks.make_letters"]


def test_a_letter_to_clerks_that_did_not_leave_is_tried_from_the_beginning(operator: Client, jobs: Jobs) -> None:
    box = build.started().mailbox
    notices.note(box, NoticeKind.CREDENTIALS)
    old = timezone.now() - timedelta(hours=9)
    Notice.objects.update(at=old, tried_at=old, tries=notices.TRIES)
    jobs.clear()

    assert "It was tried 50 times. It is not tried any more." in desk_page(operator, "stuck")
    done(operator, chosen(operator, "stuck", "again", [f"notice:{Notice.objects.get().pk}"]))
    jobs.run()

    assert [letter.to for letter in mail.outbox] == [[box.created_by.email]]
    assert stuck.keys() == []


def test_a_letter_that_is_being_sent_is_left_alone(jobs: Jobs) -> None:
    notices.note(build.started().mailbox, NoticeKind.CREDENTIALS)
    row = Notice.objects.get()
    Notice.objects.update(tried_at=timezone.now(), tries=1)

    assert not notices.try_again(row.pk)
    Notice.objects.update(sent_at=timezone.now(), tried_at=None, recipients=1)
    assert not notices.try_again(row.pk)


def test_a_letter_for_nobody_waits_until_somebody_may_read_it(operator: Client, jobs: Jobs) -> None:
    box = build.started().mailbox
    User.objects.exclude(is_superuser=True).update(is_active=False)
    notices.note(box, NoticeKind.CREDENTIALS)
    notices.send()
    key = f"notice:{Notice.objects.get().pk}"
    assert "Nobody in the organisation may do what it asks for" in desk_page(operator, "stuck")
    assert "There is nothing among these" in chosen(operator, "stuck", "again", [key])

    kernel.user(box.organisation, Role.ADMINISTRATOR)
    done(operator, chosen(operator, "stuck", "again", [key]))
    jobs.run()

    assert len(mail.outbox) == 1


def test_an_alert_that_cannot_be_told_is_tried_at_once(operator: Client, who: User, jobs: Jobs) -> None:
    raised = alerts.alert("incident", 7)
    letters.plan()
    Delivery.objects.update(tries=6, next_at=timezone.now() + timedelta(minutes=20))
    jobs.clear()
    assert raised

    assert "Alert that could not be told" in desk_page(operator, "stuck")
    done(operator, chosen(operator, "stuck", "again", [f"delivery:{Delivery.objects.get().pk}"]))
    jobs.run()

    assert [letter.to for letter in mail.outbox] == [[who.email]]
    assert not letters.try_again(Delivery.objects.get().pk)


def test_a_switch_of_a_further_mailbox_tells_what_goes_on(operator: Client) -> None:
    campaign, second = shared()
    tallying.run()
    query: dict[str, str | int] = {"scope": "mailbox", "about": second.pk}

    page = operator.get(reverse("console:switch_off"), query).content.decode()

    assert "1 of the campaigns goes on from its other mailboxes." in page
    waiting = several.split(campaign)[second.address]
    assert f"{waiting} message{'' if waiting == 1 else 's'} wait" in page
    assert campaign.messages.count() > waiting
