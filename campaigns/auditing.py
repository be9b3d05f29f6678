"""The self-audit: questions to the rows, each of which must find none. Asked nightly, and whenever an operator likes.

Each question yields the ids of the rows that break a promise, in batches or row by row: memory stays flat.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns import carried, late, pacing, switched, timing
from campaigns.frozen import payload_hash
from campaigns.models import (
    Attachment,
    Attempt,
    Campaign,
    Decision,
    InboxWatch,
    Incident,
    Message,
    MessageContent,
    OwnFile,
    Receipt,
    Reservation,
    SendingLane,
)
from campaigns.models.message import LIVE
from campaigns.states import PREPARED, CampaignState, MessageState, Outcome
from mailboxes import papers
from mailboxes.models import Mailbox, Paper
from pecportal import clock, stored, vendor
from pecportal.encryption import Unreadable
from pecportal.journal import record as journal
from pecportal.operation import deployment, switches
from pecportal.operation.alerts import alert, all_clear
from pecportal.operation.models import AuditRun

logger = logging.getLogger(__name__)
ALERT: Final = "audit"
UNASKED: Final = "audit.unasked"  # the alert of a question that could not be asked
EXAMPLES: Final = 10
BATCH: Final = 1000
RELATED: Final = ("mailbox", *(f"mailbox__{name}" for name in vendor.RELATED))
NIGHTLY: Final = timedelta(hours=26)  # a day, and what an audit may be late
M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Question:
    """One promise: its name, what a row that was found means, and how such rows are found (by their ids)."""

    name: str
    sentence: str | Promise
    ask: Callable[[], Iterator[int]]


def run() -> AuditRun:
    """Ask all questions, keep what they found, raise an alert for each that found rows and end those that did not.

    One that cannot be asked, because files cannot be had just now or for an error of ours, is left out, and an alert
    says so: it found neither rows nor none.
    """
    audit = AuditRun.objects.create(started_at=clock.now())
    for question in QUESTIONS:
        try:
            count, examples = _count(question.ask())
        except Exception:  # the others are asked all the same
            logger.exception("The audit could not ask about %s.", question.name)
            alert(UNASKED, question.name)
            continue
        all_clear(UNASKED, question.name)
        audit.found[question.name] = count
        audit.total += count
        if count:
            alert(ALERT, question.name, count=count, examples=examples)
        else:
            all_clear(ALERT, question.name)
    audit.ended_at = clock.now()
    audit.save()
    return audit


def _count(found: Iterator[int]) -> tuple[int, list[int]]:
    count = 0
    examples: list[int] = []
    for pk in found:
        count += 1
        if len(examples) < EXAMPLES:
            examples.append(pk)
    return count, examples


def _ids(rows: models.QuerySet[M]) -> Iterator[int]:
    yield from rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=BATCH)


def submitted_unproven() -> Iterator[int]:
    """Messages called handed over, with no attempt that the provider took."""
    taken = Attempt.objects.filter(message=OuterRef("pk"), outcome=Outcome.ACCEPTED)
    return _ids(Message.objects.filter(~Exists(taken), state=MessageState.SUBMITTED))


def accepted_otherwise() -> Iterator[int]:
    """Attempts that the provider took, whose message says otherwise."""
    return _ids(Attempt.objects.filter(outcome=Outcome.ACCEPTED).exclude(message__state=MessageState.SUBMITTED))


def accepted_twice() -> Iterator[int]:
    """Messages that the provider took twice, without a person's decision."""
    decided = Decision.objects.filter(attempt__message=OuterRef("pk"), applied_at__isnull=False)
    taken = Count("attempts", filter=Q(attempts__outcome=Outcome.ACCEPTED))
    return _ids(Message.objects.annotate(taken=taken).filter(~Exists(decided), taken__gt=1))


def receipts_of_unsent() -> Iterator[int]:
    """Receipts that prove that an attempt was sent, though it is called not sent; nobody has looked at it."""
    seen = Incident.objects.filter(attempt=OuterRef("attempt"), seen_at__isnull=False)
    rows = Receipt.objects.filter(~Exists(seen), attempt__outcome__in=late.CALLED_NOT_SENT, kind__in=late.SENT_ON)
    return _ids(rows)


def campaigns_short() -> Iterator[int]:
    """Campaigns with more or fewer messages than recipients."""
    begun = Campaign.objects.filter(
        state__in=[CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.COMPLETED]
    )
    return _ids(begun.annotate(made=Count("messages")).exclude(made=F("recipients_total")))


