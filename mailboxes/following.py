"""What the vendor says of a mailbox: taken in with its source, asked for again at growing distances."""

import logging
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from mailboxes import changes, expiring, notices
from mailboxes.models import Mailbox
from mailboxes.models.acts import Source
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.holidays import is_holiday
from pecportal.journal.record import record
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.answers import clean
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
# minutes from one reading to the next while a change is awaited; the last one from then on
DISTANCES = (0.5, 1, 2, 5, 10, 30)
SETTLED = timedelta(hours=24)
QUIET = frozenset({VendorState.ACTIVE, VendorState.REVOKED, VendorState.CLOSED, VendorState.CANCELLED})
_MOST_FIELDS = 100
_SATURDAY = 5


def take_in(mailbox: Mailbox, casella: Casella, *, source: Source) -> bool:
    """Keep what the vendor says, in the caller's transaction; True when its state is a new one.

    An answer about another mailbox is not taken, nor one that a newer one overtook; one without a state leaves the
    state that was known.
    """
    row = Mailbox.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=mailbox.pk)
    if row.vendor_id and casella.id.casefold() != row.vendor_id.casefold():
        logger.warning("The vendor's answer is about another mailbox than %s.", row.pk)
        return False
    if _is_overtaken(row, casella):
        return False
    state = casella.state[:60] or row.vendor_state
    changed = state != row.vendor_state
    row.vendor_id, row.vendor_state, row.vendor_record = row.vendor_id or casella.id, state, _storable(casella)
    row.is_by_hand = False
    row.refreshed_at = clock.now()
    row.refreshes = 0 if changed else row.refreshes + 1
    row.refresh_at = row.refreshed_at + _distance(row)
    before, row.expires_at = row.expires_at, expiring.expiry_of(casella) or row.expires_at
    if moved := _take_address(row, casella.pec):
        changes.note(row, row.vendor_state, source=source, words=moved)
    row.save(update_fields=_FIELDS)
    if changed:
        line = changes.note(row, row.vendor_state, source=source, words=_reason(casella))
        notices.about_state(row, key=str(line.pk))
        record("mailbox.state", organisation=row.organisation, target=row, state=row.vendor_state, source=source.value)
    elif before and row.expires_at != before:
        changes.note(row, row.vendor_state, source=source, words=expiring.moved(before, row.expires_at))
    return changed


_FIELDS = [
    "vendor_id",
    "vendor_state",
    "vendor_record",
    "refreshed_at",
    "refreshes",
    "refresh_at",
    "address",
    "asked_address",
    "expires_at",
    "is_by_hand",
]


def refresh(mailbox_id: int, *, client: Upstream, source: Source = Source.POLLING) -> bool | None:
    """Ask the vendor for the mailbox's state and keep it; True when it is a new one, None when it cannot be had."""
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    if not mailbox.vendor_id:
        return None
    try:
        casella = client.pec.get(mailbox.vendor_id)
    except UpstreamError as exc:
        logger.warning("The state of mailbox %s could not be read: %s", mailbox_id, type(exc).__name__)
        mailbox.refreshes += 1
        mailbox.refresh_at = clock.now() + _distance(mailbox)
        mailbox.save(update_fields=["refreshes", "refresh_at"])
        return None
    with transaction.atomic():
        return take_in(mailbox, casella, source=source)


def ask_soon() -> int:
    """Ring a job for each mailbox whose state is due to be read; how many."""
    due = list(Mailbox.objects.filter(refresh_at__lte=clock.now()).exclude(vendor_id="").values_list("pk", flat=True))
    for pk in due:
        enqueue("mailboxes.tasks.refresh", pk)
    return len(due)


def expected(mailbox: Mailbox) -> datetime | None:
    """When the vendor should have examined the documents: some working days after it began; None in other states.

    Saturdays, Sundays and Italy's public holidays do not count.
    """
    if mailbox.vendor_state != VendorState.IN_REVIEW:
        return None
    begun = mailbox.changes.filter(state=VendorState.IN_REVIEW).order_by("-pk").first()
    at, left = timezone.localtime(begun.at if begun else mailbox.created_at), settings.MAILBOX_REVIEW_DAYS
    while left or not _is_working(at):
        left -= left > 0 and _is_working(at)
        at += timedelta(days=1)
    return at


def documents_reason(mailbox: Mailbox) -> str:
    """The vendor's reason for not accepting the documents, "" where it gave none."""
    change = mailbox.changes.filter(state=VendorState.DOCUMENTS_WRONG).order_by("-pk").first()
    return change.words if change else ""


def _is_working(day: datetime) -> bool:
    return day.weekday() < _SATURDAY and not is_holiday(day.date())


def _is_overtaken(row: Mailbox, casella: Casella) -> bool:
    """Whether the vendor's own time of change is before the one that is known already."""
    times = row.vendor_record.get("timestamp")
    known = times.get("ultima_modifica") if isinstance(times, dict) else None
    told = casella.times.get("ultima_modifica")
    return isinstance(known, int) and told is not None and told < known


def _distance(mailbox: Mailbox) -> timedelta:
    if mailbox.vendor_state in QUIET:
        return SETTLED
    return timedelta(minutes=DISTANCES[min(mailbox.refreshes, len(DISTANCES) - 1)])


def _take_address(row: Mailbox, theirs: str) -> str:
    """Call the mailbox as the vendor does, whose receipts and sign-in bear that address; what changed, "" for nothing.

    The domain has been seen to differ from the one that was asked for (vendor.md).
    """
    theirs = theirs.strip().lower()
    if theirs == row.address.casefold() or len(theirs) > 254:
        return ""
    try:
        validate_email(theirs)
    except ValidationError:
        return ""
    ours, row.address = row.address, theirs
    row.asked_address = "" if row.asked_address == theirs else row.asked_address or ours
    return f"{ours} → {theirs}"


def _storable(casella: Casella) -> dict[str, object]:
    """The record as it may be kept: without our own callback, whose address is a secret, nor what no database takes."""
    found: dict[str, object] = {}
    for name, value in islice(casella.fields.items(), _MOST_FIELDS):
        if isinstance(value, str):
            found[clean(name)[:100]] = clean(value)[:1000]
        elif value is None or isinstance(value, bool | int | float):
            found[clean(name)[:100]] = value
    return found | {"timestamp": dict(islice(casella.times.items(), _MOST_FIELDS))}


def _reason(casella: Casella) -> str:
    """What the record says about its state; the vendor's file names no field for it, so all likely ones are tried."""
    for name in ("motivo", "note", "errore", "motivazione", "messaggio"):
        value = casella.fields.get(name)
        if isinstance(value, str) and value.strip():
            return clean(value).strip()[:1000]
    return ""
