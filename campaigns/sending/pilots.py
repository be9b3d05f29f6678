"""A pilot: the first messages of a campaign leave alone, and the others follow once all of those were accepted."""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_noop

from campaigns.models import Campaign, Message, history
from campaigns.models.message import HELD
from campaigns.states import CampaignState, MessageState, Pilot, Shown
from pecportal import clock
from pecportal.journal.record import record
from pecportal.queue import enqueue
from pecportal.told import say

REFUSED = Q(state=MessageState.FAILED) | Q(status=Shown.NOT_ACCEPTED)


def hold(campaign: Campaign) -> None:
    """Keep all but the first messages of a campaign with a pilot from being claimed, in the caller's transaction."""
    if campaign.pilot != Pilot.GOING:
        return
    rows = Message.objects.filter(campaign=campaign).order_by("pk")
    last = rows.values_list("pk", flat=True)[campaign.pilot_size - 1 : campaign.pilot_size].first()
    if last is not None:
        rows.filter(pk__gt=last).update(not_before=HELD)


def watch() -> None:
    """Let the pilots go on, or stop, that have come to their end. Run again it changes nothing."""
    going = Campaign.objects.filter(state=CampaignState.RUNNING, pilot=Pilot.GOING)
    for pk in going.values_list("pk", flat=True):
        with transaction.atomic():
            campaign = Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=pk)
            if campaign.state == CampaignState.RUNNING and campaign.pilot == Pilot.GOING:
                _judge(campaign)


def go_on_regardless(campaign: Campaign) -> None:
    """Let the others follow although the pilot went wrong, as a person wants it; in the caller's transaction."""
    if Campaign.objects.filter(pk=campaign.pk, pilot=Pilot.STOPPED).exists():
        _release(campaign)


def of(campaign: Campaign) -> QuerySet[Message]:
    """The messages that left first, or will."""
    return Message.objects.filter(campaign=campaign, not_before__lt=HELD)


def _judge(campaign: Campaign) -> None:
    first = of(campaign)
    refused = first.filter(REFUSED).order_by("line").first()
    if refused is not None:
        _stop(campaign, refused)
    elif first.filter(accepted_at__isnull=False).count() >= first.count():
        sentence = gettext_noop("The first messages (%(count)s) were accepted: the others follow.")
        reason = say(sentence, count=campaign.pilot_size)
        Campaign.objects.filter(pk=campaign.pk).update(pilot=Pilot.PASSED)
        _release(campaign)
        history.note([campaign.pk], CampaignState.RUNNING, reason=reason)
        record("campaign.pilot_passed", organisation=campaign.organisation, target=campaign)


def _stop(campaign: Campaign, refused: Message) -> None:
    sentence = gettext_noop(
        "The message of row %(line)s, one of the first, was refused: the others wait. See its cause; then go on with "
        "all the others, or stop the campaign."
    )
    reason = say(sentence, line=refused.line)
    row = Campaign.objects.filter(pk=campaign.pk)
    if row.move(CampaignState.PAUSED, reason=reason, problem=reason, pilot=Pilot.STOPPED):
        record("campaign.pilot_stopped", organisation=campaign.organisation, target=campaign)


def _release(campaign: Campaign) -> None:
    Message.objects.filter(campaign=campaign, not_before=HELD).update(not_before=clock.real_now())
    enqueue("campaigns.tasks.pump")
