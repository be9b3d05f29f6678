"""How full a mailbox is. A full one loses receipts, and with them the proof."""

import logging
from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet

from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.queue import enqueue
from pecportal.upstream import Upstream

logger = logging.getLogger(__name__)
EVERY = timedelta(hours=1)
EVERY_SENDING = timedelta(minutes=10)  # while it sends
EVERY_HELD = timedelta(minutes=2)  # while nothing is sent until somebody has made space


def read(mailbox_id: int, *, client: Upstream) -> None:
    """Ask how much of the inbox's storage is in use, and keep it; a failure keeps what was known.

    It is the same question by which credentials are tested: its answer counts for them, too.
    """
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if not credentials.usable(mailbox):
        return
    try:
        told = credentials.test(mailbox, client=client)
    except Refusal as exc:
        logger.error("Mailbox %s: %s", mailbox_id, exc)
        return
    if told != CredentialsState.GOOD:
        logger.warning("The space of mailbox %s could not be read.", mailbox_id)


def ask_soon() -> int:
    """Ring a job for each mailbox whose space was not read within the hour; how many."""
    return _ring(_due(EVERY))


def ask_often(mailbox_ids: Collection[int]) -> int:
    """Ring a job for each of these mailboxes, which send, unless its space was read lately; how many."""
    sending = _due(EVERY_HELD).filter(pk__in=mailbox_ids)
    rested = Q(space_at__isnull=True) | Q(space_at__lt=clock.now() - EVERY_SENDING)
    calm = sending.filter(rested)
    held = [box for box in sending.exclude(pk__in=calm.values("pk")) if box.is_full]
    return _ring([*calm, *held])


def _due(distance: timedelta) -> QuerySet[Mailbox]:
    """The mailboxes that can be asked, and were not within `distance`."""
    old = Q(space_at__isnull=True) | Q(space_at__lt=clock.now() - distance)
    boxes = Mailbox.objects.filter(old, vendor_state=VendorState.ACTIVE)
    return boxes.filter(credentials_state__in=[CredentialsState.GOOD, CredentialsState.UNTESTED])


def _ring(mailboxes: Iterable[Mailbox]) -> int:
    due = [mailbox.pk for mailbox in mailboxes]
    for pk in due:
        enqueue("mailboxes.tasks.read_space", pk)
    return len(due)
