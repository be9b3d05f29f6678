"""PEC Massiva: sends messages, and reads what came back into the sender's mailbox.

The vendor offers no idempotency key and no webhook: a send whose answer is lost is settled by looking for its
receipts, never by sending again.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pecportal.upstream import inbox
from pecportal.upstream.answers import ACT_REFUSALS, READ_REFUSALS, SEND_REFUSALS, Reply
from pecportal.upstream.calls import Api, composed
from pecportal.upstream.inbox import InboxItem, InboxPage, Quota
from pecportal.upstream.streaming import Base64File
from pecportal.upstream.transport import SEND_LIMIT

__all__ = ["Accepted", "Attachment", "Credentials", "InboxItem", "InboxPage", "Massiva", "Outgoing", "Quota"]

_CODE: Final = re.compile(r"[0-9]{14,18}", re.ASCII)
_NOTHING_THERE: Final = ("result empty", "email not found", "message not found")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A mailbox's own sign-in, needed beside the token. Raises ValueError for what no header can carry."""

    username: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        if any(char < " " or char == "\x7f" for char in self.username + self.password):
            raise ValueError("The mailbox's user name or password holds control characters.")
        if any("\ud800" <= char <= "\udfff" for char in self.username + self.password):
            raise ValueError("The mailbox's user name or password holds broken characters.")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send: `name` as the recipient will see it, `size` its bytes, checked while it is read."""

    name: str
    path: Path
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one recipient; `body` may be HTML."""

    sender: str
    recipient: str
    subject: str
    body: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The vendor took the message.

    `code` (14 to 18 digits, opaque) ends the subject of all its receipts; `answer` is the evidence, without
    secrets.
    """

    code: str
    answer: bytes


class Massiva:
    """The API of one account; one object serves any number of threads and mailboxes."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def send(
        self,
        outgoing: Outgoing,
        *,
        credentials: Credentials,
        on_connected: Callable[[], None] | None = None,
        on_wire: Callable[[], None] | None = None,
        on_written: Callable[[], None] | None = None,
        deadline: float | None = None,
    ) -> Accepted:
        """Send one message, once, within `deadline` seconds (default: the configuration's `send_deadline`).

        `on_connected` is called before anything leaves; `on_wire` right before the body's first byte, when headers
        alone are out and nothing can be accepted yet; what they raise closes the connection and propagates
        unchanged. `on_written` is called when the last byte has left. Raises Rejected (not sent), Unavailable (not
        sent, nothing had left) or OutcomeUnknown (perhaps sent); ValueError for text that is no Unicode.
        """
        with composed("massiva POST /send", lambda: _parts(outgoing, credentials)) as body:
            reply = self._api.act(
                "POST",
                "/send",
                secret=credentials.password,
                body=body,
                on_connected=on_connected,
                on_wire=on_wire,
                on_written=on_written,
                deadline=deadline,
                limit=SEND_LIMIT,
                strict=not self._api.config.wrapped_send_answers,
            )
        return _accepted(reply)

    def inbox(self, credentials: Credentials, *, page: int | None = None, q: str | None = None) -> InboxPage:
        """One page of the mailbox (the first is 0 or 1: unknown), or of a search for `q`; no bodies."""
        query = {} if q is None else {"q": q}
        if page is not None:
            query["page"] = str(page)
        reply = self._read(credentials, "/inbox", query=query)
        if _is_empty(reply):
            return InboxPage((), None, None, None, 0)
        envelope = reply.success(safe=True, refusals=READ_REFUSALS)
        try:
            return inbox.page_of(envelope)
        except inbox.NotAnInbox as exc:
            reply.unreadable(str(exc), safe=True)

    def inbox_item(self, credentials: Credentials, item_id: str) -> InboxItem:
        """One mail with its body. Rejected (404) when there is none."""
        reply = self._read(credentials, "/inbox/{}", item_id)
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        item = inbox.item_of(data[0] if isinstance(data, list) and len(data) == 1 else data)
        if item is None:
            reply.unreadable("it holds no mail", safe=True)
        return item

    def receipts(self, credentials: Credentials, code: str) -> tuple[InboxItem, ...]:
        """The mails that the vendor files under `code`, also others than receipts; () while there are none.

        Items that cannot be read are left out: only the walk through the whole mailbox counts them.
        """
        reply = self._read(credentials, "/send/{}", code)
        if _is_empty(reply):
            return ()
        envelope = reply.success(safe=True, refusals=READ_REFUSALS)
        try:
            return inbox.items_of(envelope)[0]
        except inbox.NotAnInbox as exc:
            reply.unreadable(str(exc), safe=True)

    def quota(self, credentials: Credentials, folder: str = "INBOX") -> Quota:
        """Storage of the mailbox (not the sending allowance, which no call tells)."""
        reply = self._read(credentials, "/quota/{}", folder)
        quota = inbox.quota_of(reply.success(safe=True, refusals=READ_REFUSALS).get("data"))
        if quota is None:
            reply.unreadable("it names no usage and limit", safe=True)
        return quota

    def delete_item(self, credentials: Credentials, item_id: str) -> None:
        """Delete one mail for good. Rejected (404) when there is none."""
        self._delete(credentials, "/inbox/{}", item_id)

    def delete_receipts(self, credentials: Credentials, code: str) -> None:
        """Delete all mails of one send for good: this destroys the proof of dispatch and delivery."""
        self._delete(credentials, "/send/{}", code)

    def _read(self, who: Credentials, path: str, *ids: str, query: dict[str, str] | None = None) -> Reply:
        return self._api.read(path, *ids, query=query, headers=_headers(who), secret=who.password)

    def _delete(self, who: Credentials, path: str, *ids: str) -> None:
        reply = self._api.act("DELETE", path, *ids, headers=_headers(who), secret=who.password)
        reply.success(safe=False, refusals=ACT_REFUSALS)


