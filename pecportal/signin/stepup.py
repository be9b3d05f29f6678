"""Asking who it is once more before an act that binds: starting, approving, paying, passwords, deciding."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from pecportal.organisations.models import User
from pecportal.signin import factors, sessions

View = Callable[..., HttpResponse]


def is_recent(request: HttpRequest) -> bool:
    """Whether the person of this session showed who they are within the last minutes."""
    moments = [float(each["at"]) for each in factors.records(request)]
    return time.time() - max([*moments, sessions.signed_in_at(request)]) < settings.STEP_UP_SECONDS


def required(view: View) -> View:
    """A view behind `login_required` that only somebody opens who showed lately who they are.

    What was typed into a form is not kept meanwhile, it may hold a password: the person comes back to its page.
    """

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_recent(request) or not _can_be_asked(request):
            return view(request, *args, **kwargs)
        if request.method == "POST":
            messages.info(request, _("Show that it is you, then do it once more: nothing was done yet."))
        return HttpResponseRedirect(f"{_door(request)}?{urlencode({'next': _page(request)})}")

    return asked


def _can_be_asked(request: HttpRequest) -> bool:
    """Somebody who signs in elsewhere, and has no password or key of ours, is asked there."""
    return isinstance(request.user, User) and bool(get_reauthentication_flows(request.user))


def _door(request: HttpRequest) -> str:
    user = request.user
    has_password = isinstance(user, User) and user.has_usable_password()
    return reverse("account_reauthenticate" if has_password else "mfa_reauthenticate")


def _page(request: HttpRequest) -> str:
    """Where to come back to: the page itself, or for an act the page with its button, if it is one of ours."""
    if request.method == "GET":
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host() and came_from.path.startswith("/")
    return came_from.path if is_ours and not came_from.path.startswith("//") else "/"
