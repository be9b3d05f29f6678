"""Sending after a restore: the mailboxes are searched for what was sent meanwhile, then a person switches it on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Campaign, InboxScan, Message, Receipt
from campaigns.models.senders import sending
from campaigns.states import MessageState
from campaigns.tracking import intake
from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import Kind, VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.operation import deployment
from pecportal.organisations.models import User
from pecportal.queue import enqueue

DELAY: Final = timedelta(minutes=2)  # a receipt of the last message may still be on its way to the mailbox
SCANS: Final = 2  # whole, complete readings that prove absence, as for a message in doubt


@dataclass(frozen=True, slots=True)
class Searched:
    """One mailbox, and the whole, complete readings of its inbox that count; `why_not` says what keeps it from being
    read ("" for nothing).
    """

    mailbox: Mailbox
    readings: tuple[datetime, ...]
    why_not: str

    @property
    def is_done(self) -> bool:
        """Whether it was searched well enough."""
        return len(self.readings) >= SCANS


@dataclass(frozen=True, slots=True)
class Search:
    """How far the search has come. `unknown` counts receipts of messages that the database does not know: they were
    sent after the backup by campaigns that it has as drafts, or not at all. `queued` messages leave once sending is on.
    """

    mailboxes: tuple[Searched, ...]
    unknown: int
    queued: int

    @property
    def is_done(self) -> bool:
        """Whether every mailbox was searched."""
        return all(one.is_done for one in self.mailboxes)


def concerned() -> QuerySet[Mailbox]:
    """The mailboxes from which something may have been sent: those that may send, and those with open messages."""
    states = [MessageState.QUEUED, MessageState.SENDING, MessageState.UNCERTAIN]
    open_ = Message.objects.filter(state__in=states)
    # what the backup leaves to one mailbox of a campaign may have been sent from another of its own
    several = sending(Campaign.objects.filter(is_split=True, pk__in=open_.values("campaign")))
    chosen = Q(pk__in=open_.values("mailbox")) | Q(pk__in=several.values("pk"))
    return Mailbox.objects.filter(Q(kind=Kind.MASSIVE, vendor_state=VendorState.ACTIVE) | chosen)


def search() -> Search:
    """How far the search has come since sending was switched off."""
    since = deployment.off_since()
    unknown = Receipt.objects.filter(problem="unknown_reference", message__isnull=True, desk="")
    return Search(
        tuple(_searched(mailbox, since) for mailbox in concerned().order_by("address")),
        unknown.filter(seen_at__gte=since).count() if since else 0,
        Message.objects.filter(state=MessageState.QUEUED).count(),
    )


def is_due(mailbox_id: int) -> bool:
    """Whether the mailbox's inbox has to be read as a whole, because sending is off."""
    since = deployment.off_since()
    return since is not None and _readings(mailbox_id, since).count() < SCANS


def lift(*, actor: User, reason: str, force: bool = False) -> None:
    """Switch sending on again; what the mailboxes prove to have been sent is marked before.

    Raises `Refusal` without a reason, while sending is on, and, unless `force`, until every mailbox was searched.
    """
    if not reason.strip():
        raise Refusal(_("Write down why sending may be switched on."), field="reason")
    if not deployment.is_off():
        raise Refusal(_("Sending is not switched off."))
    intake.adopt_unknown()
    now = search()
    missing = [one.mailbox.address for one in now.mailboxes if not one.is_done]
    if missing and not force:
        sentence = ngettext(
            "One mailbox was not searched yet: %(names)s.",
            "%(count)s mailboxes were not searched yet: %(names)s.",
            len(missing),
        )
        raise Refusal(sentence % {"count": len(missing), "names": ", ".join(missing[:10])})
    if deployment.switch_on(
        actor=actor, reason=reason.strip(), forced=bool(missing), unsearched=len(missing), unknown=now.unknown
    ):
        enqueue("campaigns.tasks.pump")


def _searched(mailbox: Mailbox, since: datetime | None) -> Searched:
    readings: Iterable[datetime] = ()
    if since is not None:
        readings = _readings(mailbox.pk, since).values_list("started_at", flat=True)[:SCANS]
    why = "" if credentials.usable(mailbox) else _("The portal cannot read it: look at its credentials.")
    return Searched(mailbox, tuple(readings), why)


def _readings(mailbox_id: int, since: datetime) -> QuerySet[InboxScan]:
    whole = InboxScan.objects.filter(mailbox=mailbox_id, full=True, complete=True)
    return whole.filter(started_at__gte=since + DELAY, started_at__lte=clock.now()).order_by("started_at")