def queued_unheld() -> Iterator[int]:
    """Running campaigns whose messages wait for more than 15 minutes, while nothing holds them and none is sent.

    Their own hours hold them, too: only those are asked about that were open all the while. So do switches. Of several
    mailboxes' campaign each mailbox is asked about.
    """
    if deployment.is_off():
        return
    off = switches.now()
    before, now = clock.real_now() - timedelta(minutes=15), clock.now()
    running = Campaign.objects.filter(state=CampaignState.RUNNING, state_since__lt=now - timedelta(minutes=15))
    waits = Message.objects.filter(campaign=OuterRef("pk"), state=MessageState.QUEUED, not_before__lt=before)
    lane = SendingLane.objects.filter(pk=OuterRef("mailbox"))
    held = lane.exclude(hold="").filter(Q(held_until__isnull=True) | Q(held_until__gt=before))
    moves = Attempt.objects.filter(claimed_at__gt=now - timedelta(minutes=15))
    none_moves = ~Exists(moves.filter(message__campaign=OuterRef("pk")))
    free = running.filter(Exists(waits), ~Exists(held), none_moves, is_split=False)
    for campaign in free.select_related(*RELATED).order_by("pk").iterator(chunk_size=BATCH):
        is_off = switched.off(campaign, off)
        if _was_open(campaign, now) and campaign.mailbox.why_not_now() is None and not is_off:
            yield campaign.pk
    for campaign in running.filter(Exists(waits), is_split=True).select_related("mailbox").order_by("pk"):
        mine = Message.objects.filter(campaign=campaign, state=MessageState.QUEUED, not_before__lt=before)
        waiting = Mailbox.objects.filter(pk__in=mine.values("mailbox"))
        mine_move = moves.filter(message__campaign=campaign, mailbox=OuterRef("pk"))
        boxes = waiting.annotate(mailbox=F("pk")).filter(~Exists(held), ~Exists(mine_move))
        may_send = any(box.why_not_now() is None and not switched.off_at(box, campaign, off) for box in boxes)
        if _was_open(campaign, now) and may_send:
            yield campaign.pk


def _was_open(campaign: Campaign, now: datetime) -> bool:
    hours = timing.hours_of(campaign)
    return hours.is_open(now) and hours.is_open(now - timedelta(minutes=15))


def sending_overdue() -> Iterator[int]:
    """Messages called being sent, though no attempt of theirs is within its lease (with two minutes to settle it)."""
    before = clock.database_now() - timedelta(minutes=2)
    current = Attempt.objects.filter(message=OuterRef("pk"), outcome__isnull=True, leased_until__gt=before)
    return _ids(Message.objects.filter(~Exists(current), state=MessageState.SENDING))


def doubts_unsought() -> Iterator[int]:
    """Attempts in doubt whose inbox was not read for two hours."""
    read = InboxWatch.objects.filter(pk=OuterRef("mailbox"), read_at__gt=clock.real_now() - timedelta(hours=2))
    old = Q(ended_at__lt=clock.now() - timedelta(hours=2)) | Q(ended_at__isnull=True)
    return _ids(Attempt.objects.filter(old, ~Exists(read), outcome=Outcome.UNCERTAIN))


def reservations_wrong() -> Iterator[int]:
    """Attempts that may have been sent without a share of the allowance, or were not sent and hold one."""
    held = Reservation.objects.filter(attempt=OuterRef("pk"), released=False)
    yield from _ids(Attempt.objects.filter(LIVE).filter(~Exists(held)))
    yield from _ids(Attempt.objects.filter(Exists(held), outcome=Outcome.NOT_SENT))


def caps_exceeded() -> Iterator[int]:
    """Mailboxes that reserved more than their plan allows, in any of its windows since the audit before this one.

    The windows are the plan's own; its margin may be used.
    """
    now = clock.now()
    until = pacing.minute_of(now)
    since = pacing.minute_of(now - NIGHTLY)
    for mailbox in Mailbox.objects.filter(plan__isnull=False).select_related("plan").order_by("pk"):
        limits = timing.limits_of(mailbox.plan, margin=False)
        used = timing.history_of(mailbox.pk, mailbox.plan, limits, now=now - NIGHTLY)
        if any(pacing.is_exceeded(limit, used, since=since, until=until) for limit in limits):
            yield mailbox.pk


def queued_alive() -> Iterator[int]:
    """Messages that wait to be sent while an attempt of theirs is under way or in doubt: nobody would claim them."""
    alive = Attempt.objects.filter(LIVE, message=OuterRef("pk")).exclude(outcome=Outcome.ACCEPTED)
    return _ids(Message.objects.filter(Exists(alive), state=MessageState.QUEUED))


def receipts_unseen() -> Iterator[int]:
    """Receipts that belong to no message, and that nobody has looked at for a day."""
    old = clock.now() - timedelta(days=1)
    return _ids(Receipt.objects.filter(message__isnull=True, desk="", seen_at__lt=old).exclude(problem=""))


