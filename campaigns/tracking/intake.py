"""Taking in what an inbox held: kept as it came, given to its message, judged; one transaction a page."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from campaigns.models import Attempt, Message, Receipt, Reservation
from campaigns.states import MessageState, Outcome
from campaigns.tracking import matching, receipts, statuses
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.journal.record import record
from pecportal.upstream.inbox import InboxItem

logger = logging.getLogger(__name__)

# kinds that prove that the provider took our message
PROOFS = frozenset(
    {
        receipts.Kind.ACCEPTANCE,
        receipts.Kind.DELIVERY,
        receipts.Kind.NON_DELIVERY,
        receipts.Kind.NON_DELIVERY_VIRUS,
        receipts.Kind.TIMEOUT_NOTICE,
    }
)
# kinds that prove that it got our message, and sent nothing on
REFUSALS = frozenset({receipts.Kind.NON_ACCEPTANCE, receipts.Kind.NON_ACCEPTANCE_VIRUS})


@dataclass(frozen=True, slots=True)
class Read:
    """An item, what its subject and text say, and the attempt it speaks of."""

    item: InboxItem
    receipt: receipts.Receipt
    identity: str
    match: matching.Match | None


def take(mailbox: Mailbox, items: Sequence[InboxItem]) -> int:
    """Keep the items, link them to their attempts, settle and judge the messages; return how many were new.

    The same items again change nothing.
    """
    found = [_read(item) for item in items]
    if not found:
        return 0
    with transaction.atomic():
        new = _new(mailbox, found)
        attempts = _attempts(mailbox, new)
        rows = [_row(mailbox, one, attempts) for one in new]
        Receipt.objects.bulk_create(rows)
        touched = {row.message_id for row in rows if row.message_id is not None}
        for one in new:
            if one.match and one.match.ref and (attempt := attempts.get(_key(one.match))):
                _prove(attempt, one)
        statuses.rejudge(touched)
    return len(new)


def settle_proven() -> int:
    """Settle doubts for which a receipt is there already: it was read before the attempt was given up; how many."""
    kinds = [kind.value for kind in PROOFS | REFUSALS]
    waiting = Receipt.objects.filter(attempt__outcome=Outcome.UNCERTAIN, kind__in=kinds).select_related("attempt")
    count = 0
    for receipt in waiting.order_by("pk"):
        match = matching.reference_in(receipt.subject)
        with transaction.atomic():
            if receipt.attempt is not None and receipt.message_id is not None:
                _settle(receipt.attempt, match.code if match else "")
                count += statuses.rejudge([receipt.message_id])
    return count


def _read(item: InboxItem) -> Read:
    receipt = receipts.read(item.subject, sender=item.sender, date=item.date, body=item.body or "")
    identity = receipts.identity(item.sender, item.date, item.subject)
    return Read(item, receipt, identity, matching.reference_in(item.subject))


def _new(mailbox: Mailbox, found: Iterable[Read]) -> list[Read]:
    by_identity = {one.identity: one for one in found}
    known = Receipt.objects.filter(mailbox=mailbox, identity__in=by_identity)
    for identity in known.values_list("identity", flat=True):
        by_identity.pop(identity, None)
    return list(by_identity.values())


def _key(match: matching.Match) -> str:
    return matching.attempt_ref(match)


def _attempts(mailbox: Mailbox, new: Iterable[Read]) -> dict[str, Attempt]:
    """The attempts that the items name, of this mailbox alone, locked."""
    refs = {_key(one.match) for one in new if one.match}
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("message__campaign__organisation")
    return {row.ref: row for row in rows.filter(mailbox=mailbox, ref__in=refs)}


def _row(mailbox: Mailbox, one: Read, attempts: dict[str, Attempt]) -> Receipt:
    attempt, problem = _owner(one, attempts)
    receipt, item = one.receipt, one.item
    return Receipt(
        mailbox=mailbox,
        message_id=attempt.message_id if attempt else None,
        attempt=attempt,
        identity=one.identity,
        kind=receipt.kind.value,
        sender=item.sender[:500],
        subject=item.subject[:1000],
        date_text=item.date[:100],
        at=receipt.certified_at or receipt.when,
        is_final=receipt.final,
        is_certified=receipt.certified,
        cause=receipt.cause or "",
        reason=(receipt.reason or "")[:1000],
        body=(item.body or "").replace("\x00", "�"),
        raw=item.raw.decode("utf-8", "replace").replace("\x00", "�"),
        item_id=(item.id or "")[:100],
        problem=problem,
        seen_at=clock.now(),
    )


def _owner(one: Read, attempts: dict[str, Attempt]) -> tuple[Attempt | None, str]:
    """The attempt that the item belongs to, or why it is nobody's."""
    if one.receipt.kind in (receipts.Kind.INCOMING, receipts.Kind.ANOMALY):
        return None, ""
    if one.match is None:
        return None, "no_reference"
    attempt = attempts.get(_key(one.match))
    if attempt is None:
        return None, "unknown_reference"
    if not matching.agrees(one.match, attempt_ref=attempt.ref, code=attempt.code or None):
        return None, "other_code"
    return attempt, ""


def _prove(attempt: Attempt, one: Read) -> None:
    """A receipt proves that the provider took this attempt: settle it if it was open or in doubt."""
    if _owner(one, {attempt.ref: attempt})[0] is None or one.receipt.kind not in PROOFS | REFUSALS:
        return
    code = one.match.code if one.match else ""
    if attempt.outcome == Outcome.UNCERTAIN:
        _settle(attempt, code)
    elif attempt.outcome in (Outcome.NOT_SENT, Outcome.PRESUMED_NOT_SENT):
        _contradict(attempt, code)


def _settle(attempt: Attempt, code: str) -> None:
    taken = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNCERTAIN)
    if taken.update(outcome=Outcome.ACCEPTED, code=code):
        sent = attempt.marked_at or attempt.claimed_at
        Message.objects.filter(pk=attempt.message_id).move(MessageState.SUBMITTED, sent_at=sent)


def _contradict(attempt: Attempt, code: str) -> None:
    """The provider sent what it, or we, had called not sent: keep both, and send no second one if that can be."""
    message = Message.objects.select_for_update(of=("self",)).get(pk=attempt.message_id)
    live = Attempt.objects.filter(Q(outcome__isnull=True) | Q(outcome__in=["uncertain", "accepted"]), message=message)
    if not live.exists() and Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.ACCEPTED, code=code):
        sent = attempt.marked_at or attempt.claimed_at
        Message.objects.filter(pk=message.pk).move(MessageState.SUBMITTED, sent_at=sent)
        Reservation.objects.filter(attempt=attempt).update(released=False)
    logger.error("A receipt speaks of attempt %s, which was called not sent.", attempt.ref)
    record(
        "message.incident",
        organisation=message.campaign.organisation,
        target=message,
        attempt=attempt.ref,
        reason="receipt for an attempt called not sent",
    )
