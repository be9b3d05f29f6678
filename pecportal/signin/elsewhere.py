"""Signing in at an OpenID Connect provider: it says who somebody is, the portal whether they belong here."""

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.http import HttpRequest


class Elsewhere(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """People who have an account here, found by the address that the provider has verified. It makes no accounts."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never."""
        return False
