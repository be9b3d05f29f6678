"""What is expected of a campaign counts all that its mailbox has to send, and says why it is late."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone
from pytest_django import Settings

from campaigns import outlook, readiness, timing
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.message import HELD
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, Shown
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal.operation import deployment, switches
from pecportal.operation.models import Scope
from tests import build as kernel
from tests.campaigns import build, several

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _paced(settings: Settings) -> None:
    settings.SENDING_RATE = 1.004  # a message a second


def expected(campaign: Campaign) -> outlook.Expected:
    found = outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk))
    assert found is not None
    return found


def seconds(campaign: Campaign) -> float:
    ends = expected(campaign).ends
    assert ends is not None
    return (ends - timezone.now()).total_seconds()


def waiting(count: int, **fields: object) -> Campaign:
    campaign = build.started(statuses=[Shown.QUEUED] * count)
    Campaign.objects.filter(pk=campaign.pk).update(**fields)
    return campaign


def test_a_campaign_alone_takes_its_slots() -> None:
    assert 27 < seconds(waiting(30)) < 31


def test_another_campaign_of_the_mailbox_takes_its_turns() -> None:
    campaign = waiting(20)
    other = waiting(20)
    Campaign.objects.filter(pk=other.pk).update(mailbox=campaign.mailbox)

    assert 36 < seconds(campaign) < 41


def test_a_paused_campaign_is_asked_as_if_it_went_on_and_others_do_not_wait_for_it() -> None:
    campaign, paused = waiting(20), waiting(20, state=CampaignState.PAUSED)
    Campaign.objects.filter(pk=paused.pk).update(mailbox=campaign.mailbox)

    assert 17 < seconds(campaign) < 21
    assert 36 < seconds(paused) < 41


def test_a_mailbox_of_the_same_account_takes_its_turns() -> None:
    campaign = waiting(20)
    other = waiting(20)
    Campaign.objects.filter(pk=other.pk).update(mailbox=kernel.mailbox(address="altra@prova.example"))
    assert 17 < seconds(campaign) < 21

    Mailbox.objects.update(plan=Plan.objects.create(name="Conto", pace_of="account"))

    assert 36 < seconds(campaign) < 41


def test_an_idle_mailbox_of_the_account_slows_the_others_down_as_it_does_in_the_pump() -> None:
    campaign = waiting(20)
    Mailbox.objects.update(plan=Plan.objects.create(name="Conto", pace_of="account"))
    slow = Plan.objects.create(name="Lento", pace_of="account", rate=0.1)
    idle = kernel.mailbox(address="altra@prova.example")
    Mailbox.objects.filter(pk=idle.pk).update(plan=slow)

    assert 19 * 10.04 - 2 < seconds(campaign) < 19 * 10.04 + 2
    assert timing.shared_interval(None) == pytest.approx(10.04)

    last = timezone.now() + timedelta(seconds=60)
    SendingLane.objects.create(mailbox=idle, next_slot_at=last)  # what it sent just now counts for the account
    assert 60 + 19 * 10.04 - 2 < seconds(campaign) < 60 + 19 * 10.04 + 2


def test_a_draft_is_asked_as_if_it_were_started() -> None:
    campaign = build.ready()

    assert seconds(campaign) < 4
    assert sum(count for _day, count in expected(campaign).days) == 3


def test_a_lane_that_rests_begins_later() -> None:
    campaign = waiting(2)
    until = timezone.now() + timedelta(minutes=10)
    SendingLane.objects.create(mailbox=campaign.mailbox, hold=Hold.VENDOR, held_until=until, breaker_level=1)

    assert 595 < seconds(campaign) < 605


def test_of_a_mailbox_that_may_not_send_and_of_what_is_over_nothing_is_said() -> None:
    campaign = waiting(2)
    campaign.mailbox.credentials_state = CredentialsState.REFUSED
    assert outlook.of(campaign) is None

    assert outlook.of(build.started(statuses=[Shown.DELIVERED])) is None
    done = waiting(1)
    done.state = CampaignState.STOPPED
    assert outlook.of(done) is None


def full(mailbox: Mailbox) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(space_used=95, space_limit=100)


def off(mailbox: Mailbox) -> None:
    deployment.restored()


def without_credit(mailbox: Mailbox) -> None:
    until = timezone.now() + timedelta(minutes=1)
    SendingLane.objects.create(mailbox=mailbox, hold=Hold.WALLET, held_until=until)


def switched_off(mailbox: Mailbox) -> None:
    switches.turn_off(
        Scope.MAILBOX, mailbox.pk, sentence="A fault is looked into.", reason="prova", actor=mailbox.created_by
    )


@pytest.mark.parametrize(
    ("hold_up", "why"),
    [
        (full, "95% full"),
        (off, "switched off"),
        (switched_off, "A fault is looked into."),
        (without_credit, "wallet is empty"),
    ],
)
@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED])
def test_of_a_campaign_that_is_held_no_end_is_told_but_why(
    state: CampaignState, hold_up: Callable[[Mailbox], None], why: str
) -> None:
    campaign = waiting(3, state=state, wanted_by=timezone.now() - timedelta(hours=1))
    assert expected(campaign).held == ""

    hold_up(campaign.mailbox)

    found = expected(campaign)
    assert (found.ends, found.days) == (None, ())
    assert why in found.held
    assert found.warning.endswith("has passed.")
    page = render_to_string("campaigns/_outlook.html", {"campaign": campaign, "expected": found})
    assert why in page
    assert "No end can be told" in page
    assert "the last message leaves" not in page
    assert "Expected end" not in page


def test_the_check_before_sending_tells_what_would_hold_it(mailbox_full: Campaign) -> None:
    found = {finding.code: finding for finding in readiness.check(mailbox_full)}

    assert "95% full" in found["held"].sentence
    assert not found["held"].blocks
    assert "days" not in found


@pytest.fixture
def mailbox_full() -> Campaign:
    campaign = build.ready()
    full(campaign.mailbox)
    return Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk)


def shared_out(*, state: CampaignState = CampaignState.RUNNING) -> tuple[Campaign, Mailbox, Mailbox]:
    """A campaign that has three messages left at each of two mailboxes."""
    campaign = build.launched(several.ready(build.clerk(), count=6))
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    found = Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk)
    first, second = found.senders
    return found, first, second


def test_of_several_mailboxes_those_that_are_held_are_named_and_the_others_go_on() -> None:
    campaign, first, second = shared_out()
    assert (expected(campaign).held, expected(campaign).warning) == ("", "")

    full(second)

    found = expected(campaign)
    assert found.ends is None
    assert found.held.startswith(f"{second.address}: The mailbox is 95% full")
    assert first.address not in found.held
    assert [(part.mailbox, part.messages, part.ends is None) for part in found.parts] == [
        (first, 3, False),
        (second, 3, True),
    ]
    assert sum(count for _day, count in found.days) == 3
    assert found.warning == ""
    page = render_to_string("campaigns/_outlook.html", {"campaign": campaign, "expected": found})
    assert "nothing leaves some of the mailboxes" in page


def test_several_mailboxes_are_held_as_a_whole_once_each_that_has_some_left_is() -> None:
    campaign, first, second = shared_out(state=CampaignState.PAUSED)
    without_credit(first)
    Message.objects.filter(campaign=campaign, mailbox=second).update(state="submitted", status=Shown.DELIVERED)

    found = expected(campaign)
    assert (found.ends, found.days, found.all_days) == (None, (), 0)
    assert found.held == f"{first.address}: {Hold.WALLET.label}."
    assert [(part.messages, part.ends) for part in found.parts] == [(3, None), (0, None)]


def test_what_holds_all_of_several_mailboxes_is_told_once() -> None:
    campaign, first, second = shared_out()
    for box in (first, second):
        switched_off(box)
    assert f"{first.address}: " in expected(campaign).held
    assert f"{second.address}: " in expected(campaign).held

    deployment.restored()

    assert expected(campaign).held.startswith("Sending is switched off")


def test_where_nothing_is_left_a_full_mailbox_holds_nothing_up() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    full(campaign.mailbox)
    assert outlook.of(Campaign.objects.select_related("mailbox__plan").get(pk=campaign.pk)) is None


def test_a_wish_that_is_met_warns_of_nothing() -> None:
    assert expected(waiting(2, wanted_by=timezone.now() + timedelta(hours=1))).warning == ""


@pytest.mark.parametrize(
    ("why", "fields", "plan"),
    [
        ("plan allows", {}, {"daily_limit": 2, "margin": 0}),
        ("hours and days", {"starts_at": timezone.now() + timedelta(days=3)}, {}),
        ("all campaigns of the mailbox share", {}, {"rate": 0.0001}),
        ("all mailboxes of the account share", {}, {"rate": 0.0001, "pace_of": "account"}),
    ],
)
def test_a_wish_that_cannot_be_met_is_told_with_its_reason(
    why: str, fields: dict[str, object], plan: dict[str, object]
) -> None:
    campaign = waiting(3, wanted_by=timezone.now() + timedelta(hours=1), **fields)
    Mailbox.objects.update(plan=Plan.objects.create(name="Prova", **plan))

    warning = expected(campaign).warning

    assert "It will not be sent by" in warning
    assert why in warning


def test_a_wish_that_has_passed_is_told_as_such() -> None:
    assert "has passed" in expected(waiting(3, wanted_by=timezone.now() - timedelta(hours=1))).warning


def test_what_the_plan_never_allows_has_no_end() -> None:
    campaign = waiting(3)
    Mailbox.objects.update(plan=Plan.objects.create(name="Prova", daily_limit=50, margin=50))

    found = expected(campaign)

    assert found.ends is None
    assert "cannot be sent to the end" in found.warning


def test_after_a_pilot_the_others_follow_when_it_was_accepted(settings: Settings) -> None:
    settings.TRACKING_SECONDS = 60.0
    campaign = waiting(20, pilot="going", pilot_size=5)
    last = Message.objects.filter(campaign=campaign).order_by("pk")[4]
    Message.objects.filter(campaign=campaign, pk__gt=last.pk).update(not_before=HELD)

    assert 105 < seconds(campaign) < 111  # 5 slots, 30 s until the acceptance, 60 s until it is read, 15 slots

    Message.objects.filter(campaign=campaign, pk__lte=last.pk).update(state="submitted")
    assert 100 < seconds(campaign) < 106

    Campaign.objects.filter(pk=campaign.pk).update(pilot="stopped", state=CampaignState.PAUSED)
    assert 13 < seconds(campaign) < 16  # a person goes on with all of them at once


def test_a_draft_with_a_pilot_is_asked_as_if_it_were_started(settings: Settings) -> None:
    settings.TRACKING_SECONDS = 60.0
    campaign = build.ready()
    Campaign.objects.filter(pk=campaign.pk).update(pilot_size=1)

    assert 88 < seconds(campaign) < 95

    Campaign.objects.filter(pk=campaign.pk).update(wanted_by=timezone.now() + timedelta(seconds=10))
    assert "until the first messages, sent on trial, are accepted" in expected(campaign).warning
    Campaign.objects.filter(pk=campaign.pk).update(pilot_size=3)
    assert seconds(campaign) < 4
