"""After a restore nothing is sent until the mailboxes were searched for what was sent meanwhile."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import (
    Attempt,
    Campaign,
    InboxScan,
    InboxWatch,
    Message,
    MessageContent,
    Receipt,
    Reservation,
    SendingLane,
)
from campaigns.sending import expired, feeding, lanes, launch, pump
from campaigns.states import CampaignState, MessageState, Outcome
from campaigns.tracking import intake, progress, reading, restoring
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import deployment
from pecportal.operation.models import Deployment
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("olga@portale.example")


def send() -> int:
    return pump.run()


def read(campaign: Campaign) -> None:
    reading.read(campaign.mailbox_id, client=vendors.connect())


def as_before_sending(campaign: Campaign) -> None:
    """The rows as a backup has them that was made before the campaign's messages were sent."""
    messages = Message.objects.filter(campaign=campaign)
    Reservation.objects.all().delete()
    Receipt.objects.all().delete()
    Attempt.objects.filter(message__in=messages).delete()
    messages.update(state=MessageState.QUEUED, status="queued", verdict="none", sent_at=None, accepted_at=None)
    messages.update(decided_at=None, deadline_at=None)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.RUNNING)
    InboxScan.objects.all().delete()
    InboxWatch.objects.all().delete()


def restore(*, minutes_ago: int = 10) -> None:
    deployment.restored()
    Deployment.objects.update(sending_off_since=timezone.now() - timedelta(minutes=minutes_ago))


def states() -> list[str]:
    return sorted(Message.objects.values_list("state", flat=True))


def test_while_sending_is_off_nothing_is_claimed(box: Sandbox) -> None:
    running(messages=2)
    restore()

    assert send() == 0
    assert lanes.acquire("a pump") == []
    assert states() == ["queued", "queued"]


