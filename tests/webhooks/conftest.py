"""A receiver on this machine, which the settings allow, and rings that are heard."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from pecportal.webhooks import events
from tests.webhooks.receiver import Receiver, receiving


@pytest.fixture(autouse=True)
def _short(settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    settings.WEBHOOK_RUN_SECONDS = 20.0
    events.forget()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A program that takes what it is told."""
    with receiving() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Receiver]:
    """Another one."""
    with receiving() as found:
        yield found
