"""An inbox walked page by page, past vendors that repeat, skip, shuffle, grow and never end."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from campaigns.tracking import walk
from campaigns.tracking.walk import Depth, Walk
from pecportal.upstream import OutcomeUnknown, Rejected, Unavailable
from pecportal.upstream.inbox import InboxItem, InboxPage

Fetch = Callable[[int], InboxPage]


def item(number: int, *, date: str | None = None) -> InboxItem:
    moment = datetime(2026, 3, 1, tzinfo=UTC) - timedelta(minutes=number)
    written = format_datetime(moment) if date is None else date
    return InboxItem(str(number), "a@x.example", "b@x.example", written, f"CONSEGNA: {number}", None, b"{}")


def mails(count: int) -> list[InboxItem]:
    return [item(number) for number in range(count)]


def page(items: list[InboxItem], *, total: int | None = None, broken: int = 0) -> InboxPage:
    return InboxPage(tuple(items), total, None, 999, broken)


def inbox(items: list[InboxItem], *, base: int = 1, size: int = 3, total: int | None = None) -> Fetch:
    """A vendor with pages; a page before the first is the first."""

    def fetch(number: int) -> InboxPage:
        start = max(number - base, 0) * size
        return page(items[start : start + size], total=len(items) if total is None else total)

    return fetch


def walked(fetch: Fetch, *, start: int = 1) -> tuple[list[InboxItem], Walk]:
    seen = Walk()
    return [each for items in walk.pages(fetch, start=start, walk=seen) for each in items], seen


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 100])
def test_every_item_is_seen_once_whatever_the_base(base: int, count: int) -> None:
    fetch = inbox(mails(count), base=base)

    items, seen = walked(fetch, start=walk.first_page(fetch))

    assert items == mails(count)
    assert seen.complete
    assert seen.items == count


def refusing(fetch: Fetch, number: int, error: Exception) -> Fetch:
    def refuse(asked: int) -> InboxPage:
        if asked == number:
            raise error
        return fetch(asked)

    return refuse


@pytest.mark.parametrize("error", [Rejected("no page 0"), OutcomeUnknown("MySQL Error"), Unavailable("none")])
def test_a_vendor_that_refuses_page_0_counts_from_1(error: Exception) -> None:
    assert walk.first_page(refusing(inbox(mails(7)), 0, error)) == 1


def test_a_vendor_that_refuses_page_1_counts_from_0() -> None:
    assert walk.first_page(refusing(inbox(mails(2), base=0), 1, Rejected("no page 1"))) == 0


def test_a_vendor_that_gives_neither_page_is_an_error() -> None:
    def down(_number: int) -> InboxPage:
        raise Unavailable("down")

    with pytest.raises(Unavailable):
        walk.first_page(down)


def test_a_mail_that_comes_between_the_two_pages_changes_nothing() -> None:
    def grown(number: int) -> InboxPage:
        return inbox(mails(30), size=25)(number) if number == 0 else inbox(mails(31)[::-1][:1] + mails(30), size=25)(1)

    assert walk.first_page(grown) == 1


def test_in_doubt_the_base_is_0_since_1_would_skip_a_page() -> None:
    generator = random.Random(7)

    def shuffled(number: int) -> InboxPage:
        return page(generator.sample(mails(1000), 25), total=1000)

    assert walk.first_page(shuffled) == 0


def test_a_base_of_0_is_harmless_to_a_vendor_that_counts_from_1() -> None:
    items, seen = walked(inbox(mails(7)), start=0)

    assert items == mails(7)
    assert seen.complete


def test_a_vendor_that_repeats_its_last_page_ends_and_is_not_complete() -> None:
    asked: list[int] = []

    def endless(number: int) -> InboxPage:
        asked.append(number)
        return inbox(mails(7))(min(number, 3))

    items, seen = walked(endless)

    assert items == mails(7)
    assert not seen.complete
    assert len(asked) == 3 + walk.PATIENCE


def test_a_vendor_that_sends_nothing_but_broken_items_ends_and_is_not_complete() -> None:
    items, seen = walked(lambda _number: page([], total=25, broken=25))

    assert items == []
    assert not seen.complete
    assert seen.pages < 500


def test_a_page_that_comes_twice_hides_none_behind_it() -> None:
    order = [1, 1, 2, 3, 4]

    def repeating(number: int) -> InboxPage:
        return inbox(mails(9))(order[number - 1])

    items, seen = walked(repeating)

    assert items == mails(9)
    assert seen.complete


def test_a_page_of_broken_items_hides_none_behind_it() -> None:
    def fetch(number: int) -> InboxPage:
        return page([], total=9, broken=3) if number == 2 else inbox(mails(9))(number)

    items, seen = walked(fetch)

    assert items == mails(3) + mails(9)[6:]
    assert seen.broken == 3
    assert not seen.complete


def test_broken_items_that_the_total_leaves_out_are_not_complete() -> None:
    _items, seen = walked(lambda number: page(mails(3), total=3, broken=1) if number == 1 else page([], total=3))

    assert (seen.items, seen.complete) == (3, False)


def test_an_item_twice_on_a_page_counts_once() -> None:
    items, seen = walked(lambda number: page([item(1), item(1)] if number == 1 else [], total=2))

    assert items == [item(1)]
    assert not seen.complete


@pytest.mark.parametrize("total", [6, 8, 0])
def test_a_total_that_is_not_what_was_seen_is_not_complete(total: int) -> None:
    _items, seen = walked(inbox(mails(7), total=total))

    assert not seen.complete


def test_without_any_total_nothing_is_complete() -> None:
    _items, seen = walked(lambda number: page(mails(3) if number == 1 else []))

    assert not seen.complete


def test_a_total_that_changes_meanwhile_is_not_complete() -> None:
    def growing(number: int) -> InboxPage:
        return page(inbox(mails(6))(number).items[:], total=6 if number < 2 else 7)  # type: ignore[arg-type]

    _items, seen = walked(growing)

    assert seen.items == 6
    assert not seen.complete


def test_a_missing_page_is_not_complete() -> None:
    def gap(number: int) -> InboxPage:
        return inbox(mails(9))(number if number < 2 else number + 1)

    _items, seen = walked(gap)

    assert not seen.complete


def test_who_stops_early_has_not_seen_everything() -> None:
    seen = Walk()
    next(walk.pages(inbox(mails(7)), start=1, walk=seen))

    assert not seen.complete


def test_an_error_in_the_middle_leaves_the_walk_incomplete() -> None:
    seen = Walk()
    with pytest.raises(Unavailable):
        list(walk.pages(refusing(inbox(mails(7)), 2, Unavailable("down")), start=1, walk=seen))

    assert (seen.items, seen.complete) == (3, False)


def test_a_page_that_ends_in_a_server_error_hides_none_behind_it_and_is_not_complete() -> None:
    items, seen = walked(refusing(inbox(mails(9)), 2, Unavailable("MySQL Error", status=500)))

    assert items == mails(3) + mails(9)[6:]
    assert (seen.failed, seen.ended, seen.complete) == (1, True, False)


def test_a_page_that_fails_only_once_is_read_the_second_time() -> None:
    failed: list[int] = []

    def fetch(number: int) -> InboxPage:
        if number == 2 and not failed:
            failed.append(number)
            raise Unavailable("MySQL Error", status=500)
        return inbox(mails(9))(number)

    items, seen = walked(fetch)

    assert items == mails(9)
    assert seen.complete


def test_a_vendor_all_of_whose_pages_fail_is_an_error() -> None:
    asked: list[int] = []

    def fetch(number: int) -> InboxPage:
        asked.append(number)
        raise Unavailable("MySQL Error", status=500)

    with pytest.raises(Unavailable):
        walked(fetch)

    assert len(set(asked)) == walk.PATIENCE


@pytest.mark.parametrize("status", [401, 404, 429])
def test_what_the_vendor_refuses_is_not_passed_over(status: int) -> None:
    error = Unavailable("wait", status=status) if status == 429 else Rejected("no", status=status)

    with pytest.raises(type(error)):
        walked(refusing(inbox(mails(9)), 2, error))


@pytest.mark.parametrize(("total", "complete"), [(5, True), (99, False)])
def test_a_wrong_total_is_complete_only_after_a_second_pass_saw_the_same_and_not_less(
    total: int, complete: bool
) -> None:
    fetch, seen = inbox(mails(7), total=total), Walk()
    found = [each for items in walk.pages(fetch, start=1, walk=seen, twice=True) for each in items]

    assert found == mails(7)
    assert (seen.items, seen.complete) == (7, complete)


@pytest.mark.parametrize("total", [5, 9])
def test_a_page_that_is_left_out_each_time_is_not_complete_after_any_number_of_passes(total: int) -> None:
    def gap(number: int) -> InboxPage:
        items = inbox(mails(9))(number if number < 2 else number + 1).items
        return page(list(items), total=9 if number < 2 else total)

    seen = Walk()
    list(walk.pages(gap, start=1, walk=seen, twice=True))

    assert not seen.complete


def test_two_passes_that_saw_different_mails_are_not_complete_and_both_are_taken() -> None:
    asked: list[int] = []

    def growing(number: int) -> InboxPage:
        asked.append(number)
        return inbox(mails(7 if len(asked) <= 4 else 8), total=2)(number)

    seen = Walk()
    found = [each for items in walk.pages(growing, start=1, walk=seen, twice=True) for each in items]

    assert found == mails(8)
    assert not seen.complete


@pytest.mark.parametrize("seed", range(5))
def test_pages_in_random_order_are_not_complete_unless_all_was_truly_seen(seed: int) -> None:
    generator = random.Random(seed)
    everything = mails(40)

    def shuffled(number: int) -> InboxPage:
        return page(generator.sample(everything, 4) if number <= 10 else [], total=40)

    seen = Walk()
    found = {each.id for items in walk.pages(shuffled, start=1, walk=seen, twice=True) for each in items}

    assert seen.complete == (len(found) == 40)


def test_the_second_pass_of_broken_items_is_not_asked_for() -> None:
    asked: list[int] = []

    def fetch(number: int) -> InboxPage:
        asked.append(number)
        return page(mails(3), total=4, broken=1) if number == 1 else page([], total=4)

    seen = Walk()
    list(walk.pages(fetch, start=1, walk=seen, twice=True))

    assert (len(asked), seen.complete) == (2, False)


WATERMARK = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("depth", "unknown", "age", "stops"),
    [
        (Depth.QUICK, 0, 0, True),
        (Depth.QUICK, 1, 0, False),
        (Depth.DEEP, 0, 47, False),
        (Depth.DEEP, 0, 49, True),
        (Depth.DEEP, 1, 49, False),
        (Depth.WHOLE, 0, 49, False),
    ],
)
def test_a_reading_ends_where_its_depth_allows(depth: Depth, unknown: int, age: int, stops: bool) -> None:
    items = [item(1, date=format_datetime(WATERMARK - timedelta(hours=age)))]

    assert walk.may_stop(items, unknown=unknown, depth=depth, watermark=WATERMARK) is stops


def test_a_deep_reading_goes_on_past_dates_that_say_nothing_and_without_a_watermark() -> None:
    old = item(1, date=format_datetime(WATERMARK - timedelta(days=9)))

    assert not walk.may_stop([old, item(2, date="ieri")], unknown=0, depth=Depth.DEEP, watermark=WATERMARK)
    assert not walk.may_stop([old], unknown=0, depth=Depth.DEEP, watermark=None)
    assert not walk.may_stop([], unknown=0, depth=Depth.QUICK, watermark=WATERMARK)


@pytest.mark.parametrize(
    ("dates", "newest"),
    [
        (["2026-03-03", "2026-03-02", "2026-03-01"], True),
        (["2026-03-03", "2026-03-03", "2026-03-01"], True),
        (["2026-03-01", "2026-03-02", "2026-03-03"], False),
        (["2026-03-03", "2026-03-01", "2026-03-02"], False),
        (["2026-03-03", "2026-03-03"], False),
        (["2026-03-03"], False),
        ([], False),
        (["2026-03-03", "nonsense", "2026-03-01"], False),
        (["Tue, 03 Mar 2026 10:00:00 +0100", "Tue, 03 Mar 2026 08:30:00 +0000"], True),
    ],
)
def test_newest_first_is_believed_only_where_the_dates_show_it(dates: list[str], newest: bool) -> None:
    items = [item(number, date=date) for number, date in enumerate(dates)]

    assert walk.newest_first(items) is newest
