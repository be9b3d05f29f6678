"""What comes too late: it calls a second attempt back while it can, and is an incident when it cannot."""

from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.db import transaction
from django.utils import timezone

from campaigns import evidence, incidents, tasks
from campaigns.models import Attempt, Campaign, Choice, Incident, Message, Receipt, Reservation
from campaigns.sending import claims, decisions, endings, expired, feeding, lanes, outcomes, pump
from campaigns.sending.lanes import Job, Lane
from campaigns.states import CampaignState, MessageState, Outcome
from campaigns.tracking import intake, reading
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.journal.record import verify
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from pecportal.upstream.errors import Rejected
from pecportal.upstream.inbox import InboxItem
from pecportal.upstream.massiva import Accepted
from tests.campaigns import doubts
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
CODE = "2020082610003492"
TAKEN = outcomes.accepted(Accepted(CODE, b"{}"))


def lane() -> Lane:
    """The lane of the one mailbox, as a pump that has just taken it holds it."""
    (mailbox_id,) = lanes.acquire("a pump")
    held = lanes.load(mailbox_id)
    assert held is not None
    feeding.feed(held)
    return held


@pytest.fixture
def first() -> Attempt:
    """A first attempt whose answer was lost, for which a person decided to send the message again."""
    campaign = running(messages=1)
    held = lane()
    (job,) = claims.claim(held, limit=1)
    endings.mark([job])
    Attempt.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    expired.settle()
    past = timezone.now() - timedelta(hours=1)
    Attempt.objects.update(marked_at=past, ended_at=past)
    lanes.release("a pump", [held])
    attempt = Attempt.objects.select_related("message__campaign__organisation", "mailbox").get()
    doubts.make_absent(attempt)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.COMPLETED)
    decisions.decide(
        attempt,
        choice=Choice.SEND_AGAIN,
        reason="x",
        seen=doubts.seen(attempt),
        actor=doubts.approver(campaign.organisation),
    )
    return attempt


def message(attempt: Attempt) -> Message:
    return Message.objects.get(pk=attempt.message_id)


def second(attempt: Attempt) -> Attempt:
    return Attempt.objects.get(message=attempt.message_id, n=2)


def claimed(attempt: Attempt) -> Job:
    (job,) = claims.claim(lane(), limit=1)
    assert job.message_id == attempt.message_id
    assert job.ref == f"{attempt.ref}-2"
    return job


def receipt(attempt: Attempt, prefix: str = "ACCETTAZIONE") -> int:
    """A receipt of the attempt comes in."""
    item = InboxItem(
        id="1",
        sender="posta-certificata@gestore.example",
        recipient=ADDRESS,
        date=format_datetime(timezone.now()),
        subject=f"{prefix}: Avviso Rif. {attempt.ref} {CODE}",
        body="ricevuta",
        raw=b"{}",
    )
    return intake.take(attempt.mailbox, [item])


def record(attempt: Attempt) -> None:
    """The worker that slept writes down what it was answered."""
    with transaction.atomic():
        endings.finish([(attempt.message_id, attempt.pk, TAKEN)])


NEWS = pytest.mark.parametrize("news", [receipt, record])


@NEWS
def test_a_second_attempt_that_was_only_decided_is_never_made(first: Attempt, news: object) -> None:
    news(first)  # type: ignore[operator]
    news(first)  # type: ignore[operator]

    assert doubts.outcome(first) == "accepted"
    assert Attempt.objects.get(pk=first.pk).code == CODE
    assert message(first).state == MessageState.SUBMITTED
    assert pump.run() == 0
    assert not Incident.objects.exists()
    assert Entry.objects.filter(action="message.called_back").count() == 1


@NEWS
def test_a_second_attempt_that_was_claimed_is_called_back_before_its_mark(first: Attempt, news: object) -> None:
    job = claimed(first)

    news(first)  # type: ignore[operator]

    assert endings.mark([job]) == set()
    endings.finish([(job.message_id, job.attempt_id, outcomes.aborted("not marked"))])
    assert doubts.outcome(first) == "accepted"
    assert second(first).outcome == Outcome.NOT_SENT
    assert message(first).state == MessageState.SUBMITTED
    assert Reservation.objects.get(attempt=second(first)).released
    assert not Reservation.objects.get(attempt=first).released
    assert not Incident.objects.exists()


@NEWS
@pytest.mark.parametrize("ended", [None, "uncertain", "accepted"])
def test_a_second_attempt_on_the_wire_or_done_makes_it_an_incident(
    first: Attempt, news: object, ended: str | None
) -> None:
    job = claimed(first)
    assert endings.mark([job]) == {job.attempt_id}
    if ended == "accepted":
        endings.finish([(job.message_id, job.attempt_id, outcomes.accepted(Accepted("2020082610003493", b"{}")))])
    elif ended == "uncertain":
        endings.finish([(job.message_id, job.attempt_id, outcomes.interrupted("killed"))])
    before = message(first).state

    news(first)  # type: ignore[operator]
    news(first)  # type: ignore[operator]
    intake.settle_proven()

    incident = Incident.objects.get()
    assert (incident.kind, incident.attempt_id) == ("sent_twice", first.pk)
    assert doubts.outcome(first) == "presumed_not_sent"
    assert second(first).outcome == ended
    assert message(first).state == before
    assert Entry.objects.filter(action="message.incident").count() == 1
    assert Alert.objects.get(kind="incident").ended_at is None
    assert verify() is None


