"""What the library tells of passwords and second factors, written down; such a change ends the other sessions.

Whoever shows once more who they are goes on in the same session under another key.
"""

from typing import Any

from allauth.account import signals as accounts
from allauth.account.adapter import get_adapter
from allauth.mfa import signals as factors
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.signin import sessions


def listen() -> None:
    """Connect; once, when the application starts."""
    user_logged_in.connect(sessions.begin, dispatch_uid="session.begin")
    accounts.authentication_step_completed.connect(_shown, dispatch_uid="session.renew")
    for signal, action in (
        (accounts.password_changed, "password.change"),
        (accounts.password_set, "password.set"),
        (accounts.password_reset, "password.reset"),
    ):
        signal.connect(_changed(action), weak=False, dispatch_uid=f"journal.{action}")
    for signal, action in (
        (factors.authenticator_added, "factor.add"),
        (factors.authenticator_removed, "factor.remove"),
        (factors.authenticator_reset, "factor.reset"),
    ):
        signal.connect(_changed(action), weak=False, dispatch_uid=f"journal.{action}")
    factors.authentication_failed.connect(_failed, dispatch_uid="journal.factor.failed")


def _changed(action: str) -> Any:
    def note(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
        kind = str(getattr(kwargs.get("authenticator"), "type", ""))
        record(action, actor=user, target=user, address=_address(request), kind=kind)
        sessions.end_all(user, but=request)

    return note


def _shown(sender: object, request: HttpRequest, **kwargs: Any) -> None:
    if kwargs.get("reauthenticated"):
        sessions.renew_key(request)


def _failed(sender: object, request: HttpRequest, user: User, **kwargs: Any) -> None:
    record("factor.failed", target=user, address=_address(request))


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
