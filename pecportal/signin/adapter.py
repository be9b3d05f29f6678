"""How the library signs people in here: no strangers, limits that are journaled, letters queued, secrets sealed."""

import hashlib
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pecportal import encryption
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.signin import factors, stepup

_TOLD_SECONDS = 300  # one lock-out is written down so often, however many guesses come meanwhile


class Door(DefaultAccountAdapter):  # type: ignore[misc]
    """Accounts come by invitation alone; whoever knocks is written down with their network address."""

    error_messages: ClassVar = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "The e-mail address or the password is wrong. Capital letters in the password matter."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def is_safe_url(self, url: str) -> bool:
        """Only addresses within the portal: no host but the one that was asked."""
        return url.startswith("/") and not url.startswith(("//", "/\\")) and bool(super().is_safe_url(url))

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Before second factors change: by the same measure as before all that binds."""
        return not stepup.is_recent(self.request)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """The page of one's own account."""
        return reverse("home")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse after too many wrong passwords, and write down that it was refused."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._tell_once(request, str(credentials.get("email", "")).lower())
            raise

    def send_password_reset_mail(self, user: AbstractBaseUser, email: str, context: dict[str, Any]) -> None:
        """Have the queue send it: an address that is known takes no longer, and no job holds the link."""
        enqueue("pecportal.signin.tasks.send_reset", user.pk)

    def _tell_once(self, request: HttpRequest, email: str) -> None:
        address = self.get_client_ip(request)
        key = hashlib.sha256(f"{address} {email}".encode()).hexdigest()
        if cache.add(f"signin.locked:{key}", 1, timeout=_TOLD_SECONDS):
            record("signin.locked", target=User.objects.filter(email=email).first(), address=address)


class Factors(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors are sealed; the last one stays where one is required."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return encryption.seal(text.encode(), context="mfa")

    def decrypt(self, encrypted_text: str) -> str:
        """Open it; raises `Unreadable` without its key."""
        return encryption.unseal(encrypted_text, context="mfa").decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator calls the portal."""
        return "pecportal"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whether it may go: not the last one of somebody who must have one."""
        user = authenticator.user
        others = factors.of(user).exclude(pk=authenticator.pk)
        return others.exists() or not factors.is_required(user)
