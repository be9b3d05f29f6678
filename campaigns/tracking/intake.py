"""Taking in what an inbox held: kept as it came, given to its message, judged; one transaction a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from campaigns import late
from campaigns.models import Attempt, InboxWatch, Message, MessageContent, Receipt
from campaigns.models.message import LIVE
from campaigns.states import MessageState, Outcome
from campaigns.tracking import found_sent, matching, quarantine, receipts, statuses
from mailboxes.models import Mailbox
from pecportal import bulk, clock
from pecportal.upstream.inbox import InboxItem

# kinds that prove that the provider took our message, and sent it on
PROOFS = frozenset(map(receipts.Kind, late.SENT_ON))
# kinds that prove that it got our message, and sent nothing on
REFUSALS = frozenset({receipts.Kind.NON_ACCEPTANCE, receipts.Kind.NON_ACCEPTANCE_VIRUS})
UNSETTLED = (Outcome.UNCERTAIN, *late.CALLED_NOT_SENT)
PROVING = frozenset(kind.value for kind in PROOFS | REFUSALS)
KNOWN = ("pk", "message_id", "ref", "outcome", "code")  # the fields of Tried
COLUMNS = (
    *("mailbox_id", "message_id", "attempt_id", "identity", "kind", "sender", "subject", "date_text", "at"),
    *("is_final", "is_certified", "cause", "reason", "body", "raw", "item_id", "problem", "seen_at", "desk"),
)


@dataclass(frozen=True, slots=True)
class Read:
    """An item, what its subject and text say, the attempt it speaks of, and the references that it quotes."""

    item: InboxItem
    receipt: receipts.Receipt
    identity: str
    match: matching.Match | None
    quoted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What has to be known of an attempt, whose row is locked."""

    pk: int
    message_id: int
    ref: str
    outcome: str | None
    code: str


@dataclass(frozen=True, slots=True)
class Given:
    """An item with the attempt and the message that it was given to, or why it is nobody's."""

    read: Read
    attempt: Tried | None
    message_id: int | None
    problem: str


def take(mailbox: Mailbox, items: Sequence[InboxItem]) -> int:
    """Keep the items, link them to their attempts, settle and judge the messages; return how many were new.

    A mail that quotes a message's reference is linked to it as a reply, or a possible bounce, and proves nothing. The
    same items again change nothing.
    """
    found = [_read(item) for item in items]
    if not found:
        return 0
    with transaction.atomic():
        list(InboxWatch.objects.select_for_update().filter(pk=mailbox.pk))  # two may read one inbox: in turn
        new = _new(mailbox, found)
        if not new:
            return 0
        attempts = _attempts(mailbox, new)
        for one in new:
            if one.match and _key(one.match) not in attempts and one.receipt.kind in PROOFS | REFUSALS:
                found_in = found_sent.adopt(mailbox.pk, one.match, at=one.receipt.certified_at or one.receipt.when)
                attempts |= {found_in.ref: _tried(found_in)} if found_in else {}
        answered = _answered(mailbox, new)
        given = [_given(one, attempts, answered) for one in new]
        count = bulk.insert_missing(Receipt, COLUMNS, _rows(mailbox, given))
        quarantine.solve(mailbox, [one.identity for one in new])
        _prove(mailbox, given)
        statuses.rejudge({one.message_id for one in given if one.message_id is not None})
    return count


def settle_proven() -> int:
    """Settle what a receipt proves that was read before the attempt was given up or called not sent; how many.

    One that a person gave to the message settles it, too, but its code is not taken for the attempt's.
    """
    unproven = Q(attempt__outcome=Outcome.UNCERTAIN)
    alive = Attempt.objects.filter(LIVE, message=OuterRef("message"))
    untold = Q(attempt__incidents__isnull=True) | ~Exists(alive)
    unproven |= untold & Q(attempt__outcome__in=late.CALLED_NOT_SENT, kind__in=late.SENT_ON)
    waiting = Receipt.objects.filter(unproven, kind__in=PROVING).select_related("attempt")
    count = 0
    for receipt in waiting.order_by("pk"):
        match = None if receipt.desk else matching.reference_in(receipt.subject)
        with transaction.atomic():
            if receipt.attempt is not None and receipt.message_id is not None:
                prove(receipt.attempt, receipt, code=match.code if match else "")
                count += statuses.rejudge([receipt.message_id])
    return count


