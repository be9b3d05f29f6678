"""Several pumps, on one host or on many, share the lanes: each has about as many as the others.

A pump that joins waits a moment while the others let go of what they hold beyond their share. A few lanes one pump
serves with ease: those are not moved about. Lanes of an account's pace stay together (`accounts`).
"""

import math
from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from campaigns import timing
from campaigns.models import LivePump, SendingLane
from pecportal import clock, hosts


def join(holder: str) -> bool:
    """Count as a pump of this host from now on; False when it has as many as it should."""
    now = clock.database_now()
    with transaction.atomic():
        LivePump.objects.filter(leased_until__lt=now).delete()
        # a row of this pump's own first: two that join at once see each other, and neither or one is let in
        LivePump.objects.create(holder=holder, host=hosts.name(), leased_until=now + _lease())
    if LivePump.objects.filter(host=hosts.name()).count() <= settings.SENDING_PUMPS:
        return True
    leave(holder)
    return False


def renew(holder: str) -> None:
    """Count for another while."""
    LivePump.objects.filter(holder=holder).update(leased_until=clock.database_now() + _lease())


def leave(holder: str) -> None:
    """Count no more."""
    LivePump.objects.filter(holder=holder).delete()


def share(free: int = 0) -> int:
    """How many lanes each pump should have, of those that are held and `free` more.

    Without need nothing is shared out: never less than `SENDING_LANES_ALONE`.
    """
    pumps = LivePump.objects.filter(leased_until__gt=clock.database_now()).count()
    each = math.ceil((_held().count() + free) / max(pumps, 1))
    return max(each, _alone())


def is_crowded(holder: str) -> bool:
    """Whether the other pumps have lanes to give up for `holder`."""
    others = LivePump.objects.filter(leased_until__gt=clock.database_now()).exclude(holder=holder).count()
    return _held().count() > max(others, 1) * _alone()


def needs_another(due: int) -> bool:
    """Whether the pumps that live are too few for so many lanes that are due: none, or each would have many."""
    now = clock.database_now()
    pumps = LivePump.objects.filter(leased_until__gt=now).count()
    if not pumps and SendingLane.objects.filter(leased_until__gt=now).exclude(holder="").exists():
        pumps = 1  # one that does not share
    return due > pumps * _alone()


def within(due: Collection[int], room: int) -> list[int]:
    """Of the mailboxes that are due, no more than there is `room` for; those of an account's pace all the same."""
    together = set(timing.sharing().filter(pk__in=due).values_list("pk", flat=True))
    alone = [pk for pk in due if pk not in together]
    return [*together, *alone[: max(room, 0)]]


def _held() -> QuerySet[SendingLane]:
    together = Q(mailbox__in=timing.sharing().values("pk"))
    return SendingLane.objects.filter(leased_until__gt=clock.database_now()).exclude(holder="").exclude(together)


def _alone() -> int:
    return int(settings.SENDING_LANES_ALONE)


def _lease() -> timedelta:
    return timedelta(seconds=settings.SENDING_LANE_SECONDS)
