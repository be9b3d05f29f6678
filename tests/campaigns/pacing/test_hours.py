"""Sending hours by the clocks in Rome, over midnight, on holidays, on days of 23 and 25 hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.pacing import Hours, is_holiday
from pecportal.holidays import easter

ROME = ZoneInfo("Europe/Rome")
WORKDAYS = frozenset(range(1, 6))


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def shown(at: datetime | None) -> str:
    assert at is not None
    return at.astimezone(ROME).strftime("%Y-%m-%dT%H:%M")


def test_without_hours_it_is_always_open() -> None:
    hours = Hours()

    assert hours.is_open(rome("2026-12-25T03:00"))
    assert hours.never_closes
    assert hours.closes_next(rome("2026-12-25T03:00")) is None


def test_office_hours_open_in_the_morning_and_close_in_the_evening() -> None:
    hours = Hours(opens=time(8), closes=time(18))

    assert not hours.is_open(rome("2026-11-25T07:59"))
    assert hours.is_open(rome("2026-11-25T08:00"))
    assert hours.is_open(rome("2026-11-25T17:59:59"))
    assert not hours.is_open(rome("2026-11-25T18:00"))
    assert shown(hours.opens_next(rome("2026-11-25T18:00"))) == "2026-11-26T08:00"
    assert shown(hours.closes_next(rome("2026-11-25T09:00"))) == "2026-11-25T18:00"


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    hours = Hours(opens=time(22), closes=time(6), weekdays=WORKDAYS)

    assert hours.is_open(rome("2026-11-28T05:59"))  # Saturday morning, Friday's hours
    assert not hours.is_open(rome("2026-11-28T22:30"))
    assert not hours.is_open(rome("2026-11-30T05:00"))  # Monday morning would be Sunday's
    assert shown(hours.opens_next(rome("2026-11-28T06:00"))) == "2026-11-30T22:00"
    assert shown(hours.closes_next(rome("2026-11-27T23:00"))) == "2026-11-28T06:00"


def test_days_that_follow_one_another_close_only_after_the_last() -> None:
    hours = Hours(weekdays=WORKDAYS)

    assert shown(hours.closes_next(rome("2026-11-23T10:00"))) == "2026-11-28T00:00"
    assert shown(hours.opens_next(rome("2026-11-28T00:00"))) == "2026-11-30T00:00"


def test_public_holidays_are_left_out_if_asked() -> None:
    hours = Hours(opens=time(8), closes=time(18), on_holidays=False)

    assert shown(hours.opens_next(rome("2026-12-24T18:00"))) == "2026-12-27T08:00"
    assert Hours(opens=time(8), closes=time(18)).is_open(rome("2026-12-25T10:00"))


def test_it_does_not_open_before_its_start() -> None:
    hours = Hours(opens=time(8), closes=time(18), starts_at=rome("2026-11-26T12:00"))

    assert not hours.is_open(rome("2026-11-26T11:59"))
    assert shown(hours.opens_next(rome("2026-11-25T09:00"))) == "2026-11-26T12:00"


def test_without_any_day_it_never_opens() -> None:
    assert Hours(weekdays=frozenset()).opens_next(rome("2026-11-25T09:00")) is None


def test_one_end_alone_reaches_to_midnight() -> None:
    assert shown(Hours(opens=time(20)).closes_next(rome("2026-11-25T21:00"))) == "2026-11-26T00:00"
    assert shown(Hours(closes=time(6)).opens_next(rome("2026-11-25T06:00"))) == "2026-11-26T00:00"


def test_a_window_on_the_day_of_23_hours_is_an_hour_shorter() -> None:
    hours = Hours(opens=time(1), closes=time(4))

    opened = hours.opens_next(rome("2026-03-29T00:00"))
    closed = hours.closes_next(rome("2026-03-29T01:30"))
    assert opened is not None
    assert closed is not None
    assert closed - opened == timedelta(hours=2)


def test_a_window_on_the_day_of_25_hours_is_an_hour_longer() -> None:
    hours = Hours(opens=time(1), closes=time(4))

    opened = hours.opens_next(rome("2026-10-25T00:00"))
    closed = hours.closes_next(rome("2026-10-25T01:30"))
    assert opened is not None
    assert closed is not None
    assert closed - opened == timedelta(hours=4)


def test_a_time_that_the_clocks_jump_over_is_the_jump_itself() -> None:
    hours = Hours(opens=time(2, 30), closes=time(6))

    assert hours.opens_next(rome("2026-03-29T00:00")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    inside = Hours(opens=time(2, 15), closes=time(2, 45))
    assert shown(inside.opens_next(rome("2026-03-29T00:00"))) == "2026-03-30T02:15"


def test_a_time_that_comes_twice_is_the_first_one() -> None:
    hours = Hours(opens=time(2, 30), closes=time(2, 45))

    assert hours.opens_next(rome("2026-10-25T00:00")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert not hours.is_open(datetime(2026, 10, 25, 1, 35, tzinfo=UTC))  # 02:35 for the second time


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, "2024-03-31"), (2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2038, "2038-04-25")],
)
def test_easter_is_on_its_sunday(year: int, day: str) -> None:
    assert easter(year) == date.fromisoformat(day)
    assert is_holiday(easter(year) + timedelta(days=1))
    assert not is_holiday(easter(year) + timedelta(days=2))


def test_the_holidays_of_a_year() -> None:
    def of(year: int) -> list[str]:
        days = (date(year, 1, 1) + timedelta(days=n) for n in range(365))
        return [day.strftime("%d/%m") for day in days if is_holiday(day)]

    assert of(2025) == [
        "01/01", "06/01", "20/04", "21/04", "25/04", "01/05", "02/06", "15/08", "01/11", "08/12", "25/12", "26/12"
    ]  # fmt: skip
    assert "04/10" in of(2026)


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
HOURS = st.builds(
    Hours,
    opens=st.none() | TIMES,
    closes=st.none() | TIMES,
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
    on_holidays=st.booleans(),
)
# around both changes of the clocks, Easter, Christmas, and in ordinary weeks
INSTANTS = st.sampled_from(["2026-03-28", "2026-04-04", "2026-10-24", "2026-12-24", "2027-01-05"]).flatmap(
    lambda day: st.integers(0, 72 * 4).map(
        lambda n: datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=15 * n)
    )
)


def by_the_wall(hours: Hours, at: datetime) -> bool:
    """The rule as a person would read it from a clock on the wall, where no hour comes twice."""
    local = at.astimezone(ROME)
    opens, closes = hours.opens or time(), hours.closes or time()
    now, day = local.time(), local.date()

    def is_on(on: date) -> bool:
        return on.isoweekday() in hours.weekdays and (hours.on_holidays or not is_holiday(on))

    if opens < closes:
        return is_on(day) and opens <= now < closes
    return (is_on(day) and now >= opens) or (is_on(day - timedelta(days=1)) and now < closes)


@settings(max_examples=300, deadline=None)
@given(hours=HOURS, at=INSTANTS)
def test_open_is_what_a_clock_on_the_wall_says(hours: Hours, at: datetime) -> None:
    twice = at.astimezone(ROME).date() == date(2026, 10, 25) and at.astimezone(ROME).time() < time(3)

    assert twice or hours.is_open(at) == by_the_wall(hours, at)


@settings(max_examples=100, deadline=None)
@given(hours=HOURS, at=INSTANTS)
def test_the_next_opening_is_the_first_open_quarter(hours: Hours, at: datetime) -> None:
    found = hours.opens_next(at)

    assert found is not None
    assert hours.is_open(found)
    while at < found:
        assert not hours.is_open(at)
        at += timedelta(minutes=15 * 7)


@settings(max_examples=100, deadline=None)
@given(hours=HOURS, at=INSTANTS)
def test_it_is_open_until_it_closes(hours: Hours, at: datetime) -> None:
    opened = hours.opens_next(at)
    assert opened is not None
    closed = hours.closes_next(opened)

    if closed is None:
        assert hours.never_closes
        return
    assert not hours.is_open(closed)
    assert hours.is_open(closed - timedelta(microseconds=1))
    while opened < closed:
        assert hours.is_open(opened)
        opened += timedelta(minutes=15 * 9)
