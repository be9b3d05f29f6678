"""The desk of messages in doubt. Operators see what is known, look again, and ask the organisation: it decides."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Max
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from campaigns import evidence, sentences
from campaigns.console import asking, readings
from campaigns.console.items import MOST, Act, Desk, Item
from campaigns.models import Attempt, Doubt
from mailboxes.models.notices import NoticeKind
from pecportal import clock
from pecportal.organisations.models import User
from pecportal.queue import enqueue

RESTED = timedelta(minutes=1)


def keys(mailbox: int = 0) -> list[str]:
    """The attempts in doubt, the longest first."""
    rows = Doubt.objects.order_by("ended_at", "pk")
    rows = rows.filter(mailbox=mailbox) if mailbox else rows
    return [str(pk) for pk in rows.values_list("pk", flat=True)[:MOST]]


def items(wanted: Sequence[str]) -> list[Item]:
    """What is known of these; those that were settled meanwhile are left out."""
    rows = Doubt.objects.filter(pk__in=[int(key) for key in wanted if key.isdecimal()])
    rows = rows.select_related("mailbox", "message__campaign__organisation").order_by("ended_at", "pk")
    return [_item(row) for row in rows.annotate(searched_at=Max("searches__at"))]


def _item(doubt: Attempt) -> Item:
    known, campaign = evidence.of(doubt), doubt.message.campaign
    return Item(
        key=str(doubt.pk),
        title=_("Message %(ref)s") % {"ref": doubt.ref},
        what=f"{campaign} · {doubt.mailbox}",
        row=doubt,
        organisation=campaign.organisation,
        since=doubt.ended_at or doubt.marked_at,
        evidence=tuple(_told(doubt, known)),
        url=reverse("admin:campaigns_doubt_change", args=[doubt.pk]),
        acts=("search", "ask"),
    )


def _told(doubt: Attempt, known: evidence.Evidence) -> list[str]:
    told = [_("Was it sent? %(answer)s.") % {"answer": sentences.ANSWERS[known.finding.answer.value]}]
    told += [str(sentences.GAPS[gap.value]) for gap in known.finding.gaps]
    if doubt.answer_status:
        told.append(_("The provider answered with status %(status)s.") % {"status": doubt.answer_status})
    count = ngettext("Searched for once", "Searched for %(count)s times", known.searches) % {"count": known.searches}
    if known.searched is not None:
        at = clock.shown(known.searched.at)
        told.append(_("%(count)s, last %(at)s.") % {"count": count, "at": at})
    else:
        told.append(_("Not searched for yet."))
    if doubt.decisions.filter(applied_at=None, withdrawn_at=None).exists():
        told.append(_("A person of the organisation has decided, and a second one has to confirm it."))
    return told + asking.asked(doubt.mailbox, NoticeKind.ASKED_DOUBTS)


def search(item: Item, actor: User) -> bool:
    """Have the vendor's search asked now, unless it was a moment ago."""
    last = item.row.searches.order_by("pk").last()
    if last is not None and last.at > clock.now() - RESTED:
        return False
    enqueue("campaigns.tasks.search_one", item.row.pk)
    return True


def ask(item: Item, actor: User) -> bool:
    """Write to those who may decide; once a day for each mailbox."""
    return asking.ask(item.row.mailbox, NoticeKind.ASKED_DOUBTS)


DESK = Desk(
    "doubts",
    gettext_lazy("Messages in doubt"),
    gettext_lazy(
        "Their answers were lost: nobody knows whether they were sent, and none is sent again by itself. An "
        "approver of the organisation decides, not an operator. First have them looked for again: a receipt that is "
        "found settles the doubt. About those that stay ask the organisation."
    ),
    gettext_lazy("No message is in doubt."),
    keys,
    items,
    (
        Act(
            "search",
            gettext_lazy("Look for them again now"),
            gettext_lazy(
                "The provider's search is asked for each reference. What it finds settles the doubt. It sends nothing."
            ),
            search,
        ),
        Act(
            "ask",
            gettext_lazy("Ask the organisation to decide"),
            gettext_lazy(
                "Whoever may decide in the organisation gets a letter with a link to the page of the doubts, once a "
                "day for each mailbox."
            ),
            ask,
            readings.mailbox,
        ),
    ),
)
