"""What stands on a desk: things to be looked at, each with its evidence and with what an operator may do about it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from pecportal.organisations.models import Organisation, User

MOST = 1000  # so many things of a desk are looked at; what is more comes up as these go


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on a desk. `key` names it in forms; `acts` are the names of what is lawful now, `evidence` sentences.

    Neither holds contents, recipients, or the vendor's words.
    """

    key: str
    title: str
    what: str
    row: Any
    organisation: Organisation | None = None
    since: datetime | None = None
    evidence: tuple[str, ...] = ()
    url: str = ""
    acts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that an operator may do: its word, what it does, and the work, which says whether it did anything.

    The work may be asked twice, and at once, for the same thing.
    """

    name: str
    label: str | Promise
    explained: str | Promise
    work: Callable[[Item, User], bool]
    once_for: Callable[[Item], object] | None = None  # things with the same one are done together


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk: which things stand on it, by their keys, oldest first, and what is known of some of them.

    `keys` takes the id of a mailbox whose things alone are wanted, or 0.
    """

    name: str
    title: str | Promise
    lead: str | Promise
    nothing: str | Promise
    keys: Callable[[int], list[str]]
    items: Callable[[Sequence[str]], list[Item]]
    acts: tuple[Act, ...]

    def act(self, name: str) -> Act | None:
        """The act of this name, if the desk has it."""
        return next((each for each in self.acts if each.name == name), None)
