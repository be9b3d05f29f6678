"""One mailbox's inbox: mail that is here, and mail on its way that arrives when the sandbox's clock says so."""

import heapq
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from pecportal.sandbox.behaviour import Behaviour


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. `date` is as written in its header, `at` when it arrives, `code` that of the message it belongs to
    ("" for none), `size` in bytes; `text` makes its body when somebody reads it."""

    at: datetime
    date: str
    sender: str
    recipient: str
    subject: str
    code: str
    size: int
    text: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Item:
    """A mail that is here, under its number."""

    id: int
    mail: Mail


class Inbox:
    """Ordered by arrival, so that a page is a slice however much there is. All methods take the sandbox's lock."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._coming: list[tuple[datetime, int, Mail]] = []
        self._here: list[Item] = []
        self._by_code: defaultdict[str, list[Item]] = defaultdict(list)
        self._turn = count()
        self._last_id = 0
        self._bytes = 0
        self.lost = 0

    def schedule(self, mails: Sequence[Mail]) -> None:
        """Let these arrive at their times."""
        with self._behaviour.lock:
            for mail in mails:
                heapq.heappush(self._coming, (mail.at, next(self._turn), mail))

    def total(self) -> int:
        """How much mail is here."""
        with self._behaviour.lock:
            self._receive()
            return len(self._here)

    def page(self, index: int, *, size: int) -> list[Item]:
        """The page number `index` (from 0) of `size` items, the newest or the oldest first."""
        with self._behaviour.lock:
            self._receive()
            return [self._numbered(position) for position in self._places(len(self._here), index, size)]

    def search(self, words: str, index: int, *, size: int) -> tuple[list[Item], int]:
        """A page of the items whose subject or sender holds `words` in any case, and how many there are in all."""
        wanted = words.casefold()
        with self._behaviour.lock:
            self._receive()
            found = [
                position
                for position, item in enumerate(self._here)
                if wanted in item.mail.subject.casefold() or wanted in item.mail.sender.casefold()
            ]
            return [self._numbered(found[place]) for place in self._places(len(found), index, size)], len(found)

    def get(self, number: int) -> Item | None:
        """The item with this number."""
        with self._behaviour.lock:
            self._receive()
            position = self._position(number)
            return None if position is None else self._numbered(position)

    def of_code(self, code: str) -> list[Item]:
        """All mail of one message, in the order of its arrival."""
        with self._behaviour.lock:
            self._receive()
            if self._behaviour.loose_codes:
                return [item for item in self._here if code in item.mail.subject]
            return list(self._by_code.get(code, ()))

    def delete(self, items: Sequence[Item]) -> None:
        """Remove these for good."""
        gone = {id(item.mail) for item in items}
        with self._behaviour.lock:
            self._bytes -= sum(item.mail.size for item in self._here if id(item.mail) in gone)
            self._here = [item for item in self._here if id(item.mail) not in gone]
            for code in {item.mail.code for item in items}:
                self._by_code[code] = [item for item in self._by_code[code] if id(item.mail) not in gone]

    def usage(self) -> int:
        """Storage in use, in KiB."""
        with self._behaviour.lock:
            self._receive()
            return -(-self._bytes // 1024)

    def _receive(self) -> None:
        now = self._behaviour.clock.now()
        while self._coming and self._coming[0][0] <= now:
            mail = heapq.heappop(self._coming)[2]
            if self._behaviour.full_loses and self._bytes + mail.size > self._behaviour.quota_limit * 1024:
                self.lost += 1
                continue
            self._last_id += 1
            item = Item(self._last_id, mail)
            self._here.append(item)
            self._bytes += mail.size
            if mail.code:
                self._by_code[mail.code].append(item)

    def _places(self, total: int, index: int, size: int) -> range:
        start, end = index * size, (index + 1) * size
        if self._behaviour.newest_first:
            return range(total - 1 - start, max(total - 1 - end, -1), -1)
        return range(start, min(end, total))

    def _numbered(self, position: int) -> Item:
        item = self._here[position]
        return Item(position + 1, item.mail) if self._behaviour.positional_ids else item

    def _position(self, number: int) -> int | None:
        if self._behaviour.positional_ids:
            return number - 1 if 1 <= number <= len(self._here) else None
        position = bisect_left(self._here, number, key=lambda item: item.id)
        found = position < len(self._here) and self._here[position].id == number
        return position if found else None
