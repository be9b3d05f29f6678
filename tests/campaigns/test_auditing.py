"""Every question of the self-audit finds what was broken on purpose, and a healthy engine has nothing to find."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from campaigns import auditing, tasks
from campaigns.frozen import payload_hash
from campaigns.models import (
    Attempt,
    Campaign,
    Decision,
    InboxWatch,
    Incident,
    Message,
    MessageContent,
    Receipt,
    Reservation,
    SendingLane,
)
from campaigns.models.decisions import Choice
from campaigns.models.tracking import Hold
from campaigns.sending import pump
from campaigns.states import CampaignState, MessageState, Outcome, Phase
from campaigns.tracking import reading
from mailboxes.models import Mailbox, Paper, Plan
from mailboxes.models.papers import PaperKind
from pecportal import vendor as vendors
from pecportal.journal import guard
from pecportal.journal.models import Entry
from pecportal.operation import deployment
from pecportal.operation.models import Alert, AuditRun
from pecportal.sandbox import Sandbox
from tests.campaigns import build
from tests.engine import running
from tests.mailboxes import build as boxes
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
OLD = timedelta(hours=30)


@pytest.fixture
def campaign(vendor: Sandbox) -> Campaign:
    """Three messages that were sent, and one file; every receipt was read."""
    vendor.create_mailbox(ADDRESS, PASSWORD)
    sent = running(messages=3)
    pump.run()
    vendor.advance(hours=1)
    reading.read(sent.mailbox_id, client=vendors.connect())
    boxes.paper(sent.mailbox, PaperKind.IDENTITY, b"%PDF-1.4 documento")
    return sent


def found() -> dict[str, int]:
    """What the audit finds, the questions without rows left out."""
    return {name: count for name, count in auditing.run().found.items() if count}


def test_a_question_that_fails_is_told_and_keeps_no_other_from_being_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("a row that nobody thought of")

    questions = (auditing.Question("first", "First", broken), auditing.Question("last", "Last", lambda: iter([7])))
    monkeypatch.setattr(auditing, "QUESTIONS", questions)

    audit = auditing.run()

    assert (audit.found, audit.total, audit.ended_at is not None) == ({"last": 1}, 1, True)
    assert set(Alert.objects.values_list("kind", "key")) == {("audit.unasked", "first"), ("audit", "last")}
    assert "a row that nobody thought of" in caplog.text
    assert "Traceback" in caplog.text

    monkeypatch.setattr(auditing, "QUESTIONS", (auditing.Question("first", "First", lambda: iter([])),))
    auditing.run()
    assert not Alert.objects.filter(kind="audit.unasked", ended_at=None).exists()


def test_a_healthy_engine_has_nothing_to_find(campaign: Campaign) -> None:
    assert found() == {}
    audit = AuditRun.objects.get()
    assert audit.ended_at is not None
    assert set(audit.found) == {question.name for question in auditing.QUESTIONS}
    assert not Alert.objects.exists()


def first(**fields: object) -> Attempt:
    """The first message's attempt, changed."""
    attempt = Attempt.objects.order_by("pk")[0]
    Attempt.objects.filter(pk=attempt.pk).update(**fields)
    return attempt


def submitted_unproven(campaign: Campaign) -> None:
    attempt = first()
    Receipt.objects.filter(attempt=attempt).update(attempt=None, message=None)
    Reservation.objects.filter(attempt=attempt).delete()
    attempt.delete()


def accepted_otherwise(campaign: Campaign) -> None:
    Message.objects.filter(pk=first().message_id).update(state=MessageState.FAILED)


def accepted_twice(campaign: Campaign) -> None:
    """Only a damaged database can hold it: ours forbids it."""
    one = first()
    with connection.schema_editor() as editor:
        constraint = next(each for each in Attempt._meta.constraints if each.name == "attempt_one_alive")
        editor.remove_constraint(Attempt, constraint)
    again = Attempt.objects.get(pk=one.pk)
    again.pk, again.n, again.ref = None, 2, f"{one.ref}-2"
    again.save(force_insert=True)
    Reservation.objects.create(attempt=again, mailbox=campaign.mailbox, at=timezone.now())


def receipts_of_unsent(campaign: Campaign) -> None:
    attempt = first(outcome=Outcome.NOT_SENT)
    Reservation.objects.filter(attempt=attempt).update(released=True)
    Message.objects.filter(pk=attempt.message_id).update(state=MessageState.FAILED)
    Receipt.objects.filter(attempt=attempt).exclude(kind="acceptance").update(kind="taking_charge")


def campaigns_short(campaign: Campaign) -> None:
    Campaign.objects.update(recipients_total=4)


