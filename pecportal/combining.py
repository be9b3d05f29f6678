"""What several threads of one process want at the same time, done by one of them for all.

Threads that would anyway wait for each other (for a row, or for SQLite's one writer) and then do the same, need one
transaction instead of as many: this is what a database's group commit does for its log ("flat combining", Hendler et
al., SPAA 2010).
"""

import logging
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from threading import Condition, local
from typing import Final, Generic, TypeVar

from pecportal import database
from pecportal.errors import Refusal

J = TypeVar("J")
R = TypeVar("R")
_log: Final = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Wish(Generic[J, R]):
    """What one thread wants. `answer` is there once another has done it, `error` if the database went away meanwhile;
    `must_redo`: it did not work out together.
    """

    job: J
    answer: list[R]
    error: Exception | None = None
    must_redo: bool = False


class Combined(Generic[J, R]):
    """Jobs that are done together: those that were brought for the same line while it was at work.

    `work` takes the jobs of a line in the order in which they came, does all of them or none, and returns an answer to
    each. When it raises for several, each is done again by itself, so that nobody suffers by another's mistake: it has
    to bear being done again, as it may raise after it has done them. A database that went away is told to all.
    `refusals`: what it raises to say no. `patience`: seconds for which whoever begins waits for threads that are on
    their way to any line.
    """

    def __init__(
        self,
        work: Callable[[list[J]], list[R]],
        *,
        refusals: tuple[type[Exception], ...] = (Refusal,),
        patience: float = 0.0,
    ) -> None:
        self._work: Final = work
        self._refusals: Final = refusals
        self._patience: Final = patience
        self._guard: Final = Condition()
        self._waiting: Final[dict[Hashable, list[_Wish[J, R]]]] = {}
        self._coming = 0
        self._here: Final = local()

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Say that this thread may soon bring a job, so that others wait a little for it before they begin."""
        with self._guard:
            self._coming += 1
        self._here.is_coming = True
        try:
            yield
        finally:
            with self._guard:
                self._arrive()

    def do(self, job: J, *, line: Hashable, turn: AbstractContextManager[object]) -> R:
        """Wait for the `turn`, and do it with whatever waits in this `line`, unless another did so meanwhile.

        One line has the same turn always. Raises whatever `work` raises for this job alone.
        """
        wish: _Wish[J, R] = _Wish(job, [])
        with self._guard:
            self._waiting.setdefault(line, []).append(wish)
            self._arrive()
        with turn:
            if not (wish.answer or wish.error or wish.must_redo):
                self._do_all(line)
            if wish.error is not None:
                raise wish.error
            if not wish.answer:
                wish.answer += self._work([job])
        return wish.answer[0]

    def _arrive(self) -> None:
        if getattr(self._here, "is_coming", False):
            self._here.is_coming = False
            self._coming -= 1
            if not self._coming:
                self._guard.notify_all()

    def _do_all(self, line: Hashable) -> None:
        with self._guard:
            self._guard.wait_for(lambda: not self._coming, self._patience)
            wishes = self._waiting.pop(line, [])
        if len(wishes) < 2:
            return
        try:
            answers = self._work([wish.job for wish in wishes])
        except self._refusals as exc:
            _log.info("%s jobs were refused together (%s): each by itself", len(wishes), type(exc).__name__)
            _redo(wishes)
        except Exception as exc:  # noqa: BLE001 (each meets its own again, by itself)
            if database.is_away(exc):
                for wish in wishes:
                    wish.error = exc
                return
            _log.warning("%s jobs did not work out together: each by itself", len(wishes), exc_info=exc)
            _redo(wishes)
        else:
            for wish, answer in zip(wishes, answers, strict=True):
                wish.answer.append(answer)


def _redo(wishes: list[_Wish[J, R]]) -> None:
    for wish in wishes:
        wish.must_redo = True