def _headers(credentials: Credentials) -> dict[str, str]:
    # http.client writes headers as Latin-1: this makes the octets on the wire UTF-8
    return {
        "x-username": credentials.username.encode().decode("latin-1"),
        "x-password": credentials.password.encode().decode("latin-1"),
    }


def _parts(outgoing: Outgoing, credentials: Credentials) -> list[bytes | Base64File]:
    fields = {
        "sender": outgoing.sender,
        "recipient": outgoing.recipient,
        "subject": outgoing.subject,
        "body": outgoing.body,
        "username": credentials.username,
        "password": credentials.password,
    }
    text = _json(fields)
    if not outgoing.attachments:
        return [text]
    parts: list[bytes | Base64File] = [text[:-1] + b',"attachments":[']
    for number, attachment in enumerate(outgoing.attachments):
        scheme = f"data:{attachment.content_type or 'application/octet-stream'};base64,"
        opening = _json({"name": attachment.name, "file": scheme})[:-2]
        parts += [b"," + opening if number else opening, Base64File(attachment.path, attachment.size), b'"}']
    return [*parts, b"]}"]


def _json(fields: dict[str, str]) -> bytes:
    for value in fields.values():
        value.encode()  # a lone surrogate would leave as an escape that nobody can read: UnicodeEncodeError
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def _accepted(reply: Reply) -> Accepted:
    """The acceptance, only if the answer says so in every respect.

    On an SMTP failure `message_id` can hold the error's text, so `success` alone proves nothing.
    """
    found = reply.success(safe=False, refusals=SEND_REFUSALS)
    sent, code = _field(found, "sent"), _field(found, "message_id")
    if type(sent) is not int or sent != 1:
        reply.unreadable(f"it says that {sent!r:.40} messages were sent, not 1", safe=False)
    text = str(code) if type(code) is int else code
    if not isinstance(text, str) or not _CODE.fullmatch(text):
        reply.unreadable("it gives no code of the message", safe=False)
    return Accepted(text, reply.evidence)


def _field(found: dict[str, Any], name: str) -> Any:
    data = found.get("data")
    return data.get(name) if name not in found and isinstance(data, dict) else found.get(name)


def _is_empty(reply: Reply) -> bool:
    """Whether the vendor itself says that there is nothing: a proxy's 404 would be no proof of absence."""
    return reply.is_refusal({404}) and reply.says(*_NOTHING_THERE)
