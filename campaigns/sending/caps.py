"""How many messages a mailbox may still send under its plan, counted from the reservations."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Sum

from campaigns.models import Reservation
from mailboxes.models import Mailbox

ROME = ZoneInfo("Europe/Rome")


def remaining(mailbox: Mailbox, *, now: datetime) -> int | None:
    """Recipients that may still be sent to at `now`; None without limit.

    The vendor does not say whether its day and month are rolling or calendar ones, so both must allow it, and the
    plan's margin stays unused.
    """
    plan = mailbox.plan
    if plan is None:
        return None
    rooms = []
    if plan.daily_limit is not None:
        rooms.append(plan.daily_limit - plan.margin - used(mailbox.pk, since=day_start(now)))
    if plan.monthly_limit is not None:
        rooms.append(plan.monthly_limit - plan.margin - used(mailbox.pk, since=month_start(now)))
    return max(min(rooms), 0) if rooms else None


def used(mailbox_id: int, *, since: datetime) -> int:
    """Recipients reserved and not given back since an instant."""
    held = Reservation.objects.filter(mailbox=mailbox_id, at__gt=since, released=False)
    return held.aggregate(total=Sum("units"))["total"] or 0


def day_start(now: datetime) -> datetime:
    """The earlier of 24 hours ago and Rome's midnight, which differ on the day of 25 hours."""
    local = now.astimezone(ROME)
    return min(now - timedelta(hours=24), local.replace(hour=0, minute=0, second=0, microsecond=0))


def month_start(now: datetime) -> datetime:
    """The earlier of 30 days ago and the first of the month in Rome."""
    local = now.astimezone(ROME)
    return min(now - timedelta(days=30), local.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
