"""The simulated vendor with troubles, for what a program orders of mailboxes; one that posts, and its mailbox."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from mailboxes.models import Mailbox
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests.api.build import Caller, caller
from tests.engine import draft
from tests.mailboxes.trouble import TroubledSandbox, serving
from tests.worlds import ADDRESS, PASSWORD


@pytest.fixture
def troubled(settings: Settings) -> Iterator[TroubledSandbox]:
    """One to which the settings point."""
    with serving(settings) as sandbox:
        yield sandbox


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    """The vendor with a mailbox there."""
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def mailbox(box: Sandbox) -> Mailbox:
    """The same here, of an organisation whose programs may send to 1,000 recipients a day."""
    mailbox: Mailbox = draft().mailbox
    Organisation.objects.update(programs_daily_limit=1000)
    return mailbox


@pytest.fixture
def erp(mailbox: Mailbox) -> Caller:
    """A program that may send single messages."""
    return caller(mailbox.organisation, Role.MESSAGES_SEND)
