"""How long a session lasts, and ending those of a person elsewhere."""

import time
from typing import Final

from django.conf import settings
from django.contrib.auth import get_user_model, update_session_auth_hash
from django.db.models import F
from django.http import HttpRequest

from pecportal.organisations.models import User

BEGAN: Final = "began"
SEEN: Final = "seen"
_TOUCH_SECONDS: Final = 30  # so often at most is a session written for having been used


def begin(request: HttpRequest, **kwargs: object) -> None:
    """Note when a session began; called whenever somebody has signed in."""
    request.session[BEGAN] = request.session[SEEN] = time.time()


def is_over(request: HttpRequest, user: User) -> bool:
    """Whether a session was not used for too long, or is too old; else it counts as used now.

    A page that refreshes itself is no use of it: nobody may sit before it.
    """
    now, session = time.time(), request.session
    began, seen = session.setdefault(BEGAN, now), session.setdefault(SEEN, now)
    idle = settings.SESSION_IDLE_SECONDS_STAFF if user.is_staff else settings.SESSION_IDLE_SECONDS
    longest = settings.SESSION_LONGEST_SECONDS_STAFF if user.is_staff else settings.SESSION_LONGEST_SECONDS
    if now - seen > idle or now - began > longest:
        return True
    is_by_itself = request.method == "GET" and request.headers.get("HX-Request") == "true"
    if now - seen > _TOUCH_SECONDS and not is_by_itself:
        session[SEEN] = now
    return False


def renew_key(request: HttpRequest) -> None:
    """Give the session another key; who has the former one has nothing any more."""
    from allauth.usersessions.models import UserSession  # models are ready only when it is asked

    former = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=former).update(session_key=request.session.session_key)


def end_all(user: User, *, but: HttpRequest | None = None) -> None:
    """End every session of a person, in whichever browser, but the one of the request that is given."""
    people = get_user_model()._default_manager.filter(pk=user.pk)
    people.update(session_round=F("session_round") + 1)
    user.refresh_from_db(fields=["session_round"])
    if but is not None and isinstance(but.user, User) and but.user.pk == user.pk:
        but.user.session_round = user.session_round
        update_session_auth_hash(but, but.user)


def signed_in_at(request: HttpRequest) -> float:
    """When this session began, in Unix seconds; 0 when it is not known."""
    return float(request.session.get(BEGAN, 0))
