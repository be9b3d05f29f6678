"""What cannot be read stops nobody, is told once, and is solved when it can be read."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns.models import BrokenItem, Campaign, InboxScan, Message, Receipt
from campaigns.sending import pump
from campaigns.tracking import quarantine, reading
from pecportal import vendor as vendors
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def sent(count: int = 2) -> Campaign:
    campaign = running(messages=count)
    pump.run()
    return campaign


def read(campaign: Campaign) -> int:
    return reading.read(campaign.mailbox_id, client=vendors.connect())


def alerts() -> list[bool]:
    """The alerts about unreadable items: whether each is still open."""
    rows = Alert.objects.filter(kind=quarantine.UNREADABLE).order_by("pk")
    return [row.ended_at is None for row in rows]


def test_a_body_that_cannot_be_read_is_set_aside_and_the_others_are_taken_in(box: Sandbox) -> None:
    campaign = sent(40)
    box.advance(hours=1)
    box.inbox_faults.active = {"bodies_unreadable"}
    box.inbox_faults.unreadable = campaign.messages.order_by("pk")[3].ref

    assert read(campaign) == 78
    assert read(campaign) == 0

    assert BrokenItem.objects.count() == 2
    assert set(BrokenItem.objects.values_list("times", "solved_at")) == {(2, None)}
    assert not InboxScan.objects.filter(complete=True).exists()
    assert alerts() == [True]
    assert Message.objects.filter(status="delivered").count() == 39


def test_what_can_be_read_later_is_taken_in_solved_and_the_all_clear_given(box: Sandbox) -> None:
    campaign = sent()
    box.advance(hours=1)
    box.inbox_faults.active = {"bodies_unreadable"}
    assert read(campaign) == 0
    assert alerts() == [True]

    box.inbox_faults.active = set()

    assert read(campaign) == 4
    assert not BrokenItem.objects.filter(solved_at=None).exists()
    assert alerts() == [False]
    assert Message.objects.filter(status="delivered").count() == 2


def test_broken_entries_of_a_page_are_kept_once_each_and_counted(box: Sandbox) -> None:
    campaign = sent()
    box.advance(hours=1)
    box.inbox_faults.active = {"broken_items"}

    assert read(campaign) == 4
    first = BrokenItem.objects.count()
    read(campaign)

    assert first == 5
    assert set(BrokenItem.objects.values_list("times", flat=True)) == {2}
    assert {row.raw for row in BrokenItem.objects.all()} >= {"null", "{}", '"x"'}
    assert alerts() == [True]


def test_what_a_whole_reading_meets_no_more_is_solved(box: Sandbox) -> None:
    campaign = sent()
    box.advance(hours=1)
    box.inbox_faults.active = {"broken_items"}
    read(campaign)

    box.inbox_faults.active = set()
    read(campaign)

    assert not BrokenItem.objects.filter(solved_at=None).exists()
    assert alerts() == [False]


def test_what_is_met_again_is_open_again(box: Sandbox) -> None:
    campaign = sent()
    mailbox = campaign.mailbox
    broken = [quarantine.of_remnant("null")]
    quarantine.keep(mailbox, broken)
    quarantine.solve(mailbox, [broken[0].key])

    quarantine.keep(mailbox, broken)

    assert (BrokenItem.objects.get().times, BrokenItem.objects.get().solved_at) == (2, None)


def test_an_id_that_names_another_mail_gives_nobody_its_words(box: Sandbox) -> None:
    campaign = sent()
    box.advance(hours=1)
    box.inbox_faults.active = {"ids_shifted"}

    read(campaign)
    assert not Receipt.objects.exclude(body="").exists()

    box.inbox_faults.active = set()
    assert read(campaign) == 4
    assert Message.objects.filter(status="delivered").count() == 2
    assert alerts() == [False]


@pytest.mark.parametrize(
    "fault", ["growth", "page_missing", "page_repeated", "random_order", "random_pages", "server_error_on_page"]
)
def test_no_fault_of_the_pages_loses_or_doubles_anything(box: Sandbox, fault: str) -> None:
    campaign = sent(40)
    box.advance(hours=1)
    box.inbox_faults.active = {fault}
    read(campaign)
    faulty = InboxScan.objects.get()

    box.inbox_faults.active = set()
    InboxScan.objects.update(started_at=timezone.now() - timedelta(days=2))
    read(campaign)

    assert Message.objects.filter(status="delivered").count() == 40
    assert Receipt.objects.exclude(kind="incoming").count() == 80
    assert InboxScan.objects.latest("pk").complete
    assert faulty.complete is (fault == "random_order")


def test_a_total_that_is_more_than_what_is_there_is_never_complete(box: Sandbox) -> None:
    campaign = sent(30)
    box.advance(hours=1)
    box.inbox_faults.active = {"total_wrong"}

    read(campaign)

    scan = InboxScan.objects.get()
    assert (scan.complete, scan.items, scan.pages) == (False, 60, 4)


def test_a_late_mail_behind_known_ones_is_found_by_the_hourly_reading(box: Sandbox) -> None:
    campaign = sent(40)
    box.advance(hours=1)
    read(campaign)
    InboxScan.objects.update(started_at=timezone.now())
    deepest = InboxScan.objects.latest("pk").pages
    read(campaign)
    assert InboxScan.objects.latest("pk").pages == 1

    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        read(campaign)

    scan = InboxScan.objects.latest("pk")
    assert (scan.full, scan.pages) == (False, deepest)
