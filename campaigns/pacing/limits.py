"""How many units (recipients, or messages) a plan's limits leave, and when the next one becomes free.

Units are counted by the minute. In a rolling window a minute's units count until the whole of it is old enough: a unit
used at 10:00:17 is free again at 10:01 a day later, never sooner than by the vendor's own count.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo


class Span(Enum):
    """What a limit is for; the value is its length in minutes where it rolls."""

    DAY = 24 * 60
    MONTH = 30 * 24 * 60
    YEAR = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` units in a span, which rolls, or begins at midnight in `zone`."""

    span: Span
    rolling: bool
    most: int
    zone: ZoneInfo

    def since(self, minute: int) -> int:
        """The first minute whose units count in `minute`."""
        if self.rolling:
            return minute - self.span.value
        return self._midnight(_first(self.span, instant(minute).astimezone(self.zone).date()))

    def free_at(self, history: "History", minute: int, units: int) -> int | None:
        """The first minute, from `minute` on, in which `units` more may be used if nobody uses any; None for never."""
        spare = self.most - units
        if spare < 0:
            return None
        if self.rolling:
            oldest = history.first_of_last(spare)
            return minute if oldest is None else max(minute, oldest + self.span.value + 1)
        while history.since(self.since(minute)) > spare:
            first = _first(self.span, instant(minute).astimezone(self.zone).date())
            minute = self._midnight(_next(self.span, first))
        return minute

    def _midnight(self, day: date) -> int:
        return minute_of(datetime.combine(day, time(), self.zone))


class History:
    """Units used in each minute. Sums from any minute on take time that grows with the logarithm of its length."""

    __slots__ = ("_minutes", "_sums")

    def __init__(self, counts: Iterable[tuple[int, int]] = ()) -> None:
        """`counts` are (minute, units), in any order."""
        self._minutes: list[int] = []
        self._sums: list[int] = [0]  # units before each minute, and of all
        for minute, units in sorted(counts):
            self.add(minute, units)

    def add(self, minute: int, units: int) -> None:
        """Note that units were used; quick for the latest minute and those after it."""
        if units <= 0:
            return
        if not self._minutes or minute > self._minutes[-1]:
            self._minutes.append(minute)
            self._sums.append(self._sums[-1] + units)
        elif minute == self._minutes[-1]:
            self._sums[-1] += units
        else:
            later = self.cut(minute)
            self.add(minute, units + sum(n for at, n in later if at == minute))
            for at, n in later:
                if at != minute:
                    self.add(at, n)

    def cut(self, minute: int) -> list[tuple[int, int]]:
        """Forget everything from `minute` on, and return it."""
        start = bisect_left(self._minutes, minute)
        gone = [(self._minutes[n], self._sums[n + 1] - self._sums[n]) for n in range(start, len(self._minutes))]
        del self._minutes[start:], self._sums[start + 1 :]
        return gone

    def since(self, minute: int) -> int:
        """Units used in a minute and after it."""
        return self._sums[-1] - self._sums[bisect_left(self._minutes, minute)]

    def first_of_last(self, units: int) -> int | None:
        """The last minute that has to be forgotten so that at most `units` are left; None when so many there are."""
        index = bisect_left(self._sums, self._sums[-1] - units)
        return self._minutes[index - 1] if index else None

    def used(self, since: int, until: int) -> list[int]:
        """The minutes in which units were used, from one to another, both counted."""
        return self._minutes[bisect_left(self._minutes, since) : bisect_left(self._minutes, until + 1)]

    def copy(self) -> "History":
        """The same again, to be changed without changing this one."""
        other = History()
        other._minutes, other._sums = list(self._minutes), list(self._sums)
        return other


def limits(
    *, daily: int | None, monthly: int | None, yearly: int | None, margin: int, window: str, zone: str
) -> tuple[Limit, ...]:
    """A plan's limits; None is no limit, `margin` units of each stay unused.

    `window` is `calendar`, `rolling` or `both`; then each limit stands twice, since both windows must allow a unit.
    Raises `zoneinfo.ZoneInfoNotFoundError` for a zone that does not exist.
    """
    kinds = {"calendar": (False,), "rolling": (True,), "both": (False, True)}[window]
    named = ((Span.DAY, daily), (Span.MONTH, monthly), (Span.YEAR, yearly))
    where = ZoneInfo(zone)
    return tuple(
        Limit(span, rolling, max(most - margin, 0), where)
        for span, most in named
        if most is not None
        for rolling in kinds
    )


def is_exceeded(limit: Limit, history: History, *, since: int, until: int) -> bool:
    """Whether more units than the limit's were used in any window that was open in these minutes."""
    return any(
        history.since(limit.since(minute)) - history.since(minute + 1) > limit.most
        for minute in history.used(since, until)
    )


def room(given: Sequence[Limit], history: History, minute: int) -> int | None:
    """Units that may still be used in `minute`; None without limit."""
    if not given:
        return None
    return max(min(limit.most - history.since(limit.since(minute)) for limit in given), 0)


def next_free(given: Sequence[Limit], history: History, minute: int, *, units: int = 1) -> int | None:
    """The first minute, from `minute` on, in which all limits leave `units`; None when that will never be."""
    while True:
        found = minute
        for limit in given:
            free = limit.free_at(history, found, units)
            if free is None:
                return None
            found = free
        if found == minute:
            return found
        minute = found


def minute_of(at: datetime) -> int:
    """The minute in which an aware instant lies, counted from 1970 in UTC."""
    return int(at.timestamp() // 60)


def instant(minute: int) -> datetime:
    """When a minute begins, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def _first(span: Span, day: date) -> date:
    """The first day of the day, month or year that `day` belongs to."""
    return {Span.DAY: day, Span.MONTH: day.replace(day=1), Span.YEAR: day.replace(month=1, day=1)}[span]


def _next(span: Span, first: date) -> date:
    """The first day of the one after it."""
    return _first(span, first + timedelta(days={Span.DAY: 1, Span.MONTH: 31, Span.YEAR: 366}[span]))