def test_both_receipts_of_a_message_that_was_sent_twice_are_kept(first: Attempt) -> None:
    job = claimed(first)
    endings.mark([job])
    receipt(first)

    assert Receipt.objects.filter(attempt=first).count() == 1
    assert message(first).status == "accepted"


def later() -> outcomes.Ending:
    """The provider refuses for now."""
    return outcomes.failed(Rejected("wait", status=429, retry_after=1.0), failures=0)


@NEWS
@pytest.mark.parametrize("ended", ["in time", "late"])
def test_a_second_attempt_that_was_not_sent_leaves_the_first_one_that_was(
    first: Attempt, news: object, ended: str
) -> None:
    job = claimed(first)
    endings.mark([job])
    if ended == "late":
        endings.finish([(job.message_id, job.attempt_id, outcomes.interrupted("it slept"))])
    news(first)  # type: ignore[operator]

    for _ in range(2):
        with transaction.atomic():
            endings.finish([(job.message_id, job.attempt_id, later())])

    assert message(first).state == MessageState.SUBMITTED
    assert (doubts.outcome(first), doubts.outcome(second(first))) == ("accepted", "not_sent")
    assert Attempt.objects.get(pk=first.pk).code == CODE
    assert pump.run() == 0
    assert Attempt.objects.filter(message=first.message_id).count() == 2
    assert Incident.objects.get().kind == "sent_twice"


@NEWS
def test_while_the_first_attempt_is_proven_nobody_sends_it_a_third_time(first: Attempt, news: object) -> None:
    job = claimed(first)
    endings.mark([job])
    news(first)  # type: ignore[operator]
    endings.finish([(job.message_id, job.attempt_id, outcomes.interrupted("killed"))])
    doubt = second(first)
    Attempt.objects.filter(pk=doubt.pk).update(marked_at=first.marked_at, ended_at=first.ended_at)
    doubts.make_absent(doubt)
    approver = doubts.approver(first.message.campaign.organisation)

    with pytest.raises(Refusal, match="earlier attempt of this message was sent"):
        decisions.decide(doubt, choice=Choice.SEND_AGAIN, reason="x", seen=doubts.seen(doubt), actor=approver)
    decisions.decide(doubt, choice=Choice.NOT_SENT, reason="x", seen=doubts.seen(doubt), actor=approver)

    row = message(first)
    assert (row.state, row.declared) == (MessageState.SUBMITTED, "")
    assert (doubts.outcome(first), doubts.outcome(doubt)) == ("accepted", "presumed_not_sent")
    assert Incident.objects.get().kind == "sent_twice"


def test_a_message_whose_receipt_came_before_the_provider_refused_it_is_not_queued_again() -> None:
    running(messages=1)
    held = lane()
    (job,) = claims.claim(held, limit=1)
    endings.mark([job])
    attempt = Attempt.objects.select_related("mailbox").get()
    receipt(attempt)

    with transaction.atomic():
        endings.finish([(job.message_id, job.attempt_id, later())])

    assert message(attempt).state == MessageState.SUBMITTED
    assert doubts.outcome(attempt) == "accepted"
    assert Attempt.objects.get().code == CODE
    assert Incident.objects.get().kind == "not_unsent"
    assert not Reservation.objects.get().released
    held.rewind()
    assert claims.claim(held, limit=1) == []


@pytest.mark.parametrize("known", ["receipt", "declared"])
def test_a_late_answer_is_kept_though_the_message_counts_as_sent_already(known: str) -> None:
    attempt = doubts.doubt()
    if known == "receipt":
        receipt(attempt)
    else:
        Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.ACCEPTED)
        Message.objects.filter(pk=attempt.message_id).update(state="submitted", status="submitted", declared="sent")

    for _ in range(2):
        record(attempt)

    row = Attempt.objects.get(pk=attempt.pk)
    assert (row.outcome, row.answer_status, row.answer, row.code) == ("accepted", 201, "{}", CODE)
    assert message(attempt).declared == ""


def test_a_refused_first_attempt_was_not_sent_twice(first: Attempt) -> None:
    job = claimed(first)
    endings.mark([job])

    receipt(first, "AVVISO DI NON ACCETTAZIONE")

    assert not Incident.objects.exists()
    assert doubts.outcome(first) == "presumed_not_sent"


