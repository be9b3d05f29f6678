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
        "bodies_unreadable",
        "broken_items",
        "growth",
        "ids_shifted",
        "page_missing",
        "page_repeated",
        "random_order",
        "random_pages",
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
    """The faults of inboxes: any of INBOX_FAULTS in `active`; those of one page befall the `page`-th (from 1).

    `unreadable`: part of the subjects of the mails whose bodies end in a server error; "" means all of them.
    `befallen` names the faults that somebody met so far.
    """

    active: set[str] = field(default_factory=set)
    page: int = 2
    unreadable: str = ""
    befallen: set[str] = field(default_factory=set)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - disorder, no secret

    def index(self, index: int, *, pages: int) -> int:
        """Which page is shown for the one at `index` (both from 0) of `pages`."""
        if self._befalls("random_pages", here=index < pages):
            return self._chance.randrange(pages)
        if self._befalls("page_repeated", here=index == self.page - 1):
            return max(index - 1, 0)
        if self._befalls("page_missing", here=index >= self.page - 1):
            return index + 1
        return index

    def breaks(self, index: int) -> bool:
        """Whether this page ends in a server error."""
        return self._befalls("server_error_on_page", here=index == self.page - 1)

    def hides(self, subject: str) -> bool:
        """Whether the body of a mail with this subject ends in a server error."""
        return self._befalls("bodies_unreadable", here=self.unreadable in subject)

    def number(self, number: int) -> int:
        """Whose mail is given for the one with this number."""
        return number + 1 if self._befalls("ids_shifted") else number

    def total(self, total: int) -> int:
        """What is told of the number of all items."""
        return total + 7 if self._befalls("total_wrong") else total

    def items(self, items: list[Any]) -> list[Any]:
        """What a page shows instead of `items`."""
        found = list(items)
        if self._befalls("random_order", here=len(items) > 1):
            self._chance.shuffle(found)
        if self._befalls("broken_items", here=bool(items)):
            found[1:1] = _BROKEN
        return found

    def grow(self, deliver: Callable[[], None]) -> None:
        """Let another mail arrive while somebody turns the pages."""
        if self._befalls("growth"):
            deliver()

    def _befalls(self, name: str, *, here: bool = True) -> bool:
        if name not in self.active or not here:
            return False
        self.befallen.add(name)
        return True


class SendFaults:
    """The faults waiting for POST /send, in their order; None for requests that are let pass between them."""

    def __init__(self) -> None:
        self._waiting: deque[Fault | None] = deque()

    @property
    def waiting(self) -> int:
        """How many have befallen nobody yet."""
        return len([fault for fault in tuple(self._waiting) if fault is not None])

    def add(self, fault: Fault, *, later: int = 0) -> None:
        """Let the next request have it, after those that wait already and `later` more that are let pass."""
        self._waiting.extend([*[None] * later, fault])

    def next(self) -> Fault | None:
        """The fault of this request, None for the usual course."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None
