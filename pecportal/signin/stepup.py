"""Asking who it is once more before an act that binds: starting, approving, paying, passwords, deciding."""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from pecportal.signin import factors, sessions

View = Callable[..., HttpResponseBase]


def is_recent(request: HttpRequest, *, within: float | None = None) -> bool:
    """Whether the person of this session showed who they are within so many seconds, else within STEP_UP_SECONDS."""
    moments = [float(each["at"]) for each in factors.records(request)]
    age = time.time() - max([*moments, sessions.signed_in_at(request)])
    return age < (settings.STEP_UP_SECONDS if within is None else within)


def is_due(request: HttpRequest) -> bool:
    """Whether the person of this session has to show once more who they are before an act that binds."""
    return not is_recent(request) and bool(_door(request))


def required(view: View) -> View:
    """A view behind `login_required` that only somebody opens who showed lately who they are.

    Whoever opens its page is asked early enough to have half of the time left for the act itself. What was typed into a
    form is not kept while one is asked, it may hold a password: the person comes back to its page.
    """
    return _asking(view, methods=("GET", "POST"))


def required_to_act(view: View) -> View:
    """The same for a page that many read and few act on: only the act asks."""
    return _asking(view, methods=("POST",))


def _asking(view: View, *, methods: tuple[str, ...]) -> View:
    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        within = settings.STEP_UP_SECONDS / (2 if request.method == "GET" else 1)
        if request.method not in methods or is_recent(request, within=within) or not (door := _door(request)):
            return view(request, *args, **kwargs)
        if request.method == "POST":
            messages.info(request, _("Show that it is you, then do it once more: nothing was done yet."))
        return HttpResponseRedirect(f"{door}?{urlencode({'next': _page(request)})}")

    return asked


def _door(request: HttpRequest) -> str:
    """Where one is asked; "" for somebody who signs in elsewhere and has no password or key of ours."""
    ways = get_adapter(request).get_reauthentication_methods(request.user)
    return str(ways[0]["url"]) if ways else ""


def _page(request: HttpRequest) -> str:
    """Where to come back to: the page itself, or for an act the page with its button, if it is one of ours."""
    if request.method == "GET":
        return request.get_full_path()
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host() and came_from.path.startswith("/")
    return came_from.path if is_ours and not came_from.path.startswith("//") else "/"
