"""What was read of mailboxes' space: every reading is kept, thinned out to one an hour, and forgotten after 90 days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from mailboxes.filling import Reading, forecast
from mailboxes.models import Mailbox, SpaceReading
from pecportal import clock
from pecportal.operation import alerts
from pecportal.webhooks import events
from pecportal.webhooks.models import EventType

ALERT: Final = "mailbox.full"  # its key is the mailbox
KEPT_WHOLE: Final = timedelta(hours=48)
KEPT: Final = timedelta(days=90)
RECENT: Final = timedelta(hours=24)


@transaction.atomic
def keep(mailbox: Mailbox, *, used: int, limit: int) -> None:
    """Keep what the vendor says of a mailbox's space; raise or end the alert that it is nearly full; tell programs."""
    now = clock.now()
    last = SpaceReading.objects.filter(mailbox=mailbox).order_by("-at").first()
    SpaceReading.objects.create(mailbox=mailbox, at=now, used=used, limit=limit)
    Mailbox.objects.filter(pk=mailbox.pk).update(space_used=used, space_limit=limit, space_at=now)
    if last is None or _hour(last.at) != _hour(now):
        thin_out(mailbox, now=now)
    if used * 100 >= limit * settings.MAILBOX_FULL_PERCENT:
        is_news = alerts.alert(ALERT, mailbox.pk, organisation=mailbox.organisation, percent=100 * used // limit)
    else:
        is_news = alerts.all_clear(ALERT, mailbox.pk)
    if is_news:
        _tell(mailbox, used, limit)


def _tell(mailbox: Mailbox, used: int, limit: int) -> None:
    told = {
        "mailbox": str(mailbox.public_id),
        "is_full": used * 100 >= limit * settings.MAILBOX_FULL_PERCENT,
        "used_bytes": used,
        "limit_bytes": limit,
    }
    kind = EventType.MAILBOX_SPACE
    events.record(mailbox.organisation, kind, mailbox.public_id, told, mailbox_id=mailbox.pk)


def thin_out(mailbox: Mailbox, *, now: datetime) -> int:
    """Of the readings older than two days keep the last of each hour, of those older than 90 days none; how many went.

    Again it does nothing.
    """
    old = SpaceReading.objects.filter(mailbox=mailbox, at__lt=now - KEPT_WHOLE).order_by("-at", "-pk")
    hours: set[datetime] = set()
    gone = []
    for pk, at in old.values_list("pk", "at"):
        if at < now - KEPT or _hour(at) in hours:
            gone.append(pk)
        hours.add(_hour(at))
    return SpaceReading.objects.filter(pk__in=gone).delete()[0] if gone else 0


def recent(mailbox: Mailbox, *, span: timedelta = RECENT) -> Sequence[Reading]:
    """The readings of the last `span`, oldest first."""
    rows = SpaceReading.objects.filter(mailbox=mailbox, at__gt=clock.now() - span).order_by("at")
    return [Reading(at, used, limit) for at, used, limit in rows.values_list("at", "used", "limit")]


def full_at(mailbox: Mailbox) -> datetime | None:
    """When the trend of the last day will have filled it so far that sending is held; None where it is, or never."""
    if mailbox.is_full:
        return None
    return forecast(recent(mailbox), share=settings.MAILBOX_FULL_PERCENT / 100).at


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)
