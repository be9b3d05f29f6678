"""The vendor with troubles, a clerk who may get mailboxes, and the language in which sentences were written."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from pecportal.organisations.models import User
from pecportal.sandbox import serve
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def vendor(settings: Settings) -> Iterator[TroubledSandbox]:
    """The simulated vendor, to which the settings point."""
    sandbox = TroubledSandbox(rate=0)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        yield sandbox


@pytest.fixture
def clerk(db: None) -> User:
    """A mailbox keeper."""
    return build.keeper()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    """The clerk's browser."""
    client.force_login(clerk)
    return client
