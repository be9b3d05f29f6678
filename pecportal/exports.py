"""Whole tables as files: so many a person may take within some minutes, since each costs much and carries much away."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from pecportal import frequency
from pecportal.journal import refusals
from pecportal.organisations.models import User

MOST: Final = 30
SECONDS: Final = 600

View = Callable[..., HttpResponseBase]


def is_within(person: User | AnonymousUser) -> bool:
    """Count one more table that somebody takes, and whether they may; a refusal is recorded."""
    if frequency.is_within(f"exports:{person.pk}", most=MOST, seconds=SECONDS):
        return True
    refusals.note("export.limited", actor=person if isinstance(person, User) else None)
    return False


def limited(view: View) -> View:
    """A view behind `login_required` that answers a person at most MOST times in SECONDS, then 429 for a while."""

    @wraps(view)
    def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_within(request.user):
            return view(request, *args, **kwargs)
        response = render(request, "429.html", status=429)
        response.headers["Retry-After"] = str(SECONDS)
        return response

    return counted
