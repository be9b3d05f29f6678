"""What the vendor tells of a mailbox: its mails in every spelling met so far, its pages and its quota.

Pure reading. A mail that cannot be read is counted and left out, never a reason to stop.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from pecportal.upstream.answers import clean, whole_number

_LONGEST_REMNANT: Final = 4000
# The vendor's file spells `data`, `object`, `message`; live answers `date`, `subject`, `body`, or a mixture
_SPELLINGS: Final = {
    "sender": ("sender", "from"),
    "recipient": ("recipient", "to"),
    "date": ("date", "data"),
    "subject": ("object", "subject"),
    "body": ("body", "message"),
}
# What PHP's urlencode and JavaScript's encodeURIComponent leave, with at least one %XX; U+FFFD as it comes
_URLENCODED: Final = re.compile(r"(?=.*%)(?:[A-Za-z0-9_.~!*'()+\ufffd-]|%[0-9A-Fa-f]{2})+", re.DOTALL)


class NotAnInbox(ValueError):
    """The answer holds no list of mails, so nothing can be said of the mailbox."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One mail of the mailbox. `date` is as the vendor wrote it; `raw` the item as JSON (ASCII), untouched.

    `id` may be positional and shift after a deletion. `body` is None where the call gives none. U+FFFD stands
    where the vendor lost a character.
    """

    id: str | None
    sender: str
    recipient: str
    date: str
    subject: str
    body: str | None
    raw: bytes


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page. The three numbers are the vendor's claims, seen wrong before; `broken` counts unread ones.

    `remnants` are the unread entries as JSON (ASCII), each cut at 4,000 characters, as far as they can be written.
    """

    items: tuple[InboxItem, ...]
    total: int | None
    page: int | None
    pages: int | None
    broken: int
    remnants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """Storage used and allowed, in a unit the vendor leaves unclear (KiB?): only the share is sure."""

    usage: int
    limit: int

    @property
    def share(self) -> float:
        """Part of the storage in use, 1.0 = full."""
        return self.usage / self.limit


def page_of(envelope: dict[str, Any]) -> InboxPage:
    """The page in a successful answer. Raises NotAnInbox where `data` is missing or no list."""
    items, unread = _read_all(envelope)
    total, page, pages = (whole_number(envelope.get(name)) for name in ("total", "page", "n_of_pages"))
    return InboxPage(items, total, page, pages, len(unread), tuple(_remnant(entry) for entry in unread))


def items_of(envelope: dict[str, Any]) -> tuple[tuple[InboxItem, ...], int]:
    """The readable items of a successful answer, and how many could not be read.

    `data` may be a list, an object with numbers for keys (PHP's list with gaps), a single item, null or
    empty.
    """
    items, unread = _read_all(envelope)
    return items, len(unread)


def _read_all(envelope: dict[str, Any]) -> tuple[tuple[InboxItem, ...], list[Any]]:
    """The readable items of a successful answer, and the entries that could not be read."""
    if "data" not in envelope:
        raise NotAnInbox("no data")
    found = [(item_of(entry), entry) for entry in _entries(envelope["data"])]
    items = tuple(item for item, _entry in found if item is not None)
    return items, [entry for item, entry in found if item is None]


def _remnant(entry: object) -> str:
    """What is left of an entry that is no mail; two alike are told alike."""
    try:
        return json.dumps(entry)[:_LONGEST_REMNANT]
    except (TypeError, ValueError, RecursionError):
        return type(entry).__name__


def _entries(data: object) -> list[Any]:
    if data is None:
        return []
    if isinstance(data, list):
        return data
    if isinstance(data, dict):
        return [data] if _is_item(data) else list(data.values())
    raise NotAnInbox("data is no list")


def item_of(entry: object) -> InboxItem | None:
    """The mail that `entry` describes in any spelling, or None if it describes none."""
    if not isinstance(entry, dict) or not _is_item(entry):
        return None
    try:
        texts = {name: _text(entry, keys) for name, keys in _SPELLINGS.items()}
        raw = json.dumps(entry).encode("ascii")
    except (TypeError, RecursionError):
        return None
    body = texts["body"]
    return InboxItem(
        id=_id(entry.get("id")),
        sender=texts["sender"] or "",
        recipient=texts["recipient"] or "",
        date=texts["date"] or "",
        subject=texts["subject"] or "",
        body=None if body is None else readable(body),
        raw=raw,
    )


def readable(body: str) -> str:
    """`body` without its urlencoding, if it truly is urlencoded: plain text with a `%` or `+` stays."""
    if not _URLENCODED.fullmatch(body):
        return body
    octets = b"".join(
        part.encode() if part == "\ufffd" else unquote_to_bytes(part.replace("+", " "))
        for part in re.split("(\ufffd)", body)
    )
    try:
        return clean(octets.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(octets.decode("cp1252", "replace"))


def quota_of(data: object) -> Quota | None:
    """The quota in `data`, None where it names no usage or no limit above zero."""
    if not isinstance(data, dict):
        return None
    usage, limit = whole_number(data.get("usage")), whole_number(data.get("limit"))
    if usage is None or limit is None or usage < 0 or limit <= 0:
        return None
    return Quota(usage, limit)


def _is_item(entry: dict[str, Any]) -> bool:
    """Whether it has at least one of the keys that tell mails apart."""
    return any(key in entry for name in ("sender", "date", "subject") for key in _SPELLINGS[name])


def _text(entry: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of `keys` that says something; "" if they are there and empty, None if missing.

    Raises TypeError for what is no text (a number is, once written out).
    """
    texts = [_written(entry[key]) for key in keys if entry.get(key) is not None]
    if not texts:
        return None
    return next((text for text in texts if text), "")


def _written(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | list):
        raise TypeError(f"{type(value).__name__} is no text")
    if isinstance(value, list):
        return ", ".join(_written(each) for each in value)
    return clean(str(value))


def _id(value: object) -> str | None:
    number = whole_number(value)
    if number is not None:
        return str(number)
    return clean(value) if isinstance(value, str) and value else None
