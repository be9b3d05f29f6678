"""Italy's public holidays."""

from datetime import date, timedelta
from functools import lru_cache

# law 260 of 1949 with its changes: 54 of 1977, decree 792 of 1985, 336 of 2000
FIXED = frozenset(
    {(1, 1), (1, 6), (4, 25), (5, 1), (6, 2), (8, 15), (11, 1), (12, 8), (12, 25), (12, 26)},
)
SAINT_FRANCIS = (10, 4)
SAINT_FRANCIS_SINCE = 2026  # law 151 of 2025


def is_holiday(day: date) -> bool:
    """Whether a day is a public holiday in all of Italy; Sundays as such are not, patrons' days neither."""
    named = (day.month, day.day)
    if named in FIXED or (named == SAINT_FRANCIS and day.year >= SAINT_FRANCIS_SINCE):
        return True
    return day - easter(day.year) in (timedelta(0), timedelta(days=1))


@lru_cache(maxsize=64)
def easter(year: int) -> date:
    """Easter Sunday of the western churches; source: Meeus, Jones and Butcher's rule for the Gregorian calendar."""
    golden = year % 19
    century, of_century = divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moved = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leaps - moved + 15) % 30
    quads, left = divmod(of_century, 4)
    weekday = (32 + 2 * rest + 2 * quads - epact - left) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
