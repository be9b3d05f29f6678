"""Errors as problem details (RFC 9457), everywhere under /api/; each kind has an address that explains it."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pecportal import database, logs, stored
from pecportal.api.kinds import KINDS, Kind
from pecportal.errors import Refusal

PROBLEM: Final = "application/problem+json"
ROOT: Final = "/api/"
_AGAIN: Final = "60"  # seconds, for what is away
_BY_STATUS: Final[Mapping[int, str]] = {
    400: "invalid",
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "refused",
    413: "too-large",
    415: "unsupported-type",
    429: "too-many-requests",
    500: "internal",
    503: "unavailable",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a request: `pointer` (RFC 6901) into the body, or the name of a query parameter or header."""

    detail: str
    code: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    @property
    def told(self) -> dict[str, str]:
        """It, as the answer tells it."""
        places = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        given = {name: place for name, place in places.items() if place is not None}
        return {**given, "detail": self.detail, "code": self.code}


class Problem(Exception):
    """A door says no for a reason of its own: `slug` is one of `kinds.KINDS`, `detail` the sentence for this case."""

    def __init__(
        self,
        slug: str,
        detail: str | Promise = "",
        *,
        faults: tuple[Fault, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(slug)
        self.kind, self.detail, self.faults = KINDS[slug], detail, faults
        self.headers = dict(headers or {})


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into its answer; a bug stays an exception."""
    if isinstance(exc, Problem):
        return _answer(exc.kind, str(exc.detail), faults=list(exc.faults), headers=exc.headers)
    if isinstance(exc, Refusal):
        faults = [Fault(str(exc), "refused", pointer=f"/{_escaped(exc.field)}")] if exc.field else []
        return _answer(KINDS["refused"], str(exc), faults=faults)
    if isinstance(exc, stored.Away):
        detail = _("The portal's files cannot be reached just now.")
        return _answer(KINDS["unavailable"], detail, headers={"Retry-After": _AGAIN})
    if isinstance(exc, Error) and database.is_away(exc):
        logger.error("The database is away.", exc_info=exc)
        detail = _("The portal's database cannot be reached just now.")
        return _answer(KINDS["unavailable"], detail, headers={"Retry-After": _AGAIN})
    if isinstance(exc, RequestDataTooBig):
        return _answer(KINDS["too-large"], _("The request has more than this address takes."))
    if isinstance(exc, SuspiciousOperation):  # as too many fields
        return _answer(KINDS["malformed"], _("The request cannot be read."))
    if isinstance(exc, exceptions.ValidationError):
        return _answer(KINDS["invalid"], "", faults=list(_flat(exc.detail, "")))
    response = exception_handler(exc, context)
    if response is None:
        return None
    kind = KINDS["malformed" if isinstance(exc, exceptions.ParseError) else _BY_STATUS[response.status_code]]
    data = response.data if isinstance(response.data, dict) else {}
    detail = "" if kind.slug == "not-found" else str(data.get("detail", ""))  # foreign and missing are told alike
    kept = {name: value for name, value in response.headers.items() if name != "Content-Type"}
    return _answer(kind, detail, headers=kept)


def body_of(kind: Kind, detail: str = "", *, faults: list[Fault] | None = None) -> dict[str, Any]:
    """The problem as its JSON object."""
    told: dict[str, Any] = {
        "type": settings.PORTAL_URL + reverse("api_problem", args=[kind.slug]),
        "title": str(kind.title),
        "status": kind.status,
        "detail": detail or str(kind.advice),
    }
    if faults:
        told["errors"] = [fault.told for fault in faults]
    if number := logs.ids().get("request_id"):
        told["request_id"] = number
    return told


def plain_answer(kind: Kind, detail: str = "", *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """The problem as an answer outside the API's own views."""
    told = json.dumps(body_of(kind, detail), ensure_ascii=False)
    return HttpResponse(told, status=kind.status, content_type=PROBLEM, headers=dict(headers or {}))


class Problems:
    """Middleware: whatever goes wrong under /api/ outside its views is told as a problem, too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a page of an error gives way to its problem."""
        response = self.get_response(request)
        if not request.path_info.startswith(ROOT) or response.status_code < 400 or is_problem(response):
            return response
        slug = _BY_STATUS.get(response.status_code, "malformed" if response.status_code < 500 else "internal")
        kept = {
            name: response.headers[name]
            for name in ("Retry-After", "Allow", "WWW-Authenticate")
            if name in response.headers
        }
        answer = plain_answer(KINDS["malformed" if slug == "invalid" else slug], headers=kept)
        answer.headers["Cache-Control"] = "no-store"
        return answer


def is_problem(response: HttpResponse) -> bool:
    """Whether an answer is told as a problem."""
    return str(response.headers.get("Content-Type", "")).startswith(PROBLEM)


def _answer(
    kind: Kind, detail: str, *, faults: list[Fault] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    told = body_of(kind, detail, faults=faults)
    return Response(told, status=kind.status, headers=dict(headers or {}), content_type=PROBLEM)


def _flat(detail: Any, pointer: str) -> Iterator[Fault]:
    """Faults of a serializer, each with its place in the body."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _flat(inner, pointer if name == "non_field_errors" else f"{pointer}/{_escaped(name)}")
    elif isinstance(detail, list | tuple):
        for place, inner in enumerate(detail):
            yield from _flat(inner, pointer if isinstance(inner, str) else f"{pointer}/{place}")
    else:
        yield Fault(str(detail), str(getattr(detail, "code", "invalid")), pointer=pointer)


def _escaped(name: object) -> str:
    return str(name).replace("~", "~0").replace("/", "~1")