def adopt_unknown() -> int:
    """Look again at the receipts whose reference nobody knew: their messages may wait to be sent now; how many did.

    So it is after a restore, where an attempt that was under way is given back only after its receipt was read.
    """
    kinds = [kind.value for kind in PROOFS | REFUSALS]
    unknown = Receipt.objects.filter(problem="unknown_reference", message__isnull=True, kind__in=kinds, desk="")
    count = 0
    for receipt in unknown.defer("raw", "body").order_by("pk").iterator(chunk_size=500):
        count += _adopt(receipt)
    return count


def match_again(receipt_id: int) -> bool:
    """Look again at one item that no rule could give to a message: whether it could now. Again it changes nothing."""
    rows = Receipt.objects.filter(pk=receipt_id, message__isnull=True, desk="", kind__in=PROVING).exclude(problem="")
    receipt = rows.defer("raw", "body").first()
    return receipt is not None and _adopt(receipt)


def _adopt(receipt: Receipt) -> bool:
    """Give an item to the attempt that its subject names, if there is such a one by now."""
    match = matching.reference_in(receipt.subject)
    if match is None:
        return False
    with transaction.atomic():
        known = Attempt.objects.select_for_update().filter(mailbox=receipt.mailbox_id, ref=_key(match)).first()
        attempt = known or found_sent.adopt(receipt.mailbox_id, match, at=receipt.at)
        if attempt is None or not matching.agrees(match, attempt_ref=attempt.ref, code=attempt.code or None):
            return False
        open_ = Receipt.objects.filter(pk=receipt.pk, message__isnull=True, desk="")
        if not open_.update(message=attempt.message_id, attempt=attempt, problem=""):
            return False
        receipt.refresh_from_db(fields=["message", "attempt", "problem"])
        prove(attempt, receipt, code=match.code)
        statuses.rejudge([attempt.message_id])
    return True


def _read(item: InboxItem) -> Read:
    receipt = receipts.read(item.subject, sender=item.sender, date=item.date, body=item.body or "")
    identity = receipts.identity(item.sender, item.date, item.subject)
    match, quoted = matching.reference_in(item.subject), matching.references_quoted(item.subject)
    return Read(item, receipt, identity, match, quoted)


def _new(mailbox: Mailbox, found: Iterable[Read]) -> list[Read]:
    by_identity = {one.identity: one for one in found}
    known = Receipt.objects.filter(mailbox=mailbox, identity__in=by_identity)
    for identity in known.values_list("identity", flat=True):
        by_identity.pop(identity, None)
    return list(by_identity.values())


def _key(match: matching.Match) -> str:
    return matching.attempt_ref(match)


def _attempts(mailbox: Mailbox, new: Iterable[Read]) -> dict[str, Tried]:
    """The attempts that the items name, of this mailbox alone, locked."""
    refs = {_key(one.match) for one in new if one.match}
    rows = Attempt.objects.select_for_update().filter(mailbox=mailbox, ref__in=refs).order_by("pk")
    return {row.ref: row for row in starmap(Tried, rows.values_list(*KNOWN))} if refs else {}


def _tried(attempt: Attempt) -> Tried:
    return Tried(attempt.pk, attempt.message_id, attempt.ref, attempt.outcome, attempt.code)


def _answered(mailbox: Mailbox, new: Iterable[Read]) -> dict[str, int]:
    """The ids of the messages that somebody answers, by identity of the mail; of this mailbox alone."""
    quoting = [one for one in new if one.quoted]
    refs = {ref for one in quoting for ref in one.quoted}
    contents = MessageContent.objects.filter(message__mailbox=mailbox, message__ref__in=refs)
    found = {row.message.ref: row for row in contents.select_related("message")} if refs else {}
    return {
        one.identity: ours[0].message_id
        for one in quoting
        if (ours := [found[ref] for ref in one.quoted if ref in found]) and not _is_own_copy(mailbox, one, ours[0])
    }


def _is_own_copy(mailbox: Mailbox, one: Read, content: MessageContent) -> bool:
    """A mailbox that writes to itself gets its own message in an envelope: neither a receipt nor a reply."""
    message = content.message
    if message.recipient.casefold() != mailbox.address.casefold():
        return False
    return matching.is_own_copy(one.item.subject, sent_subject=content.subject, ref=message.ref)


def _given(one: Read, attempts: dict[str, Tried], answered: dict[str, int]) -> Given:
    attempt, problem = _owner(one, attempts)
    return Given(one, attempt, attempt.message_id if attempt else answered.get(one.identity), problem)


