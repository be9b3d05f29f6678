"""Who does a kind of work alone: taken for a while, given back, or lost to the clock with a dead worker."""

from datetime import timedelta

from django.db.models import Q

from campaigns.models import Baton
from pecportal import clock


def take(name: str, holder: str, *, seconds: float) -> bool:
    """Take the baton, or keep it for longer; False while somebody else has it."""
    Baton.objects.get_or_create(name=name)
    now = clock.database_now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now) | Q(holder=holder)
    mine = Baton.objects.filter(free, name=name)
    return bool(mine.update(holder=holder, leased_until=now + timedelta(seconds=seconds)))


def give_back(name: str, holder: str) -> None:
    """Let the next one have it at once."""
    Baton.objects.filter(name=name, holder=holder).update(holder="", leased_until=None)
