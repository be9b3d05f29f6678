"""What was sent from a mailbox, day by day, and what that cost by its plan; counted from the reservations.

A message counts on the day on which it was claimed, as for the plan's limits, and not at all once it is proven that
nothing was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Count, Sum

from campaigns import pacing, timing
from campaigns.models import Reservation
from mailboxes.models import Mailbox

_ROME: Final = "Europe/Rome"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent from `since` on; `cost` in euros without VAT, None where the plan notes no price of a message."""

    since: date
    messages: int
    recipients: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Today and this month by the calendar of the plan's time zone, and the days up to today, oldest first."""

    today: Sent
    month: Sent
    days: Sequence[Sent]


def of(mailbox: Mailbox, *, days: int, now: datetime) -> Usage:
    """What a mailbox has sent up to `now`, an instant of the portal's clock; `days` of them in all, today included."""
    zone = ZoneInfo(mailbox.plan.zone if mailbox.plan else _ROME)
    today = now.astimezone(zone).date()
    first, month = today - timedelta(days=days - 1), today.replace(day=1)
    counted = _counted(mailbox, min(first, month), zone)
    price = mailbox.plan.message_price if mailbox.plan else None

    def sent(since: date, until: date) -> Sent:
        found = [numbers for day, numbers in counted.items() if since <= day <= until]
        messages = sum(each[0] for each in found)
        return Sent(since, messages, sum(each[1] for each in found), None if price is None else price * messages)

    each_day = [first + timedelta(days=n) for n in range(days)]
    return Usage(sent(today, today), sent(month, today), [sent(day, day) for day in each_day])


def _counted(mailbox: Mailbox, first: date, zone: ZoneInfo) -> dict[date, tuple[int, int]]:
    """Messages and recipients of each day from `first` on that has any."""
    since = datetime.combine(first, time(), zone)
    rows = Reservation.objects.filter(mailbox=mailbox, released=False, at__gte=since).order_by()
    minutes = rows.annotate(minute=timing.Minute("at")).values_list("minute")
    found: dict[date, tuple[int, int]] = {}
    for minute, messages, recipients in minutes.annotate(messages=Count("pk"), recipients=Sum("units")):
        day = pacing.instant(int(minute)).astimezone(zone).date()
        before = found.get(day, (0, 0))
        found[day] = (before[0] + messages, before[1] + recipients)
    return found
