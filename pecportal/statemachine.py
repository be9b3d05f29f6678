"""States that rows move through, and the only writer of a `state` column."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

from django.db import models

from pecportal import clock

S = TypeVar("S", bound="type[State]")
M = TypeVar("M", bound=models.Model)


class State(models.TextChoices):
    """An enumeration whose members know where they may go; see `moves`."""

    @property
    def successors(self) -> frozenset[Self]:
        """The states that may follow this one."""
        return frozenset(type(self)(value) for value in _TABLES[type(self)].get(self.value, ()))

    @property
    def is_final(self) -> bool:
        """True when nothing of ours moves a row out of this state."""
        return not self.successors


_TABLES: dict[type, Mapping[str, Sequence[str]]] = {}


def moves(table: Mapping[str, Sequence[str]]) -> Callable[[S], S]:
    """Give a `State` its table, from each value to those that may follow it."""

    def register(states: S) -> S:
        known = {member.value for member in states}
        named = set(table) | {value for values in table.values() for value in values}
        if not named <= known:
            raise ValueError(f"{states.__name__} has no state {sorted(named - known)}")
        _TABLES[states] = table
        return states

    return register


class StateQuerySet(models.QuerySet[M]):
    """Rows with a `state` and a `state_since`, moved only where the table allows it."""

    def move(self, to: State, **changes: Any) -> int:
        """Move the rows that may become `to`, and return how many did; 0 means that none might."""
        sources = [state for state in type(to) if to in state.successors]
        return self.filter(state__in=sources).update(state=to, state_since=clock.now(), **changes)
