"""What waits for a person, on the first page."""

import pytest
from django.test import Client

from campaigns.models import Closing, Message
from campaigns.states import MessageState, Shown
from pecportal import clock
from pecportal.organisations.models import User
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


def test_what_failed_and_what_is_in_doubt_waits_on_the_first_page_until_somebody_dealt_with_it(
    clerk: User, browser: Client
) -> None:
    started = build.started(clerk, statuses=[Shown.UNDELIVERED, Shown.UNCERTAIN, Shown.DELIVERED])
    failed, doubtful, _arrived = started.messages.order_by("line")

    before = words(browser.get("/"))
    Closing.objects.create(message=failed, by=clerk, reason="Raccomandata", at=clock.now())
    Message.objects.filter(pk=doubtful.pk).move(MessageState.SUBMITTED, status=Shown.DELIVERED)
    after = words(browser.get("/"))

    assert "1 message did not arrive, and nobody has dealt with it yet." in before
    assert "1 message in doubt" in before
    assert "Nothing is waiting for you." not in before
    assert "Nothing is waiting for you." in after


def test_the_first_page_shows_no_failures_of_another_organisation(clerk: User, browser: Client) -> None:
    build.started(build.clerk(kernel.organisation(name="Zeta")), statuses=[Shown.UNDELIVERED])

    assert "did not arrive" not in words(browser.get("/"))
