"""Second factors: who must have one, and who has."""

from typing import TYPE_CHECKING, Any

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from allauth.mfa.models import Authenticator

    from pecportal.organisations.models import User

_REAL = ("totp", "webauthn")  # recovery codes alone are none


def is_required(user: "User") -> bool:
    """Whether this person may not work without a second factor: operators, and members of offices that want it."""
    if not settings.SECOND_FACTOR_REQUIRED:
        return False
    return user.is_staff or user.memberships.filter(organisation__second_factor=True).exists()


def of(user: "User") -> "QuerySet[Authenticator]":
    """The second factors that somebody has set up; recovery codes do not count."""
    from allauth.mfa.models import Authenticator  # models are ready only when it is asked

    rows: QuerySet[Authenticator] = Authenticator.objects.filter(user=user, type__in=_REAL)
    return rows


def are_missing(user: "User") -> bool:
    """Whether one is required and there is none."""
    return is_required(user) and not of(user).exists()


def records(request: HttpRequest) -> list[dict[str, Any]]:
    """How and when (Unix seconds) the person of this session showed who they are, oldest first."""
    if isinstance(request.user, AnonymousUser):
        return []
    return list(get_authentication_records(request, request.user))