def _rows(mailbox: Mailbox, given: Iterable[Given]) -> list[tuple[bulk.Value, ...]]:
    """What is kept of each item, in the order of COLUMNS."""
    now = bulk.stored_as(clock.now())
    return [
        (
            mailbox.pk,
            one.message_id,
            one.attempt.pk if one.attempt else None,
            one.read.identity,
            one.read.receipt.kind.value,
            one.read.item.sender[:500],
            one.read.item.subject[:1000],
            one.read.item.date[:100],
            bulk.stored_as(one.read.receipt.certified_at or one.read.receipt.when),
            one.read.receipt.final,
            one.read.receipt.certified,
            one.read.receipt.cause or "",
            (one.read.receipt.reason or "")[:1000],
            (one.read.item.body or "").replace("\x00", "�"),
            one.read.item.raw.decode("utf-8", "replace").replace("\x00", "�"),
            (one.read.item.id or "")[:100],
            one.problem,
            now,
            "",
        )
        for one in given
    ]


def _owner(one: Read, attempts: dict[str, Tried]) -> tuple[Tried | None, str]:
    """The attempt that the item belongs to, or why it is nobody's."""
    if one.receipt.kind in (receipts.Kind.INCOMING, receipts.Kind.ANOMALY):
        return None, ""
    if one.receipt.kind is receipts.Kind.UNKNOWN:
        return None, "unknown_kind"
    if one.match is None:
        return None, "no_reference"
    attempt = attempts.get(_key(one.match))
    if attempt is None:
        return None, "unknown_reference"
    if not matching.agrees(one.match, attempt_ref=attempt.ref, code=attempt.code or None):
        return None, "other_code"
    return attempt, ""


def _prove(mailbox: Mailbox, given: Sequence[Given]) -> None:
    """What the items prove of their attempts: most confirm what is known, all of these at once."""
    proving = [one for one in given if one.attempt and one.read.receipt.kind in PROOFS | REFUSALS]
    known = [one for one in proving if one.attempt and one.attempt.outcome == Outcome.ACCEPTED]
    _confirm([(one.attempt, one.read.match.code) for one in known if one.attempt and one.read.match])
    others = {one.read.identity: one for one in proving if one.attempt and one.attempt.outcome in UNSETTLED}
    if not others:
        return
    attempts = Attempt.objects.in_bulk({one.attempt.pk for one in others.values() if one.attempt})
    kept = {
        row.identity: row for row in Receipt.objects.filter(mailbox=mailbox, identity__in=others).defer("raw", "body")
    }
    for identity, one in others.items():  # in the order in which they came: one changes what the next finds
        if one.attempt and one.read.match:
            prove(attempts[one.attempt.pk], kept[identity], code=one.read.match.code)


def prove(attempt: Attempt, row: Receipt, *, code: str) -> None:
    """What a receipt that was given to an attempt proves of it; in the caller's transaction, the attempt locked.

    The provider took it, whatever was thought of it before: a doubt is settled, what was called not sent is
    contradicted. `code` is the vendor's, "" where the receipt does not tell it for sure. Again it changes nothing.
    """
    if row.attempt_id != attempt.pk or row.kind not in PROVING:
        return
    if attempt.outcome == Outcome.UNCERTAIN:
        _settle(attempt, code)
    elif attempt.outcome in late.CALLED_NOT_SENT:
        late.taken(attempt.pk, code=code, receipt=row, went_on=row.kind in late.SENT_ON)
        attempt.refresh_from_db(fields=["outcome", "code"])  # the next receipt may be on the same page
    elif attempt.outcome == Outcome.ACCEPTED:
        _confirm([(_tried(attempt), code)])


def _settle(attempt: Attempt, code: str) -> None:
    taken = Attempt.objects.filter(pk=attempt.pk, outcome=Outcome.UNCERTAIN)
    if taken.update(outcome=Outcome.ACCEPTED, code=code):
        attempt.outcome, attempt.code = Outcome.ACCEPTED, code  # the next receipt may be on the same page
        sent = attempt.marked_at or attempt.claimed_at
        Message.objects.filter(pk=attempt.message_id).move(MessageState.SUBMITTED, sent_at=sent)


def _confirm(proven: Sequence[tuple[Tried, str]]) -> None:
    """What a person had only declared is proven now; each with the code that its receipt tells."""
    for attempt, code in proven:
        if not attempt.code and code:
            Attempt.objects.filter(pk=attempt.pk, code="").update(code=code)
    ids = [attempt.message_id for attempt, _code in proven]
    if ids:
        Message.objects.filter(pk__in=ids).exclude(declared="").update(declared="")
