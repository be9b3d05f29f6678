"""The vendor with troubles, a clerk who may get mailboxes, and the language in which sentences were written."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from pecportal.organisations.models import User
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox, serving


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    cache.clear()
    with translation.override("en"):
        yield


@pytest.fixture
def vendor(settings: Settings) -> Iterator[TroubledSandbox]:
    """The simulated vendor, to which the settings point."""
    with serving(settings) as sandbox:
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