def queued_unheld(campaign: Campaign) -> None:
    past = timezone.now() - timedelta(hours=1)
    other = running(messages=1)
    Campaign.objects.filter(pk=other.pk).update(state_since=past)
    Message.objects.filter(campaign=other).update(not_before=past)
    Attempt.objects.update(claimed_at=past)


def queued_alive(campaign: Campaign) -> None:
    attempt = first(outcome=None, leased_until=timezone.now() + OLD)
    Message.objects.filter(pk=attempt.message_id).update(state=MessageState.QUEUED)


def sending_overdue(campaign: Campaign) -> None:
    past = timezone.now() - timedelta(hours=1)
    attempt = first(outcome=None, leased_until=past)
    Message.objects.filter(pk=attempt.message_id).update(state=MessageState.SENDING)


def doubts_unsought(campaign: Campaign) -> None:
    attempt = first(outcome=Outcome.UNCERTAIN, ended_at=timezone.now() - OLD)
    Message.objects.filter(pk=attempt.message_id).update(state=MessageState.UNCERTAIN)
    InboxWatch.objects.update(read_at=timezone.now() - timedelta(hours=3))


def reservations_wrong(campaign: Campaign) -> None:
    Reservation.objects.filter(attempt=first()).update(released=True)


def caps_exceeded(campaign: Campaign) -> None:
    plan = Plan.objects.create(name="due al giorno", daily_limit=2, margin=0)
    Mailbox.objects.update(plan=plan)


def receipts_unseen(campaign: Campaign) -> None:
    receipt = Receipt.objects.exclude(kind="acceptance")[0]
    Receipt.objects.filter(pk=receipt.pk).update(
        message=None, attempt=None, problem="no_reference", seen_at=timezone.now() - OLD
    )


def journal_broken(campaign: Campaign) -> None:
    with guard.lifted():
        Entry.objects.filter(number=1).update(action="nothing.happened")


def files_changed(campaign: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.DRAFT)
    file = build.attach(campaign)
    MessageContent.objects.update(payload_sha256="")
    Campaign.objects.update(state=CampaignState.RUNNING)
    refreeze()
    build.path(file).unlink()


def refreeze() -> None:
    """The hashes as they would be with the present files."""
    for content in MessageContent.objects.select_related("message__campaign"):
        files = list(content.message.campaign.attachments.order_by("pk").values_list("sha256", flat=True))
        args = (content.message.recipient, content.subject, content.body, files)
        MessageContent.objects.filter(pk=content.pk).update(payload_sha256=payload_hash(*args))


def papers_changed(campaign: Campaign) -> None:
    Paper.objects.update(sha256="0" * 64)


def proofs_changed(campaign: Campaign) -> None:
    Decision.objects.create(
        attempt=first(),
        choice=Choice.WAIT,
        reason="x",
        evidence={},
        evidence_sha256="",
        proof_stored_as="proofs/gone",
        by=campaign.created_by,
        at=timezone.now(),
    )


def payloads_changed(campaign: Campaign) -> None:
    MessageContent.objects.filter(pk=first().message_id).update(body="<p>Altro.</p>")


def without_acceptance(campaign: Campaign) -> None:
    Message.objects.filter(pk=first().message_id).update(verdict="none", sent_at=timezone.now() - OLD)


BREAKS: list[Callable[[Campaign], None]] = [
    submitted_unproven,
    accepted_otherwise,
    accepted_twice,
    receipts_of_unsent,
    campaigns_short,
    queued_unheld,
    queued_alive,
    sending_overdue,
    doubts_unsought,
    reservations_wrong,
    caps_exceeded,
    receipts_unseen,
    journal_broken,
    files_changed,
    papers_changed,
    proofs_changed,
    payloads_changed,
    without_acceptance,
]


def test_every_question_is_tried() -> None:
    assert [broken.__name__ for broken in BREAKS] == [question.name for question in auditing.QUESTIONS]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.__name__)
def test_what_was_broken_is_found_by_its_question_alone(campaign: Campaign, broken: Callable[[Campaign], None]) -> None:
    broken(campaign)
    try:
        assert found() == {broken.__name__: 1}
        assert Alert.objects.get(ended_at=None).key == broken.__name__
    finally:
        if broken is accepted_twice:
            Reservation.objects.filter(attempt__n=2).delete()
            Attempt.objects.filter(n=2).delete()
            with connection.schema_editor() as editor:
                constraint = next(each for each in Attempt._meta.constraints if each.name == "attempt_one_alive")
                editor.add_constraint(Attempt, constraint)


