"""Requests, answers and the way from a path to the function that answers it."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl

BODY_LIMIT: Final = 140_000_000
BLOCK: Final = 256 * 1024


class AnswerLost(Exception):
    """The connection is to be closed without a byte of answer."""


class Incomplete(Exception):
    """The client went away before its request's body had come whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def status_line(self) -> str:
        """The status with its words, as WSGI wants it."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """What came in. `arguments` are the parts of the path that its template leaves open.

    `account` is the e-mail address of the account whose token it bears, "" without one.
    """

    method: str
    path: str
    query: Mapping[str, str]
    environ: Mapping[str, Any]
    arguments: tuple[str, ...] = ()
    account: str = ""

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        text = self.environ.get("CONTENT_LENGTH") or "0"
        return int(text) if text.isdecimal() else 0

    def header(self, name: str) -> str:
        """A header's value ("" if missing); UTF-8, else Latin-1."""
        value: str = self.environ.get(f"HTTP_{name.upper().replace('-', '_')}", "")
        try:
            return value.encode("latin-1").decode("utf-8")
        except UnicodeError:
            return value

    def basic(self) -> tuple[str, str] | None:
        """User name and password of HTTP Basic."""
        scheme, _, token = self.header("authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, colon, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return (name, password) if colon else None

    def bearer(self) -> str:
        """The Bearer token, "" if there is none."""
        scheme, _, token = self.header("authorization").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def blocks(self) -> Iterator[bytes]:
        """The body, block by block. Raises Incomplete when the client breaks off."""
        left, stream = self.length, self.environ["wsgi.input"]
        while left:
            block = stream.read(min(BLOCK, left))
            if not block:
                raise Incomplete
            left -= len(block)
            yield block

    def json(self) -> dict[str, Any]:
        """The body's JSON object; {} where it is none or too large, as the vendor's language would see it."""
        if self.length > BODY_LIMIT:
            return {}
        try:
            found = json.loads(b"".join(self.blocks()))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


Handler = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path template such as /pec/{}/rinnovo; `api` is the one whose token it wants ("": none)."""

    method: str
    template: str
    handler: Handler
    api: str = ""


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: list[Route]) -> None:
        self._exact = {(route.method, route.template): route for route in routes}
        self._open = [(_pattern(route.template), route) for route in routes if "{}" in route.template]

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
        """The route and the path's open parts; None where there is none."""
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact, ()
        for pattern, route in self._open:
            found = pattern.fullmatch(path) if route.method == method else None
            if found:
                return route, found.groups()
        return None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(r"\{\}", "([^/]*)"))


def query_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """The query's fields; of one that comes twice the last."""
    return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))


def as_json(status: int, value: object, *headers: tuple[str, str]) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), headers=headers)


def done(data: object, message: str = "") -> Answer:
    """A success of the PEC, Company and OAuth APIs."""
    return as_json(200, {"data": data, "success": True, "message": message, "error": None})


def refused(status: int, error: int | None, message: str) -> Answer:
    """A refusal of the PEC, Company and OAuth APIs."""
    return as_json(status, {"success": False, "message": message, "error": error, "data": None})
