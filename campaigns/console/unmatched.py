"""The desk of receipts without a message. What operators see of them is what a machine reads: no words, no people."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import sentences
from campaigns.console import asking, readings
from campaigns.console.items import MOST, Act, Desk, Item
from campaigns.models import Attempt, Receipt
from campaigns.states import Outcome
from campaigns.tracking import desk, intake, progress
from campaigns.tracking.suggestions import Suggestion
from mailboxes.models import Mailbox
from mailboxes.models.notices import NoticeKind
from pecportal.errors import Refusal
from pecportal.organisations.models import User

# what a machine can check: an operator sees neither recipients nor subjects
PLAIN = frozenset({"same_code", "near_reference", "cut_reference"})


def keys(mailbox: int = 0) -> list[str]:
    """What is open, the oldest first."""
    rows = Receipt.objects.filter(message__isnull=True, desk="").exclude(problem="").order_by("pk")
    rows = rows.filter(mailbox=mailbox) if mailbox else rows
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:MOST]]


def items(wanted: Sequence[str]) -> list[Item]:
    """What is known of these; what somebody dealt with meanwhile is left out."""
    chosen = [int(key) for key in wanted if key.isdecimal()]
    rows = desk.items(Mailbox.objects.all()).filter(pk__in=chosen).select_related("mailbox__organisation")
    return [_item(row) for row in rows.order_by("pk")]


def _item(receipt: Receipt) -> Item:
    named = suggestion(receipt)
    told = [sentences.of_unmatched(receipt.problem)]
    if named is not None:
        why = "; ".join(str(sentences.REASONS[each]) for each in named.reasons if each in PLAIN)
        told.append(_("It fits message %(ref)s: %(why)s.") % {"ref": named.candidate.ref, "why": why})
    if named is not None and _is_in_doubt(named):
        told.append(_("That message is in doubt: an approver of the organisation gives it the receipt."))
    told += asking.asked(receipt.mailbox, NoticeKind.ASKED_DESK)
    acts = (
        ("match", "link", "ask", "read") if named is not None and not _is_in_doubt(named) else ("match", "ask", "read")
    )
    return Item(
        key=str(receipt.pk),
        title=str(progress.TITLES.get(receipt.kind, receipt.kind)),
        what=str(receipt.mailbox),
        row=receipt,
        organisation=receipt.mailbox.organisation,
        since=receipt.seen_at,
        evidence=tuple(told),
        url=reverse("admin:campaigns_receipt_change", args=[receipt.pk]),
        acts=acts,
    )


def suggestion(receipt: Receipt) -> Suggestion | None:
    """The one message for which a code or a reference speaks; None when that is none, or more than one."""
    found = [each for each in desk.suggest(receipt) if PLAIN & set(each.reasons)]
    return found[0] if len({each.candidate.attempt_id for each in found}) == 1 else None


def _is_in_doubt(named: Suggestion) -> bool:
    """Whether it is not known that the provider took it: to give it a receipt is to decide that."""
    return not Attempt.objects.filter(pk=named.candidate.attempt_id, outcome=Outcome.ACCEPTED).exists()


def match(item: Item, actor: User) -> bool:
    """Try the rules once more: its message, or its code, may be known by now."""
    return intake.match_again(item.row.pk)


def link(item: Item, actor: User) -> bool:
    """Give it to the message that its code or reference names; people of the organisation can undo it."""
    named = suggestion(item.row)
    if named is None or _is_in_doubt(named):
        raise Refusal(_("What it belongs to is not clear any more: look at it again."))
    desk.link(item.row, ref=named.candidate.ref, actor=actor)
    return True


def ask(item: Item, actor: User) -> bool:
    """Write to those who see the organisation's receipts; once a day for each mailbox."""
    return asking.ask(item.row.mailbox, NoticeKind.ASKED_DESK)


DESK = Desk(
    "unmatched",
    gettext_lazy("Receipts without a message"),
    gettext_lazy(
        "No rule could say which message they belong to. Where a code or a reference says it, an operator may give "
        "them to it, which the organisation can undo; otherwise its people look at what they say, on their desk."
    ),
    gettext_lazy("Every receipt has its message."),
    keys,
    items,
    (
        Act(
            "match",
            gettext_lazy("Match them again by the rules"),
            gettext_lazy("Each is compared once more with what is known by now. What fits is given to its message."),
            match,
        ),
        Act(
            "link",
            gettext_lazy("Give each to the message that it names"),
            gettext_lazy(
                "Each goes to the message for which its code or its reference speaks, and counts from then on. The "
                "organisation can undo it on its desk."
            ),
            link,
        ),
        Act(
            "ask",
            gettext_lazy("Ask the organisation to look at them"),
            gettext_lazy(
                "Its preparers and approvers get a letter with a link to their desk, once a day for each mailbox."
            ),
            ask,
            readings.mailbox,
        ),
        Act("read", *readings.WORDS, readings.read, readings.mailbox),
    ),
)
