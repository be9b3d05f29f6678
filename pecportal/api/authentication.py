"""Who asks: a program by its key, or a person by their session."""

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from pecportal.api.problems import Problem
from pecportal.journal import refusals
from pecportal.journal.origin import address_of
from pecportal.organisations.models import User
from pecportal.programs import keys
from pecportal.programs.models import ApiKey

_CHALLENGE: Final = 'Bearer realm="pecportal"'


class ByKey(BaseAuthentication):
    """`Authorization: Bearer ppk_…` (RFC 6750)."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The program and its key; None without such a header. Raises `Problem` for a key that opens nothing."""
        scheme, _space, given = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise self._refused(_("Of the schemes of authorization only Bearer is known here."))
        key = keys.find(given.strip())
        if key is None:
            refusals.note("key.refused", reason="unknown")
            raise self._refused(_("No key is like this one. Was it copied whole?"))
        if not (key.is_valid(timezone.now()) and key.program.is_active):
            refusals.note("key.refused", key.prefix, actor=key.program, prefix=key.prefix, reason="not valid")
            raise self._refused(_("This key was revoked, or is too old."))
        if not keys.is_from(address_of(request._request), key.networks):
            refusals.note("key.refused", key.prefix, actor=key.program, prefix=key.prefix, reason="network")
            raise Problem("network-refused")
        keys.touch(key)
        return key.program, key

    def authenticate_header(self, request: Request) -> str:
        """What a 401 asks for."""
        return _CHALLENGE

    def _refused(self, detail: str) -> Problem:
        return Problem("key-refused", detail, headers={"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'})
