"""Messages that were handed over long ago without an acceptance receipt, which comes within minutes: told, not judged.

The domain makes it an alert, not a state: 30 hours later alone a message counts as one without outcome.
"""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Count, Min, QuerySet

from campaigns.models import Campaign, Message
from campaigns.states import MessageState
from campaigns.tracking import verdict
from pecportal import clock
from pecportal.operation import alerts

ALERT: Final = "tracking.no_acceptance"  # its key is the campaign
PATIENCE: Final = timedelta(hours=1)
RECENT: Final = timedelta(days=40)
_READINGS: Final = 3  # so many readings of the inbox must have had the time to find it, however quick the clock is


def of(campaign: Campaign) -> int:
    """How many messages of a campaign were handed over more than an hour ago and have no receipt at all."""
    return _silent().filter(campaign=campaign).count()


def watch() -> int:
    """Raise an alert for each campaign with such messages, end it once their receipts have come; how many are open.

    One alert a campaign, however often it is looked at.
    """
    rows = _silent().filter(campaign__launched_at__gt=clock.now() - RECENT).order_by()
    found = {row["campaign"]: row for row in rows.values("campaign").annotate(n=Count("pk"), since=Min("sent_at"))}
    for campaign in Campaign.objects.filter(pk__in=found).select_related("organisation"):
        row = found[campaign.pk]
        facts = {"messages": row["n"], "since": row["since"].isoformat()}
        alerts.alert(ALERT, campaign.pk, organisation=campaign.organisation, **facts)
    alerts.end_others(ALERT, list(found))
    return len(found)


def _silent() -> QuerySet[Message]:
    readings = timedelta(seconds=_READINGS * float(settings.TRACKING_SECONDS) * float(settings.CLOCK_SPEED))
    before = clock.now() - max(PATIENCE, readings)
    silent = Message.objects.filter(state=MessageState.SUBMITTED, verdict=verdict.Verdict.NONE.value)
    return silent.filter(
        status__in=[verdict.Status.SUBMITTED.value, verdict.Status.NO_OUTCOME.value], sent_at__lte=before
    )
