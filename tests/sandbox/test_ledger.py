"""Codes are unique whatever the clock does."""

from datetime import UTC, datetime, timedelta

from pecportal.sandbox.ledger import Codes

NOON = datetime(2026, 3, 2, 11, 0, 0, tzinfo=UTC)


def test_a_second_that_has_no_more_codes_borrows_from_the_next() -> None:
    codes = Codes()

    given = [codes.next(NOON) for _ in range(500)]

    assert len(set(given)) == 500
    assert given[0].startswith("20260302120000")
    assert given[-1].startswith("20260302120004")
    assert {len(code) for code in given} == {15, 16}


def test_the_hour_that_comes_twice_in_autumn_gives_no_code_twice() -> None:
    codes = Codes()
    before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    given = [codes.next(before + timedelta(minutes=minute)) for minute in range(0, 120, 5) for _ in range(3)]

    assert len(set(given)) == len(given)


def test_a_clock_that_goes_back_gives_no_code_twice() -> None:
    codes = Codes()

    given = [codes.next(NOON - timedelta(seconds=second)) for second in range(300)]

    assert len(set(given)) == 300
