"""Numbers that are counted in the background, once a minute, for whoever watches the portal from outside."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min

from campaigns.models import Attempt, Campaign, Message, Reservation
from campaigns.states import CampaignState, MessageState
from pecportal import clock
from pecportal.operation.models import Figure

_RECENT: Final = timedelta(minutes=5)


def count() -> int:
    """Count anew, and write it down; how many figures there are. One pass over an index of the messages."""
    found = dict([*_states(), *_ages(), *_pace()])
    now = clock.now()
    for kind, value in found.items():
        figures = Figure.objects.filter(kind=f"metric.{kind}", about=0)
        if not figures.update(value=value, at=now):
            Figure.objects.get_or_create(kind=f"metric.{kind}", about=0, defaults={"value": value, "at": now})
    return len(found)


def _states() -> Iterator[tuple[str, int]]:
    for model, name, states in ((Message, "messages", MessageState), (Campaign, "campaigns", CampaignState)):
        rows = model._default_manager.order_by().values_list("state").annotate(n=Count("pk"))
        counted = dict(rows)
        for state in states:
            yield f"{name}.{state.value}", counted.get(state.value, 0)


def _ages() -> Iterator[tuple[str, int]]:
    """How long, in seconds, the message has waited that is due for longest; and the one in doubt for longest."""
    running = Message.objects.filter(state=MessageState.QUEUED, campaign__state=CampaignState.RUNNING)
    due = running.filter(not_before__lt=clock.real_now())
    yield "oldest_due_seconds", _age(due.aggregate(at=Min("not_before"))["at"])
    doubtful = Attempt.objects.filter(outcome="uncertain")
    yield "oldest_doubt_seconds", _age(doubtful.aggregate(at=Min("ended_at"))["at"])


def _pace() -> Iterator[tuple[str, int]]:
    recent = Reservation.objects.filter(at__gt=clock.now() - _RECENT, released=False)
    yield "sent_last_five_minutes", recent.count()


def _age(at: datetime | None) -> int:
    return max(0, round((clock.now() - at).total_seconds())) if at else 0
