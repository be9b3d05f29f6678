"""Everything sealed is sealed anew with the current key, so that an old one can be taken out of the ring.

Each application names its holders of sealed values when it starts. What carries the current key already is passed
over: a rotation that was broken off goes on where it ended, and one that is run again does nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from django.db import models

from pecportal import encryption


class Holder(Protocol):
    """Rows, or files of rows, that keep sealed values."""

    @property
    def name(self) -> str:
        """What it is called."""

    def sealed(self) -> Iterator[tuple[int, str]]:
        """Every value: its row's id, and the sealed text or at least its beginning with the key's name."""

    def reseal(self, pk: int) -> bool:
        """Seal one anew; False when it is gone or was changed meanwhile. Raises `Unreadable` without its key."""


@dataclass(frozen=True, slots=True)
class Column:
    """A text column of sealed values; `context` is what a row's value was sealed for."""

    name: str
    model: type[models.Model]
    column: str
    context: Callable[[int], str]

    def sealed(self) -> Iterator[tuple[int, str]]:
        """Every row that has one, by id."""
        rows = self.model._default_manager.exclude(**{self.column: ""}).order_by("pk")
        yield from rows.values_list("pk", self.column).iterator()

    def reseal(self, pk: int) -> bool:
        """Seal anew what the row holds, unless somebody writes another value meanwhile."""
        rows = self.model._default_manager.filter(pk=pk)
        old = rows.values_list(self.column, flat=True).first()
        if not old:
            return False
        new = encryption.seal(encryption.unseal(old, context=self.context(pk)), context=self.context(pk))
        return bool(rows.filter(**{self.column: old}).update(**{self.column: new}))


@dataclass(slots=True)
class Outcome:
    """What became of one holder's values: how many carry each key, were sealed anew, and which open no more."""

    name: str
    keys: Counter[str] = field(default_factory=Counter)
    resealed: int = 0
    unreadable: list[int] = field(default_factory=list)


_HOLDERS: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    """Name a holder; one that is named again takes the place of the former."""
    _HOLDERS[holder.name] = holder


def holders() -> list[Holder]:
    """All that were named, by name."""
    return [_HOLDERS[name] for name in sorted(_HOLDERS)]


def count(holder: Holder) -> Outcome:
    """How many values carry each key; nothing is changed."""
    outcome = Outcome(holder.name)
    outcome.keys.update(encryption.key_of(sealed) for _pk, sealed in holder.sealed())
    return outcome


def rotate(holder: Holder, *, told: Callable[[Outcome], None] = lambda _outcome: None) -> Outcome:
    """Seal anew what does not carry the current key; `told` is called after each. What opens no more is passed over."""
    outcome, current = Outcome(holder.name), encryption.current_key()
    stale = [pk for pk, sealed in holder.sealed() if encryption.key_of(sealed) != current]
    for pk in stale:
        try:
            outcome.resealed += holder.reseal(pk)
        except encryption.Unreadable:
            outcome.unreadable.append(pk)
        told(outcome)
    outcome.keys = count(holder).keys
    return outcome