def test_what_was_mended_ends_its_alert(campaign: Campaign) -> None:
    campaigns_short(campaign)
    tasks.selfaudit()
    tasks.selfaudit()
    alert = Alert.objects.get()
    assert (alert.times, alert.facts) == (2, {"count": 1, "examples": [campaign.pk]})

    Campaign.objects.update(recipients_total=3)
    tasks.selfaudit()

    alert.refresh_from_db()
    assert alert.ended_at is not None


def test_messages_without_any_attempt_are_overdue_too(campaign: Campaign) -> None:
    Message.objects.filter(pk=first().message_id).update(state=MessageState.SENDING)

    assert found() == {"sending_overdue": 1, "accepted_otherwise": 1}


def test_a_contradiction_that_a_person_has_seen_is_not_found_again(campaign: Campaign) -> None:
    receipts_of_unsent(campaign)
    attempt = Attempt.objects.order_by("pk")[0]
    now = timezone.now()
    Incident.objects.create(message=attempt.message, attempt=attempt, kind="x", at=now, seen_at=now)

    assert found() == {}


@pytest.mark.parametrize("held", ["hold", "off", "hours", "moving", "credentials", "space"])
def test_campaigns_that_something_holds_are_not_found(campaign: Campaign, held: str) -> None:
    queued_unheld(campaign)
    match held:
        case "hold":
            SendingLane.objects.update(hold=Hold.CAP)
        case "off":
            deployment.restored()
        case "hours":
            Campaign.objects.update(starts_at=timezone.now() + timedelta(hours=1))
        case "moving":
            moved = Message.objects.filter(campaign=Campaign.objects.latest("pk")).get()
            build.attempt(moved, outcome=Outcome.NOT_SENT)
        case "credentials":
            Mailbox.objects.update(credentials_state="refused")
        case "space":
            Mailbox.objects.update(space_used=95, space_limit=100)

    assert found() == {}


def test_hours_that_were_open_all_the_while_hold_no_campaign(campaign: Campaign) -> None:
    queued_unheld(campaign)
    Campaign.objects.update(starts_at=timezone.now() - timedelta(hours=1))

    assert found() == {"queued_unheld": 1}


def test_a_campaign_that_stands_still_is_found_while_its_mailbox_sends_others(campaign: Campaign) -> None:
    queued_unheld(campaign)
    Attempt.objects.update(claimed_at=timezone.now())

    assert found() == {"queued_unheld": 1}


@pytest.mark.parametrize("window", ["calendar", "rolling"])
def test_a_limit_that_was_passed_yesterday_evening_is_found_at_night(campaign: Campaign, window: str) -> None:
    night = timezone.localtime().replace(hour=3, minute=10) + timedelta(days=1)
    plan = Plan.objects.create(name="Di prova", daily_limit=2, margin=0, window=window)
    Mailbox.objects.update(plan=plan)
    Reservation.objects.update(at=night - timedelta(hours=6))

    with time_machine.travel(night, tick=False):
        assert list(auditing.caps_exceeded()) == [Mailbox.objects.get().pk]


def test_a_limit_by_the_calendar_is_not_asked_of_the_last_24_hours(campaign: Campaign) -> None:
    yesterday = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(minutes=5)
    plan = Plan.objects.create(name="Di prova", daily_limit=2, margin=0, window="calendar")
    Mailbox.objects.update(plan=plan)
    Reservation.objects.filter(attempt=first()).update(at=yesterday)

    assert found() == {}


def test_an_attempt_that_holds_a_share_though_it_was_not_sent_is_found(campaign: Campaign) -> None:
    one = running(messages=1)
    message = Message.objects.get(campaign=one)
    attempt = Attempt.objects.create(
        message=message,
        mailbox=message.mailbox,
        n=1,
        ref=message.ref,
        fence=1,
        phase=Phase.INTENT,
        outcome=Outcome.NOT_SENT,
        leased_until=timezone.now(),
        claimed_at=timezone.now(),
    )
    Reservation.objects.create(attempt=attempt, mailbox=message.mailbox, at=timezone.now())

    assert found() == {"reservations_wrong": 1}


def test_a_changed_file_is_found_like_a_missing_one(campaign: Campaign) -> None:
    Campaign.objects.update(state=CampaignState.DRAFT)
    file = build.attach(campaign)
    Campaign.objects.update(state=CampaignState.RUNNING)
    refreeze()
    assert found() == {}

    build.path(file).write_bytes(b"Altro.\n")

    assert found() == {"files_changed": 1}


def test_the_command_tells_it_by_its_exit_status(campaign: Campaign, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("selfaudit")
    campaigns_short(campaign)

    with pytest.raises(SystemExit) as left:
        call_command("selfaudit")

    assert left.value.code == 1
    assert "1  Campaigns with more or fewer messages than recipients" in capsys.readouterr().out
