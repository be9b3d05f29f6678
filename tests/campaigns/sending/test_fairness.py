"""Campaigns of one mailbox share its way out: small ones do not wait behind big ones, single messages hardly at all."""

from collections import Counter

import pytest
from django.db import transaction
from pytest_django import Settings

from campaigns import outlook, pacing
from campaigns.models import Campaign
from campaigns.sending import claims, feeding, lanes
from campaigns.sending.lanes import Job, Lane
from campaigns.states import CampaignState
from pecportal import clock
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
RATE = 1.0


@pytest.fixture(autouse=True)
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def lane_of_one_pump() -> Lane:
    (mailbox_id,) = lanes.acquire("a pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    return lane


def claimed(lane: Lane, *, times: int, limit: int = 2, fed: bool = False) -> list[Job]:
    jobs = []
    for _n in range(times):
        if fed:
            feeding.feed(lane)
        with transaction.atomic():
            jobs += claims.claim(lane, limit=limit)
    return jobs


def campaigns_of(jobs: list[Job]) -> list[int]:
    return [job.campaign_id for job in jobs]


def test_twenty_messages_do_not_wait_behind_many(box: Sandbox) -> None:
    big, small = running(messages=300), running(messages=20)
    jobs = claimed(lane_of_one_pump(), times=21)

    assert Counter(campaigns_of(jobs)) == {big.pk: 22, small.pk: 20}


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_three_campaigns_have_equal_turns_however_often_the_lane_is_fed(box: Sandbox, limit: int) -> None:
    for _n in range(3):
        running(messages=40)
    jobs = claimed(lane_of_one_pump(), times=30 // limit, limit=limit, fed=True)

    counts = Counter(campaigns_of(jobs)).values()
    assert len(counts) == 3
    assert max(counts) - min(counts) <= 1


def test_a_campaign_without_messages_left_takes_no_turn_from_the_others(box: Sandbox) -> None:
    done, going = running(messages=3), running(messages=40)
    lane = lane_of_one_pump()
    jobs = claimed(lane, times=8, limit=4)

    assert [len(claimed(lane, times=1, limit=2)) for _n in range(3)] == [2, 2, 2]
    assert Counter(campaigns_of(jobs)) == {done.pk: 3, going.pk: 29}


def test_single_messages_go_first_and_yet_a_campaign_goes_on(box: Sandbox) -> None:
    big = running(messages=300)
    lane = lane_of_one_pump()
    claimed(lane, times=2)
    singles = [running(messages=1) for _n in range(12)]
    feeding.feed(lane)
    order = campaigns_of(claimed(lane, times=8, limit=2))

    assert [pk for pk in order if pk != big.pk] == [single.pk for single in singles]
    assert order.count(big.pk) == 4
    assert all(big.pk in order[start : start + 5] for start in range(len(order) - 5))


def test_a_campaign_that_was_paused_is_left_out_at_once(box: Sandbox) -> None:
    first, second = running(messages=20), running(messages=20)
    lane = lane_of_one_pump()
    Campaign.objects.filter(pk=first.pk).move(CampaignState.PAUSED)

    assert set(campaigns_of(claimed(lane, times=3))) == {second.pk}


def forecast_slots(campaigns: list[Campaign]) -> dict[int, int]:
    """In which slot, counted from 0, the last message of each campaign is forecast to leave."""
    now, found = clock.now(), {}
    for campaign in campaigns:
        expected = outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk))
        assert expected is not None
        assert expected.ends is not None
        found[campaign.pk] = round((expected.ends - now).total_seconds() / pacing.interval(RATE))
    return found


def claimed_slots(*, limit: int) -> dict[int, int]:
    """In which slot the last message of each campaign leaves, as the pump claims them."""
    lane, order = lane_of_one_pump(), []
    while jobs := claimed(lane, times=1, limit=limit):
        order += campaigns_of(jobs)
    return {pk: slot for slot, pk in enumerate(order)}


@pytest.fixture
def _paced(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pace, and a clock that stands still while claims and forecast are compared."""
    settings.SENDING_RATE = RATE
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)


@pytest.mark.usefixtures("_paced")
@pytest.mark.parametrize("limit", [1, 2, 3, 8])
def test_the_forecast_deals_the_slots_as_the_claims_do(box: Sandbox, limit: int) -> None:
    campaigns = [running(messages=count) for count in (30, 1, 12, 1, 1, 1, 21, 1, 1, 1, 1)]
    expected = forecast_slots(campaigns)

    assert claimed_slots(limit=limit) == expected
    assert max(expected.values()) == 70  # of 71 messages


@pytest.mark.usefixtures("_paced")
def test_a_campaign_that_ends_amid_single_messages_costs_the_forecast_a_slot_at_most(box: Sandbox) -> None:
    campaigns = [running(messages=count) for count in (1, 1, 2, 1, 9, *[1] * 12)]
    expected = forecast_slots(campaigns)

    slots = claimed_slots(limit=2)
    assert slots.keys() == expected.keys()
    assert max(abs(slots[pk] - expected[pk]) for pk in slots) <= 1
