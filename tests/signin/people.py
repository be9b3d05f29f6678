"""A person at a browser: typing a password, reading an authenticator."""

import time
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client

from pecportal.organisations.models import User
from tests.signin.conftest import PASSWORD


def log_in(
    client: Client,
    email: str,
    password: str = PASSWORD,
    *,
    address: str = "127.0.0.1",
    next: str = "",  # noqa: A002
) -> Any:
    """Send the form of the log-in, from a network address."""
    return client.post("/login/", {"login": email, "password": password, "next": next}, REMOTE_ADDR=address)


def authenticator(user: User) -> str:
    """Give somebody an authenticator app; its secret."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def code(secret: str, *, later: int = 0, left: float = 4.0) -> str:
    """What the app shows, or will show so many periods later; wait, as people do, if fewer s are `left`."""
    if (remaining := 30 - time.time() % 30) < left:
        time.sleep(remaining)
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + later)))


def secret_of(user: User) -> str:
    """The secret as it is kept."""
    row = Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP)
    return str(get_adapter().decrypt(row.data["secret"]))


def is_in(client: Client) -> bool:
    """Whether the first page is shown."""
    return client.get("/").status_code == 200
