"""The journal's ear at the door: where an act comes from, and who was refused."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse

from pecportal.journal import origin, refusals
from pecportal.organisations.models import User

_REFUSED: Final = frozenset({403, 404})


class Witness:
    """Middleware, behind that of authentication: tells the journal who comes from where.

    What is not a person's answers as what does not exist: so a signed-in person's 404 of an address that the portal
    knows is recorded as a refusal. An address that nobody knows is none.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        with origin.coming_from(origin.door_of(request), origin.address_of(request)):
            response = self.get_response(request)
            if response.status_code in _REFUSED and request.resolver_match is not None:
                _note(request, response.status_code)
        return response


def _note(request: HttpRequest, status: int) -> None:
    user = getattr(request, "user", None)
    actor = user if isinstance(user, User) else None
    match = request.resolver_match
    if match is None or (actor is None and status == 404):
        return
    ids = {name: value for name, value in match.kwargs.items() if isinstance(value, int)}
    what = match.view_name or "?"
    refusals.note("access.refused", what, actor=actor, page=what, method=request.method, status=status, which=ids)
