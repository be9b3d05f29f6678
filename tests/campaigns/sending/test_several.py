"""Several mailboxes send one campaign: each its part, by its own lane; what one cannot send, a person moves."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns import auditing
from campaigns.models import Attempt, Campaign, InboxWatch, Message, Receipt, SendingLane
from campaigns.models.tracking import Hold
from campaigns.preparing import schedule
from campaigns.preparing.schedule import When
from campaigns.sending import claims, feeding, lanes, launch, moving, pilots, pump
from campaigns.states import CampaignState, MessageState, Outcome, Pilot, Shown
from campaigns.tracking import intake, progress, reading
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import switches
from pecportal.operation.models import Scope
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests.campaigns import build, several
from tests.campaigns.several import FIRST, SECOND

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clerk() -> User:
    return build.clerk()


def box(address: str) -> Mailbox:
    return Mailbox.objects.get(address=address)


def lame(address: str) -> Mailbox:
    """The mailbox, whose credentials are refused from now on."""
    Mailbox.objects.filter(address=address).update(credentials_state=CredentialsState.REFUSED)
    return box(address)


def launched(campaign: Campaign) -> Campaign:
    return Campaign.objects.select_related("mailbox__plan", "organisation").get(pk=build.launched(campaign).pk)


def test_each_sends_its_part_and_the_receipts_of_both_inboxes_count(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=10, vendor=vendor))
    assert several.split(campaign) == {FIRST: 5, SECOND: 5}

    pump.run()
    vendor.advance(hours=1)
    InboxWatch.objects.update(read_at=None)
    assert set(reading.watched()) == {box(FIRST).pk, box(SECOND).pk}
    for pk in reading.watched():
        reading.read(pk, client=vendors.connect())

    assert Counter(sent.sender for sent in vendor.ledger) == {FIRST: 5, SECOND: 5}
    assert len({sent.recipient for sent in vendor.ledger}) == 10
    assert progress.of(campaign).count(Shown.DELIVERED) == 10
    assert [(mine.address, part.sent) for mine, part in progress.by_mailbox(campaign)] == [(FIRST, 5), (SECOND, 5)]
    for message in Message.objects.select_related("mailbox"):
        attempt = message.attempts.get()
        assert attempt.mailbox_id == message.mailbox_id
        assert attempt.route is not None
        assert attempt.route.mailbox_id == message.mailbox_id
    launch.complete()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.COMPLETED


def test_a_lane_claims_only_its_own_messages(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=6, vendor=vendor))
    holder = "this pump"
    mine = lanes.acquire(holder)
    assert sorted(mine) == sorted([box(FIRST).pk, box(SECOND).pk])
    lane = lanes.load(box(SECOND).pk)
    assert lane is not None
    feeding.feed(lane)
    jobs = claims.claim(lane, limit=50)

    claimed = Message.objects.filter(pk__in=[job.message_id for job in jobs])
    assert {message.mailbox.address for message in claimed} == {SECOND}
    assert several.split(campaign, state=MessageState.QUEUED) == {FIRST: 3}


def test_one_that_stands_still_leaves_the_other_alone_and_says_so(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=8, vendor=vendor))
    lame(SECOND)

    pump.run()

    assert several.split(campaign, state=MessageState.SUBMITTED) == {FIRST: 4}
    assert lanes.due_mailboxes() == []
    (still,) = progress.standstills(campaign)
    assert (still.mailbox, still.messages, still.is_stuck) == (box(SECOND), 4, True)
    assert "refuses" in still.sentence


@pytest.mark.parametrize("hold", [Hold.WALLET, Hold.VENDOR, Hold.CAP])
def test_a_hold_of_one_is_told_of_that_one(clerk: User, hold: Hold, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, vendor=vendor))
    until = timezone.now() + timedelta(hours=1)
    SendingLane.objects.create(mailbox=box(FIRST), hold=hold, held_until=until)

    (still,) = progress.standstills(campaign)

    assert (still.mailbox, still.is_stuck) == (box(FIRST), hold == Hold.WALLET)


def test_a_full_one_stands_still_and_the_other_sends(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=4, vendor=vendor))
    Mailbox.objects.filter(address=FIRST).update(space_used=99, space_limit=100)
    campaign.mailbox.refresh_from_db()

    pump.run()

    assert several.split(campaign, state=MessageState.SUBMITTED) == {SECOND: 2}
    assert [still.mailbox for still in progress.standstills(campaign)] == [box(FIRST)]


def test_one_whose_plan_is_used_up_waits_alone(clerk: User, vendor: Sandbox) -> None:
    draft = several.ready(clerk, count=10, vendor=vendor)
    Mailbox.objects.filter(address=SECOND).update(plan=Plan.objects.create(name="Piccolo", daily_limit=52, margin=50))
    campaign = launched(draft)
    assert several.split(campaign) == {FIRST: 8, SECOND: 2}
    Plan.objects.update(daily_limit=51)

    pump.run()

    assert several.split(campaign, state=MessageState.SUBMITTED) == {FIRST: 8, SECOND: 1}
    assert lanes.due_mailboxes() == []
    (still,) = progress.standstills(campaign)
    assert (still.mailbox, still.messages, still.is_stuck) == (box(SECOND), 1, False)


def test_pausing_and_stopping_concern_all_of_them(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=6, vendor=vendor))
    launch.pause(campaign, actor=clerk)
    assert pump.run() == 0
    lame(FIRST)
    launch.resume(Campaign.objects.get(pk=campaign.pk), actor=clerk)  # the other one can go on
    launch.pause(campaign, actor=clerk)
    lame(SECOND)
    with pytest.raises(Refusal, match="refuses"):
        launch.resume(Campaign.objects.get(pk=campaign.pk), actor=clerk)

    found = launch.stop(campaign, actor=clerk)

    assert found.kept_back == 6
    assert several.split(campaign, state=MessageState.CANCELLED) == {FIRST: 3, SECOND: 3}


def test_a_start_that_is_taken_back_and_made_again_splits_as_its_sheet_says(clerk: User) -> None:
    draft = several.ready(clerk, count=7)
    schedule.save(draft, When(starts_at=timezone.now() + timedelta(days=1)), actor=clerk)
    campaign = launched(draft)
    before = list(Message.objects.order_by("line").values_list("line", "mailbox"))
    launch.undo(campaign, actor=clerk)
    assert not Message.objects.exists()

    launch.launch(campaign, actor=clerk, seen=campaign.sheets.get().sha256)
    launch.freeze(campaign.pk)

    assert list(Message.objects.order_by("line").values_list("line", "mailbox")) == before


def test_a_crash_between_batches_loses_and_doubles_no_row(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "BATCH", 3)
    draft = several.ready(clerk, count=11)
    launch.launch(draft, actor=clerk, seen=build.checked(draft).sha256)
    whole, calls = launch._insert, []

    def dies(*args: object) -> str:
        calls.append(1)
        digest = whole(*args)  # type: ignore[arg-type]
        if len(calls) == 3:
            raise KeyboardInterrupt
        return digest

    monkeypatch.setattr(launch, "_insert", dies)
    with pytest.raises(KeyboardInterrupt):
        launch.freeze(draft.pk)
    assert Message.objects.count() == 6
    monkeypatch.setattr(launch, "_insert", whole)
    launch.freeze(draft.pk)

    draft.refresh_from_db()
    assert draft.state == CampaignState.RUNNING
    dealt = list(Message.objects.order_by("line").values_list("mailbox__address", flat=True))
    assert dealt == [FIRST, SECOND] * 5 + [FIRST]


def test_the_trial_is_sent_from_each_in_turn(clerk: User, vendor: Sandbox) -> None:
    draft = several.ready(clerk, count=9, vendor=vendor)
    schedule.save(draft, When(pilot_size=2), actor=clerk)
    campaign = launched(draft)

    assert pump.run() == 2

    assert several.split(campaign, state=MessageState.SUBMITTED) == {FIRST: 1, SECOND: 1}
    Message.objects.filter(state=MessageState.SUBMITTED).update(accepted_at=timezone.now(), status="accepted")
    pilots.watch()
    assert pump.run() == 7
    campaign.refresh_from_db()
    assert campaign.pilot == Pilot.PASSED


def test_what_waits_at_a_dead_one_is_moved_by_a_person_and_sent_once(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=10, vendor=vendor))
    vendor.create_mailbox(SECOND, "another password")  # somebody changed it at the provider
    pump.run()
    assert len(vendor.ledger) == 5
    assert box(SECOND).why_not() is not None
    assert Attempt.objects.filter(outcome=Outcome.NOT_SENT, mailbox=box(SECOND)).exists()

    found = moving.move(campaign, box(SECOND), actor=clerk)
    assert (found.count, found.staying) == (5, 0)
    pump.run()

    assert several.split(campaign) == {FIRST: 10}
    assert len({sent.recipient for sent in vendor.ledger}) == len(vendor.ledger) == 10
    entry = Entry.objects.get(action="campaign.move_messages")
    assert entry.facts["messages"] == 5
    assert campaign.history.filter(by=clerk, reason__contains="5 messages").count() == 1
    with pytest.raises(Refusal, match="cannot be moved now"):
        moving.move(campaign, box(SECOND), actor=clerk)


def test_what_may_have_been_sent_is_never_moved(clerk: User) -> None:
    campaign = launched(several.ready(clerk, count=8))
    first, second, third, _fourth = Message.objects.filter(mailbox__address=SECOND).order_by("pk")
    Message.objects.filter(pk=first.pk).move(MessageState.SENDING)
    given_up = build.attempt(second, outcome=Outcome.PRESUMED_NOT_SENT)  # a person wants it sent again
    build.attempt(third, outcome=Outcome.NOT_SENT)
    lame(SECOND)

    found = moving.move(campaign, box(SECOND), actor=clerk)

    assert (found.count, found.staying) == (2, 1)
    assert set(Message.objects.filter(mailbox=box(SECOND))) == {first, second}
    assert given_up.mailbox == box(SECOND)


def test_nothing_is_moved_from_one_that_sends_or_to_one_that_does_not(clerk: User) -> None:
    campaign = launched(several.ready(clerk, count=4))
    with pytest.raises(Refusal, match="can send"):
        moving.move(campaign, box(SECOND), actor=clerk)
    lame(SECOND)
    lame(FIRST)
    with pytest.raises(Refusal, match="nowhere to move"):
        moving.move(Campaign.objects.get(pk=campaign.pk), box(SECOND), actor=clerk)

    assert several.split(campaign) == {FIRST: 2, SECOND: 2}


def test_a_move_that_fails_half_way_moves_nothing(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    campaign = launched(several.ready(clerk, count=6))
    lame(SECOND)
    monkeypatch.setattr(moving, "_sentence", lambda *_args: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        moving.move(campaign, box(SECOND), actor=clerk)

    assert several.split(campaign) == {FIRST: 3, SECOND: 3}
    assert not Entry.objects.filter(action="campaign.move_messages").exists()


def test_after_a_restore_a_receipt_in_the_other_inbox_proves_what_was_moved(clerk: User) -> None:
    campaign = launched(several.ready(clerk, count=2))
    message = Message.objects.get(mailbox__address=SECOND)  # the backup was made before it was moved and sent
    proof = build.item(f"ACCETTAZIONE: Avviso Rif. {message.ref} 20261129010203041")

    intake.take(box(FIRST), [proof])

    message.refresh_from_db()
    attempt = Attempt.objects.get(message=message)
    assert (message.state, message.mailbox, attempt.mailbox) == (MessageState.SUBMITTED, box(FIRST), box(FIRST))
    assert Receipt.objects.get().attempt == attempt
    assert campaign.messages.filter(state=MessageState.QUEUED).count() == 1


def test_the_receipt_of_a_mailbox_that_does_not_send_it_proves_nothing(clerk: User) -> None:
    launched(several.ready(clerk, count=2))
    message = Message.objects.get(mailbox__address=SECOND)
    stranger = build.sender(build.organisation_of(build.clerk()))

    intake.take(stranger, [build.item(f"ACCETTAZIONE: Avviso Rif. {message.ref} 20261129010203041")])

    message.refresh_from_db()
    assert message.state == MessageState.QUEUED


def test_campaigns_of_one_mailbox_cost_the_engine_no_more_queries(vendor: Sandbox) -> None:
    campaign = launched(build.ready())
    assert campaign.mailbox.address  # loaded
    with CaptureQueriesContext(connection) as asked:
        assert campaign.senders == [campaign.mailbox]
        assert lanes.due_mailboxes() == [campaign.mailbox_id]

    assert not [query for query in asked if "campaignmailbox" in query["sql"].lower()]


def test_the_self_audit_asks_about_each_of_them(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=4, vendor=vendor))
    old = timezone.now() - timedelta(minutes=20)
    Campaign.objects.update(state_since=old)
    Message.objects.update(not_before=old)
    assert list(auditing.queued_unheld()) == [campaign.pk]

    until = timezone.now() + timedelta(hours=1)
    SendingLane.objects.create(mailbox=box(SECOND), hold=Hold.WALLET, held_until=until)
    assert list(auditing.queued_unheld()) == [campaign.pk]
    pump.run()  # the first one sends its own
    assert several.split(campaign, state=MessageState.QUEUED) == {SECOND: 2}
    assert list(auditing.queued_unheld()) == []
    SendingLane.objects.update(hold="")

    assert list(auditing.queued_unheld()) == [campaign.pk]


def test_a_switch_of_one_mailbox_stops_that_one_and_is_told_of_it(clerk: User, vendor: Sandbox) -> None:
    campaign = launched(several.ready(clerk, count=4, vendor=vendor))
    operator = User.objects.create_superuser("operatore@portale.example", "password")
    switches.turn_off(Scope.MAILBOX, box(SECOND).pk, sentence="We look into it.", reason="Doubt", actor=operator)

    pump.run()

    assert several.split(campaign, state=MessageState.SUBMITTED) == {FIRST: 2}
    assert lanes.due_mailboxes() == []
    (still,) = progress.standstills(campaign)
    assert (still.mailbox, still.messages, still.is_stuck) == (box(SECOND), 2, False)
    assert "We look into it." in still.sentence
