"""Absence is claimed only when everything speaks for it, and an attempt is looked for when its time has come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from campaigns import absence
from campaigns.absence import Answer, Facts, Gap, Scan

MARK = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def scan(minutes: float, *, full: bool = True, complete: bool = True, ended: bool = True) -> Scan:
    started = MARK + minutes * MINUTE
    return Scan(started, started + MINUTE if ended else None, full, complete)


ENOUGH = Facts(
    marked=MARK,
    doubted=MARK + MINUTE,
    now=MARK + 60 * MINUTE,
    scans=(scan(3), scan(5)),
    space=(10, 89),
    witness=MARK + 4 * MINUTE,
)


def test_two_whole_readings_of_a_healthy_mailbox_and_a_later_acceptance_are_enough() -> None:
    found = absence.judge(ENOUGH)

    assert found.answer is Answer.ABSENT
    assert found.gaps == ()
    assert found.scans == ENOUGH.scans


@pytest.mark.parametrize(
    ("facts", "gap"),
    [
        (replace(ENOUGH, scans=()), Gap.NO_SCAN),
        (replace(ENOUGH, scans=(), now=MARK + 2 * MINUTE), Gap.TOO_SOON),
        (replace(ENOUGH, scans=(scan(3),)), Gap.ONE_SCAN),
        (replace(ENOUGH, scans=(scan(3), scan(5, complete=False))), Gap.ONE_SCAN),
        (replace(ENOUGH, scans=(scan(3), scan(5, full=False))), Gap.ONE_SCAN),
        (replace(ENOUGH, scans=(scan(3), scan(5, ended=False))), Gap.ONE_SCAN),
        (replace(ENOUGH, scans=(scan(2), scan(5))), Gap.ONE_SCAN),
        (replace(ENOUGH, scans=(scan(-3), scan(5))), Gap.ONE_SCAN),
        (replace(ENOUGH, space=()), Gap.SPACE_UNKNOWN),
        (replace(ENOUGH, space=(10, 90, 20)), Gap.NEARLY_FULL),
        (replace(ENOUGH, witness=None), Gap.NO_WITNESS),
        (replace(ENOUGH, witness=MARK + 7 * MINUTE), Gap.SCAN_BEFORE_WITNESS),
    ],
)
def test_whatever_is_missing_keeps_absence_from_being_claimed_and_is_named(facts: Facts, gap: Gap) -> None:
    found = absence.judge(facts)

    assert found.answer is Answer.UNKNOWN
    assert found.gaps == (gap,)


def test_all_that_is_missing_is_named_at_once() -> None:
    nothing = Facts(marked=MARK, doubted=MARK, now=MARK + 60 * MINUTE)

    assert absence.judge(nothing).gaps == (Gap.NO_SCAN, Gap.SPACE_UNKNOWN, Gap.NO_WITNESS)


def test_a_receipt_is_found_whatever_the_readings_say() -> None:
    assert absence.judge(replace(ENOUGH, receipts=1)).answer is Answer.FOUND
    assert absence.judge(Facts(marked=MARK, doubted=MARK, now=MARK, receipts=1)).answer is Answer.FOUND


def test_time_alone_never_becomes_evidence() -> None:
    waited = replace(ENOUGH, scans=(), witness=None, now=MARK + timedelta(days=400))

    assert absence.judge(waited).answer is Answer.UNKNOWN


def searches(*, until: timedelta, step: timedelta = timedelta(seconds=30)) -> list[timedelta]:
    """When an attempt is searched for if somebody looks each `step`."""
    last, found, passed = None, [], timedelta(0)
    while passed <= until:
        if absence.is_due(MARK, last=last, now=MARK + passed):
            last = MARK + passed
            found.append(passed)
        passed += step
    return found


def test_an_attempt_is_searched_for_soon_then_hourly_then_daily_then_no_more() -> None:
    minutes = [timedelta(minutes=m) for m in (1, 2, 5, 10, 15, 30)]
    hours = [timedelta(hours=h) for h in range(1, 27)]
    days = [timedelta(days=d) for d in range(2, 11)]

    assert searches(until=timedelta(days=12), step=timedelta(minutes=1)) == minutes + hours + days


def test_what_was_missed_is_made_up_for_once() -> None:
    last = MARK + timedelta(minutes=1)
    late = MARK + timedelta(hours=5, minutes=20)

    assert absence.is_due(MARK, last=last, now=late)
    assert not absence.is_due(MARK, last=late, now=late + timedelta(minutes=39))
    assert absence.is_due(MARK, last=late, now=late + timedelta(minutes=40))


def test_before_the_first_minute_nothing_is_due() -> None:
    assert absence.last_due(MARK, MARK + timedelta(seconds=59)) is None
    assert not absence.is_due(MARK, last=None, now=MARK + timedelta(seconds=59))
