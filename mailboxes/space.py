"""How full a mailbox is. A full one loses receipts, and with them the proof."""

import logging
from datetime import timedelta

from django.db.models import Q

from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.queue import enqueue
from pecportal.upstream import Upstream

logger = logging.getLogger(__name__)
EVERY = timedelta(hours=1)


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
    old = Q(space_at__isnull=True) | Q(space_at__lt=clock.now() - EVERY)
    boxes = Mailbox.objects.filter(old, vendor_state=VendorState.ACTIVE)
    tried = boxes.filter(credentials_state__in=[CredentialsState.GOOD, CredentialsState.UNTESTED])
    due = list(tried.values_list("pk", flat=True))
    for pk in due:
        enqueue("mailboxes.tasks.read_space", pk)
    return len(due)
