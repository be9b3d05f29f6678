"""Campaigns that several mailboxes send: which of these have something to send, and whose each row's message is."""

from collections.abc import Iterator, Sequence
from itertools import islice

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns import shares
from campaigns.models import Campaign, CampaignMailbox, Message, SendingLane, Sheet
from campaigns.models.senders import sending
from mailboxes import switched
from mailboxes.models import Mailbox
from pecportal import vendor
from pecportal.operation.models import Scope
from pecportal.operation.switches import Off


def due(campaigns: Sequence[Campaign], queued: QuerySet[Message], *, without: Q, off: Off) -> list[Mailbox]:
    """The mailboxes of these campaigns with messages of theirs among the `queued`, those that are not switched `off`.

    `without` those lanes.
    """
    ids = [each.pk for each in campaigns if not off.of(Scope.CAMPAIGN, each.pk)]
    waits = queued.filter(campaign__in=ids, mailbox=OuterRef("pk"))
    boxes = sending(Campaign.objects.filter(pk__in=ids)).filter(Exists(waits))
    left_out = SendingLane.objects.filter(without).values("pk")
    found = boxes.exclude(pk__in=left_out).select_related(*vendor.RELATED).order_by("pk")
    return [box for box in found if not switched.off(box, off)]


def share_out(campaign: Campaign, sheet: Sheet | None) -> None:
    """Write down how many messages each further mailbox sends, as the sheet says; in the caller's transaction."""
    if not campaign.is_split:
        return
    planned = {int(pk): int(count) for pk, count in (sheet.split if sheet else [])}
    for row in CampaignMailbox.objects.filter(campaign=campaign):
        row.share = planned.get(row.mailbox_id, 0)
        row.save(update_fields=["share"])


class Dealer:
    """The mailbox of each message that is made, by its place in the list: the same however often freezing begins."""

    def __init__(self, campaign: Campaign) -> None:
        """Read the shares of a launching campaign."""
        self._first, self._at = campaign.mailbox_id, 0
        self._dealt: Iterator[int] = iter(())
        if campaign.is_split:
            rows = campaign.further_boxes.order_by("mailbox_id").values_list("mailbox", "share")
            further = dict(rows)
            first = max(campaign.recipients_total - sum(further.values()), 0)
            self._dealt = shares.deal({self._first: first, **further}, first=campaign.pilot_size)

    def next(self, count: int, *, made: int) -> list[int]:
        """Whose the next messages are, once so many are `made`: never fewer than the time before."""
        found = list(islice(self._dealt, made - self._at, made - self._at + count))
        self._at = made + count
        return found + [self._first] * (count - len(found))
