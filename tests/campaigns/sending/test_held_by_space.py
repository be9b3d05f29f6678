"""A mailbox that is too full sends nothing, says why, and goes on by itself."""

import pytest

from campaigns.models import Campaign, Message
from campaigns.sending import feeding, lanes, pump
from campaigns.tracking import progress, room
from mailboxes import gauge
from mailboxes.models import Mailbox
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def fill(campaign: Campaign, percent: int) -> None:
    gauge.keep(campaign.mailbox, used=percent, limit=100)
    campaign.mailbox.refresh_from_db()


def states() -> set[str]:
    return set(Message.objects.values_list("state", flat=True))


def test_nothing_leaves_a_full_mailbox_and_it_goes_on_once_there_is_space(box: Sandbox) -> None:
    campaign = running(messages=3)
    fill(campaign, 92)

    assert pump.run() == 0
    assert states() == {"queued"}
    standstill = progress.hold(campaign)
    assert standstill is not None
    assert "92% full" in standstill.sentence

    fill(campaign, 40)
    assert pump.run() == 3
    assert states() == {"submitted"}


def test_a_lane_that_is_held_already_claims_nothing_more_once_its_mailbox_is_full(box: Sandbox) -> None:
    campaign = running(messages=3)
    assert lanes.acquire("pump") == [campaign.mailbox_id]
    lane = lanes.load(campaign.mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    assert len(lane.feeds) == 1

    fill(campaign, 92)
    feeding.feed(lane)
    assert not lane.feeds

    fill(campaign, 40)
    feeding.feed(lane)
    assert len(lane.feeds) == 1


def test_the_space_of_mailboxes_with_running_campaigns_is_asked_for(box: Sandbox, jobs: Jobs) -> None:
    campaign = running(messages=1)
    jobs.clear()

    assert room.ask_often() == 1
    jobs.run()
    assert Mailbox.objects.get(pk=campaign.mailbox_id).space_percent == 0
    assert room.ask_often() == 0
