"""Pages of long lists for programs: a cursor holds the place of the last row, sealed, so that nobody reads keys in it.

At any depth a page costs as much as the first; nothing is counted.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Generic, NamedTuple, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from pecportal import encryption
from pecportal.api.problems import Fault, Problem

M = TypeVar("M", bound=Model)
MOST: Final = 200
USUAL: Final = 50
_LONGEST: Final = 1000


class Page(NamedTuple, Generic[M]):
    """Some rows in a list's order, and the cursor of those that follow; None after the last."""

    rows: Sequence[M]
    next: str | None


def page(rows: QuerySet[M], *, by: Sequence[str], size: int, cursor: str, about: str) -> Page[M]:
    """At most `size` rows behind the cursor; "" for the first ones.

    `by` names one or two columns, the last of which is unique; all rise, or all fall (`-`). `about` is what the list
    is of, filters included: a cursor of another list is refused.
    """
    names = [each.lstrip("-") for each in by]
    falls = by[0].startswith("-")
    if cursor:
        rows = rows.filter(_behind(names, place(cursor, about, len(names)), falls=falls))
    found = list(rows.order_by(*by)[: size + 1])
    if len(found) <= size:
        return Page(found, None)
    found = found[:size]
    return Page(found, sealed([getattr(found[-1], name) for name in names], about))


def _behind(names: Sequence[str], place: Sequence[Any], *, falls: bool) -> Q:
    sign = "lt" if falls else "gt"
    if len(names) == 1:
        return Q(**{f"{names[0]}__{sign}": place[0]})
    (first, second), (at, key) = names, place
    # the first condition alone bounds the index; an OR by itself would have it read from its beginning
    return Q(**{f"{first}__{sign}e": at}) & (Q(**{f"{first}__{sign}": at}) | Q(**{f"{second}__{sign}": key}))


def sealed(place: Sequence[Any], about: str) -> str:
    """The cursor of what follows the row with these values."""
    told = [each.isoformat() if isinstance(each, datetime) else each for each in place]
    return encryption.seal(json.dumps(told).encode(), context=_context(about))


def place(cursor: str, about: str, width: int) -> list[Any]:
    """The values of the row that a cursor names; none for "". Raises `Problem` for another list's."""
    if not cursor:
        return []
    try:
        if len(cursor) > _LONGEST or not cursor.isascii():
            raise encryption.Unreadable
        place = json.loads(encryption.unseal(cursor, context=_context(about)))
    except encryption.Unreadable as exc:
        words = _("This cursor is not one of this list with these filters: begin without one.")
        raise Problem("invalid", faults=(Fault(words, "cursor", parameter="cursor"),)) from exc
    if len(place) != width:
        raise ValueError("The order of a list changed.")
    return [datetime.fromisoformat(each) if isinstance(each, str) else each for each in place]


def _context(about: str) -> str:
    return f"api.cursor:{about}"
