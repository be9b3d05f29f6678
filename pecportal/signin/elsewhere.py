"""Signing in at an OpenID Connect provider: it says who somebody is, the portal whether they belong here."""

import secrets
from typing import Any

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest


class Elsewhere(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People who have an account here, found once by the address that the provider has verified. It makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never."""
        return False

    def can_authenticate_by_email(self, login: SocialLogin, email: str) -> bool:
        """Once: from then on its own name for the person counts (`sub`), since an address may be given to others."""
        is_known = SocialAccount.objects.filter(user__email__iexact=email).exists()
        return not is_known and bool(super().can_authenticate_by_email(login, email))

    def generate_state_param(self, state: dict[str, Any]) -> str:
        """What brings the browser back to its visit: 256 bits of chance."""
        return secrets.token_urlsafe(32)
