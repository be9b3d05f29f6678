"""Middleware: a session that is over ends, and who must have a second factor sets it up before anything else."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from pecportal.organisations import glass
from pecportal.organisations.models import User
from pecportal.signin import factors, sessions

_API: Final = "/api/"  # where what goes wrong is told to programs, and nobody is led elsewhere
_OFFICES: Final = ("/campaigns/", "/mailboxes/", "/lookups/", _API)  # what belongs to organisations
_OPEN: Final = ("/account/", "/logout/", "/language/", "/static/")  # where a second factor is set up, and the way out


class Guard:
    """Asks at every page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, unless the session is over or a second factor is missing."""
        is_api = request.path.startswith(_API)
        if is_api and "Authorization" in request.headers:
            return self.get_response(request)  # a key is asked for there, no session
        user = request.user
        if isinstance(user, User):
            if user.is_program or sessions.is_over(request, user):
                return _refused_session(request) if is_api else _ended(request)
            if not request.path.startswith(_OPEN) and factors.are_missing(user):
                if is_api:
                    return HttpResponse(status=403)
                messages.warning(
                    request, _("Set up a second factor first: your role, or your organisation, needs one.")
                )
                return redirect("mfa_index")
            if user.is_staff and request.path.startswith(_OFFICES) and (open_glasses := glass.open_of(user)):
                if request.method not in ("GET", "HEAD") and is_api:
                    return HttpResponse(status=403)
                if request.method not in ("GET", "HEAD"):
                    messages.error(request, _("Emergency access is for reading alone: end it first in the console."))
                    return redirect("home")
                glass.seen(user, open_glasses, path=request.path)
        return self.get_response(request)


def _refused_session(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponse(status=401, headers={"WWW-Authenticate": 'Bearer realm="pecportal"'})


def _ended(request: HttpRequest) -> HttpResponse:
    path = request.get_full_path() if request.method == "GET" else "/"
    is_fragment = request.headers.get("HX-Request") == "true"
    logout(request)
    if is_fragment:
        return HttpResponseClientRefresh()
    messages.info(request, _("You were logged out because you had not used the portal for a while."))
    response: HttpResponseRedirect = redirect_to_login(path)
    return response
