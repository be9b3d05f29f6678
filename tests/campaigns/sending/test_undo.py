"""A start can be taken back before the first message may leave, and then nothing was sent; after that it cannot."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from campaigns import carried, text
from campaigns.models import Campaign, Message
from campaigns.preparing import schedule, writing
from campaigns.preparing.schedule import When
from campaigns.sending import launch, pump
from campaigns.states import CampaignState
from pecportal import processes, supervising
from pecportal.errors import Refusal
from pecportal.sandbox import Sandbox
from pecportal.supervising import Supervisor
from tests import build as kernel
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def campaign(vendor: Sandbox, settings: Settings) -> Campaign:
    settings.SENDING_UNDO_SECONDS = 300.0
    clerk = build.clerk()
    kernel.mailbox(build.organisation_of(clerk), vendor=vendor)
    return build.ready(clerk)


def send() -> int:
    launch.begin_due()
    return pump.run()


def state(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def let_time_pass(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(begins_at=timezone.now() - timedelta(seconds=1))


def test_nothing_leaves_before_the_time_is_over_and_all_of_it_after(campaign: Campaign, vendor: Sandbox) -> None:
    build.launched(campaign)
    assert state(campaign) == CampaignState.SCHEDULED
    assert launch.minutes_left(campaign) == 5

    assert send() == 0
    assert vendor.sent_count == 0
    let_time_pass(campaign)

    assert send() == 3
    assert state(campaign) == CampaignState.COMPLETED


@pytest.mark.parametrize("frozen", [False, True])
def test_taken_back_it_is_a_draft_again_and_nothing_was_sent(campaign: Campaign, vendor: Sandbox, frozen: bool) -> None:
    launch.launch(campaign, actor=campaign.created_by, seen=build.checked(campaign).sha256)
    if frozen:
        launch.freeze(campaign.pk)

    launch.undo(campaign, actor=campaign.created_by)
    launch.freeze(campaign.pk)  # a job that comes late makes nothing

    assert state(campaign) == CampaignState.DRAFT
    assert not Message.objects.exists()
    let_time_pass(campaign)
    assert send() == 0
    assert vendor.sent_count == 0
    writing.save(campaign, subject="Altro", body=campaign.body, actor=campaign.created_by)
    with pytest.raises(Refusal, match="too late"):
        launch.undo(campaign, actor=campaign.created_by)


def test_once_it_runs_it_is_too_late(campaign: Campaign, vendor: Sandbox) -> None:
    build.launched(campaign)
    let_time_pass(campaign)
    launch.begin_due()

    with pytest.raises(Refusal, match="too late"):
        launch.undo(campaign, actor=campaign.created_by)

    assert send() == 3
    assert vendor.sent_count == 3


def test_a_campaign_for_later_is_scheduled_until_then(campaign: Campaign, settings: Settings) -> None:
    settings.SENDING_UNDO_SECONDS = 0.0
    later = timezone.now() + timedelta(days=2)
    schedule.save(campaign, When(starts_at=later), actor=campaign.created_by)

    build.launched(campaign)

    assert (state(campaign), campaign.begins_at) == (CampaignState.SCHEDULED, later)
    assert launch.minutes_left(campaign) == 0  # the day is told instead


def test_stopped_while_it_is_scheduled_it_never_leaves(campaign: Campaign, vendor: Sandbox) -> None:
    build.launched(campaign)

    assert launch.stop(campaign, actor=campaign.created_by).kept_back == 3

    let_time_pass(campaign)
    assert send() == 0
    assert state(campaign) == CampaignState.STOPPED


def test_an_old_job_does_not_freeze_what_was_changed_and_started_anew(campaign: Campaign) -> None:
    launch.launch(campaign, actor=campaign.created_by, seen=build.checked(campaign).sha256)
    old = Campaign.objects.select_related("mailbox", "organisation", "sheet").get(pk=campaign.pk)
    launch.undo(campaign, actor=campaign.created_by)
    campaign = writing.save(campaign, subject="Nuovo {{ nome }}", body=campaign.body, actor=campaign.created_by)
    launch.launch(campaign, actor=campaign.created_by, seen=build.checked(campaign).sha256)
    letter = text.Letter.of(old.subject, old.body)

    assert not launch._freeze_batch(old, letter, carried.of(old.pk))
    launch.freeze(campaign.pk)

    subjects = set(Message.objects.values_list("content__subject", flat=True))
    assert subjects == {"Nuovo Ditta Rossi", "Nuovo Ditta Bianchi", "Nuovo Ditta Verdi"}


def test_started_twice_it_starts_once(campaign: Campaign) -> None:
    seen = build.checked(campaign).sha256
    launch.launch(campaign, actor=campaign.created_by, seen=seen)

    with pytest.raises(Refusal, match="not a draft"):
        launch.launch(campaign, actor=campaign.created_by, seen=seen)

    launch.freeze(campaign.pk)
    launch.freeze(campaign.pk)
    assert campaign.messages.count() == 3


# --- its time is kept


def test_the_supervisor_begins_it_within_seconds_of_its_time(
    campaign: Campaign, vendor: Sandbox, jobs: Jobs, supervisor: Supervisor
) -> None:
    build.launched(campaign)
    jobs.clear()
    supervisor._step()
    assert state(campaign) == CampaignState.SCHEDULED

    Campaign.objects.filter(pk=campaign.pk).update(begins_at=timezone.now() + timedelta(seconds=1))
    began = time.monotonic()
    while state(campaign) == CampaignState.SCHEDULED and time.monotonic() < began + 10:
        time.sleep(0.1)
        supervisor._step()

    assert time.monotonic() - began < 1 + supervising.LOOK + 1
    assert jobs.names().count("campaigns.tasks.pump") == 1
    jobs.run()
    assert vendor.sent_count == 3


def test_a_pump_that_serves_others_begins_it_at_its_time(campaign: Campaign, vendor: Sandbox) -> None:
    other = build.ready(campaign.created_by)
    build.launched(campaign)
    build.launched(other)
    let_time_pass(campaign)
    Campaign.objects.filter(pk=other.pk).update(begins_at=timezone.now() - timedelta(seconds=1))

    assert pump.run() == 6
    assert state(other) == CampaignState.COMPLETED


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[Supervisor]:
    monkeypatch.setattr(processes, "worker", lambda lane: ["sleep", "60"])
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    made = Supervisor(["sending"])
    yield made
    made.children.stop()
    for number, handler in handlers.items():
        signal.signal(number, handler)
