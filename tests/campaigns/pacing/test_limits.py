"""A plan's limits: what is left, and when the next unit becomes free, by the calendar and in rolling windows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import pacing
from campaigns.pacing import History, Limit, Span

ROME = ZoneInfo("Europe/Rome")


def at(text: str, zone: ZoneInfo = ROME) -> int:
    """A minute, by the clock of a zone."""
    return pacing.minute_of(datetime.fromisoformat(text).replace(tzinfo=zone))


def day(*, rolling: bool, most: int = 10) -> Limit:
    return Limit(Span.DAY, rolling, most, ROME)


def test_a_calendar_day_begins_anew_at_romes_midnight() -> None:
    history = History([(at("2026-11-25T23:59"), 10)])
    limit = day(rolling=False)

    assert pacing.room([limit], history, at("2026-11-25T23:59")) == 0
    assert pacing.next_free([limit], history, at("2026-11-25T23:59")) == at("2026-11-26T00:00")
    assert pacing.room([limit], history, at("2026-11-26T00:00")) == 10


def test_what_was_used_at_midnight_belongs_to_the_new_day() -> None:
    assert pacing.room([day(rolling=False)], History([(at("2026-11-26T00:00"), 4)]), at("2026-11-26T12:00")) == 6


def test_a_plan_of_another_zone_has_other_days() -> None:
    history = History([(at("2026-11-26T00:30"), 10)])
    utc = Limit(Span.DAY, rolling=False, most=10, zone=ZoneInfo("UTC"))

    assert pacing.next_free([utc], history, at("2026-11-26T00:45")) == at("2026-11-26T01:00")


def test_in_a_rolling_day_a_unit_is_free_again_a_minute_after_a_day() -> None:
    used = at("2026-11-25T10:00")
    history = History([(used, 9), (used + 5, 1)])

    assert pacing.room([day(rolling=True)], history, used + 24 * 60) == 0
    assert pacing.next_free([day(rolling=True)], history, used + 10) == used + 24 * 60 + 1
    assert pacing.room([day(rolling=True)], history, used + 24 * 60 + 1) == 9


@pytest.mark.parametrize(("night", "hours"), [("2026-10-25", 25), ("2026-03-29", 23)])
def test_days_of_23_and_25_hours_are_counted_whole(night: str, hours: int) -> None:
    start = at(f"{night}T00:00")
    history = History([(start, 10)])

    assert pacing.next_free([day(rolling=False)], history, start + 1) == start + hours * 60
    assert pacing.next_free([day(rolling=True)], history, start + 1) == start + 24 * 60 + 1
    both = [day(rolling=False), day(rolling=True)]
    assert pacing.next_free(both, history, start + 1) == start + max(hours * 60, 24 * 60 + 1)


def test_months_and_years_by_the_calendar() -> None:
    history = History([(at("2026-01-31T12:00"), 10)])
    month, year = (Limit(span, rolling=False, most=10, zone=ROME) for span in (Span.MONTH, Span.YEAR))

    assert pacing.next_free([month], history, at("2026-01-31T13:00")) == at("2026-02-01T00:00")
    assert pacing.next_free([month], History([(at("2026-12-05T12:00"), 10)]), at("2026-12-05T13:00")) == at(
        "2027-01-01T00:00"
    )
    assert pacing.next_free([year], history, at("2026-01-31T13:00")) == at("2027-01-01T00:00")
    assert pacing.next_free([year], History([(at("2028-02-29T12:00"), 10)]), at("2028-03-01T00:00")) == at(
        "2029-01-01T00:00"
    )


def test_a_limit_that_leaves_nothing_is_never_free() -> None:
    assert pacing.next_free([day(rolling=False, most=0)], History(), at("2026-11-25T10:00")) is None
    assert pacing.next_free([day(rolling=True, most=3)], History(), at("2026-11-25T10:00"), units=4) is None


def test_without_limits_there_is_always_room() -> None:
    assert pacing.room([], History([(0, 10**6)]), 0) is None
    assert pacing.next_free([], History([(0, 10**6)]), 7) == 7


def test_both_windows_stand_side_by_side_and_the_margin_is_taken_off() -> None:
    found = pacing.limits(daily=3500, monthly=None, yearly=100_000, margin=50, window="both", zone="Europe/Rome")

    assert [(limit.span, limit.rolling, limit.most) for limit in found] == [
        (Span.DAY, False, 3450),
        (Span.DAY, True, 3450),
        (Span.YEAR, False, 99_950),
        (Span.YEAR, True, 99_950),
    ]


def test_a_margin_above_the_limit_leaves_nothing_rather_than_less() -> None:
    (limit,) = pacing.limits(daily=10, monthly=None, yearly=None, margin=50, window="calendar", zone="Europe/Rome")

    assert limit.most == 0


def test_an_interval_is_a_little_longer_than_the_pace_asks() -> None:
    assert pacing.interval(0) == 0
    assert 1 < pacing.interval(1) < 1.01
    assert 0.5 < pacing.interval(2) < 0.505


MINUTES = st.integers(at("2026-03-27T00:00"), at("2026-04-02T00:00")) | st.integers(
    at("2026-10-23T00:00"), at("2026-11-02T00:00")
)
COUNTS = st.lists(st.tuples(MINUTES, st.integers(1, 5)), max_size=12)


@settings(deadline=None)
@given(counts=COUNTS, since=MINUTES, cut=MINUTES)
def test_a_history_counts_as_a_list_would(counts: list[tuple[int, int]], since: int, cut: int) -> None:
    history = History()
    for minute, units in counts:
        history.add(minute, units)

    assert history.since(since) == sum(units for minute, units in counts if minute >= since)
    gone = history.cut(cut)
    assert sum(units for _, units in gone) == sum(units for minute, units in counts if minute >= cut)
    assert history.since(0) == sum(units for minute, units in counts if minute < cut)


@settings(deadline=None)
@given(counts=COUNTS, now=MINUTES, units=st.integers(1, 6), rolling=st.sampled_from([(True,), (False,), (True, False)]))
def test_the_next_free_minute_is_the_first_that_has_room(
    counts: list[tuple[int, int]], now: int, units: int, rolling: tuple[bool, ...]
) -> None:
    history = History((minute, n) for minute, n in counts if minute <= now)
    rules = [day(rolling=kind, most=8) for kind in rolling]

    found = pacing.next_free(rules, history, now, units=units)

    assert found is not None
    assert (pacing.room(rules, history, found) or 0) >= units
    if found > now:
        assert (pacing.room(rules, history, found - 1) or 0) < units
        assert all((pacing.room(rules, history, minute) or 0) < units for minute in range(now, found, 7))


@settings(deadline=None)
@given(counts=COUNTS, now=MINUTES)
def test_room_is_what_the_naive_count_leaves(counts: list[tuple[int, int]], now: int) -> None:
    """Each unit with its own instants: a rolling day's ends 24 hours after its minute, a calendar day's at midnight."""
    history = History((minute, n) for minute, n in counts if minute <= now)
    here = pacing.instant(now).astimezone(ROME).date()
    today = sum(n for m, n in counts if m <= now and pacing.instant(m).astimezone(ROME).date() == here)
    last = sum(n for m, n in counts if m <= now and pacing.instant(m + 1) + timedelta(hours=24) > pacing.instant(now))

    assert pacing.room([day(rolling=False, most=100)], history, now) == 100 - today
    assert pacing.room([day(rolling=True, most=100)], history, now) == 100 - last


def test_minutes_and_instants_agree() -> None:
    moment = datetime(2026, 11, 25, 10, 0, 59, 999_999, tzinfo=UTC)

    assert pacing.instant(pacing.minute_of(moment)) == moment.replace(second=0, microsecond=0)
