"""What the vendor says of a mailbox: taken in with its source, asked for again at growing distances."""

import logging
from datetime import timedelta

from django.db import transaction

from mailboxes import changes
from mailboxes.models import Mailbox
from mailboxes.models.acts import Source
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.journal.record import record
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
# minutes from one reading to the next while a change is awaited; the last one from then on
DISTANCES = (0.5, 1, 2, 5, 10, 30)
SETTLED = timedelta(hours=24)
AWAITED = frozenset({VendorState.REGISTERED, VendorState.IN_REVIEW, VendorState.DOCUMENTS_WRONG})


def take_in(mailbox: Mailbox, casella: Casella, *, source: Source) -> bool:
    """Keep what the vendor says, in the caller's transaction; True when its state is a new one."""
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    changed = casella.state != row.vendor_state
    row.vendor_id, row.vendor_state, row.vendor_record = casella.id, casella.state[:60], dict(casella.fields)
    row.refreshed_at = clock.now()
    row.refreshes = 0 if changed else row.refreshes + 1
    row.refresh_at = row.refreshed_at + _distance(row)
    fields = ["vendor_id", "vendor_state", "vendor_record", "refreshed_at", "refreshes", "refresh_at"]
    row.save(update_fields=fields)
    if changed:
        changes.note(row, row.vendor_state, source=source, words=_reason(casella))
        facts = {"state": row.vendor_state, "source": source.value}
        record("mailbox.state", organisation=row.organisation, target=row, **facts)
    return changed


def refresh(mailbox_id: int, *, client: Upstream, source: Source = Source.POLLING) -> bool:
    """Ask the vendor for the mailbox's state and keep it; True when it is a new one. Nothing is kept of a failure."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if not mailbox.vendor_id:
        return False
    try:
        casella = client.pec.get(mailbox.vendor_id)
    except UpstreamError as exc:
        logger.warning("The state of mailbox %s could not be read: %s", mailbox_id, type(exc).__name__)
        later = clock.now() + timedelta(minutes=DISTANCES[-1])
        Mailbox.objects.filter(pk=mailbox_id).update(refresh_at=later)
        return False
    with transaction.atomic():
        return take_in(mailbox, casella, source=source)


def ask_soon() -> int:
    """Ring a job for each mailbox whose state is due to be read; how many."""
    due = list(Mailbox.objects.filter(refresh_at__lte=clock.now()).exclude(vendor_id="").values_list("pk", flat=True))
    for pk in due:
        enqueue("mailboxes.tasks.refresh", pk)
    return len(due)


def documents_reason(mailbox: Mailbox) -> str:
    """The vendor's reason for not accepting the documents, "" where it gave none."""
    change = mailbox.changes.filter(state=VendorState.DOCUMENTS_WRONG).order_by("-pk").first()
    return change.words if change else ""


def _distance(mailbox: Mailbox) -> timedelta:
    if mailbox.vendor_state not in AWAITED:
        return SETTLED
    return timedelta(minutes=DISTANCES[min(mailbox.refreshes, len(DISTANCES) - 1)])


def _reason(casella: Casella) -> str:
    """What the record says about its state; the vendor's file names no field for it, so all likely ones are tried."""
    for name in ("motivo", "note", "errore", "motivazione", "messaggio"):
        value = casella.fields.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()[:1000]
    return ""
