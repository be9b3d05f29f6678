"""Whatever goes wrong is told as the vendor tells it: `{"success": false, "message": …}`."""

import json
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from pecportal.api.kinds import KINDS
from pecportal.api.problems import is_problem

ROOT: Final = "/compat/"
_KEPT: Final = ("Retry-After", "Allow", "WWW-Authenticate", "Cache-Control", "RateLimit", "RateLimit-Policy")


class VendorsShape:
    """Middleware for all that is under `/compat/`, whether a view answers, or nothing is there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; a problem, or a page of an error, gives way to the vendor's form."""
        response = self.get_response(request)
        is_told = response.status_code < 400 or (
            response.headers.get("Content-Type") == "application/json" and not is_problem(response)
        )
        if not request.path_info.startswith(ROOT) or is_told:
            return response
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        told = {"success": False, "message": _words(response)}
        answer = HttpResponse(
            json.dumps(told, ensure_ascii=False),
            status=response.status_code,
            content_type="application/json",
            headers=headers,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _words(response: HttpResponse) -> str:
    if is_problem(response):
        told = json.loads(response.content)
        faults = [(fault.get("pointer", "")[1:], fault["detail"]) for fault in told.get("errors", ())]
        return " ".join(f"{place}: {words}" if place else words for place, words in faults) or str(told["detail"])
    if response.status_code == 404:
        return _("Of the provider's addresses only /send and /send/{message_id} are here: the rest is under /api/v1/.")
    return str(KINDS["internal" if response.status_code >= 500 else "malformed"].advice)
