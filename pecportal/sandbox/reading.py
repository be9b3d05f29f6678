"""The inbox side of PEC Massiva: receipts by code, pages, single mails, quota (pecmassiva.openapi.json)."""

from collections.abc import Callable
from email.header import Header
from typing import Any, Final
from urllib.parse import quote_plus

from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.caselle import Casella, Caselle
from pecportal.sandbox.faults import InboxFaults
from pecportal.sandbox.inboxes import Item
from pecportal.sandbox.routing import Answer, Request, Route, as_json
from pecportal.sandbox.sending import UNAUTHORIZED

PAGE_SIZE: Final = 25
_Read = Callable[[Casella, Request], Answer]


class Reading:
    """Answers for the mailbox that signs in with its own headers beside the token."""

    def __init__(self, behaviour: Behaviour, caselle: Caselle, *, grow: Callable[[Casella], None]) -> None:
        self.faults = InboxFaults()
        self._behaviour = behaviour
        self._caselle = caselle
        self._grow = grow

    def routes(self) -> list[Route]:
        """The paths of this side."""
        return [
            Route("GET", "/send/{}", self._for(self._receipts), "massiva"),
            Route("DELETE", "/send/{}", self._for(self._delete_receipts), "massiva"),
            Route("GET", "/inbox", self._for(self._page), "massiva"),
            Route("GET", "/inbox/{}", self._for(self._one), "massiva"),
            Route("DELETE", "/inbox/{}", self._for(self._delete), "massiva"),
            Route("GET", "/quota/{}", self._for(self._quota), "massiva"),
        ]

    def _for(self, read: _Read) -> Callable[[Request], Answer]:
        def answer(request: Request) -> Answer:
            casella = self._caselle.sign_in(request.header("x-username"), request.header("x-password"))
            return read(casella, request) if casella is not None else _no(401, UNAUTHORIZED)

        return answer

    def _receipts(self, casella: Casella, request: Request) -> Answer:
        items = casella.inbox.of_code(request.arguments[0])
        if not items:
            return _no(404, "Result empty")
        return _yes({"data": [self._filed(item) for item in items]})

    def _delete_receipts(self, casella: Casella, request: Request) -> Answer:
        items = casella.inbox.of_code(request.arguments[0])
        if not items:
            return _no(404, "Email not found")
        casella.inbox.delete(items)
        return as_json(200, {"success": True, "message": "Operation succefull"})

    def _page(self, casella: Casella, request: Request) -> Answer:
        number = _number(request.query.get("page"), self._behaviour.first_page)
        index = max(number - self._behaviour.first_page, 0)
        self.faults.grow(lambda: self._grow(casella))
        if self.faults.breaks(index):
            return _no(500, "MySQL Error 2006")
        shown = self.faults.index(index, pages=-(-casella.inbox.total() // PAGE_SIZE))
        words = request.query.get("q", "")
        if words:
            items, total = casella.inbox.search(words, shown, size=PAGE_SIZE)
        else:
            items, total = casella.inbox.page(shown, size=PAGE_SIZE), casella.inbox.total()
        told = self.faults.total(total)
        listed = self.faults.items([self._listed(item) for item in items])
        # as in the vendor's own sample: 981 items are 40 pages of 25, and it says 39
        return _yes({"data": listed}, {"total": told, "page": number, "n_of_pages": told // PAGE_SIZE})

    def _one(self, casella: Casella, request: Request) -> Answer:
        item = casella.inbox.get(self.faults.number(_number(request.arguments[0], 0)))
        if item is None:
            return _no(404, "Message not found")
        if self.faults.hides(item.mail.subject):
            return _no(500, "MySQL Error 2006")
        return _yes({"data": self._listed(item) | {"body": self._body(item)}})

    def _delete(self, casella: Casella, request: Request) -> Answer:
        item = casella.inbox.get(_number(request.arguments[0], 0))
        if item is None:
            return _no(404, "Message not found")
        casella.inbox.delete([item])
        return as_json(200, {"success": True, "message": "Message deleted"})

    def _quota(self, casella: Casella, request: Request) -> Answer:
        if request.arguments[0].upper() != "INBOX":
            return _no(400, "An error occured: the requested mailbox might be unavailable")
        return _yes({"data": {"usage": casella.inbox.usage(), "limit": self._behaviour.quota_limit}})

    def _listed(self, item: Item) -> dict[str, Any]:
        subject = "object" if self._behaviour.spelling == "documented" else "subject"
        return self._who(item) | {"date": item.mail.date, subject: self._subject(item), "id": item.id}

    def _filed(self, item: Item) -> dict[str, Any]:
        if self._behaviour.spelling == "documented":
            names = ("data", "object", "message")
        else:
            names = ("date", "subject", "body")
        return self._who(item) | dict(zip(names, (item.mail.date, self._subject(item), self._body(item)), strict=True))

    def _who(self, item: Item) -> dict[str, Any]:
        return {"sender": item.mail.sender, "recipient": item.mail.recipient}

    def _subject(self, item: Item) -> str:
        text = self._worn(item.mail.subject)
        if self._behaviour.encoded_subjects and not text.isascii():
            return Header(text, "utf-8").encode(linesep="\r\n")
        return text

    def _body(self, item: Item) -> str:
        text = self._worn(item.mail.text())
        return quote_plus(text) if self._behaviour.urlencoded_bodies else text

    def _worn(self, text: str) -> str:
        if not self._behaviour.lost_characters:
            return text
        return "".join(char if char.isascii() else "\ufffd" for char in text)


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 18 else default


def _yes(*parts: dict[str, Any]) -> Answer:
    found: dict[str, Any] = {"success": True, "message": ""}
    for part in parts:
        found = part | found
    return as_json(200, found)


def _no(status: int, message: str) -> Answer:
    return as_json(status, {"success": False, "message": message})