def journal_broken() -> Iterator[int]:
    """The number of the journal's first entry that does not hold."""
    if found := journal.verify():
        yield found.number


def files_changed() -> Iterator[int]:
    """Files of campaigns that are gone, or are not what was handed in."""
    for model in (Attachment, OwnFile):
        rows = model._default_manager.exclude(campaign__state__in=[*PREPARED, CampaignState.STOPPED])
        for file in rows.order_by("pk").iterator(chunk_size=BATCH):
            if not stored.is_whole(file.stored_as, sha256=file.sha256):
                yield file.pk


def papers_changed() -> Iterator[int]:
    """Forms and identity documents that cannot be opened, or are not what was handed in."""
    for paper in Paper.objects.order_by("pk").iterator(chunk_size=100):
        try:
            papers.contents(paper)
        except (FileNotFoundError, Unreadable):
            yield paper.pk


def proofs_changed() -> Iterator[int]:
    """Receipts handed in with a decision that are gone, or are not what was handed in."""
    for decision in Decision.objects.exclude(proof_stored_as="").order_by("pk").iterator(chunk_size=BATCH):
        if not stored.is_whole(decision.proof_stored_as, sha256=decision.proof_sha256):
            yield decision.pk


def payloads_changed() -> Iterator[int]:
    """Messages whose address, subject, text or attachments are not what was frozen at the start."""
    files: dict[int, carried.Carried] = {}
    rows = MessageContent.objects.select_related("message").exclude(message__campaign__state=CampaignState.LAUNCHING)
    for content in rows.order_by("pk").iterator(chunk_size=BATCH):
        message = content.message
        if message.campaign_id not in files:
            files = {message.campaign_id: carried.of(message.campaign_id)}  # campaigns come one by one
        hashes = files[message.campaign_id].hashes(message.line)
        found = payload_hash(message.recipient, content.subject, content.body, hashes)
        if found != content.payload_sha256:
            yield message.pk


def without_acceptance() -> Iterator[int]:
    """Messages handed over 26 hours ago or more (40 days at most) of which no receipt says anything."""
    now = clock.now()
    sent = Message.objects.filter(state=MessageState.SUBMITTED, verdict="none")
    return _ids(sent.filter(sent_at__lt=now - timedelta(hours=26), sent_at__gt=now - timedelta(days=40)))


QUESTIONS: Final[tuple[Question, ...]] = (
    Question("submitted_unproven", _("Handed over, without an attempt that the provider took"), submitted_unproven),
    Question("accepted_otherwise", _("Taken by the provider, while the message says otherwise"), accepted_otherwise),
    Question("accepted_twice", _("Taken twice by the provider, without a person's decision"), accepted_twice),
    Question("receipts_of_unsent", _("A receipt for an attempt that is called not sent"), receipts_of_unsent),
    Question("campaigns_short", _("Campaigns with more or fewer messages than recipients"), campaigns_short),
    Question("queued_unheld", _("Campaigns that stand still, and nothing says why"), queued_unheld),
    Question("queued_alive", _("Waiting to be sent, while an attempt is under way or in doubt"), queued_alive),
    Question("sending_overdue", _("Being sent for longer than a sending may last"), sending_overdue),
    Question("doubts_unsought", _("In doubt, and not looked for in the mailbox for two hours"), doubts_unsought),
    Question("reservations_wrong", _("Reservations that do not agree with the attempts"), reservations_wrong),
    Question("caps_exceeded", _("Mailboxes that sent more than their plan allows"), caps_exceeded),
    Question("receipts_unseen", _("Unmatched receipts at which nobody has looked for a day"), receipts_unseen),
    Question("journal_broken", _("The journal was changed, from this entry on"), journal_broken),
    Question("files_changed", _("Attachments that are missing, or not what was handed in"), files_changed),
    Question("papers_changed", _("Documents that are missing, or not what was handed in"), papers_changed),
    Question("proofs_changed", _("Handed-in receipts that are missing, or not what was handed in"), proofs_changed),
    Question("payloads_changed", _("Messages that are not what was frozen at the start"), payloads_changed),
    Question("without_acceptance", _("Handed over more than 26 hours ago, without any receipt"), without_acceptance),
)


def sentence(name: str) -> str:
    """What rows found by a question mean; the name itself for one that is not asked any more."""
    return next((str(question.sentence) for question in QUESTIONS if question.name == name), name)


def facts(audit: AuditRun) -> list[tuple[str, Any]]:
    """The run's questions as sentences, each with how many rows it found."""
    return [(sentence(name), count) for name, count in audit.found.items()]
