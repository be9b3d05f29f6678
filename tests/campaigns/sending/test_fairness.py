"""Campaigns of one mailbox share its way out: small ones do not wait behind big ones, single messages hardly at all."""

from collections import Counter

import pytest
from django.db import transaction

from campaigns.models import Campaign
from campaigns.sending import claims, feeding, lanes
from campaigns.sending.lanes import Job, Lane
from campaigns.states import CampaignState
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


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
