"""Addresses of the door: of the library's own all but those by which strangers come in, or e-mail addresses change."""

from allauth.account import views as account
from allauth.usersessions import views as usersessions
from django.conf import settings
from django.urls import include, path, re_path

from pecportal.signin import stepup

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path("account/confirm/", account.reauthenticate, name="account_reauthenticate"),
    path("account/password/", account.password_change, name="account_change_password"),
    path("account/password/set/", account.password_set, name="account_set_password"),
    path("account/forgotten/", account.password_reset, name="account_reset_password"),
    path("account/forgotten/sent/", account.password_reset_done, name="account_reset_password_done"),
    path("account/forgotten/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^account/forgotten/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("account/factors/", include("allauth.mfa.urls")),
    path("account/sessions/", stepup.required_to_act(usersessions.list_usersessions), name="usersessions_list"),
]
if settings.OIDC_URL:
    from allauth.socialaccount.providers.openid_connect import views as openid_connect

    from pecportal.signin import openid  # its models are there only where a provider is

    urlpatterns += [
        path("account/elsewhere/", include("allauth.socialaccount.urls")),
        path("account/oidc/<slug:provider_id>/login/", openid_connect.login, name="openid_connect_login"),
        path("account/oidc/<slug:provider_id>/login/callback/", openid.callback, name="openid_connect_callback"),
    ]
