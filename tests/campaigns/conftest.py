"""Sentences are compared in the language in which they were written; an operator and their browser."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import translation
from pytest_django import Settings

from pecportal.operation import liveness
from pecportal.organisations.models import User


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def who(db: None) -> User:
    """An operator, in whose console all lanes are expected."""
    liveness.expect()
    return User.objects.create_superuser("olga@portale.example")


@pytest.fixture
def operator(client: Client, who: User) -> Client:
    """Their browser."""
    client.force_login(who)
    return client
