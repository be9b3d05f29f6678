"""The room for receipts: asked for often while a campaign runs, and told how long it will last."""

from datetime import timedelta

from django.conf import settings

from campaigns import timing
from campaigns.models import Campaign, Message, Reservation
from campaigns.models.senders import sending
from campaigns.states import CampaignState, MessageState
from mailboxes import filling, gauge, space
from mailboxes.models import Mailbox
from pecportal import clock

SOON = timedelta(hours=24)  # a trend that points further ahead is no reason to trouble anybody
_PACE = 1.0  # seconds from one message to the next where nothing limits them


def ask_often() -> int:
    """Ring a job for each mailbox with a running campaign whose space was not read lately; how many."""
    running = Campaign.objects.filter(state=CampaignState.RUNNING)
    return space.ask_often(set(sending(running).values_list("pk", flat=True)))


def forecast(mailbox: Mailbox) -> filling.Forecast:
    """When receipts will have filled a mailbox so far that sending is held.

    By the last day's readings, and by the messages of its running campaigns.
    """
    readings = filling.since_emptied(gauge.recent(mailbox))
    if not readings:
        return filling.Forecast()
    sent = Reservation.objects.filter(
        mailbox=mailbox.pk, at__gt=readings[0].at, at__lte=readings[-1].at, released=False
    ).count()
    queued = Message.objects.filter(
        mailbox=mailbox.pk, state=MessageState.QUEUED, campaign__state=CampaignState.RUNNING
    ).count()
    return filling.forecast(
        readings,
        share=settings.MAILBOX_FULL_PERCENT / 100,
        sent=sent,
        to_send=queued,
        per_hour=timedelta(hours=1).total_seconds() / (timing.pace_of(mailbox).interval or _PACE),
    )


def warnings(campaign: Campaign) -> list[tuple[Mailbox, filling.Forecast]]:
    """Which mailboxes of a running campaign will be too full to go on before its messages have left, and when.

    None that is so full already: then that is what holds the campaign up.
    """
    if campaign.state != CampaignState.RUNNING:
        return []
    found = [(box, _warning(campaign, box)) for box in campaign.senders]
    return [(box, told) for box, told in found if told is not None]


def _warning(campaign: Campaign, mailbox: Mailbox) -> filling.Forecast | None:
    if mailbox.is_full:
        return None
    found = forecast(mailbox)
    if found.messages is None and found.at is None:
        return None
    waiting = Message.objects.filter(campaign=campaign, state=MessageState.QUEUED)
    queued = (waiting.filter(mailbox=mailbox) if campaign.is_split else waiting).count()
    if found.messages is not None:
        return found if found.messages < queued else None
    return found if found.at is not None and found.at - clock.now() < SOON else None
