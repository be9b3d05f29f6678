"""Sequences of events that once broke a promise: late endings, early receipts, lost files, keys and tokens."""

import logging
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Attempt, Campaign, Message, Receipt, Reservation, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import claims, endings, expired, feeding, lanes, launch, outcomes, pump
from campaigns.sending.lanes import Lane, Slots
from campaigns.sending.outcomes import LaneEffect
from campaigns.states import CampaignState, MessageState, Outcome, Phase
from campaigns.tracking import intake, matching, reading
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.sandbox import Sandbox
from pecportal.upstream.massiva import Accepted, Credentials
from tests import build as kernel
from tests.campaigns import build
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
TAKEN = outcomes.accepted(Accepted("2020082610003492", b"{}"))


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def send() -> int:
    return pump.run()


def state() -> str:
    return Message.objects.get().state


def held_lane() -> Lane:
    """The lane of the one mailbox, as a pump that has just taken it holds it."""
    (mailbox_id,) = lanes.acquire("a pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    return lane


def end_leases() -> None:
    Attempt.objects.filter(outcome__isnull=True).update(leased_until=timezone.now() - timedelta(seconds=1))
    expired.settle()


def test_a_late_ending_of_the_first_attempt_does_not_move_a_message_whose_second_is_on_its_way(box: Sandbox) -> None:
    running(messages=1)
    lane = held_lane()
    (first,) = claims.claim(lane, limit=1)
    end_leases()
    lane.rewind()
    (second,) = claims.claim(lane, limit=1)
    assert endings.mark([second]) == {second.attempt_id}

    assert endings.mark([first]) == set()
    endings.finish([(first.message_id, first.attempt_id, outcomes.aborted("it slept"))])
    assert state() == "sending"

    endings.finish([(second.message_id, second.attempt_id, TAKEN)])
    assert state() == "submitted"
    assert send() == 0


def test_an_attempt_that_was_given_back_may_not_be_marked(box: Sandbox) -> None:
    running(messages=1)
    (job,) = claims.claim(held_lane(), limit=1)
    end_leases()

    assert endings.mark([job]) == set()
    assert Attempt.objects.get().phase == Phase.INTENT


def test_a_pump_that_lost_its_lane_may_not_mark(box: Sandbox) -> None:
    running(messages=1)
    (job,) = claims.claim(held_lane(), limit=1)
    SendingLane.objects.update(fence=99)

    assert endings.mark([job]) == set()


def test_a_mark_prolongs_the_lease_for_the_whole_of_the_call(box: Sandbox, settings: Settings) -> None:
    running(messages=1)
    (job,) = claims.claim(held_lane(), limit=1)
    soon = timezone.now() + timedelta(seconds=1)
    Attempt.objects.update(leased_until=soon)

    endings.mark([job])

    assert Attempt.objects.get().leased_until > soon + timedelta(seconds=settings.OPENAPI_SEND_DEADLINE)


def test_what_the_vendor_took_though_it_said_no_is_not_sent_again_and_holds_nobody_up(
    box: Sandbox, settings: Settings
) -> None:
    settings.SENDING_PUMP_SECONDS = 3.0  # the message that is held for the vendor's ten minutes is waited for so long
    campaign = running(messages=2)
    box.fail_next(429, after_accepting=True, headers={"Retry-After": "600"}, body=b'{"success": false, "message": "x"}')
    send()
    Message.objects.filter(state="queued").update(not_before=timezone.now())
    SendingLane.objects.update(held_until=None, hold="", breaker_level=0)
    box.advance(hours=1)
    reading.read(campaign.mailbox_id, client=vendors.connect())

    send()

    assert set(Message.objects.values_list("state", flat=True)) == {"submitted"}
    assert sorted(entry.recipient for entry in box.ledger) == ["ditta0@prova.example", "ditta1@prova.example"]


def test_a_receipt_that_was_read_before_the_doubt_arose_settles_it_all_the_same(box: Sandbox) -> None:
    campaign = running(messages=1)
    send()
    Attempt.objects.update(outcome=None, code="", leased_until=timezone.now() + timedelta(seconds=60))
    Message.objects.update(state=MessageState.SENDING, status="sending", sent_at=None)
    box.advance(hours=1)
    reading.read(campaign.mailbox_id, client=vendors.connect())
    end_leases()
    assert state() == "uncertain"
    assert Receipt.objects.count() == 2

    assert intake.settle_proven() >= 0
    assert state() == "submitted"
    assert Attempt.objects.get().outcome == Outcome.ACCEPTED
    assert Message.objects.get().status == "delivered"
    assert intake.settle_proven() == 0


def test_a_message_that_a_completed_campaign_got_back_is_sent(box: Sandbox) -> None:
    campaign = running(messages=1)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.COMPLETED)

    launch.complete()
    send()

    assert state() == "submitted"
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_a_mailbox_whose_key_is_missing_does_not_keep_the_others_from_sending(
    box: Sandbox, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.SENDING_PUMP_SECONDS = 3
    healthy = running(messages=1)
    locked = kernel.mailbox()
    Mailbox.objects.filter(pk=locked.pk).update(password_sealed="lost:AAAA", credentials_state=CredentialsState.GOOD)
    clerk = build.clerk(locked.organisation)
    other = Campaign.objects.create(
        organisation=locked.organisation, mailbox=locked, name="x", state=CampaignState.RUNNING, created_by=clerk
    )
    Message.objects.create(campaign=other, mailbox=locked, line=2, recipient="ditta@prova.example", ref="0123456789")

    with caplog.at_level(logging.CRITICAL):
        send()

    assert Message.objects.get(campaign=healthy).state == "submitted"
    assert SendingLane.objects.get(pk=locked.pk).holder == ""


def test_a_refused_account_is_not_blamed_on_the_mailbox(box: Sandbox, settings: Settings) -> None:
    settings.SENDING_PUMP_SECONDS = 3
    settings.OPENAPI_API_KEY = "another"
    running(messages=1)

    send()

    assert state() == "queued"
    assert Mailbox.objects.get().credentials_state != CredentialsState.REFUSED
    assert SendingLane.objects.get().hold == Hold.ACCOUNT


def lane() -> Lane:
    return Lane(
        1, vendors.of_settings(), None, 1, ADDRESS, Credentials(ADDRESS, PASSWORD), Slots(0.0, 0.0), 0, 0.0, Hold.NONE
    )


def test_a_success_that_had_left_before_the_hold_does_not_end_it() -> None:
    held = lane()
    before = time.monotonic()
    held.rest(LaneEffect(hold=Hold.RATE, seconds=600), words="wait", started=before)

    assert not held.rest(LaneEffect(healthy=True), words="", started=before)
    assert held.hold == Hold.RATE

    assert held.rest(LaneEffect(healthy=True), words="", started=time.monotonic())
    assert not held.hold
    assert held.blocked_until == 0.0


@pytest.mark.parametrize("damage", ["gone", "changed", "longer"])
def test_a_campaign_whose_file_is_not_what_was_frozen_stops_and_says_why(
    box: Sandbox, settings: Settings, damage: str
) -> None:
    settings.SENDING_PUMP_SECONDS = 4
    campaign = running(messages=1)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.DRAFT)
    file = build.attach(campaign, b"Allegato.\n")
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RUNNING)
    sound = running(messages=1)
    if damage == "gone":
        build.path(file).unlink()
    else:
        build.path(file).write_bytes(b"Diverso!!\n" if damage == "changed" else b"Allegato.\nE altro.\n")

    send()
    send()

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
    assert "attachment" in campaign.problem
    assert Message.objects.get(campaign=campaign).state == "queued"
    assert Message.objects.get(campaign=sound).state == "submitted"
    assert box.sent_count == 1
    assert not Reservation.objects.filter(released=False, attempt__message__campaign=campaign).exists()


@pytest.mark.parametrize("n", [2, 99, 100, 32767])
def test_receipts_of_any_attempt_are_matched(n: int) -> None:
    found = matching.reference_in(f"CONSEGNA: Avviso Rif. 7KQ2M9ABCD-{n} 2020082610003492")

    assert found is not None
    assert (found.n, found.code) == (n, "2020082610003492")
