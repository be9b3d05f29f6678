"""Jobs that threads bring at the same time are done together, each once, and none suffers by another's mistake."""

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from pecportal.combining import Combined
from tests.worlds import until


class Work:
    """Doubles numbers, all or none; refuses negative ones. `batches`: what was asked together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []

    def __call__(self, jobs: list[int]) -> list[int]:
        self.batches.append(jobs)
        if any(job < 0 for job in jobs):
            raise ValueError(str([job for job in jobs if job < 0]))
        return [2 * job for job in jobs]


def waits(combined: Combined[int, int], count: int) -> bool:
    return sum(map(len, combined._waiting.values())) >= count


def at_once(
    combined: Combined[int, int], jobs: list[int], *, line: Callable[[int], str] = lambda _job: ""
) -> list[str]:
    """Bring them all while the turn is taken, then let it go; what each thread was told."""
    turn, told = threading.Lock(), [""] * len(jobs)

    def bring(place: int) -> None:
        try:
            told[place] = str(combined.do(jobs[place], line=line(jobs[place]), turn=turn))
        except ValueError as exc:
            told[place] = f"refused {exc}"

    with turn:
        threads = [threading.Thread(target=bring, args=(place,)) for place in range(len(jobs))]
        for n, thread in enumerate(threads, 1):
            thread.start()
            until(partial(waits, combined, n), "it waits", seconds=30, pause=0.001)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return told


def test_what_waits_is_done_together_in_its_order_and_each_gets_its_own_answer() -> None:
    work = Work()
    assert at_once(Combined(work), [1, 2, 3, 4]) == ["2", "4", "6", "8"]
    assert work.batches == [[1, 2, 3, 4]]


def test_each_line_is_done_by_itself() -> None:
    work = Work()
    told = at_once(Combined(work), [1, 2, 3, 4], line=lambda job: "odd" if job % 2 else "even")
    assert told == ["2", "4", "6", "8"]
    assert sorted(work.batches) == [[1, 3], [2, 4]]


def test_nobody_suffers_by_anothers_mistake() -> None:
    work = Work()
    assert at_once(Combined(work), [1, -2, 3]) == ["2", "refused [-2]", "6"]
    assert work.batches[0] == [1, -2, 3]
    assert sorted(work.batches[1:]) == [[-2], [1], [3]]


def test_one_alone_is_asked_once_and_told_what_went_wrong() -> None:
    work = Work()
    combined = Combined(work)
    assert combined.do(5, line="", turn=threading.Lock()) == 10
    with pytest.raises(ValueError, match="-1"):
        combined.do(-1, line="", turn=threading.Lock())
    assert work.batches == [[5], [-1]]
    assert not combined._waiting


def test_whose_leader_was_ended_does_it_by_itself() -> None:
    class End(BaseException):
        """As the end of a process is told to its threads."""

    done = []

    def work(jobs: list[int]) -> list[int]:
        if len(jobs) > 1:
            raise End
        done.append(jobs[0])
        return jobs

    combined, turn, told = Combined(work), threading.Lock(), []

    def bring(job: int) -> None:
        try:
            told.append(combined.do(job, line="", turn=turn))
        except End:
            told.append(-job)

    with turn:
        threads = [threading.Thread(target=bring, args=(job,)) for job in (1, 2)]
        for n, thread in enumerate(threads, 1):
            thread.start()
            until(partial(waits, combined, n), "it waits", seconds=30, pause=0.001)
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert sorted(map(abs, told)) == [1, 2]
    assert done == [each for each in told if each > 0] != []


def test_who_is_on_the_way_is_waited_for() -> None:
    work = Work()
    combined, turn, told = Combined(work, patience=30), threading.Lock(), []
    first = threading.Thread(target=lambda: told.append(combined.do(1, line="", turn=turn)))
    with combined.coming():
        first.start()
        until(partial(waits, combined, 1), "it waits", seconds=30, pause=0.001)
        told.append(combined.do(2, line="", turn=turn))
    first.join(30)
    assert sorted(told) == [2, 4]
    assert work.batches == [[1, 2]]
    assert combined._coming == 0


def test_nobody_is_waited_for_who_went_away_or_takes_too_long() -> None:
    work = Work()
    combined = Combined(work, patience=0.01)
    with suppress(KeyError), combined.coming():
        raise KeyError
    assert combined._coming == 0
    with combined.coming():
        other = threading.Thread(target=combined.do, args=(1,), kwargs={"line": "", "turn": threading.Lock()})
        other.start()
        other.join(30)
    assert work.batches == [[1]]
    assert combined._coming == 0
