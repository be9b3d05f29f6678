"""Whose turn it is to deliver: one run at a time, on whichever host, by a lease in the database's time.

A host that slept through its lease may call once more what another one calls already: at least once is what is
promised, and receivers tell by the event's id.
"""

from datetime import timedelta
from typing import Final

from django.db.models import Q

from pecportal import clock
from pecportal.webhooks.models import Head

LASTS: Final = timedelta(seconds=30)
RENEWED: Final = 5.0  # seconds


def take(holder: str) -> bool:
    """Be the one who delivers; False while somebody else is."""
    Head.objects.get_or_create(pk=1)
    now = clock.database_now()
    free = Q(holder="") | Q(leased_until=None) | Q(leased_until__lte=now)
    return bool(Head.objects.filter(free, pk=1).update(holder=holder, leased_until=now + LASTS))


def renew(holder: str) -> bool:
    """Stay it; False when the turn was lost."""
    return bool(Head.objects.filter(pk=1, holder=holder).update(leased_until=clock.database_now() + LASTS))


def give_up(holder: str) -> None:
    """Let others have the turn."""
    Head.objects.filter(pk=1, holder=holder).update(holder="", leased_until=None)


def is_taken() -> bool:
    """Whether somebody delivers now."""
    return Head.objects.filter(pk=1, leased_until__gt=clock.database_now()).exclude(holder="").exists()
