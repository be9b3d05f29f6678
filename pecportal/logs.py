"""What goes to the log: lines for people or JSON for programs, with the ids of request, job and message, and without
addresses, credentials or contents.

Addresses become a keyed hash: the same one is the same word, and nobody without the key knows whose. Exceptions keep
their type and where they happened; their words only where these are a system's own.
"""

import hashlib
import hmac
import json
import logging
import re
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from django.conf import settings
from django.db import Error
from django.http import HttpRequest, HttpResponse

from pecportal.upstream.errors import UpstreamError

HEADER: Final = "X-Request-Id"
_LONGEST: Final = 4000
_WORDS: Final = 300
_ADDRESS: Final = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")
_BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[^\s'\",;]{6,}")
_SECRET: Final = re.compile(
    r"(?i)\b(token|passw\w*|secret|api_?key|authorization|cookie|sessionid)\b(['\"]?\s*[:=]\s*['\"]?)[^\s'\"&,;]{4,}"
)
_OPAQUE: Final = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9_-]{40,}(?![\w-])")  # tokens in paths, hashes of things
# what ends a line somewhere, moves a terminal's cursor, or turns the order of what is read
_BREAKS: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_ASKED: Final = re.compile(r"[0-9a-fA-F-]{16,64}")
_ids: ContextVar[dict[str, str]] = ContextVar("log_ids", default={})  # noqa: B039 - never changed, only replaced
_Exc = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def ids() -> dict[str, str]:
    """What is being worked on just now: `request_id`, `job_id`, `message_id`."""
    return _ids.get()


@contextmanager
def about(**what: object) -> Iterator[None]:
    """Whatever is logged within names these ids, too."""
    token = _ids.set({**_ids.get(), **{name: str(value) for name, value in what.items()}})
    try:
        yield
    finally:
        _ids.reset(token)


def begin(**what: object) -> None:
    """From now on, in this thread, whatever is logged names these ids and no others."""
    _ids.set({name: str(value) for name, value in what.items()})


def hashed(address: str) -> str:
    """An address as logs name it: the same one always alike, with a key that only this installation has."""
    key = hashlib.sha256(b"pecportal: addresses in logs\0" + settings.SECRET_KEY.encode()).digest()
    return f"pec:{hmac.new(key, address.strip().lower().encode('utf-8', 'replace'), hashlib.sha256).hexdigest()[:12]}"


def clean(text: str) -> str:
    """The text without addresses, credentials, and whatever looks like a token."""
    text = _BEARER.sub(lambda found: f"{found[1]} ***", text)
    text = _SECRET.sub(lambda found: f"{found[1]}{found[2]}***", text)
    text = _ADDRESS.sub(lambda found: hashed(found[0].replace("%40", "@")), text)
    return _OPAQUE.sub("***", text)


def words(exc: BaseException) -> str:
    """An exception's own words, where they are a system's and not somebody's; "" otherwise."""
    if isinstance(exc, Error):
        return clean(str(exc).splitlines()[0][:_WORDS]) if str(exc) else ""  # what follows quotes the row
    if isinstance(exc, OSError):
        return clean(exc.strerror or type(exc).__name__)
    if isinstance(exc, UpstreamError):
        return clean(": ".join(part for part in (exc.call, str(exc.status or "")) if part))
    return ""


def told(info: _Exc) -> list[str]:
    """An exception and what caused it, as lines without values: types, places, and `words`."""
    exc: BaseException | None = info[1]
    lines: list[str] = []
    while exc is not None and len(lines) < 200:
        frames = traceback.extract_tb(exc.__traceback__)
        lines += [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        said = _folded(words(exc))
        lines.append(type(exc).__qualname__ + (f": {said}" if said else ""))
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return lines


class Line(logging.Formatter):
    """One line for people, and the places of an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """As text."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone().isoformat(timespec="milliseconds")
        named = "".join(f" {name}={value}" for name, value in ids().items())
        text = f"{at} {record.levelname} {record.name}{named} {_message(record)}"
        return "\n    ".join([text, *(told(record.exc_info) if record.exc_info else ())])


class Json(logging.Formatter):
    """One JSON object a line: `at`, `level`, `logger`, `message`, the ids, and an exception's lines as `error`."""

    def format(self, record: logging.LogRecord) -> str:
        """As JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **ids(),
            "message": _message(record),
        }
        status = getattr(record, "status_code", None)
        if isinstance(status, int):
            line["status"] = status
        if record.exc_info:
            line["error"] = told(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class RequestIds:
    """Middleware: each request has an id, which the log names, and its answer tells."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        asked = str(request.headers.get(HEADER, ""))
        number = asked if _ASKED.fullmatch(asked) else uuid.uuid4().hex
        with about(request_id=number):
            response = self.get_response(request)
        response.headers[HEADER] = number
        return response


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):
        text = str(record.msg)
    text, *rest = clean(text[:_LONGEST]).split("\nTraceback (most recent call last)", 1)
    return _folded(f"{text} (and a traceback)" if rest else text)


def _folded(text: str) -> str:
    """The text as one line, which neither begins another one nor moves a terminal's cursor."""
    return _BREAKS.sub(" ", text).replace("\n", " ⏎ ")
