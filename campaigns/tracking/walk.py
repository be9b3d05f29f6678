"""Walking a mailbox's inbox page by page, trusting neither its order nor its page numbers nor its totals."""

import enum
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from campaigns.tracking import receipts
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.inbox import InboxItem, InboxPage

MOST_PAGES: Final = 20_000
PATIENCE: Final = 3  # pages of repeats, or failures, in a row before the end is given up: one page may come twice
MOST_BROKEN: Final = 5_000  # unreadable items stop nobody, but a vendor that sends nothing else has no end
OVERLAP: Final = timedelta(hours=48)  # mails may come so late behind others of the same date

Fetch = Callable[[int], InboxPage]


class Depth(enum.Enum):
    """How far a reading goes: to the first page without anything new, past the overlap, or to the very end."""

    QUICK = "quick"
    DEEP = "deep"
    WHOLE = "whole"


@dataclass(slots=True)
class Walk:
    """What one walk saw.

    `ended`: it came to an empty page. `complete`: besides, no page failed, all items were readable, and either the
    vendor named one total and never another, and exactly that many items were told apart, or a second pass saw the
    same set, of which no total had named more. `items` counts each item once; `failed` the pages that the vendor could
    not give.
    """

    pages: int = 0
    items: int = 0
    broken: int = 0
    failed: int = 0
    ended: bool = False
    complete: bool = False
    totals: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    remnants: list[str] = field(default_factory=list)


def first_page(fetch: Fetch) -> int:
    """Find out whether the vendor counts its pages from 0 or from 1, by asking for both.

    In doubt it says 0, which costs a request, while 1 would skip the newest mails. Raises the vendor's error when it
    gives neither page.
    """
    try:
        zero = fetch(0)
    except UpstreamError:  # an offset below zero is an error to a vendor that counts from 1
        fetch(1)
        return 1
    if not zero.items:
        return 1
    try:
        one = fetch(1)
    except UpstreamError:
        return 0
    there, again = _keys(zero), _keys(one)
    return 1 if 2 * len(there & again) > len(there) else 0


def pages(fetch: Fetch, *, start: int, walk: Walk, twice: bool = False) -> Iterator[tuple[InboxItem, ...]]:
    """Yield each page's items that this walk did not see before, until an empty page or nothing but repeats.

    A page that the vendor cannot give is asked for once more, then passed over; `PATIENCE` of them in a row raise its
    error, as does a vendor that cannot be reached, or refuses. With `twice`, an inbox whose total changed, or was less
    than what was seen, is walked again at once: two passes that saw the same set are complete, too. Where a total was
    more than that, something may hide, since a page that is left out is left out each time. `walk.remnants` are the
    unreadable entries of the page that was yielded last; such a page is yielded even without a new item. The caller
    may stop early; `walk` then stays incomplete.
    """
    yield from _pass(fetch, start, walk)
    if twice and _may_be_complete(walk):
        again = Walk()
        for items in _pass(fetch, start, again):
            walk.remnants = again.remnants
            if new := tuple(item for item in items if key(item) not in walk.seen):
                yield new
        is_same = again.seen == walk.seen
        walk.pages, walk.broken, walk.failed = walk.pages + again.pages, again.broken, again.failed
        walk.totals |= again.totals
        walk.seen |= again.seen
        walk.items = len(walk.seen)
        walk.complete = is_same and again.ended and _may_be_complete(walk)


def _pass(fetch: Fetch, start: int, walk: Walk) -> Iterator[tuple[InboxItem, ...]]:
    repeats = failures = 0
    for number in range(start, start + MOST_PAGES):
        try:
            page = _again(fetch, number)
        except UpstreamError as exc:
            failures += 1
            if not _is_passing(exc) or failures == PATIENCE:
                raise
            walk.failed += 1
            continue
        failures = 0
        new = _take(page, walk)
        if not page.items and not page.broken:
            walk.ended = True
            walk.complete = _agrees(walk)
            return
        repeats = 0 if new or page.broken else repeats + 1
        if repeats == PATIENCE or walk.broken > MOST_BROKEN:
            return
        if new or page.broken:
            yield new


def _again(fetch: Fetch, number: int) -> InboxPage:
    """The page, asked for twice if need be: a server error may be over the next moment."""
    try:
        return fetch(number)
    except UpstreamError as exc:
        if not _is_passing(exc):
            raise
        return fetch(number)


def _is_passing(exc: UpstreamError) -> bool:
    """Whether the vendor is there and only this page is wrong: what lies behind it can still be read."""
    is_told = exc.status is not None and (exc.status >= 500 or exc.status in (200, 201))
    return is_told and not isinstance(exc, Rejected)


def newest_first(page_items: Sequence[InboxItem]) -> bool:
    """Whether a page shows by its dates that the newest mails come first; False where they do not say."""
    dates = [receipts.moment(item.date) for item in page_items]
    known = [date for date in dates if date is not None]
    if len(known) < max(len(dates), 2) or known[0] == known[-1]:
        return False
    return all(earlier >= later for earlier, later in itertools.pairwise(known))


def is_behind(page_items: Sequence[InboxItem], watermark: datetime | None) -> bool:
    """Whether all items of a page are dated before the watermark less the overlap; False where one does not say."""
    if watermark is None or not page_items:
        return False
    dates = [receipts.moment(item.date) for item in page_items]
    return all(date is not None and date < watermark - OVERLAP for date in dates)


def may_stop(page_items: Sequence[InboxItem], *, unknown: int, depth: Depth, watermark: datetime | None) -> bool:
    """Whether a reading of an inbox that shows the newest first ends with this page, `unknown` of which were new."""
    if unknown or not page_items or depth is Depth.WHOLE:
        return False
    return depth is Depth.QUICK or is_behind(page_items, watermark)


def key(item: InboxItem) -> str:
    """What tells one item from another within a walk: everything the list says of it."""
    return "\x1f".join((item.id or "", item.sender, item.date, item.subject))


def _take(page: InboxPage, walk: Walk) -> tuple[InboxItem, ...]:
    """Count the page, and return its items that are new to the walk, each once."""
    walk.pages += 1
    walk.broken += page.broken
    walk.remnants = list(page.remnants)
    if page.total is not None:
        walk.totals.add(page.total)
    new = {key(item): item for item in page.items if key(item) not in walk.seen}
    walk.seen.update(new)
    walk.items += len(new)
    return tuple(new.values())


def _may_be_complete(walk: Walk) -> bool:
    """Whether another pass may show that it is: it came to the end, and no total was more than what was seen."""
    is_clean = walk.ended and not (walk.complete or walk.broken or walk.failed)
    return is_clean and bool(walk.totals) and max(walk.totals) <= walk.items


def _agrees(walk: Walk) -> bool:
    return not walk.broken and not walk.failed and walk.totals == {walk.items}


def _keys(page: InboxPage) -> set[str]:
    return {key(item) for item in page.items}
