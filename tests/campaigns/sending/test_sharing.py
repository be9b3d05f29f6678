"""Several pumps share the lanes: each takes its part, gives up what is beyond it, and takes over what others leave."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Attempt, LivePump, Message, SendingLane
from campaigns.sending import lanes, pump, sharing
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mailboxes(vendor: Sandbox, jobs: Jobs, settings: Settings) -> list[int]:
    """Six mailboxes with a campaign each, at a pace; a pump alone would serve two with ease."""
    settings.SENDING_LANES_ALONE, settings.SENDING_PUMPS, settings.SENDING_RATE = 2, 1, 5.0
    found = []
    for number in range(6):
        address = f"casella{number}@prova.example"
        vendor.create_mailbox(address, PASSWORD)
        found.append(running(messages=6, sender=address).mailbox_id)
    return found


def elsewhere(settings: Settings, holder: str) -> str:
    """A pump of another host that lives."""
    settings.HOST_NAME = f"host of {holder}"
    assert sharing.join(holder)
    settings.HOST_NAME = "this host"
    return holder


def held_by(holder: str) -> int:
    return SendingLane.objects.filter(holder=holder).count()


def test_a_pump_that_is_alone_takes_all_lanes(mailboxes: list[int], settings: Settings) -> None:
    one = elsewhere(settings, "one")

    assert sorted(lanes.acquire(one, shares=True)) == sorted(mailboxes)


def test_each_of_three_pumps_takes_a_third(mailboxes: list[int], settings: Settings) -> None:
    pumps = [elsewhere(settings, name) for name in ("one", "two", "three")]

    taken = [lanes.acquire(holder, shares=True) for holder in pumps]

    assert [len(ids) for ids in taken] == [2, 2, 2]
    assert sorted(pk for ids in taken for pk in ids) == sorted(mailboxes)
    assert lanes.acquire(pumps[0], held=taken[0], shares=True) == []


def test_few_lanes_are_not_shared_out(mailboxes: list[int], settings: Settings) -> None:
    settings.SENDING_LANES_ALONE = 6
    one, two = elsewhere(settings, "one"), elsewhere(settings, "two")

    assert len(lanes.acquire(one, shares=True)) == 6
    assert not sharing.is_crowded(two)


def test_what_a_dead_pump_held_is_taken_over_by_those_that_live(mailboxes: list[int], settings: Settings) -> None:
    one, two = elsewhere(settings, "one"), elsewhere(settings, "two")
    mine = lanes.acquire(one, shares=True)
    theirs = lanes.acquire(two, shares=True)
    gone = timezone.now() - timedelta(seconds=1)
    LivePump.objects.filter(holder=two).update(leased_until=gone)
    SendingLane.objects.filter(holder=two).update(leased_until=gone)

    assert sorted(lanes.acquire(one, held=mine, shares=True)) == sorted(theirs)


def test_a_host_has_no_more_pumps_that_share_than_it_should(mailboxes: list[int], settings: Settings) -> None:
    settings.HOST_NAME = "this host"

    assert sharing.join("one")
    assert not sharing.join("two")
    assert list(LivePump.objects.values_list("holder", flat=True)) == ["one"]

    settings.SENDING_PUMPS = 2
    assert sharing.join("two")


def test_a_dead_pump_keeps_no_place(mailboxes: list[int], settings: Settings) -> None:
    settings.HOST_NAME = "this host"
    assert sharing.join("one")
    LivePump.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert sharing.join("two")


def test_another_pump_is_rung_for_where_there_is_much_to_do(mailboxes: list[int], settings: Settings) -> None:
    assert sharing.needs_another(1)
    elsewhere(settings, "one")

    assert not sharing.needs_another(2)
    assert sharing.needs_another(3)


def test_a_pump_that_joins_gets_its_share_from_one_that_has_all(
    mailboxes: list[int], settings: Settings, vendor: Sandbox
) -> None:
    settings.SENDING_PUMPS = 2
    seen: dict[str, set[int]] = {}
    first = pump.Pump()
    second = pump.Pump()

    def run(one: pump.Pump) -> None:
        try:
            one.loop()
        finally:
            one.close()
            connections.close_all()

    def watch(one: pump.Pump) -> None:
        seen[one.holder] = set(SendingLane.objects.filter(holder=one.holder).values_list("pk", flat=True))

    begun = Thread(target=run, args=(first,))
    begun.start()
    while held_by(first.holder) < 6:
        assert begun.is_alive()
    joined = Thread(target=run, args=(second,))
    joined.start()
    while held_by(second.holder) < 3 and joined.is_alive():
        watch(second)
    watch(first)
    watch(second)
    begun.join()
    joined.join()

    assert len(seen[second.holder]) == 3
    assert not seen[first.holder] & seen[second.holder]
    assert set(Message.objects.values_list("state", flat=True)) == {"submitted"}
    assert vendor.sent_count == Attempt.objects.filter(outcome="accepted").count() == 36
    assert not LivePump.objects.exists()
