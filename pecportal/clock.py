"""What time it is for deadlines and pages. Only the demo's clock runs at another speed than the real one."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.utils import timezone


def now() -> datetime:
    """The present, aware and in UTC; sped up by `CLOCK_SPEED` from `CLOCK_ORIGIN` on in a demo.

    Leases and pace never ask it: they live in real seconds.
    """
    real = timezone.now()
    if settings.CLOCK_SPEED == 1:
        return real
    origin = datetime.fromtimestamp(settings.CLOCK_ORIGIN, UTC)
    return origin + (real - origin) * float(settings.CLOCK_SPEED)


def real_seconds(span: timedelta) -> float:
    """How many real seconds this clock needs for `span`."""
    return span.total_seconds() / float(settings.CLOCK_SPEED)


def from_real(moment: datetime) -> datetime:
    """A real instant, such as the end of a lane's rest, as this clock will show it."""
    return now() + (moment - timezone.now()) * float(settings.CLOCK_SPEED)


def database_now() -> datetime:
    """The instant by the database's clock, which all hosts share; leases are measured by it."""
    if connection.vendor != "postgresql":
        return timezone.now()  # SQLite's clock is this machine's
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    if not isinstance(now, datetime):
        raise TypeError("The database gave no time.")
    return now
