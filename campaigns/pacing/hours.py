"""The hours in which a campaign may be sent, by the clocks in Rome.

A day's hours may go over midnight: they belong to the day on which they begin, so that Friday's 22:00 to 06:00 end on
Saturday morning even where Saturdays are left out. On the day of 25 hours a time that comes twice means the first one;
on the day of 23 hours a time that never comes means the instant at which the clocks jump over it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pecportal.holidays import is_holiday

ROME = ZoneInfo("Europe/Rome")
EVERY_DAY = frozenset(range(1, 8))
SEARCH_DAYS = 800  # further than any holidays and left-out weekdays together reach
MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Hours:
    """From when until when, on which ISO weekdays, on public holidays or not, and not before which instant.

    Without `opens` a day begins at midnight, without `closes` it ends there; the same time twice is a whole day.
    """

    opens: time | None = None
    closes: time | None = None
    weekdays: frozenset[int] = field(default=EVERY_DAY)
    on_holidays: bool = True
    starts_at: datetime | None = None

    @property
    def never_closes(self) -> bool:
        """Whether they are open for good once they have begun."""
        whole = (self.opens or MIDNIGHT) == (self.closes or MIDNIGHT)
        return whole and self.weekdays == EVERY_DAY and self.on_holidays

    def is_open(self, at: datetime) -> bool:
        """Whether a message may leave at an instant."""
        return self.opens_next(at) == at.astimezone(UTC)

    def opens_next(self, at: datetime) -> datetime | None:
        """The first instant from `at` on at which a message may leave, in UTC; None when that never comes."""
        at = self._after_start(at)
        for begin, end in self._windows(at):
            if end > at:
                return max(begin, at)
        return None

    def closes_next(self, at: datetime) -> datetime | None:
        """The first instant after `at` at which none may leave, in UTC, for one at which they are open; None: never."""
        if self.never_closes:
            return None
        until = None
        for begin, end in self._windows(at):
            if until is None and begin <= at < end:
                until = end
            elif until is not None and begin > until:
                break
            elif until is not None:
                until = max(until, end)
            if until is not None and until > at + timedelta(days=SEARCH_DAYS // 2):
                return None
        return until

    def _after_start(self, at: datetime) -> datetime:
        at = at.astimezone(UTC)
        return at if self.starts_at is None else max(at, self.starts_at.astimezone(UTC))

    def _windows(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The windows that end after an instant, in their order; each begins before it ends."""
        first = at.astimezone(ROME).date() - timedelta(days=2)
        for n in range(SEARCH_DAYS):
            day = first + timedelta(days=n)
            if day.isoweekday() not in self.weekdays or (not self.on_holidays and is_holiday(day)):
                continue
            begin, end = self._window(day)
            if begin < end and end > at:
                yield begin, end

    def _window(self, day: date) -> tuple[datetime, datetime]:
        opens, closes = self.opens or MIDNIGHT, self.closes or MIDNIGHT
        last = day if opens < closes else day + timedelta(days=1)
        return _instant(day, opens), _instant(last, closes)


def _instant(day: date, moment: time) -> datetime:
    """When the clocks in Rome first show a time of a day, in UTC."""
    local = datetime.combine(day, moment, ROME)
    found = local.astimezone(UTC)
    if found.astimezone(ROME).time() == moment:
        return found
    early = local.replace(fold=1).astimezone(UTC)  # by the offset that holds after the jump: before the jump
    return _jump(early, found)


def _jump(before: datetime, after: datetime) -> datetime:
    """The instant, to the minute, at which the offset changes between two instants."""
    offset = before.astimezone(ROME).utcoffset()
    while after - before > timedelta(minutes=1):
        middle = before + timedelta(minutes=(after - before) // timedelta(minutes=2))
        if middle.astimezone(ROME).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)
