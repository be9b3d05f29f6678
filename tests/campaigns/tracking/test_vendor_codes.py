"""Each code of the vendor's inbox (pecmassiva.openapi.json), through the simulated vendor."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Attempt, Campaign, InboxScan, Message, Receipt, Search
from campaigns.sending import pump
from campaigns.tracking import reading, searching
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.sandbox import serve
from tests.engine import running
from tests.mailboxes.trouble import TroubledSandbox
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
UNAUTHORIZED = "Authorization is not valid or empty"


@pytest.fixture
def box(settings: Settings) -> Iterator[TroubledSandbox]:
    """The simulated vendor with a mailbox, to which the settings point."""
    sandbox = TroubledSandbox(rate=0)
    sandbox.create_mailbox(ADDRESS, PASSWORD)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        yield sandbox


def sent(box: TroubledSandbox) -> Campaign:
    """A message that was sent, whose receipts have come."""
    campaign = running(messages=1)
    pump.run()
    box.advance(hours=1)
    return campaign


def read(campaign: Campaign) -> InboxScan:
    reading.read(campaign.mailbox_id, client=vendors.connect())
    return InboxScan.objects.latest("pk")


def credentials_state() -> str:
    return Mailbox.objects.get().credentials_state


def test_401_of_the_inbox_refuses_the_mailboxs_credentials(box: TroubledSandbox) -> None:
    campaign = sent(box)
    box.create_mailbox(ADDRESS, "un'altra")

    scan = read(campaign)

    assert (scan.complete, scan.problem) == (False, UNAUTHORIZED)
    assert credentials_state() == CredentialsState.REFUSED
    assert reading.watched() == []  # until they are entered again


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Bad Request"),
        (403, "Forbidden"),
        (404, "Not Found"),
        (429, "Too Many Requests"),
        (500, "MySQL Error 2006"),
    ],
)
def test_another_refusal_of_the_inbox_ends_the_reading_with_the_vendors_words_and_is_tried_again(
    box: TroubledSandbox, status: int, message: str
) -> None:
    campaign = sent(box)
    for _page in range(4):
        box.refuse("GET", "/inbox", status, message)

    scan = read(campaign)

    assert not scan.complete
    assert scan.problem
    assert credentials_state() == CredentialsState.UNTESTED
    box.troubles.clear()
    assert read(campaign).complete
    assert Receipt.objects.count() == 2


@pytest.mark.parametrize(("status", "message"), [(404, "Message not found"), (500, "MySQL Error 2006")])
def test_an_item_that_cannot_be_read_is_left_out_and_taken_at_the_next_reading(
    box: TroubledSandbox, status: int, message: str
) -> None:
    campaign = sent(box)
    box.refuse("GET", "/inbox/", status, message)

    scan = read(campaign)

    assert (scan.complete, scan.broken, Receipt.objects.count()) == (False, 1, 1)
    assert read(campaign).complete
    assert Receipt.objects.count() == 2


def test_401_of_an_item_is_the_mailboxs_and_stops_the_reading(box: TroubledSandbox) -> None:
    campaign = sent(box)
    for _time in range(6):  # with the old token, with a new one, and of each item
        box.refuse("GET", "/inbox/", 401, UNAUTHORIZED)

    scan = read(campaign)

    assert (scan.complete, scan.problem) == (False, UNAUTHORIZED)
    assert credentials_state() == CredentialsState.REFUSED


@pytest.mark.parametrize(
    ("status", "message", "problem"),
    [
        (401, UNAUTHORIZED, UNAUTHORIZED),
        (404, "Result empty", ""),  # nothing was found, which is an answer
        (429, "Too Many Requests", "Too Many Requests"),
        (500, "MySQL Error 2006", "MySQL Error 2006"),
    ],
)
def test_a_search_that_is_refused_says_so_and_settles_nothing(
    box: TroubledSandbox, status: int, message: str, problem: str
) -> None:
    running(messages=1)
    box.drop_next_answer(after_accepting=True)
    pump.run()
    box.advance(hours=1)
    Attempt.objects.update(marked_at=timezone.now() - timedelta(minutes=2, seconds=5))
    for _time in range(2):
        box.refuse("GET", "/inbox", status, message)

    assert searching.run() == 0

    assert Search.objects.get().problem == problem
    assert Message.objects.get().state == "uncertain"
