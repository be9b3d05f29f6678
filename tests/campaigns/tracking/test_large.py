"""An inbox that is too large to be read as a whole between others: a job of its own does it, and news do not wait."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Baton, Campaign, InboxScan, InboxWatch, Receipt
from campaigns.sending import pump
from campaigns.tracking import batons, reading
from pecportal import stopping
from pecportal import vendor as vendors
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
MESSAGES = 40  # with two receipts each: four pages


@pytest.fixture
def large(vendor: Sandbox, jobs: Jobs) -> Campaign:
    """A campaign whose receipts fill more pages than there was time for."""
    vendor.create_mailbox(ADDRESS, PASSWORD)
    campaign = running(messages=MESSAGES)
    pump.run()
    vendor.advance(hours=30)
    jobs.clear()
    reading.read(campaign.mailbox_id, client=vendors.connect(), until=time.monotonic())
    return campaign


def whole() -> InboxScan:
    return InboxScan.objects.filter(full=True).latest("pk")


def test_it_gets_a_job_of_its_own_which_reads_it_to_the_end(large: Campaign, jobs: Jobs) -> None:
    assert not whole().complete
    assert InboxWatch.objects.get().is_large
    assert jobs.names() == ["campaigns.tasks.read_whole"]

    jobs.run()

    assert whole().complete
    assert Receipt.objects.count() == 2 * MESSAGES
    assert InboxWatch.objects.get().full_at is not None
    assert set(large.messages.values_list("status", flat=True)) == {"delivered"}


def test_news_are_read_meanwhile_and_do_not_undo_what_the_job_learned(large: Campaign, jobs: Jobs) -> None:
    InboxWatch.objects.update(full_at=timezone.now(), first_page=1)

    reading.read(large.mailbox_id, client=vendors.connect())

    assert InboxScan.objects.latest("pk").full is False
    watch = InboxWatch.objects.get()
    assert watch.full_at is not None
    assert watch.leased_until is None


def test_only_one_whole_reading_goes_on_at_a_time(large: Campaign, jobs: Jobs) -> None:
    assert batons.take(reading.WHOLE, "another worker", seconds=60)

    jobs.run()

    assert not whole().complete
    assert Baton.objects.get(name=reading.WHOLE).holder == "another worker"


def test_one_that_died_is_begun_again(large: Campaign, jobs: Jobs) -> None:
    jobs.clear()
    InboxScan.objects.update(started_at=timezone.now() - timedelta(hours=2), ended_at=None, problem="")

    reading.read(large.mailbox_id, client=vendors.connect())

    assert jobs.names() == ["campaigns.tasks.read_whole"]
    jobs.run()
    assert whole().complete


def test_it_ends_soon_when_the_worker_is_asked_to(large: Campaign, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "asked", lambda: True)

    jobs.run()

    assert whole().pages == 1
    assert "asked to end" in whole().problem
    assert Baton.objects.get(name=reading.WHOLE).holder == ""


def test_one_that_became_small_is_read_between_others_again(large: Campaign, jobs: Jobs) -> None:
    jobs.run()

    assert not InboxWatch.objects.get().is_large
