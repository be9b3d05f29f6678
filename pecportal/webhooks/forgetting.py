"""Events and their deliveries are kept for 30 days, unless the settings say otherwise."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from pecportal import clock
from pecportal.webhooks import ending
from pecportal.webhooks.models import Call, Delivery, Event, Webhook
from pecportal.webhooks.publishing import locked_head

BATCH: Final = 2000


def forget() -> int:
    """Drop what is too old, the oldest first, and former secrets that sign no more; how many events went.

    The feed loses its beginning alone: who reads on from an event that is there has missed nothing.
    """
    before, gone = clock.now() - timedelta(days=settings.EVENTS_KEPT_DAYS), 0
    over = Webhook.objects.filter(old_secret_until__lte=clock.real_now())
    over.update(old_secret_sealed="", old_secret_until=None)
    while count := _forget_batch(before):
        gone += count
    ending.release_stuck()
    return gone


def drop(deliveries: QuerySet[Delivery]) -> None:
    """Drop deliveries with their calls, in the caller's transaction, whose next step needs them gone."""
    Call.objects.filter(delivery__in=deliveries).delete()
    deliveries.delete()


def _forget_batch(before: datetime) -> int:
    with transaction.atomic():
        locked_head()  # no end of a call is written down meanwhile
        oldest = Event.objects.filter(position__isnull=False).order_by("position")[:BATCH]
        found = list(oldest.values_list("position", "at"))
        old = []
        for position, at in found:
            if at >= before:
                break
            old.append(position)
        if not old:
            return 0
        rows = Event.objects.filter(position__lte=old[-1])
        drop(Delivery.objects.filter(event__in=rows))
        return rows.delete()[0]
