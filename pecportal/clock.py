"""What time it is for deadlines and pages. Only the demo's clock runs at another speed than the real one.

All hosts have one clock, the database's: each process knows how far its host's is from that (`compare`), and corrects
it. Between two comparisons no query is needed.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.formats import date_format

TRIES: Final = 3
QUICK: Final = 0.05  # seconds in which an answer is good enough not to ask again
SLOWEST: Final = 2.0  # seconds after which an answer tells nothing
AGAIN: Final = 60.0  # seconds after which a new connection compares again


@dataclass(frozen=True, slots=True)
class _Comparison:
    """How far the database's clock was ahead of this host's, at a `time.monotonic()` second."""

    ahead: timedelta
    at: float


_latest: _Comparison | None = None


def now() -> datetime:
    """The present, aware and in UTC; sped up by `CLOCK_SPEED` from `CLOCK_ORIGIN` on in a demo.

    Leases and pace never ask it: they live in real seconds.
    """
    real = real_now()
    if settings.CLOCK_SPEED == 1:
        return real
    origin = datetime.fromtimestamp(settings.CLOCK_ORIGIN, UTC)
    return origin + (real - origin) * float(settings.CLOCK_SPEED)


def real_now() -> datetime:
    """The present in real time, by the clock that all hosts share as far as it was compared; never sped up."""
    return host_now() + _latest.ahead if _latest else host_now()


def real_seconds(span: timedelta) -> float:
    """How many real seconds this clock needs for `span`."""
    return span.total_seconds() / float(settings.CLOCK_SPEED)


def from_real(moment: datetime) -> datetime:
    """A real instant, such as the end of a lane's rest, as this clock will show it."""
    return now() + (moment - real_now()) * float(settings.CLOCK_SPEED)


def host_now() -> datetime:
    """The instant by this machine's own clock, right or wrong."""
    return timezone.now()


def database_now() -> datetime:
    """The instant by the database's clock, which all hosts share; leases are measured by it."""
    return _asked(connection)


def shown(moment: datetime) -> str:
    """An instant for people, by the clocks of Italy, to the minute."""
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def compare(database: BaseDatabaseWrapper | None = None) -> timedelta | None:
    """How far the database's clock is ahead of this host's; from now on `now` goes by it.

    A difference that the time of asking explains is none. None when the answers came too slowly to tell: then what
    was known before stays. Raises the database's errors.
    """
    global _latest
    quickest, least, most = float("inf"), timedelta(0), timedelta(0)
    for _n in range(TRIES):
        began, before = time.monotonic(), host_now()
        there = _asked(database or connection)
        after, took = host_now(), time.monotonic() - began
        if took < quickest:
            quickest, least, most = took, there - after, there - before
        if quickest < QUICK:
            break
    if quickest > SLOWEST:
        return None
    ahead = timedelta(0) if least <= timedelta(0) <= most else (least + most) / 2
    _latest = _Comparison(ahead, time.monotonic())
    return ahead


def compare_at_connecting(connection: BaseDatabaseWrapper, **signal: Any) -> None:
    """Compare with a database just connected to, if that was not done lately: web servers have no other occasion."""
    if connection.vendor == "postgresql" and (_latest is None or time.monotonic() - _latest.at > AGAIN):
        compare(connection)


def forget() -> None:
    """Go by this host's clock alone, until it is compared again."""
    global _latest
    _latest = None


def _asked(database: BaseDatabaseWrapper) -> datetime:
    if database.vendor != "postgresql":
        return host_now()  # SQLite's clock is this machine's
    with database.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (found,) = cursor.fetchone()
    if not isinstance(found, datetime):
        raise TypeError("The database gave no time.")
    return found
