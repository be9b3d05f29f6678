"""Pages of long lists by the key of their first or last row: at any depth each costs as much as the first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

M = TypeVar("M", bound=Model)
HIGHEST: Final = 2**62


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """Some rows in a list's order. `before` and `after` ask for the pages beside it; None where there is none."""

    rows: Sequence[M]
    before: int | None
    after: int | None


def page(rows: QuerySet[M], *, by: str, size: int, after: int | None = None, before: int | None = None) -> Page[M]:
    """At most `size` rows behind the key `after`, or just before the key `before`; without either the first ones.

    `by` is a unique whole number of each row, `-` before it for the highest first. Rows that come or go between two
    pages shift nothing.
    """
    name, falls = by.removeprefix("-"), by.startswith("-")
    backwards = before is not None
    edge = before if backwards else after
    if edge is not None:
        rows = rows.filter(**{f"{name}__{'lt' if falls != backwards else 'gt'}": edge})
    found = list(rows.order_by(f"-{name}" if falls != backwards else name)[: size + 1])
    has_more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Page(found, None, None)
    first, last = getattr(found[0], name), getattr(found[-1], name)
    has_before, has_after = (has_more, True) if backwards else (after is not None, has_more)
    return Page(found, first if has_before else None, last if has_after else None)


def asked(query: QueryDict) -> dict[str, int]:
    """The edge that a page's address asks for, as `page` takes it; what is no number is left out."""
    for name in ("after", "before"):
        text = query.get(name, "")
        if text.isascii() and text.isdigit() and int(text[:20]) < HIGHEST:
            return {name: int(text)}
    return {}
