"""When mailboxes expire: as the vendor says it, in a calendar, and in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mailboxes.models import Mailbox
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.upstream.pec import Casella

DAYS: Final = (90, 60, 30, 7)  # before the expiry it is reminded of
AFTER: Final = timedelta(days=30)  # so long an expired mailbox stays in the calendar
ROME: Final = ZoneInfo("Europe/Rome")
_LAST: Final = 2**33  # Unix seconds beyond which no expiry is believed (the year 2242)


@dataclass(frozen=True, slots=True)
class Month:
    """The mailboxes that expire in one month, soonest first; `first` is its first day."""

    first: datetime
    mailboxes: Sequence[Mailbox]


def expiry_of(casella: Casella) -> datetime | None:
    """When the vendor says that a mailbox expires; None where it does not say.

    Its `timestamp.scadenza` is exact; `data_scadenza` (dd/mm/yyyy) is taken as the beginning of that day in Rome.
    """
    seconds = casella.times.get("scadenza")
    if seconds is not None and 0 < seconds < _LAST:
        return datetime.fromtimestamp(seconds, UTC)
    day = casella.fields.get("data_scadenza")
    try:
        return datetime.strptime(day.strip(), "%d/%m/%Y").replace(tzinfo=ROME) if isinstance(day, str) else None
    except ValueError:
        return None


def moved(before: datetime, after: datetime | None) -> str:
    """A change of the expiry as a line of the history."""
    return " → ".join(f"{timezone.localtime(at):%d/%m/%Y}" for at in (before, after) if at)


def days_left(mailbox: Mailbox) -> int | None:
    """Whole days from now to the expiry, below 0 once it is over; None where the expiry is not known."""
    return (mailbox.expires_at - clock.now()).days if mailbox.expires_at else None


def calendar(mailboxes: QuerySet[Mailbox]) -> list[Month]:
    """Those of `mailboxes` that live and expire, by month; those that expired long ago are left out."""
    rows = mailboxes.filter(vendor_state=VendorState.ACTIVE, expires_at__gt=clock.now() - AFTER)
    months: dict[tuple[int, int], list[Mailbox]] = {}
    for row in rows.order_by("expires_at", "address"):
        day = timezone.localtime(row.expires_at)
        months.setdefault((day.year, day.month), []).append(row)
    return [Month(datetime(year, month, 1, tzinfo=ROME), rows) for (year, month), rows in months.items()]


def sentence(mailbox: Mailbox) -> str:
    """What its expiry means for whoever looks after it; "" where there is nothing to say."""
    left = days_left(mailbox)
    if not mailbox.is_active or left is None or mailbox.expires_at is None or left > max(DAYS):
        return ""
    day = date_format(timezone.localtime(mailbox.expires_at), "SHORT_DATE_FORMAT")
    if left < 0:
        return _("The mailbox expired on %(day)s: whether it still works is for the provider to say.") % {"day": day}
    if mailbox.renews_itself:
        words = _(
            "The mailbox expires on %(day)s. At the provider it is set to be renewed by itself: see to it that the "
            "account has enough credit."
        )
    else:
        words = _("The mailbox expires on %(day)s. After that nothing can be sent from it, nor received: renew it.")
    return words % {"day": day}
