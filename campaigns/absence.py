"""Whether a message's receipts are truly absent from its mailbox: judged from facts alone. Pure.

A receipt that is not there proves nothing by itself: it may be late, on a page that was not read, or lost by a mailbox
that was full. So absence has to be shown by several facts together, and even then it is "as far as can be known".
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

GRACE: Final = timedelta(minutes=2)  # after the mark: a reading begun sooner may have come before the receipt
SCANS: Final = 2
FULL: Final = 90  # percent of the mailbox in use: from here on receipts may be lost
STEPS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60))
HOURLY_UNTIL: Final = timedelta(hours=26)
DAILY_UNTIL: Final = timedelta(days=10)


class Answer(enum.Enum):
    """What can be said of an attempt in doubt."""

    FOUND = "found"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Gap(enum.Enum):
    """What is missing before absence may be claimed."""

    TOO_SOON = "too_soon"
    NO_SCAN = "no_scan"
    ONE_SCAN = "one_scan"
    SPACE_UNKNOWN = "space_unknown"
    NEARLY_FULL = "nearly_full"
    NO_WITNESS = "no_witness"
    SCAN_BEFORE_WITNESS = "scan_before_witness"


@dataclass(frozen=True, slots=True)
class Scan:
    """One walk through the inbox: whether it meant to see all of it, and whether it did."""

    started: datetime
    ended: datetime | None
    full: bool
    complete: bool
    items: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one attempt and its mailbox.

    `doubted`: when the answer was found to be missing. `receipts`: how many name the attempt. `space`: percent of the
    mailbox in use, each reading since the mark and the latest one. `witness`: when the first acceptance of a message
    that the mailbox sent after the doubt had been read.
    """

    marked: datetime
    doubted: datetime
    now: datetime
    receipts: int = 0
    scans: Sequence[Scan] = ()
    space: Sequence[int] = ()
    witness: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer, what is missing for a better one, and the readings that count, oldest first."""

    answer: Answer
    gaps: tuple[Gap, ...] = ()
    scans: tuple[Scan, ...] = ()


def judge(facts: Facts) -> Finding:
    """Found, absent as far as can be known, or not known yet and what is missing for that."""
    counting = tuple(scan for scan in facts.scans if _counts(scan, facts))
    if facts.receipts:
        return Finding(Answer.FOUND, scans=counting)
    gaps = tuple(gap for gap in (_of_scans(facts, counting), _of_space(facts), _of_witness(facts, counting)) if gap)
    return Finding(Answer.UNKNOWN if gaps else Answer.ABSENT, gaps, counting)


def _counts(scan: Scan, facts: Facts) -> bool:
    return scan.full and scan.complete and scan.ended is not None and scan.started > facts.marked + GRACE


def _of_scans(facts: Facts, counting: Sequence[Scan]) -> Gap | None:
    if len(counting) >= SCANS:
        return None
    if facts.now <= facts.marked + GRACE:
        return Gap.TOO_SOON
    return Gap.ONE_SCAN if counting else Gap.NO_SCAN


def _of_space(facts: Facts) -> Gap | None:
    if not facts.space:
        return Gap.SPACE_UNKNOWN
    return Gap.NEARLY_FULL if max(facts.space) >= FULL else None


def _of_witness(facts: Facts, counting: Sequence[Scan]) -> Gap | None:
    """A later message whose acceptance was read shows that receipts do arrive; a whole reading has to end after it."""
    if facts.witness is None:
        return Gap.NO_WITNESS
    if len(counting) < SCANS:
        return None
    ends = [scan.ended for scan in counting if scan.ended is not None]
    return None if max(ends) >= facts.witness else Gap.SCAN_BEFORE_WITNESS


def last_due(marked: datetime, now: datetime) -> datetime | None:
    """The latest instant up to `now` at which an attempt marked then is to be searched for; None before the first.

    After 1, 2, 5, 10, 15, 30 and 60 minutes, hourly up to 26 hours, daily up to 10 days; never after that.
    """
    passed = now - marked
    if passed < STEPS[0]:
        return None
    if passed < timedelta(hours=1):
        return marked + max(step for step in STEPS if step <= passed)
    if passed < timedelta(days=2):
        return marked + timedelta(hours=min(passed, HOURLY_UNTIL) // timedelta(hours=1))
    return marked + timedelta(days=min(passed, DAILY_UNTIL) // timedelta(days=1))


def is_due(marked: datetime, *, last: datetime | None, now: datetime) -> bool:
    """Whether an attempt searched for at `last` (None: never) has to be searched for again."""
    due = last_due(marked, now)
    return due is not None and (last is None or last < due)
