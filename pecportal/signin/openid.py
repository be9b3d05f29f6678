"""What an OpenID Connect provider says is believed when it is signed by it, for this portal, now, and for this visit.

The library trusts an ID token because it came by TLS. Here each is examined as OpenID Connect Core 1.0, section
3.1.3.7, lists it, and the provider's description of itself as OpenID Connect Discovery 1.0, section 4.3, does.
"""

import hashlib
import hmac
from typing import Any, Final

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import render_authentication_error
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from requests import RequestException

# by public keys alone: with a shared secret among them, a public key could be taken for one
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_CLAIMS: Final = ("iss", "sub", "aud", "exp", "iat")
_LEEWAY: Final = 10  # seconds that its clock and ours may differ


class Examined(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The way to the provider and back."""

    _nonce = ""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The provider's description of itself. Raises `OAuth2Error` for one that calls itself by another name."""
        described: dict[str, Any] = super().openid_config
        if described.get("issuer") != settings.OIDC_ISSUER:
            raise OAuth2Error("The provider is not the one of OIDC_ISSUER.")
        return described

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: Any, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        """The tokens for the code that the browser brought, and from now on the nonce that goes with them."""
        self._nonce = nonce_of(pkce_code_verifier or "")
        found: dict[str, Any] = super().get_access_token_data(request, app, client, pkce_code_verifier)
        return found

    def complete_login(self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any) -> SocialLogin:
        """Who it is. Raises `OAuth2Error` where the ID token is missing, not good, or about somebody else."""
        claims = self._claims(app.client_id, str(kwargs["response"].get("id_token", "")))
        person = self._fetch_user_info(token.token)
        if person.get("sub") != claims["sub"]:
            raise OAuth2Error("The ID token is about somebody else.")
        return self.get_provider().sociallogin_from_response(request, {"userinfo": person, "id_token": claims})

    def _claims(self, client_id: str, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if str(header.get("typ", "JWT")).upper() != "JWT":
                raise OAuth2Error("The token is no ID token.")
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(header),
                algorithms=ALGORITHMS,
                issuer=settings.OIDC_ISSUER,
                audience=client_id,
                leeway=_LEEWAY,
                options={"require": list(_CLAIMS)},
            )
        except jwt.PyJWTError as exc:
            raise OAuth2Error("The ID token is not good.") from exc
        if claims["aud"] not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
            raise OAuth2Error("The ID token is for others, too.")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), self._nonce.encode()):
            raise OAuth2Error("The ID token belongs to another visit.")
        return claims

    def _key(self, header: dict[str, Any]) -> jwt.PyJWK:
        """Of the provider's own keys the one that the token names; keys that come with a token are not looked at."""
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
        for key in jwt.PyJWKSet.from_dict(answer.json()).keys:
            if key.key_id == header.get("kid"):
                return key
        raise OAuth2Error("The provider has no such key.")


class Provider(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider of the settings; each visit has a nonce of its own."""

    oauth2_adapter_class = Examined

    def get_pkce_params(self) -> dict[str, str]:
        """What binds the visit to this session: PKCE, and a nonce that follows from its secret."""
        given: dict[str, str] = super().get_pkce_params()
        return {**given, "nonce": nonce_of(given["code_verifier"])}

    def redirect(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Send the browser there; a page says so where it is not to be reached, or another one."""
        try:
            sent: HttpResponseBase = super().redirect(request, *args, **kwargs)
        except (OAuth2Error, RequestException) as exc:
            sent = render_authentication_error(request, self, exception=exc)
        return sent


def nonce_of(verifier: str) -> str:
    """The nonce of a visit: whoever sees it in the browser's address cannot tell the verifier that it is made of."""
    return hashlib.sha256(b"pecportal: nonce\0" + verifier.encode()).hexdigest()


def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where the browser comes back to."""
    adapter = Examined(request, provider_id)
    try:
        answer: HttpResponseBase = OAuth2CallbackView.adapter_view(adapter)(request)
    except SocialApp.DoesNotExist as exc:
        raise Http404 from exc
    except (OAuth2Error, RequestException) as exc:
        answer = render_authentication_error(request, adapter.get_provider(), exception=exc)
    return answer
