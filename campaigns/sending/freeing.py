"""What a person may do to a lane from outside: end its rest, or take it from a pump that makes no use of it."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F

from campaigns import timing
from campaigns.models import SendingLane
from campaigns.models.tracking import Hold
from mailboxes.models import Mailbox
from pecportal import clock, vendor
from pecportal.queue import enqueue

RESTS = (Hold.VENDOR, Hold.ACCOUNT, Hold.WALLET)


def try_now(mailbox_id: int) -> bool:
    """Let a lane that rests after failures be tried as soon as a pump looks at it; False when it does not rest.

    The breaker stays open: something harmless is asked first. A wish of the vendor to wait is kept.
    """
    resting = SendingLane.objects.filter(pk=mailbox_id, hold__in=RESTS, held_until__gt=clock.database_now())
    if not resting.update(held_until=clock.database_now()):
        return False
    enqueue("campaigns.tasks.pump")
    return True


@transaction.atomic
def take_away(mailbox_id: int, *, holder: str) -> bool:
    """Take a lane from `holder`; False when it has it no more.

    The fence moves on: nothing that the holder claimed can be marked any more, even if it wakes up. Its claims are
    given back, or become doubts, when their leases end. The pace is kept as if it had sent something just now.
    """
    row = SendingLane.objects.select_for_update().filter(pk=mailbox_id, holder=holder).exclude(holder="").first()
    if row is None:
        return False
    mailbox = Mailbox.objects.select_related("plan", *vendor.RELATED).get(pk=mailbox_id)
    later = clock.database_now() + timedelta(seconds=timing.pace_of(mailbox).interval)
    SendingLane.objects.filter(pk=mailbox_id).update(
        holder="", leased_until=None, fence=F("fence") + 1, next_slot_at=later
    )
    enqueue("campaigns.tasks.pump")
    return True
