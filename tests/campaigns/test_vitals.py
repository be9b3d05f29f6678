"""Lanes without a pump and inboxes that nobody reads make their lane of work late."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import vitals
from campaigns.models import Campaign, InboxWatch, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, Shown
from mailboxes.models import Mailbox
from pecportal.operation import deployment, liveness
from tests.campaigns import build

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def waiting() -> Campaign:
    """A campaign with a message that has been due for an hour, and a lane that nobody holds."""
    campaign = build.started(statuses=[Shown.QUEUED])
    past = timezone.now() - LONG_AGO
    Campaign.objects.update(state_since=past)
    Message.objects.update(not_before=past)
    SendingLane.objects.create(mailbox=campaign.mailbox)
    return campaign


def test_due_messages_without_a_pump_make_sending_late(waiting: Campaign) -> None:
    (sign,) = vitals.of_sending()

    assert (sign.code, sign.health) == ("no_pump", liveness.Health.LATE)
    assert 3600 <= sign.seconds < 3700
    assert "no_pump" in [sign.code for sign in liveness.of("sending").signs]


@pytest.mark.parametrize("held", ["pump", "hold", "paused", "credentials", "later", "off", "just started"])
def test_what_is_served_or_held_does_not(waiting: Campaign, held: str) -> None:
    match held:
        case "pump":
            SendingLane.objects.update(leased_until=timezone.now() + timedelta(seconds=20))
        case "hold":
            SendingLane.objects.update(hold=Hold.CAP)
        case "paused":
            Campaign.objects.update(state=CampaignState.PAUSED)
        case "credentials":
            Mailbox.objects.update(credentials_state="refused")
        case "later":
            Message.objects.update(not_before=timezone.now() + timedelta(minutes=1))
        case "off":
            deployment.restored()
        case "just started":
            Campaign.objects.update(state_since=timezone.now())

    assert list(vitals.of_sending()) == []


def test_an_inbox_with_awaited_receipts_that_nobody_reads_makes_tracking_late() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    Message.objects.update(deadline_at=timezone.now())
    InboxWatch.objects.create(mailbox=campaign.mailbox, read_at=timezone.now() - LONG_AGO)

    assert [sign.code for sign in vitals.of_tracking()] == ["unread"]
    assert [sign.code for sign in liveness.of("tracking").signs if sign.code != "no_canary"] == ["unread"]


@pytest.mark.parametrize("quiet", ["read", "nothing awaited", "credentials"])
def test_one_that_is_read_or_awaits_nothing_does_not(quiet: str) -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    Message.objects.update(deadline_at=None if quiet == "nothing awaited" else timezone.now())
    age = timedelta(minutes=9) if quiet == "read" else LONG_AGO
    InboxWatch.objects.create(mailbox=campaign.mailbox, read_at=timezone.now() - age)
    if quiet == "credentials":
        Mailbox.objects.update(credentials_state="refused")

    assert list(vitals.of_tracking()) == []
