"""Numbers for the console, counted in the background: messages by status, and what each mailbox has used of its day.

Campaigns that cannot change any more are counted once a day; the page adds up what is stored.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from campaigns.models import Campaign, Message, Reservation
from campaigns.models.senders import sending
from campaigns.states import PREPARED, CampaignState, Shown
from pecportal import clock
from pecportal.operation.models import Figure

STATUS: Final = "status."  # and the status; about a campaign
DAY: Final = "day"  # recipients that a mailbox reserved today; about the mailbox
COUNTED: Final = "counted"  # that a campaign was counted, and its messages in all
RUN_SECONDS: Final = 20.0
SETTLED_EVERY: Final = timedelta(days=1)
BATCH: Final = 50
_OPEN: Final = [
    STATUS + each.value
    for each in (Shown.QUEUED, Shown.SENDING, Shown.SUBMITTED, Shown.UNCERTAIN, Shown.ACCEPTED, Shown.DELAYED)
]


def run() -> int:
    """Count anew what may have changed; of how many campaigns. Again it changes nothing but the times."""
    until, done = time.monotonic() + RUN_SECONDS, 0
    ids = due()
    for start in range(0, len(ids), BATCH):
        if time.monotonic() > until:
            break  # the longest uncounted come first at the next run
        batch = ids[start : start + BATCH]
        _count(batch)
        done += len(batch)
    _count_days()
    return done


def due() -> list[int]:
    """The campaigns to be counted, the longest uncounted first."""
    now = clock.now()
    counted = dict(Figure.objects.filter(kind=COUNTED).values_list("about", "at"))
    moving = set(Figure.objects.filter(kind__in=_OPEN, value__gt=0).values_list("about", flat=True))
    begun = Campaign.objects.exclude(state__in=PREPARED).order_by()
    found = []
    for pk, state in begun.values_list("pk", "state"):
        settled = state in (CampaignState.COMPLETED, CampaignState.STOPPED) and pk not in moving
        at = counted.get(pk)
        if at is None or not settled or now - at > SETTLED_EVERY:
            found.append((at.timestamp() if at else 0.0, pk))
    return [pk for _at, pk in sorted(found)]


def statuses() -> dict[Shown, int]:
    """All messages by their status, as they were counted last."""
    rows = Figure.objects.filter(kind__startswith=STATUS).order_by().values_list("kind")
    found = dict(rows.annotate(n=Sum("value")))
    return {each: found[STATUS + each.value] for each in Shown if found.get(STATUS + each.value)}


def counted_at() -> datetime | None:
    """When messages were counted last; None before the first time."""
    return Figure.objects.filter(kind=COUNTED).order_by("-at").values_list("at", flat=True).first()


def _count(ids: Sequence[int]) -> None:
    now = clock.now()
    found: dict[int, dict[str, int]] = defaultdict(dict)
    rows = Message.objects.filter(campaign__in=ids).order_by().values_list("campaign", "status")
    for pk, status, number in rows.annotate(n=Count("pk")):
        found[pk][STATUS + status] = number
    figures = [
        Figure(kind=kind, about=pk, value=value, at=now)
        for pk in ids
        for kind, value in {**found[pk], COUNTED: sum(found[pk].values())}.items()
    ]
    with transaction.atomic():
        kinds = [COUNTED, *(STATUS + each.value for each in Shown)]
        Figure.objects.filter(kind__in=kinds, about__in=ids).delete()
        _insert(figures)


def _count_days() -> None:
    """What the mailboxes with running campaigns have used since midnight, in the installation's time."""
    now = clock.now()
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    running = sending(Campaign.objects.filter(state=CampaignState.RUNNING))
    boxes = running.filter(plan__daily_limit__isnull=False).values_list("pk", flat=True)
    held = Reservation.objects.filter(mailbox__in=list(boxes), released=False, at__gte=midnight).order_by()
    used = dict(held.values_list("mailbox").annotate(n=Sum("units")))
    with transaction.atomic():
        Figure.objects.filter(kind=DAY).delete()
        _insert(Figure(kind=DAY, about=pk, value=number, at=now) for pk, number in used.items())


def _insert(figures: Iterable[Figure]) -> None:
    Figure.objects.bulk_create(list(figures), batch_size=500, ignore_conflicts=True)  # another may count as well
