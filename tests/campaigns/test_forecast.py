"""The forecast jumps, and gives the same numbers as one that plays message by message."""

import time as clock
from collections import deque
from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import forecast, pacing
from campaigns.forecast import Box, Group, Outlook, Work
from campaigns.pacing import History, Hours, limits

ROME = ZoneInfo("Europe/Rome")


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def plan(daily: int | None = None, monthly: int | None = None, window: str = "calendar") -> tuple[pacing.Limit, ...]:
    return limits(daily=daily, monthly=monthly, yearly=None, margin=0, window=window, zone="Europe/Rome")


def alone(
    *works: Work,
    now: datetime,
    rules: tuple[pacing.Limit, ...] = (),
    used: Sequence[tuple[int, int]] = (),
    interval: float = 1.0,
) -> dict[Hashable, Outlook]:
    group = Group(interval, now, [Box(1, rules, History(used), works)])
    return forecast.simulate(group, now=now)


def shown(at: datetime | None) -> str:
    assert at is not None
    return at.astimezone(ROME).isoformat(timespec="seconds")[:19]


def test_without_limits_it_takes_its_slots() -> None:
    (found,) = alone(Work(1, 3600, Hours()), now=rome("2026-11-25T10:00")).values()

    assert shown(found.begins) == "2026-11-25T10:00:00"
    assert shown(found.ends) == "2026-11-25T10:59:59"
    assert list(found.days.values()) == [3600]
    assert found.left == 0


def test_a_daily_limit_makes_it_go_on_the_next_day() -> None:
    now = rome("2026-11-25T10:00")

    (found,) = alone(Work(1, 250, Hours()), now=now, rules=plan(daily=100)).values()

    assert [(day.isoformat(), count) for day, count in found.days.items()] == [
        ("2026-11-25", 100),
        ("2026-11-26", 100),
        ("2026-11-27", 50),
    ]
    assert shown(found.ends) == "2026-11-27T00:00:49"
    assert found.for_limits > found.for_pace


def test_in_a_rolling_day_each_unit_comes_back_a_day_later() -> None:
    now = rome("2026-11-25T10:00")

    (found,) = alone(Work(1, 150, Hours()), now=now, rules=plan(daily=100, window="rolling")).values()

    assert shown(found.ends) == "2026-11-26T10:01:49"


def test_what_was_sent_before_counts() -> None:
    now = rome("2026-11-25T10:00")
    used = [(pacing.minute_of(rome("2026-11-25T08:00")), 60)]

    (found,) = alone(Work(1, 50, Hours()), now=now, rules=plan(daily=100), used=used).values()

    assert list(found.days.values()) == [40, 10]


def test_hours_hold_it_up_over_night_and_the_week_end() -> None:
    office = Hours(opens=time(8), closes=time(9), weekdays=frozenset(range(1, 6)))

    (found,) = alone(Work(1, 3600 + 10, office), now=rome("2026-11-27T10:00")).values()

    assert shown(found.begins) == "2026-11-30T08:00:00"
    assert shown(found.ends) == "2026-12-01T08:00:09"
    assert found.for_hours > found.for_limits


def test_two_campaigns_share_the_slots_fairly() -> None:
    found = alone(Work(1, 100, Hours()), Work(2, 1000, Hours()), now=rome("2026-11-25T10:00"))

    assert shown(found[1].ends) == "2026-11-25T10:03:18"
    assert shown(found[2].ends) == "2026-11-25T10:18:19"


def test_single_messages_go_first_but_one_of_four_turns_is_a_campaigns() -> None:
    singles = [Work(key, 1, Hours(), is_single=True) for key in range(2, 8)]
    found = alone(Work(1, 10, Hours()), *singles, now=rome("2026-11-25T10:00"))

    left = [shown(found[key].ends)[-2:] for key in range(2, 8)]
    assert left == ["00", "01", "02", "04", "05", "06"]
    assert shown(found[1].begins) == "2026-11-25T10:00:03"
    assert shown(found[1].ends) == "2026-11-25T10:00:15"


def test_a_single_message_that_had_no_turn_stays_before_one_that_comes_later() -> None:
    now = rome("2026-11-27T10:00")
    later = Hours(starts_at=rome("2026-11-27T10:15"))
    works = [Work("first", 1, Hours(), is_single=True), Work("second", 1, Hours(), is_single=True)]
    works.append(Work("later", 1, later, is_single=True))
    box = Box(0, (), History(), works)

    found = forecast.simulate(Group(1200.0, now, [box]), now=now)

    assert [shown(found[key].begins) for key in ("first", "second", "later")] == [
        shown(now + timedelta(minutes=20 * n)) for n in range(3)
    ]


