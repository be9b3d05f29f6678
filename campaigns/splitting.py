"""Who sends how much of a campaign that several mailboxes send, by the rules of the forecast.

It is found out once, by the check before sending, and written on its sheet: that is what the start does. Later only a
person moves messages from one mailbox to the others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from campaigns import shares, workload
from campaigns.models import Campaign
from campaigns.workload import Pot
from mailboxes.models import Mailbox
from pecportal import clock

RECEIPTS_COME = timedelta(days=2)  # after the last message has left


def of(campaign: Campaign, *, size: int = 0) -> dict[int, int]:
    """How many messages each mailbox sends so that the last leaves earliest, by mailbox ids, the first one first.

    Their sum is the number of recipients. A mailbox that may not send gets none. One that expires, or has no room for
    receipts of `size` bytes each (0 is not known), gets more than suits it only where no other one has room. Empty
    where one mailbox sends them all, or none may send.
    """
    boxes = [box for box in campaign.senders if box.why_not() is None]
    if not campaign.is_split or not boxes:
        return {}
    return among(campaign, boxes, campaign.recipients_total, size=size)


def among(
    campaign: Campaign,
    boxes: Sequence[Mailbox],
    total: int,
    *,
    size: int = 0,
    floors: Mapping[int, int] | None = None,
) -> dict[int, int]:
    """The same for `total` messages of a campaign and some of its mailboxes, none of which gets less than its floor."""
    now, keys = clock.now(), [(campaign.pk, box.pk) for box in boxes]
    strict = Pot(total, most=_room(boxes, size), ends=_ends(boxes))
    found = shares.fill(workload.groups(campaign, boxes, now, pot=strict), keys, total=total, now=now)
    if sum(found) < total:
        loose = shares.fill(workload.groups(campaign, boxes, now, pot=Pot(total)), keys, total=total, now=now)
        found = shares.topped(found, loose, total=total)
    if floors is not None:
        found = shares.topped([floors.get(box.pk, 0) for box in boxes], found, total=total)
    return {box.pk: count for box, count in zip(boxes, found, strict=True)}


def _ends(boxes: Sequence[Mailbox]) -> dict[int, datetime]:
    """When a mailbox should have sent its last message: its receipts have to find it."""
    return {box.pk: box.expires_at - RECEIPTS_COME for box in boxes if box.expires_at is not None}


def _room(boxes: Sequence[Mailbox], size: int) -> dict[int, int]:
    """How many receipts of `size` bytes each has room for, by mailbox ids, where that is known."""
    found = {}
    for box in boxes:
        if box.is_full:
            found[box.pk] = 0
        elif size and box.space_used is not None and box.space_limit:
            room = box.space_limit * settings.MAILBOX_FULL_PERCENT // 100 - box.space_used
            found[box.pk] = max(room // size, 0)
    return found
