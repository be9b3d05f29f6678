"""Raising alerts and giving the all-clear. An alert is open once for its kind and key, however often it is raised."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F

from pecportal import clock
from pecportal.operation.models import Alert
from pecportal.organisations.models import Organisation


def alert(kind: str, key: object, *, organisation: Organisation | None = None, **facts: object) -> bool:
    """Open an alert, or note that it was seen again; True when it is new. `facts` hold no contents or recipients."""
    now = clock.now()
    with transaction.atomic():
        if Alert.objects.filter(kind=kind, key=str(key), ended_at=None).update(
            seen_at=now, times=F("times") + 1, facts=facts
        ):
            return False
        row = Alert(kind=kind, key=str(key), organisation=organisation, facts=facts, raised_at=now, seen_at=now)
        return bool(Alert.objects.bulk_create([row], ignore_conflicts=True))


def all_clear(kind: str, key: object) -> bool:
    """End an alert; False when none was open."""
    return bool(Alert.objects.filter(kind=kind, key=str(key), ended_at=None).update(ended_at=clock.now()))


def is_open(kind: str, key: object) -> bool:
    """Whether it was raised and has not ended."""
    return Alert.objects.filter(kind=kind, key=str(key), ended_at=None).exists()


def end_others(kind: str, keys: Collection[object]) -> int:
    """End the open alerts of a kind whose key is not among `keys`: all that were not found again."""
    still = [str(key) for key in keys]
    return Alert.objects.filter(kind=kind, ended_at=None).exclude(key__in=still).update(ended_at=clock.now())
