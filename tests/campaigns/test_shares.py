"""The messages of one campaign fall to several mailboxes so that the last leaves earliest, and always the same way."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import forecast, pacing, shares
from campaigns.forecast import Box, Group, Work
from campaigns.pacing import History, Hours, limits

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=ZoneInfo("Europe/Rome"))
MINUTE = pacing.minute_of(NOW)


def plan(daily: int | None) -> tuple[pacing.Limit, ...]:
    return limits(daily=daily, monthly=None, yearly=None, margin=0, window="calendar", zone="Europe/Rome")


def box(
    key: int, *works: Work, daily: int | None = None, used: int = 0, total: int = 0, ends: datetime | None = None
) -> Box:
    """A mailbox that draws up to `total` from the pot, beside its other work."""
    history = History([(MINUTE - 5, used)] if used else [])
    return Box(key, plan(daily), history, [*works, Work(("pot", key), total, Hours(), draws=True)], ends=ends)


def alone(boxes: list[Box], total: int, *, interval: float = 1.0) -> list[int]:
    """The shares of mailboxes that have a pace each."""
    groups = [Group(interval, NOW, [each], pot=total) for each in boxes]
    return shares.fill(groups, [("pot", each.key) for each in boxes], total=total, now=NOW)


def end(boxes: list[Box], split: list[int], *, interval: float = 1.0) -> datetime | None:
    """When the last message leaves if the mailboxes have these shares for good."""
    ends = []
    for each, count in zip(boxes, split, strict=True):
        works = [Work("mine", count, Hours()) if work.draws else work for work in each.works]
        group = Group(interval, NOW, [Box(each.key, each.limits, each.history, works, ends=each.ends)])
        found = forecast.simulate(group, now=NOW, only=["mine"])["mine"]
        if found.left:
            return None
        ends.append(found.ends or NOW)
    return max(ends)


def test_two_alike_send_a_half_each() -> None:
    assert alone([box(1, total=100), box(2, total=100)], 100) == [50, 50]


def test_what_a_mailbox_has_used_today_falls_to_the_other() -> None:
    assert alone([box(1, daily=1000, used=900, total=600), box(2, daily=1000, total=600)], 600) == [100, 500]


def test_a_mailbox_with_other_work_gets_about_a_half_of_its_slots() -> None:
    busy = box(1, Work("other", 10_000, Hours()), total=300)

    found = alone([busy, box(2, total=300)], 300)

    assert found == [100, 200]


def test_more_than_a_day_goes_on_by_the_caps_of_the_days() -> None:
    assert alone([box(1, daily=100, total=700), box(2, daily=300, total=700)], 700) == [200, 500]


def test_a_mailbox_that_expires_gets_what_leaves_before() -> None:
    ends = NOW.replace(minute=1)

    assert alone([box(1, total=500, ends=ends), box(2, total=500)], 500) == [60, 440]


def test_unpaced_mailboxes_share_evenly() -> None:
    assert alone([box(1, total=9), box(2, total=9)], 9, interval=0) == [5, 4]


def test_what_the_rules_do_not_let_leave_is_left_over() -> None:
    ends = NOW.replace(minute=1)

    assert alone([box(1, total=500, ends=ends), box(2, total=500, ends=ends)], 500) == [60, 60]


def test_mailboxes_that_share_their_accounts_pace_take_turns() -> None:
    boxes = [box(1, daily=10, total=100), box(2, total=100)]

    found = shares.fill([Group(1.0, NOW, boxes, pot=100)], [("pot", 1), ("pot", 2)], total=100, now=NOW)

    assert found == [10, 90]


caps = st.one_of(st.none(), st.integers(1, 60))
mailboxes = st.lists(st.tuples(caps, st.integers(0, 40), st.integers(0, 30)), min_size=2, max_size=4)


@settings(max_examples=60)
@given(mailboxes, st.integers(1, 150), st.sampled_from([0.0, 1.0, 37.0]))
def test_no_other_split_ends_earlier(given_boxes: list[tuple[int | None, int, int]], total: int, pace: float) -> None:
    boxes = [
        box(n, *([Work("other", busy, Hours())] if busy else []), daily=daily, used=used, total=total)
        for n, (daily, used, busy) in enumerate(given_boxes)
    ]
    found = alone(boxes, total, interval=pace)

    assert sum(found) == total
    assert found == alone(boxes, total, interval=pace)
    best = end(boxes, found, interval=pace)
    assert best is not None
    for giver in range(len(boxes)):
        for taker in range(len(boxes)):
            if giver == taker or not found[giver]:
                continue
            other = list(found)
            other[giver] -= 1
            other[taker] += 1
            elsewhere = end(boxes, other, interval=pace)
            assert elsewhere is None or elsewhere >= best


@given(st.integers(0, 1000), st.lists(st.integers(0, 500), min_size=1, max_size=5))
def test_parts_are_whole_and_add_up(total: int, weights: list[int]) -> None:
    parts = shares.apportion(total, weights)

    assert sum(parts) == (total if sum(weights) else 0)
    exact = [total * weight / max(sum(weights), 1) for weight in weights]
    assert all(abs(part - wanted) < 1 for part, wanted in zip(parts, exact, strict=True))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 100))
def test_floors_are_kept_and_raised_to_the_total(pairs: list[tuple[int, int]], more: int) -> None:
    floors, wanted = [floor for floor, _want in pairs], [want for _floor, want in pairs]
    total = sum(floors) + more

    found = shares.topped(floors, wanted, total=total)

    assert sum(found) == total
    assert all(got >= floor for got, floor in zip(found, floors, strict=True))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=5), st.integers(0, 10))
def test_every_message_is_dealt_once_and_always_about_in_proportion(counts: list[int], first: int) -> None:
    given_shares = dict(enumerate(counts))

    dealt = list(shares.deal(given_shares, first=first))

    assert Counter(dealt) == Counter({key: count for key, count in given_shares.items() if count})
    assert dealt == list(shares.deal(given_shares, first=first))
    if not first:
        so_far: Counter[int] = Counter()
        for n, key in enumerate(dealt, 1):
            so_far[key] += 1
            assert so_far[key] < counts[key] * n / len(dealt) + 1


def test_a_trial_tries_every_mailbox() -> None:
    dealt = list(shares.deal({1: 90, 2: 5, 3: 1}, first=4))

    assert dealt[:4] == [1, 2, 3, 1]