def test_a_receipt_for_a_message_that_was_closed_as_not_sent_is_an_incident_and_counts(first: Attempt) -> None:
    Message.objects.filter(pk=first.pk).update(state=MessageState.FAILED)
    Message.objects.filter(pk=first.message_id).update(state=MessageState.FAILED, status="failed", declared="not_sent")

    receipt(first)

    assert Incident.objects.get().kind == "not_closed"
    row = message(first)
    assert (row.state, row.status, row.declared) == ("submitted", "accepted", "")
    assert doubts.outcome(first) == "accepted"


def test_a_receipt_read_before_the_attempt_was_called_not_sent_is_an_incident_all_the_same() -> None:
    running(messages=1)
    (job,) = claims.claim(lane(), limit=1)
    endings.mark([job])
    attempt = Attempt.objects.select_related("mailbox").get()
    receipt(attempt)
    assert attempt.outcome is None
    refused = outcomes.Ending(Outcome.NOT_SENT, MessageState.FAILED, answer="no")
    with transaction.atomic():
        endings.finish([(job.message_id, job.attempt_id, refused)])

    intake.settle_proven()
    intake.settle_proven()

    assert Incident.objects.get().kind == "not_unsent"
    assert message(attempt).state == MessageState.SUBMITTED
    assert not Reservation.objects.get().released


def test_a_late_refusal_proves_that_what_was_presumed_was_so_and_gives_the_reservation_back(first: Attempt) -> None:
    assert not Reservation.objects.get(attempt=first).released
    refused = outcomes.Ending(Outcome.NOT_SENT, MessageState.FAILED, answer_status=400, answer="no")

    for _ in range(2):
        with transaction.atomic():
            endings.finish([(first.message_id, first.pk, refused)])

    assert doubts.outcome(first) == "not_sent"
    assert Reservation.objects.get(attempt=first).released
    assert message(first).state == MessageState.QUEUED
    assert not Incident.objects.exists()


def test_a_person_sees_an_incident_once_and_the_alert_ends(first: Attempt) -> None:
    job = claimed(first)
    endings.mark([job])
    receipt(first)
    incident = Incident.objects.select_related("message__campaign__organisation").get()
    actor = doubts.approver(incident.message.campaign.organisation)

    assert incidents.see(incident, actor=actor)
    assert not incidents.see(incident, actor=actor)

    incident.refresh_from_db()
    assert incident.seen_by == actor
    assert Alert.objects.get(kind="incident").ended_at is not None
    assert Entry.objects.filter(action="message.incident_seen").count() == 1


def test_a_receipt_proves_what_a_person_had_only_declared() -> None:
    attempt = doubts.doubt()
    Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.ACCEPTED)
    Message.objects.filter(pk=attempt.message_id).update(state="submitted", status="submitted", declared="sent")

    receipt(attempt)

    row = message(attempt)
    assert (row.status, row.declared) == ("accepted", "")
    assert Attempt.objects.get(pk=attempt.pk).code == CODE


def test_the_message_sent_again_leaves_under_a_reference_of_its_own_and_once(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    campaign = running(messages=2)
    vendor.drop_next_answer(after_accepting=False)
    pump.run()
    attempt = Attempt.objects.select_related("message__campaign", "mailbox").get(outcome=Outcome.UNCERTAIN)
    past = timezone.now() - timedelta(hours=1)
    Attempt.objects.filter(pk=attempt.pk).update(marked_at=past, ended_at=past)
    vendor.advance(hours=1)
    for _ in range(2):
        reading.read(campaign.mailbox_id, client=vendors.connect())
    attempt.refresh_from_db()
    doubts.space(attempt.mailbox, percent=5)
    assert Campaign.objects.get().state == CampaignState.COMPLETED

    decisions.decide(
        attempt,
        choice=Choice.SEND_AGAIN,
        reason="x",
        seen=doubts.seen(attempt),
        actor=doubts.approver(campaign.organisation),
    )
    pump.run()

    assert sorted(entry.recipient for entry in vendor.ledger) == ["ditta0@prova.example", "ditta1@prova.example"]
    assert vendor.ledger[-1].subject.endswith(f"Rif. {attempt.ref}-2")
    assert message(attempt).state == MessageState.SUBMITTED
    assert Campaign.objects.get().state == CampaignState.COMPLETED


def test_no_periodic_job_ever_sends_a_doubt_again_by_itself(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    running(messages=1)
    vendor.drop_next_answer(after_accepting=False)
    pump.run()
    attempt = Attempt.objects.select_related("message", "mailbox").get()
    long_ago = timezone.now() - timedelta(days=400)
    Attempt.objects.update(claimed_at=long_ago, marked_at=long_ago, ended_at=long_ago, leased_until=long_ago)
    Message.objects.update(state_since=long_ago, not_before=long_ago)
    doubts.make_absent(attempt)

    for job in (tasks.sweep, tasks.search, tasks.track, tasks.pump, tasks.sweep, tasks.pump):
        job()

    assert evidence.of(attempt).is_absent
    assert message(attempt).state == MessageState.UNCERTAIN
    assert Attempt.objects.filter(message=attempt.message_id).count() == 1
    assert vendor.sent_count == 0
