"""Faults on demand: of the next POST /send, and of the pages of an inbox."""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from pecportal.sandbox.routing import Answer, as_json

INBOX_FAULTS: Final = frozenset(
    {
        "broken_items",
        "growth",
        "page_missing",
        "page_repeated",
        "random_order",
        "server_error_on_page",
        "total_wrong",
    }
)
_BROKEN: Final[tuple[object, ...]] = (None, {}, {"id": 4}, "x", {"object": {"a": 1}, "date": True})


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls one POST /send: `answer` instead of its own, or none at all; `taken`: whether it still counts."""

    taken: bool
    answer: Answer | None


def failure(status: int, *, headers: Mapping[str, str] | None, body: bytes | None, taken: bool) -> Fault:
    """An answer with this status; without a body of one's own it speaks as the vendor does."""
    given = tuple((headers or {}).items())
    if body is None:
        return Fault(taken, as_json(status, {"success": False, "message": _words(status)}, *given))
    return Fault(taken, Answer(status, body, headers=given))


def _words(status: int) -> str:
    known = {400: "Post parameter is not valid", 401: "Authorization is not valid or empty", 500: "MySQL Error 2006"}
    try:
        return known.get(status) or HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


@dataclass(slots=True)
class InboxFaults:
    """The faults of inboxes: any of INBOX_FAULTS in `active`; those of one page befall the `page`-th (from 1)."""

    active: set[str] = field(default_factory=set)
    page: int = 2
    _chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - disorder, no secret

    def index(self, index: int) -> int:
        """Which page is shown for the one at `index` (both from 0)."""
        if "page_repeated" in self.active and index == self.page - 1:
            return max(index - 1, 0)
        if "page_missing" in self.active and index >= self.page - 1:
            return index + 1
        return index

    def breaks(self, index: int) -> bool:
        """Whether this page ends in a server error."""
        return "server_error_on_page" in self.active and index == self.page - 1

    def total(self, total: int) -> int:
        """What is told of the number of all items."""
        return total + 7 if "total_wrong" in self.active else total

    def items(self, items: list[Any]) -> list[Any]:
        """What a page shows instead of `items`."""
        found = list(items)
        if "random_order" in self.active:
            self._chance.shuffle(found)
        if "broken_items" in self.active and found:
            found[1:1] = _BROKEN
        return found

    def grow(self, deliver: Callable[[], None]) -> None:
        """Let another mail arrive while somebody turns the pages."""
        if "growth" in self.active:
            deliver()


class SendFaults:
    """The faults waiting for POST /send, in their order."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()

    def add(self, fault: Fault) -> None:
        """Let the next request have it, after those that wait already."""
        self._waiting.append(fault)

    def next(self) -> Fault | None:
        """The fault of this request, None for the usual course."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None