def test_thousands_of_single_messages_before_a_campaign_are_forecast_quickly() -> None:
    singles = [Work(key, 1, Hours(), is_single=True) for key in range(2, 3002)]
    began = clock.process_time()

    found = alone(Work(1, 50_000, Hours()), *singles, now=rome("2026-11-25T10:00"), rules=plan(10_000))

    assert sum(found[1].days.values()) == 50_000
    assert clock.process_time() - began < 10


def test_one_campaign_alone_may_be_asked_for_and_the_others_still_take_their_turns() -> None:
    now = rome("2026-11-25T10:00")
    works = [Work(1, 100, Hours()), Work(2, 1000, Hours()), Work(3, 1, Hours(weekdays=frozenset()))]
    group = Group(1.0, now, [Box(1, (), History(), works)])

    found = forecast.simulate(group, now=now, only=[1])

    assert list(found) == [1]
    assert shown(found[1].ends) == "2026-11-25T10:03:18"


def test_mailboxes_of_one_account_share_the_pace() -> None:
    now = rome("2026-11-25T10:00")
    boxes = [Box(key, (), History(), [Work(key, 60, Hours())]) for key in (1, 2)]

    found = forecast.simulate(Group(1.0, now, boxes), now=now)

    assert shown(found[1].ends) == "2026-11-25T10:01:58"
    assert shown(found[2].ends) == "2026-11-25T10:01:59"


def test_what_can_never_be_sent_has_no_end() -> None:
    now = rome("2026-11-25T10:00")

    (found,) = alone(Work(1, 5, Hours()), now=now, rules=plan(daily=0)).values()
    assert (found.ends, found.left) == (None, 5)
    (found,) = alone(Work(1, 5, Hours(weekdays=frozenset())), now=now).values()
    assert (found.ends, found.left) == (None, 5)


def test_a_mailbox_that_rests_begins_after_its_rest() -> None:
    now = rome("2026-11-25T10:00")
    box = Box(1, (), History(), [Work(1, 1, Hours())], held_until=now + timedelta(minutes=10))

    (found,) = forecast.simulate(Group(1.0, now, [box]), now=now).values()

    assert shown(found.ends) == "2026-11-25T10:10:00"


def test_without_a_pace_a_days_share_leaves_at_once() -> None:
    (found,) = alone(Work(1, 250, Hours()), now=rome("2026-11-25T10:00"), rules=plan(daily=100), interval=0).values()

    assert shown(found.ends) == "2026-11-27T00:00:00"


def test_three_hundred_thousand_messages_are_forecast_without_playing_each() -> None:
    now = rome("2026-11-25T10:00")
    office = Hours(opens=time(8), closes=time(18), weekdays=frozenset(range(1, 6)), on_holidays=False)
    began = clock.process_time()

    found = alone(
        Work(1, 200_000, office), Work(2, 100_000, Hours()), now=now, rules=plan(3450, 99_950, "both"), interval=1.004
    )

    assert found[1].left == found[2].left == 0
    assert sum(found[1].days.values()) == 200_000
    assert clock.process_time() - began < 20


def test_the_history_that_it_was_given_stays_as_it_was() -> None:
    history = History()
    now = rome("2026-11-25T10:00")

    forecast.simulate(Group(1.0, now, [Box(1, plan(daily=9), history, [Work(1, 5, Hours())])]), now=now)

    assert history.since(0) == 0


