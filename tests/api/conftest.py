"""The simulated vendor with troubles, for what a program orders of mailboxes."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.mailboxes.trouble import TroubledSandbox, serving


@pytest.fixture
def troubled(settings: Settings) -> Iterator[TroubledSandbox]:
    """One to which the settings point."""
    with serving(settings) as sandbox:
        yield sandbox
