"""Signing in at an OpenID Connect provider is there where it is set, and nowhere else."""

import os
import subprocess
import sys

import pytest
from django.test import Client

PROGRAM = """
import django
django.setup()
from django.core.management import call_command
from django.urls import reverse
call_command("check")
print(reverse("openid_connect_callback", kwargs={"provider_id": "elsewhere"}))
from allauth.socialaccount.adapter import get_adapter
from django.test import RequestFactory
request = RequestFactory().get("/")
from django.conf import settings
print(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["settings"]["server_url"])
print(get_adapter().is_open_for_signup(request, None))
"""


@pytest.mark.slow
def test_a_provider_is_taken_from_the_settings_and_makes_no_accounts() -> None:
    given = {"OIDC_URL": "https://proxy.example", "OIDC_CLIENT_ID": "portal", "OIDC_SECRET": "x" * 40}
    told = {"DJANGO_SETTINGS_MODULE": "pecportal.settings", "PYTHONWARNINGS": "ignore"}

    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **given, **told},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = done.stdout.split()
    assert "/account/oidc/elsewhere/login/callback/" in lines
    assert lines[-2:] == ["https://proxy.example", "False"]


@pytest.mark.django_db
def test_without_one_there_is_no_door(client: Client) -> None:
    assert client.get("/account/oidc/elsewhere/login/").status_code == 404
    assert b"elsewhere" not in client.get("/login/").content
