"""The desk: items of an inbox that no rule could give to a message, and what people do with them.

A link counts as evidence exactly as a match does, and can be undone. What is lawful then: an attempt that nothing but
the link proved becomes uncertain again, its reservation stays, and it is never sent again by itself. That holds for
one that was called not sent before, too: a person was sure of a receipt for it and is so no more, and a doubt is the
only thing that can honestly be said. What the provider's answer, a decision or another receipt proves stays as it is.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from campaigns import deciders, late
from campaigns.models import Attempt, Decision, Message, MessageContent, Receipt
from campaigns.models.decisions import Choice
from campaigns.models.tracking import Desk
from campaigns.states import Declared, MessageState, Outcome
from campaigns.tracking import intake, matching, quarantine, receipts, statuses, suggestions
from mailboxes.models import Mailbox
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import Organisation, User

OPEN: Final = "open"
VIEWS: Final = (OPEN, "ignored", "linked", "all")
_REACH: Final = timedelta(days=40)  # a receipt that comes later than this after its message is not looked for
_MOST: Final = 200  # candidates of each kind that are looked at
_ADDRESS: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}", re.ASCII)


def items(mailboxes: Iterable[Mailbox] | QuerySet[Mailbox], view: str = OPEN) -> QuerySet[Receipt]:
    """What is, or was, on the desk of these mailboxes: `view` is one of VIEWS. Newest first."""
    rows = Receipt.objects.filter(mailbox__in=mailboxes).exclude(problem="").order_by("-pk")
    conditions = {
        OPEN: Q(message__isnull=True, desk=Desk.NONE),
        "ignored": Q(desk=Desk.IGNORED),
        "linked": Q(desk=Desk.LINKED),
        "all": Q(message__isnull=True) | ~Q(desk=Desk.NONE),
    }
    return rows.filter(conditions[view])


def count_open(organisation: Organisation) -> int:
    """How many items of an organisation wait for somebody to look at them."""
    return items(Mailbox.objects.filter(organisation=organisation)).count()


def suggest(receipt: Receipt) -> list[suggestions.Suggestion]:
    """The messages of its mailbox that an item may belong to, the likeliest first."""
    _kind, original = receipts.split(receipt.subject)
    code = matching.code_in(receipt.subject)
    item = suggestions.Item(original, code, receipt.body, receipt.at)
    attempts = list(_candidates(receipt, original, code))
    subjects = dict(
        MessageContent.objects.filter(message__in=[row.message_id for row in attempts]).values_list("pk", "subject")
    )
    codes = _codes_of_links(receipt, code)
    return suggestions.rank(
        item,
        [
            suggestions.Candidate(
                attempt_id=row.pk,
                ref=row.ref,
                codes=frozenset({row.code, *codes.get(row.pk, ())} - {""}),
                recipient=row.message.recipient,
                subject=subjects.get(row.message_id, ""),
                sent_at=row.marked_at,
            )
            for row in attempts
        ],
    )


def _candidates(receipt: Receipt, original: str, code: str) -> Iterable[Attempt]:
    """The attempts of the mailbox for which anything may speak, each once."""
    rows = Attempt.objects.filter(mailbox=receipt.mailbox_id, marked_at__isnull=False).select_related("message")
    found: dict[int, Attempt] = {}
    if code:
        links = _codes_of_links(receipt, code)
        found |= {row.pk: row for row in rows.filter(Q(code=code) | Q(pk__in=links))[:_MOST]}
    near = list(suggestions.near_references(original))
    for start in range(0, len(near), 500):
        found |= {row.pk: row for row in rows.filter(message__ref__in=near[start : start + 500])[:_MOST]}
    if cut := suggestions.cut_reference(original):
        found |= {row.pk: row for row in rows.filter(ref__startswith=cut)[:_MOST]}
    addresses = {form for typed in _ADDRESS.findall(receipt.body[:50_000])[:50] for form in (typed, typed.lower())}
    if addresses:
        recent = rows.filter(message__recipient__in=addresses).order_by("-pk")
        if receipt.at is not None:
            recent = recent.filter(marked_at__gt=receipt.at - _REACH, marked_at__lt=receipt.at + suggestions.EARLY)
        found |= {row.pk: row for row in recent[:_MOST]}
    return found.values()


def _codes_of_links(receipt: Receipt, code: str) -> dict[int, set[str]]:
    """The codes of the items that people gave to attempts of the same mailbox: others of the same send share it."""
    if not code:
        return {}
    linked = Receipt.objects.filter(
        mailbox=receipt.mailbox_id, desk=Desk.LINKED, attempt__isnull=False, subject__endswith=code
    )
    found: dict[int, set[str]] = {}
    for attempt_id, subject in linked.values_list("attempt", "subject")[:_MOST]:
        if matching.code_in(subject) == code:
            found.setdefault(attempt_id, set()).add(code)
    return found


@transaction.atomic
def link(receipt: Receipt, *, ref: str, actor: User) -> Message:
    """Give an item to an attempt, and judge its message. `ref` is REF-n, or REF alone for the latest attempt.

    Raises `Refusal` when the item is not open, when its mailbox has no message with that reference that was ever sent,
    and when the link would settle a doubt on which this person may not decide.
    """
    row = _locked(receipt)
    if row.message_id is not None or row.desk:
        raise Refusal(_("Somebody has dealt with this item already: look at it once more."))
    attempt = _attempt(row, ref)
    if reason := why_not_link(row, attempt, actor):
        raise Refusal(reason, field="ref")
    row.message_id, row.attempt = attempt.message_id, attempt
    _stamp(row, Desk.LINKED, actor)
    before = attempt.outcome
    intake.prove(attempt, row, code="")  # a person's word says nothing of the code
    statuses.rejudge([attempt.message_id])
    attempt.refresh_from_db(fields=["outcome"])
    record(
        "receipt.link",
        actor=actor,
        organisation=row.mailbox.organisation,
        target=row,
        attempt=attempt.ref,
        settled=attempt.outcome != before,
    )
    quarantine.tell(row.mailbox)
    return Message.objects.get(pk=attempt.message_id)


def why_not_link(receipt: Receipt, attempt: Attempt, actor: User) -> str:
    """Why this person may not give an item to an attempt, as a sentence; "" when they may.

    To say that a receipt belongs to an attempt that the provider is not known to have taken is to decide that it was
    sent: the same people may, and where two have to, it takes two.
    """
    if attempt.outcome == Outcome.ACCEPTED or receipts.Kind(receipt.kind) not in intake.PROOFS | intake.REFUSALS:
        return ""
    campaign = attempt.message.campaign
    if campaign.organisation.two_decide:
        return _(
            "It is not known whether this message was sent, and in your organisation two people decide on that: decide "
            "on the message's own page, and give the item to it afterwards."
        )
    return deciders.why_not(campaign, actor)


@transaction.atomic
def put_aside(receipt: Receipt, *, actor: User) -> None:
    """Say that an item belongs to no message of the portal. Raises `Refusal` when it is not open."""
    row = _locked(receipt)
    if row.message_id is not None or row.desk:
        raise Refusal(_("Somebody has dealt with this item already: look at it once more."))
    _stamp(row, Desk.IGNORED, actor)
    record("receipt.put_aside", actor=actor, organisation=row.mailbox.organisation, target=row)
    quarantine.tell(row.mailbox)


@transaction.atomic
def undo(receipt: Receipt, *, actor: User) -> None:
    """Put an item back on the desk; the message to which it was given is judged without it.

    An attempt that only this link proved becomes uncertain again; see the module's own words. Raises `Refusal` when
    nobody has done anything with it.
    """
    row = _locked(receipt)
    if not row.desk:
        raise Refusal(_("There is nothing to undo: look at the item once more."))
    message_id, attempt_id = row.message_id, row.attempt_id
    attempt = Attempt.objects.select_for_update().get(pk=attempt_id) if attempt_id is not None else None
    row.message_id = row.attempt = None
    _stamp(row, Desk.NONE, actor)
    unsettled = attempt is not None and _unsettle(attempt, receipts.Kind(row.kind))
    if message_id is not None:
        statuses.rejudge([message_id])
    record(
        "receipt.undo",
        actor=actor,
        organisation=row.mailbox.organisation,
        target=row,
        attempt=attempt.ref if attempt else "",
        unsettled=unsettled,
    )
    quarantine.tell(row.mailbox)


def _unsettle(attempt: Attempt, kind: receipts.Kind) -> bool:
    """Make an attempt uncertain again that nothing proves any more; whether it was so."""
    proofs = intake.PROOFS | intake.REFUSALS
    if kind not in proofs or attempt.outcome != Outcome.ACCEPTED:
        return False
    if Attempt.objects.filter(late.ANSWERED, pk=attempt.pk).exists():
        return False
    if Receipt.objects.filter(attempt=attempt, kind__in=[each.value for each in proofs]).exists():
        return False
    if Decision.objects.filter(attempt=attempt, choice=Choice.SENT, applied_at__isnull=False).exists():
        Message.objects.filter(pk=attempt.message_id).update(declared=Declared.SENT)  # a person's word again
        return False
    Attempt.objects.filter(pk=attempt.pk).update(outcome=Outcome.UNCERTAIN, code="")
    Message.objects.filter(pk=attempt.message_id).move(MessageState.UNCERTAIN, sent_at=None)
    return True


def _locked(receipt: Receipt) -> Receipt:
    rows = Receipt.objects.select_for_update(of=("self",)).select_related("mailbox__organisation")
    return rows.exclude(problem="").get(pk=receipt.pk)


def _attempt(receipt: Receipt, ref: str) -> Attempt:
    """The attempt that a person named, locked: of the same mailbox alone, and one that may have been sent."""
    typed, _dash, number = re.sub(r"^rif\.? ?", "", ref.strip(), flags=re.IGNORECASE).upper().partition("-")
    rows = Attempt.objects.select_for_update(of=("self",)).select_related("message__campaign__organisation")
    mine = rows.filter(mailbox=receipt.mailbox_id, marked_at__isnull=False, message__ref=typed[:16])
    if number:
        mine = mine.filter(n=int(number) if number.isascii() and number.isdecimal() and len(number) < 5 else 0)
    found = mine.order_by("-n").first()
    if found is None:
        raise Refusal(_("No message that was sent from this mailbox has that reference."), field="ref")
    return found


def _stamp(row: Receipt, what: Desk, actor: User) -> None:
    row.desk = what
    row.desk_by, row.desk_at = (actor, clock.now()) if what else (None, None)
    row.save(update_fields=["message", "attempt", "desk", "desk_by", "desk_at"])
