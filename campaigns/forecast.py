"""When campaigns will have been sent: the pump's way of choosing, played forward over the rules of `campaigns.pacing`.

Pure. It does not play message by message but from one change to the next (hours that open or close, a limit that is
used up or free again, a campaign that ends, midnight), with the very numbers that message by message would give.

What it does not know: how long a body takes to be written, failures and their rests, and how quickly an unpaced
mailbox sends (it is regarded as sending in no time).
"""

from collections import deque
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from campaigns import pacing
from campaigns.pacing import ROME, History, Hours, Limit, next_turn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
MINUTE = 60_000_000  # microseconds
HORIZON = timedelta(days=3660)  # further nobody looks
FAR = 2**62


@dataclass(frozen=True, slots=True)
class Work:
    """One campaign at one mailbox: how many messages are left, and in which hours they may go.

    `is_single`: it is one message, which goes before the many of others.
    The last `held` of them follow a pilot: not before the first were sent, and `pause` has passed since.

    One that `draws` takes them from its group's pot, as many as it gets but at most `remaining`.
    """

    key: Hashable
    remaining: int
    hours: Hours
    is_single: bool = False
    held: int = 0
    pause: timedelta = timedelta(0)
    draws: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """One mailbox: its limits, what it used, its campaigns in the order of their turns, and what holds it up until.

    From `ends` on nothing leaves it.
    """

    key: int
    limits: tuple[Limit, ...]
    history: History
    works: Sequence[Work]
    held_until: datetime | None = None
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Mailboxes that share one sequence of slots: a mailbox alone, or all of an account.

    `interval` is in seconds of the clock that `now` was read from; `next_slot` is when the first message may leave.
    `pot` is how many messages wait for whichever of its works that draw comes first.
    """

    interval: float
    next_slot: datetime
    boxes: Sequence[Box]
    pot: int = 0


@dataclass(slots=True)
class Outlook:
    """What is to be expected of one campaign.

    `days` counts messages by Rome's days. `ends` is when the last one leaves, None when the rules never let it, or not
    within ten years. The spans say what its messages wait for until then: its hours, its mailbox's limits (and rests),
    the slots that they and others need, the acceptance of a pilot's first ones. `runs` says when each message of a work
    that draws leaves: the first instant of some, the steps between them, how many; in microseconds from 1970.
    """

    days: dict[date, int] = field(default_factory=dict)
    begins: datetime | None = None
    ends: datetime | None = None
    left: int = 0
    for_hours: timedelta = timedelta(0)
    for_limits: timedelta = timedelta(0)
    for_pace: timedelta = timedelta(0)
    for_pilot: timedelta = timedelta(0)
    runs: list[tuple[int, int, int]] = field(default_factory=list)


def simulate(group: Group, *, now: datetime, only: Collection[Hashable] | None = None) -> dict[Hashable, Outlook]:
    """The outlook of each work of a group, by its key, if nothing changes; or of some, as far as those go."""
    return _Play(group, now, only).run()


class _Pot:
    """Messages that several tasks draw from."""

    __slots__ = ("left", "tasks")

    def __init__(self, left: int) -> None:
        self.left, self.tasks = left, 0


class _Task:
    """A campaign while it is played. Instants are microseconds from 1970."""

    __slots__ = (
        "_from",
        "_is_open",
        "_own",
        "_until",
        "follows",
        "held",
        "hours",
        "is_single",
        "key",
        "outlook",
        "pause",
        "pot",
    )

    def __init__(self, work: Work, pot: _Pot, now: int) -> None:
        self.key, self.hours, self.is_single = work.key, work.hours, work.is_single
        self.held, self.pause, self.follows = work.held, work.pause // MICRO, 0
        self._own = work.remaining - work.held
        self.pot = pot if work.draws else None
        pot.tasks += work.draws
        self.outlook = Outlook(left=work.remaining)
        self._from, self._until, self._is_open = 0, 0, False
        if not self.remaining:
            self.let_follow(now)

    def let_follow(self, at: int) -> None:
        """The first messages were sent by this instant: the others follow."""
        self.follows = at + self.pause if self.held else 0
        self._own, self.held = self.held, 0

    def waits(self, at: int) -> bool:
        """Whether the first messages were sent, and are not accepted yet."""
        return at < self.follows

    @property
    def remaining(self) -> int:
        return self._own if self.pot is None else min(self._own, self.pot.left)

    @property
    def sure(self) -> int:
        """How many it may take whatever the others do that draw from its pot."""
        return self._own if self.pot is None else min(self._own, self.pot.left // self.pot.tasks)

    def take(self, count: int) -> None:
        self._own -= count
        if self.pot is not None:
            self.pot.left -= count

    def is_open(self, at: int) -> bool:
        self._look(at)
        return self._is_open and not self.waits(at)

    def changes(self, at: int) -> int:
        """When it closes, if it is open, and when it opens, or may, if it is not."""
        if self.waits(at):
            return self.follows
        self._look(at)
        return self._until

    def _look(self, at: int) -> None:
        if self._from <= at < self._until:
            return
        moment = _instant(at)
        opens = self.hours.opens_next(moment)
        self._from, self._is_open = at, opens == moment
        until = self.hours.closes_next(moment) if self._is_open else opens
        self._until = FAR if until is None else _micros(until)


class _Line:
    """A mailbox while it is played: its limits, and its campaigns, the next one first."""

    __slots__ = ("ends", "held", "history", "limits", "tasks", "turns")

    def __init__(self, box: Box, pot: _Pot, now: int) -> None:
        self.limits, self.history = box.limits, box.history.copy()
        self.tasks = deque(_Task(work, pot, now) for work in box.works)
        self.turns = 0
        self.held = _micros(box.held_until) if box.held_until else 0
        self.ends = _micros(box.ends) if box.ends else FAR

    def room(self, at: int) -> int:
        if at < self.held or at >= self.ends:
            return 0
        left = pacing.room(self.limits, self.history, at // MINUTE)
        return FAR if left is None else left

    def free_at(self, at: int) -> int:
        at = max(at, self.held)
        minute = pacing.next_free(self.limits, self.history, at // MINUTE)
        free = FAR if minute is None else max(at, minute * MINUTE)
        return FAR if free >= self.ends else free

    def ready(self, at: int) -> list[_Task]:
        return [task for task in self.tasks if task.remaining and task.is_open(at)]

    def turn(self, tasks: Sequence[_Task], steps: int) -> None:
        """Put the tasks that had their turns behind the others, after `steps` turns among them."""
        shift = steps % len(tasks)
        self.turns += steps
        self.stand(tasks[:steps] if steps < len(tasks) else [*tasks[shift:], *tasks[:shift]])

    def stand(self, had: Collection[_Task]) -> None:
        """Put those that `had` their turns behind the others, in this order; who had none stays before who has."""
        chosen = {task.key for task in had}
        self.tasks = deque([*(task for task in self.tasks if task.key not in chosen), *had])


class _Play:
    def __init__(self, group: Group, now: datetime, only: Collection[Hashable] | None) -> None:
        pot = _Pot(group.pot)
        self.lines = deque(_Line(box, pot, _micros(now)) for box in group.boxes)
        self.interval = round(group.interval * 1_000_000)
        self.at = max(_micros(group.next_slot), _micros(now))
        self.end = _micros(now + HORIZON)
        self.tasks = [task for line in self.lines for task in line.tasks if only is None or task.key in only]

    def run(self) -> dict[Hashable, Outlook]:
        while self.at < self.end and any(task.remaining for task in self.tasks):
            active = [(line, tasks) for line in self.lines if (tasks := line.ready(self.at)) and line.room(self.at)]
            before = self.at
            lacking = self._lacking(active)
            if active:
                self._send(active)
            else:
                self.at = self._next_chance()
            for task, why in lacking:
                ends = task.outlook.ends  # an end within this step is followed by its slot alone
                until = min(self.at, self.end, FAR if ends is None else _micros(ends) + self.interval)
                waited = timedelta(microseconds=until - before)
                setattr(task.outlook, why, getattr(task.outlook, why) + waited)
        for task in self.tasks:
            task.outlook.left = task.remaining + task.held
        return {task.key: task.outlook for task in self.tasks}

    def _lacking(self, active: Sequence[tuple[_Line, list[_Task]]]) -> list[tuple[_Task, str]]:
        """What each unfinished task waits for just now."""
        sending = {id(line) for line, _ in active}
        found = []
        for line in self.lines:
            for task in line.tasks:
                if task.remaining and task.waits(self.at):
                    found.append((task, "for_pilot"))
                elif task.remaining:
                    why = "for_hours" if not task.is_open(self.at) else "for_pace"
                    found.append((task, "for_limits" if why == "for_pace" and id(line) not in sending else why))
        return found

    def _next_chance(self) -> int:
        """The first instant after this one at which any task may send."""
        return min(self._chance(line, task) for line in self.lines for task in line.tasks if task.remaining)

    def _chance(self, line: _Line, task: _Task) -> int:
        at = self.at
        while at < self.end:
            opened = at if task.is_open(at) else task.changes(at)
            free = line.free_at(opened) if opened < FAR else FAR
            if free == at:
                return at
            at = free
        return at

    def _send(self, active: list[tuple[_Line, list[_Task]]]) -> None:
        """Send as many whole rounds as nothing can interrupt; where not even one fits, one message."""
        rounds = self._rounds(active)
        size = len(active)
        if not rounds:
            self._send_singly(active[:1], 1)
        elif any(task.is_single for _, tasks in active for task in tasks):
            self._send_singly(active, rounds * size)
        else:
            for place, (line, tasks) in enumerate(active):
                self._post(line, tasks, rounds, first=self.at + place * self.interval, every=size * self.interval)
                line.turn(tasks, rounds)
            self._turn_lines([line for line, _ in active])
            self.at += rounds * size * self.interval

    def _send_singly(self, active: Sequence[tuple[_Line, list[_Task]]], most: int) -> None:
        """Send message by message, since single ones go first, until none of these is left or a campaign ends."""
        rows = [(line, *_by_size(tasks)) for line, tasks in active]
        order, left = deque(rows), sum(len(singles) for _, singles, _ in rows)
        had: dict[int, dict[Hashable, _Task]] = {id(line): {} for line, _ in active}
        for _n in range(most):
            line, singles, others = order[0]
            order.rotate(-1)
            line.turns += 1
            task = next_turn(singles, others, line.turns)
            is_end = task.remaining == 1 and not task.is_single
            self._post(line, [task], 1, first=self.at, every=self.interval)
            had[id(line)].pop(task.key, None)
            had[id(line)][task.key] = task
            self.at += self.interval
            left -= task.is_single
            if not left or is_end or not (singles or others):
                break
        self._turn_lines([line for line, _, _ in order if had[id(line)]])
        for line, _ in active:
            line.stand(had[id(line)].values())

    def _rounds(self, active: Sequence[tuple[_Line, list[_Task]]]) -> int:
        """How often each of these mailboxes can send one message before anything changes."""
        rounds = min(min(line.room(self.at), _before_an_end(tasks)) for line, tasks in active)
        if self.interval:
            slots = -(-(self._change(active) - self.at) // self.interval)
            rounds = min(rounds, slots // len(active))
        return rounds

    def _change(self, active: Sequence[tuple[_Line, list[_Task]]]) -> int:
        """When hours open or close, a mailbox that stands still may go on, or a day ends, whichever is first."""
        sending = {id(line) for line, _ in active}
        moments = [_midnight(self.at), self.end, *(line.ends for line in self.lines if line.ends > self.at)]
        for line in self.lines:
            unfinished = [task for task in line.tasks if task.remaining]
            moments += [task.changes(self.at) for task in unfinished]
            if id(line) not in sending and any(task.is_open(self.at) for task in unfinished):
                moments.append(line.free_at(self.at))
        return min(moments)

    def _post(self, line: _Line, tasks: list[_Task], count: int, *, first: int, every: int) -> None:
        """Send `count` messages of a mailbox, its tasks in turn, `every` microseconds."""
        if line.limits:
            _note(line.history, first, every, count)
        day = _instant(first).astimezone(ROME).date()
        for place, task in enumerate(tasks):
            share = (count - place + len(tasks) - 1) // len(tasks)
            if not share:
                continue
            task.take(share)
            if task.pot is not None:
                task.outlook.runs.append((first + place * every, len(tasks) * every, share))
            days = task.outlook.days
            days[day] = days.get(day, 0) + share
            if task.outlook.begins is None:
                task.outlook.begins = _instant(first + place * every)
            if not task.remaining:
                last = first + (place + (share - 1) * len(tasks)) * every
                task.outlook.ends = None if task.held else _instant(last)
                task.let_follow(last)

    def _turn_lines(self, had: Sequence[_Line]) -> None:
        chosen = {id(line) for line in had}
        self.lines = deque([*(line for line in self.lines if id(line) not in chosen), *had])


def _by_size(tasks: Sequence[_Task]) -> tuple[deque[_Task], deque[_Task]]:
    """Single messages, and the campaigns of many."""
    return deque(task for task in tasks if task.is_single), deque(task for task in tasks if not task.is_single)


def _before_an_end(tasks: Sequence[_Task]) -> int:
    """How many messages leave until the first of these campaigns ends; with single ones, at most."""
    if any(task.is_single for task in tasks):
        return sum(task.sure for task in tasks)
    return len(tasks) * min(task.sure for task in tasks)


def _note(history: History, first: int, every: int, count: int) -> None:
    """Count messages into the minutes in which they leave."""
    at, last = first, first + (count - 1) * every
    while at <= last:
        minute = at // MINUTE
        here = count
        if every:
            here = (min(last, (minute + 1) * MINUTE - 1) - at) // every + 1
        history.add(minute, here)
        if not every:
            return
        at += here * every


def _midnight(at: int) -> int:
    """When the day in Rome ends."""
    tomorrow = _instant(at).astimezone(ROME).date() + timedelta(days=1)
    return _micros(datetime.combine(tomorrow, time(), ROME))


def _micros(at: datetime) -> int:
    return (at.astimezone(UTC) - EPOCH) // MICRO


def _instant(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
