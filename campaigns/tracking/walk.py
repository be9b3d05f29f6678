"""Walking a mailbox's inbox page by page, trusting neither its order nor its page numbers nor its totals."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from campaigns.tracking import receipts
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.inbox import InboxItem, InboxPage

MOST_PAGES: Final = 20_000
PATIENCE: Final = 3  # pages of repeats in a row before the end is given up: one page may come twice
MOST_BROKEN: Final = 5_000  # unreadable items stop nobody, but a vendor that sends nothing else has no end

Fetch = Callable[[int], InboxPage]


@dataclass(slots=True)
class Walk:
    """What one walk saw.

    `complete` is true only when it ended on an empty page, the vendor named one total and never another, and exactly
    that many items were told apart, all of them readable. `items` counts each item once.
    """

    pages: int = 0
    items: int = 0
    broken: int = 0
    complete: bool = False
    totals: set[int] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)


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


def pages(fetch: Fetch, *, start: int, walk: Walk) -> Iterator[tuple[InboxItem, ...]]:
    """Yield each page's items that this walk did not see before, until an empty page or nothing but repeats.

    The caller may stop early; `walk` then stays incomplete.
    """
    repeats = 0
    for number in range(start, start + MOST_PAGES):
        page = fetch(number)
        new = _take(page, walk)
        if not page.items and not page.broken:
            walk.complete = _agrees(walk)
            return
        repeats = 0 if new or page.broken else repeats + 1
        if repeats == PATIENCE or walk.broken > MOST_BROKEN:
            return
        if new:
            yield new


def newest_first(page_items: Sequence[InboxItem]) -> bool:
    """Whether a page shows by its dates that the newest mails come first; False where they do not say."""
    dates = [receipts.moment(item.date) for item in page_items]
    known = [date for date in dates if date is not None]
    if len(known) < max(len(dates), 2) or known[0] == known[-1]:
        return False
    return all(earlier >= later for earlier, later in itertools.pairwise(known))


def key(item: InboxItem) -> str:
    """What tells one item from another within a walk: everything the list says of it."""
    return "\x1f".join((item.id or "", item.sender, item.date, item.subject))


def _take(page: InboxPage, walk: Walk) -> tuple[InboxItem, ...]:
    """Count the page, and return its items that are new to the walk, each once."""
    walk.pages += 1
    walk.broken += page.broken
    if page.total is not None:
        walk.totals.add(page.total)
    new = {key(item): item for item in page.items if key(item) not in walk.seen}
    walk.seen.update(new)
    walk.items += len(new)
    return tuple(new.values())


def _agrees(walk: Walk) -> bool:
    return not walk.broken and walk.totals == {walk.items}


def _keys(page: InboxPage) -> set[str]:
    return {key(item) for item in page.items}