class Naive:
    """The truth: slot by slot, message by message, mailboxes in turn and their campaigns in turn, single ones first."""

    def __init__(self, group: Group, now: datetime) -> None:
        self.interval = timedelta(microseconds=round(group.interval * 1_000_000))
        self.boxes = deque((box, box.history.copy(), deque(box.works)) for box in group.boxes)
        self.turns = dict.fromkeys((box.key for box in group.boxes), 0)
        self.left = {work.key: work.remaining for box in group.boxes for work in box.works}
        self.sent: dict[Hashable, list[datetime]] = {key: [] for key in self.left}
        works = [work for box in group.boxes for work in box.works]
        self.follow = {work.key: now.astimezone(UTC) + work.pause for work in works if work.remaining == work.held}
        self.at = max(group.next_slot, now).astimezone(UTC)
        self.end = now.astimezone(UTC) + timedelta(days=60)

    def run(self) -> None:
        while self.at < self.end and any(self.left.values()):
            for place, (box, history, works) in enumerate(self.boxes):
                task = self._task(box, history, works)
                if task is not None:
                    history.add(pacing.minute_of(self.at), 1)
                    self.turns[box.key] += 1
                    works.remove(task)
                    works.append(task)
                    entry = self.boxes[place]
                    self.boxes.remove(entry)
                    self.boxes.append(entry)
                    self.sent[task.key].append(self.at)
                    self.left[task.key] -= 1
                    if self.left[task.key] == task.held:
                        self.follow[task.key] = self.at + task.pause
                    self.at += self.interval
                    break
            else:  # hours change at whole quarters, all else at whole minutes
                step = 1 if self._any_open() else 15
                due = [at for at in self.follow.values() if at > self.at]
                self.at = min([pacing.instant((pacing.minute_of(self.at) // step + 1) * step), *due])

    def _may(self, work: Work) -> bool:
        return bool(self.left[work.key]) and self.at >= self.follow.get(work.key, self.at)

    def _any_open(self) -> bool:
        return any(work.hours.is_open(self.at) for _, _, works in self.boxes for work in works if self._may(work))

    def _task(self, box: Box, history: History, works: "deque[Work]") -> Work | None:
        if box.held_until is not None and self.at < box.held_until:
            return None
        if pacing.room(box.limits, history, pacing.minute_of(self.at)) == 0:
            return None
        ready = [work for work in works if self._may(work) and work.hours.is_open(self.at)]
        singles, others = ([work for work in ready if work.is_single is wanted] for wanted in (True, False))
        fourth = (self.turns[box.key] + 1) % 4 == 0
        return next(iter((others or singles) if fourth else (singles or others)), None)


TIMES = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
STARTS = st.sampled_from(["2026-03-28T20:00", "2026-10-24T20:00", "2026-11-27T23:50", "2026-12-24T09:07"]).map(rome)


def hours(now: datetime) -> st.SearchStrategy[Hours]:
    later = st.integers(0, 60).map(lambda n: now.replace(minute=15, second=0) + timedelta(hours=n))
    return st.just(Hours()) | st.builds(
        Hours,
        opens=st.none() | TIMES,
        closes=st.none() | TIMES,
        weekdays=st.frozensets(st.integers(1, 7), min_size=4),
        on_holidays=st.booleans(),
        starts_at=st.none() | later,
    )


@st.composite
def groups(draw: st.DrawFn) -> tuple[Group, datetime]:
    now = draw(STARTS) + timedelta(seconds=draw(st.integers(0, 100)))
    start = pacing.minute_of(now)
    boxes, key = [], 0
    for number in range(draw(st.integers(1, 3))):
        works = []
        for _ in range(draw(st.integers(1, 2))):
            key += 1
            count = draw(st.integers(0, 40))
            held = draw(st.integers(0, count))
            pause = timedelta(seconds=draw(st.sampled_from([0, 1, 90, 4000])))
            works.append(Work(key, count, draw(hours(now)), held=held, pause=pause))
        for _ in range(draw(st.integers(0, 5))):
            key += 1
            works.append(Work(key, 1, draw(hours(now)), is_single=True))
        rules = draw(
            st.just(())
            | st.builds(plan, daily=st.integers(20, 60), window=st.sampled_from(["calendar", "rolling", "both"]))
        )
        before = st.tuples(st.integers(start - 1500, start), st.integers(1, 20))
        rests = draw(st.none() | st.integers(0, 40).map(lambda n: pacing.instant(start + n)))
        boxes.append(Box(number, rules, History(draw(st.lists(before, max_size=4))), works, rests))
    interval = draw(st.sampled_from([0.0, 0.25, 1.004, 7.0, 61.5, 1200.0]))
    return Group(interval, now + timedelta(seconds=draw(st.integers(0, 3))), boxes), now


@settings(max_examples=60, deadline=None)
@given(given_=groups())
def test_it_jumps_to_exactly_what_message_by_message_would_give(given_: tuple[Group, datetime]) -> None:
    group, now = given_
    naive = Naive(group, now)
    naive.run()

    for key, found in forecast.simulate(group, now=now).items():
        moments = naive.sent[key]
        expected: dict[object, int] = {}
        for moment in moments:
            day = moment.astimezone(ROME).date()
            expected[day] = expected.get(day, 0) + 1
        assert found.left == naive.left[key] == 0
        assert found.days == expected
        assert found.begins == (moments[0] if moments else None)
        assert found.ends == (moments[-1] if moments else None)
