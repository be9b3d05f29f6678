"""Doubts are searched for in the vendor's inbox; what is found is taken in, what is not found says nothing."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Attempt, Message, Receipt, Search
from campaigns.sending import pump
from campaigns.states import MessageState
from campaigns.tracking import batons, reading, searching
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import vendor as vendors
from pecportal.sandbox import Sandbox
from tests.campaigns import doubts
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def lost(box: Sandbox, *, taken: bool) -> Attempt:
    """An attempt whose answer was lost, two minutes ago by our clock; an hour ago by the vendor's."""
    running(messages=1)
    box.drop_next_answer(after_accepting=taken)
    pump.run()
    box.advance(hours=1)
    Attempt.objects.update(marked_at=timezone.now() - timedelta(minutes=2, seconds=5))
    return Attempt.objects.select_related("message", "mailbox").get()


def test_a_receipt_that_the_search_finds_settles_the_doubt(box: Sandbox) -> None:
    attempt = lost(box, taken=True)

    assert searching.run() == 2

    assert Message.objects.get().state == MessageState.SUBMITTED
    assert doubts.outcome(attempt) == "accepted"
    assert Search.objects.get().found == 2
    assert all(receipt.body for receipt in Receipt.objects.all())
    assert searching.run() == 0
    assert Search.objects.count() == 1


def test_what_is_not_found_stays_in_doubt_and_is_searched_for_when_its_time_comes(box: Sandbox) -> None:
    attempt = lost(box, taken=False)

    for _ in range(2):
        assert searching.run() == 0
    assert Search.objects.count() == 1
    Attempt.objects.update(marked_at=timezone.now() - timedelta(minutes=5, seconds=5))
    Search.objects.update(at=timezone.now() - timedelta(minutes=3))
    searching.run()

    assert Search.objects.count() == 2
    assert doubts.outcome(attempt) == "uncertain"


def test_mails_of_others_that_a_vendor_without_a_search_gives_are_left_to_the_walk(box: Sandbox) -> None:
    lost(box, taken=False)
    ref = Attempt.objects.get().ref
    box.deliver_to_inbox(ADDRESS, f"Re: {ref}", "x", "qualcuno@pec.example", timezone.now())

    searching.run()

    assert Search.objects.get().found == 0
    assert not Receipt.objects.exists()


def test_what_the_search_took_in_the_walk_does_not_take_again(box: Sandbox) -> None:
    attempt = lost(box, taken=True)
    searching.run()

    assert reading.read(attempt.mailbox_id, client=vendors.connect()) == 0
    assert Receipt.objects.count() == 2


def test_a_search_that_fails_is_kept_with_its_cause_and_tried_again_at_its_next_time(box: Sandbox) -> None:
    lost(box, taken=True)
    box.inbox_faults.active.add("server_error_on_page")
    box.inbox_faults.page = 1

    searching.run()

    search = Search.objects.get()
    assert search.problem
    assert search.found == 0
    assert Message.objects.get().state == MessageState.UNCERTAIN


def test_a_mailbox_without_credentials_is_noted_and_not_asked(box: Sandbox) -> None:
    lost(box, taken=True)
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED)

    searching.run()

    assert "credentials" in Search.objects.get().problem


def test_after_ten_days_and_one_last_search_there_are_no_more(box: Sandbox) -> None:
    lost(box, taken=False)
    Attempt.objects.update(marked_at=timezone.now() - timedelta(days=11))

    for _ in range(2):
        searching.run()

    assert Search.objects.count() == 1


def test_one_run_at_a_time_searches(box: Sandbox) -> None:
    lost(box, taken=True)
    batons.take(searching.BATON, "another run", seconds=60)

    assert searching.run() == 0
    assert not Search.objects.exists()


def test_the_longest_unsought_comes_first() -> None:
    campaign = doubts.doubt().message.campaign
    early, late, never = (doubts.doubt(campaign) for _ in range(3))
    Attempt.objects.exclude(pk__in=[early.pk, late.pk, never.pk]).update(outcome="not_sent")
    Search.objects.create(attempt=late, at=timezone.now() - timedelta(minutes=50))
    Search.objects.create(attempt=early, at=timezone.now() - timedelta(minutes=55))

    assert searching.due() == [never, early, late]
