"""How full a mailbox is. A full one loses receipts, and with them the proof."""

import logging
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from mailboxes import credentials
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError

logger = logging.getLogger(__name__)
EVERY = timedelta(hours=1)


def read(mailbox_id: int, *, client: Upstream) -> None:
    """Ask how much of the inbox's storage is in use, and keep it; a failure keeps what was known."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if not credentials.usable(mailbox):
        return
    try:
        quota = client.massiva.quota(credentials.of(mailbox))
    except UpstreamError as exc:
        logger.warning("The space of mailbox %s could not be read: %s", mailbox_id, type(exc).__name__)
        if exc.status == 401:
            credentials.refused(mailbox_id)
        return
    rows = Mailbox.objects.filter(pk=mailbox_id)
    rows.update(space_used=quota.usage, space_limit=quota.limit, space_at=timezone.now())


def ask_soon() -> int:
    """Ring a job for each mailbox whose space was not read within the hour; how many."""
    old = Q(space_at__isnull=True) | Q(space_at__lt=timezone.now() - EVERY)
    boxes = Mailbox.objects.filter(old, vendor_state=VendorState.ACTIVE)
    due = list(boxes.filter(credentials_state=CredentialsState.GOOD).values_list("pk", flat=True))
    for pk in due:
        enqueue("mailboxes.tasks.read_space", pk)
    return len(due)