def test_a_pump_that_holds_its_lanes_already_claims_nothing_more(box: Sandbox) -> None:
    running(messages=2)
    (mailbox_id,) = lanes.acquire("a pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    restore()

    feeding.feed(lane)

    assert not lane.feeds


def test_the_campaigns_page_says_so(box: Sandbox) -> None:
    campaign = running(messages=1)
    assert progress.hold(campaign) is None
    restore()

    held = progress.hold(campaign)

    assert held is not None
    assert "restored" in held.sentence


def test_what_was_sent_after_the_backup_is_found_and_not_sent_again(box: Sandbox, operator: User) -> None:
    campaign = running(messages=3)
    send()
    as_before_sending(campaign)
    late = running(messages=1, recipients=["nuova@prova.example"])
    restore()
    box.advance(hours=1)

    read(campaign)
    read(campaign)

    assert set(Message.objects.filter(campaign=campaign).values_list("state", flat=True)) == {"submitted"}
    assert set(Message.objects.filter(campaign=campaign).values_list("status", flat=True)) == {"delivered"}
    assert Reservation.objects.filter(released=False).count() == 3
    assert Entry.objects.filter(action="message.found_sent").count() == 3

    restoring.lift(actor=operator, reason="searched")
    send()

    assert box.sent_count == 4
    assert Message.objects.get(campaign=late).state == "submitted"


def test_it_is_not_switched_on_before_two_whole_readings_of_every_mailbox(box: Sandbox, operator: User) -> None:
    campaign = running(messages=1)
    restore()
    for _ in range(2):
        with pytest.raises(Refusal, match=ADDRESS):
            restoring.lift(actor=operator, reason="in a hurry")
        read(campaign)

    restoring.lift(actor=operator, reason="searched")

    assert not deployment.is_off()
    assert Entry.objects.get(action="deployment.sending_on").facts["forced"] is False


def test_a_reading_right_after_the_restore_does_not_count(box: Sandbox) -> None:
    campaign = running(messages=1)
    restore(minutes_ago=1)

    for _ in range(2):
        read(campaign)

    assert not restoring.search().is_done
    assert restoring.is_due(campaign.mailbox_id)


def test_every_reading_is_a_whole_one_until_it_is_searched(box: Sandbox) -> None:
    campaign = running(messages=1)
    for _ in range(2):
        read(campaign)
    InboxScan.objects.update(started_at=timezone.now() - timedelta(hours=1))
    restore()

    for _ in range(3):
        read(campaign)

    assert list(InboxScan.objects.order_by("pk").values_list("full", flat=True)) == [True, False, True, True, False]


def test_it_is_read_often_until_it_is_searched_though_no_receipt_is_awaited(box: Sandbox, settings: Settings) -> None:
    settings.TRACKING_SECONDS, settings.TRACKING_IDLE_SECONDS = 0.0, 3600.0
    campaign = running(messages=1)
    restore()
    for _ in range(2):
        assert reading._take(campaign.mailbox_id, "a tracker")
        read(campaign)

    assert not reading._take(campaign.mailbox_id, "a tracker")


def test_mailboxes_are_read_though_no_campaign_of_theirs_was_launched_lately(box: Sandbox) -> None:
    campaign = running(messages=1)
    Campaign.objects.update(state=CampaignState.COMPLETED, launched_at=timezone.now() - timedelta(days=90))
    assert reading.watched() == []
    restore()

    assert reading.watched() == [campaign.mailbox_id]


def test_it_can_be_forced_with_a_reason_that_is_kept(box: Sandbox, operator: User) -> None:
    running(messages=1)
    restore()

    with pytest.raises(Refusal):
        restoring.lift(actor=operator, reason=" ", force=True)
    restoring.lift(actor=operator, reason="the mailbox is closed", force=True)

    facts = Entry.objects.get(action="deployment.sending_on").facts
    assert facts == {"reason": "the mailbox is closed", "forced": True, "unsearched": 1, "unknown": 0}
    with pytest.raises(Refusal, match="not switched off"):
        restoring.lift(actor=operator, reason="again", force=True)


def test_a_receipt_that_was_read_before_its_attempt_was_given_back_counts_all_the_same(box: Sandbox) -> None:
    campaign = running(messages=1)
    box.fail_next(429, headers={"Retry-After": "1"}, body=b'{"success": false, "message": "x"}')
    send()
    Message.objects.update(not_before=timezone.now())
    SendingLane.objects.update(held_until=None, hold="")
    send()
    second = Attempt.objects.get(n=2)
    Reservation.objects.filter(attempt=second).delete()
    second.delete()
    # the backup was made while the first attempt was under way
    Attempt.objects.update(outcome=None, phase="intent", leased_until=timezone.now() + timedelta(minutes=1))
    Reservation.objects.update(released=False)
    Message.objects.update(state=MessageState.SENDING, status="sending", sent_at=None, verdict="none")
    restore()
    box.advance(hours=1)
    read(campaign)
    assert set(Receipt.objects.values_list("problem", flat=True)) == {"unknown_reference"}
    Attempt.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    expired.settle()
    assert states() == ["queued"]

    assert intake.adopt_unknown() == 2
    assert intake.adopt_unknown() == 0

    assert states() == ["submitted"]
    assert list(Attempt.objects.order_by("n").values_list("outcome", flat=True)) == ["not_sent", "accepted"]
    assert Message.objects.get().status == "delivered"


def test_a_receipt_finds_no_message_of_another_mailbox_and_none_that_may_have_been_sent(box: Sandbox) -> None:
    campaign = running(messages=1)
    send()
    Attempt.objects.update(outcome=Outcome.UNCERTAIN, ref="0000000000")
    Message.objects.update(state=MessageState.QUEUED)
    box.advance(hours=1)

    read(campaign)

    assert Attempt.objects.count() == 1
    assert set(Receipt.objects.values_list("problem", flat=True)) == {"unknown_reference"}


def test_a_campaign_that_was_being_made_ready_goes_back_to_draft(box: Sandbox) -> None:
    campaign = running(messages=1)
    MessageContent.objects.all().delete()
    Message.objects.all().delete()
    Campaign.objects.update(state=CampaignState.LAUNCHING, frozen_line=0)
    restore()

    launch.freeze(campaign.pk)
    launch.freeze(campaign.pk)

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
    assert "restored" in campaign.problem
    assert not Message.objects.exists()


def test_no_campaign_is_started_while_sending_is_off(box: Sandbox) -> None:
    campaign = running(messages=1)
    restore()

    with pytest.raises(Refusal, match="switched off"):
        launch.launch(campaign, actor=campaign.created_by, seen="")


def test_receipts_of_unknown_campaigns_are_counted_for_the_operator(box: Sandbox) -> None:
    campaign = running(messages=1)
    send()
    Reservation.objects.all().delete()
    Attempt.objects.all().delete()
    MessageContent.objects.all().delete()
    Message.objects.all().delete()
    restore()
    box.advance(hours=1)

    read(campaign)

    assert restoring.search().unknown == 2


def test_the_commands_do_the_same(box: Sandbox, operator: User, capsys: pytest.CaptureFixture[str]) -> None:
    campaign = running(messages=1)
    call_command("restored")
    Deployment.objects.update(sending_off_since=timezone.now() - timedelta(minutes=10))
    with pytest.raises(CommandError, match="not searched"):
        call_command("lift_hold", by=operator.email, reason="x")
    with pytest.raises(CommandError, match="no active operator"):
        call_command("lift_hold", by=campaign.created_by.email, reason="x")
    read(campaign)
    read(campaign)

    call_command("lift_hold", by=operator.email, reason="searched")

    assert not deployment.is_off()
    assert f"{ADDRESS}: searched" in capsys.readouterr().out
