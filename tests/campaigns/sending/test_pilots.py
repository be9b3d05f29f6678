"""The first messages go alone: the others follow once all of those were accepted, and wait when one was refused."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns import outlook, tasks
from campaigns.models import Campaign, Message
from campaigns.preparing import schedule
from campaigns.preparing.schedule import When
from campaigns.sending import launch, pilots, pump
from campaigns.states import CampaignState, MessageState, Pilot
from pecportal.errors import Refusal
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)

ROWS = [f"Ditta {n};ditta{n}@pec.example\n" for n in range(5)]
CSV = "nome;pec\n" + "".join(ROWS)


@pytest.fixture
def clerk(vendor: Sandbox) -> Campaign:
    person = build.clerk()
    kernel.mailbox(build.organisation_of(person), vendor=vendor)
    campaign = build.ready(person, csv=CSV)
    schedule.save(campaign, When(pilot_size=2), actor=person)
    return campaign


def send() -> int:
    return pump.run()


def accept(count: int) -> None:
    for row in Message.objects.filter(state=MessageState.SUBMITTED, accepted_at=None).order_by("pk")[:count]:
        Message.objects.filter(pk=row.pk).update(accepted_at=timezone.now(), status="accepted", verdict="accepted")


def state(campaign: Campaign) -> tuple[str, str]:
    campaign.refresh_from_db()
    return campaign.state, campaign.pilot


def test_the_others_follow_by_themselves_once_all_the_first_were_accepted(clerk: Campaign, vendor: Sandbox) -> None:
    campaign = build.launched(clerk)
    assert send() == 2
    assert send() == 0
    assert state(campaign) == (CampaignState.RUNNING, Pilot.GOING)

    accept(1)
    pilots.watch()
    assert send() == 0
    accept(1)
    pilots.watch()
    pilots.watch()

    assert state(campaign) == (CampaignState.RUNNING, Pilot.PASSED)
    assert send() == 3
    assert vendor.sent_count == 5
    assert state(campaign)[0] == CampaignState.COMPLETED


def test_a_refusal_stops_it_with_its_reason_until_a_person_goes_on(clerk: Campaign, vendor: Sandbox) -> None:
    campaign = build.launched(clerk)
    send()
    accept(1)
    refused = Message.objects.get(state=MessageState.SUBMITTED, accepted_at=None)
    Message.objects.filter(pk=refused.pk).update(status="not_accepted", verdict="not_accepted")

    pilots.watch()
    pilots.watch()

    assert state(campaign) == (CampaignState.PAUSED, Pilot.STOPPED)
    assert f"row {refused.line}" in campaign.problem
    assert campaign.history.filter(state="paused").count() == 1
    assert send() == 0
    launch.resume(campaign, actor=campaign.created_by)
    assert send() == 3
    assert vendor.sent_count == 5


def test_a_message_that_the_vendor_refuses_stops_it_too(clerk: Campaign, vendor: Sandbox) -> None:
    campaign = build.launched(clerk)
    first = Message.objects.order_by("pk")[0]
    Message.objects.filter(pk=first.pk).move(MessageState.SENDING)
    Message.objects.filter(pk=first.pk).move(MessageState.FAILED)

    pilots.watch()

    assert state(campaign) == (CampaignState.PAUSED, Pilot.STOPPED)


def test_a_pause_in_between_does_not_end_the_trial(clerk: Campaign) -> None:
    campaign = build.launched(clerk)
    send()
    launch.pause(campaign, actor=campaign.created_by)
    accept(2)
    pilots.watch()
    assert state(campaign) == (CampaignState.PAUSED, Pilot.GOING)

    launch.resume(campaign, actor=campaign.created_by)

    assert send() == 0
    pilots.watch()
    assert send() == 3


def test_a_trial_as_large_as_the_list_holds_nothing_back(clerk: Campaign) -> None:
    schedule.save(clerk, When(pilot_size=9), actor=clerk.created_by)
    build.launched(clerk)

    assert send() == 5


def test_no_pump_goes_round_for_what_is_held(clerk: Campaign) -> None:
    from campaigns.sending import lanes

    build.launched(clerk)
    send()

    assert lanes.due_mailboxes() == []


@pytest.mark.parametrize("size", [-1, 1001])
def test_a_trial_has_a_size_that_makes_sense(clerk: Campaign, size: int) -> None:
    with pytest.raises(Refusal, match="on trial"):
        schedule.save(clerk, When(pilot_size=size), actor=clerk.created_by)


def test_the_forecast_counts_the_pilots_wait_as_a_run_has_it(
    clerk: Campaign, vendor: Sandbox, settings: Settings, jobs: Jobs
) -> None:
    """The trial's acceptances are read by the tracker: the others leave when the forecast said, to the minute."""
    settings.SENDING_RATE, settings.TRACKING_SECONDS = 2.0, 5.0
    campaign = build.launched(clerk)
    jobs.clear()
    expected = outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk))
    assert expected is not None
    assert expected.ends is not None
    assert expected.ends - timezone.now() > outlook.ACCEPTANCE

    assert send() == 2
    vendor.advance(hours=0.01)
    tasks.track()
    assert state(campaign) == (CampaignState.RUNNING, Pilot.PASSED)
    assert send() == 3

    left = sorted(at for at in Message.objects.values_list("sent_at", flat=True) if at)
    assert len(left) == 5
    assert abs((left[-1] - expected.ends).total_seconds()) < 60
