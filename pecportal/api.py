"""The API's door: errors as problem details (RFC 9457)."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.response import Response
from rest_framework.views import exception_handler

from pecportal import stored
from pecportal.errors import Refusal

PROBLEM = "application/problem+json"


def problem(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception of a view into `{type, title, status, detail}`; a bug stays an exception."""
    if isinstance(exc, Refusal):
        return _answer(409, _("The request cannot be carried out now"), str(exc))
    if isinstance(exc, stored.Away):
        detail = _("The portal's files cannot be reached just now.")
        return _answer(503, _("Not available now"), detail, headers={"Retry-After": "60"})
    response = exception_handler(exc, context)
    if response is None:
        return None
    details = response.data if isinstance(response.data, dict) else {"errors": response.data}
    detail = str(details.pop("detail", ""))
    return _answer(response.status_code, response.status_text, detail, errors=details, headers=response.headers)


def _answer(status: int, title: str, detail: str, *, errors: Any = None, headers: Any = None) -> Response:
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = errors
    return Response(body, status=status, headers=headers, content_type=PROBLEM)
