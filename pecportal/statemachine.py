"""States that rows move through, and the only writer of a `state` column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Self, TypeVar

from django.db import connection, models

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


@dataclass(frozen=True, slots=True)
class Sql:
    """A value as the database computes it; `text` is ours, with a placeholder for each parameter."""

    text: str
    parameters: tuple[object, ...] = ()


def move_by_id(model: type[models.Model], ids: Sequence[int], to: State, **changes: object) -> int:
    """The same as `move` for rows known by their ids, in one ready-made statement.

    For the loop that moves hundreds of rows a second: there the ORM's own work costs more than the database's.
    """
    if not ids:
        return 0
    sources = _sources(to)
    values = {"state": to.value, "state_since": clock.now(), **changes}
    sets = [(_column(model, name), _as_sql(value)) for name, value in values.items()]
    assignments = ", ".join(f"{column} = {value.text}" for column, value in sets)
    table = connection.ops.quote_name(model._meta.db_table)
    where = f"id IN ({_marks(ids)}) AND state IN ({_marks(sources)})"
    parameters: list[Any] = [parameter for _name, value in sets for parameter in value.parameters]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {assignments} WHERE {where}", [*parameters, *ids, *sources])  # noqa: S608
        return int(cursor.rowcount)


@cache
def _sources(to: State) -> list[str]:
    return [state.value for state in type(to) if to in state.successors]


def _as_sql(value: object) -> Sql:
    if isinstance(value, Sql):
        return value
    return Sql("%s", (connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value,))


def _column(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{name} is no column.")
    return connection.ops.quote_name(str(field.column))


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))
