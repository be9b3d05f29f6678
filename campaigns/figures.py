"""Numbers that are counted in the background, once a minute, for whoever watches the portal from outside."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Min

from campaigns import tallying
from campaigns.models import Attempt, Campaign, Message, Reservation
from campaigns.states import CampaignState, MessageState, Shown
from mailboxes.models import Mailbox
from mailboxes.states import Kind
from pecportal import clock
from pecportal.operation.models import Figure

_RECENT: Final = timedelta(minutes=5)


def count() -> int:
    """Count anew, and write it down; how many figures there are. Messages were counted for the console already."""
    now = clock.now()
    found = dict([*_campaigns(), *_ages(), *_pace()])
    _keep(found, at=now)
    messages = tallying.statuses()
    shown = {f"messages.{status.value}": messages.get(status, 0) for status in Shown}
    _keep(shown, at=tallying.counted_at() or now)
    return len(found) + len(shown)


def _keep(found: Mapping[str, int], *, at: datetime) -> None:
    for kind, value in found.items():
        figures = Figure.objects.filter(kind=f"metric.{kind}", about=0)
        if not figures.update(value=value, at=at):
            Figure.objects.get_or_create(kind=f"metric.{kind}", about=0, defaults={"value": value, "at": at})


def _campaigns() -> Iterator[tuple[str, int]]:
    counted = dict(Campaign.objects.order_by().values_list("state").annotate(n=Count("pk")))
    for state in CampaignState:
        yield f"campaigns.{state.value}", counted.get(state.value, 0)


def _ages() -> Iterator[tuple[str, int]]:
    """How long, in seconds, the message has waited that is due for longest; and the one in doubt for longest."""
    running = Message.objects.filter(state=MessageState.QUEUED, campaign__state=CampaignState.RUNNING)
    due = running.filter(not_before__lt=clock.real_now())
    yield "oldest_due_seconds", _age(due.aggregate(at=Min("not_before"))["at"])
    doubtful = Attempt.objects.filter(outcome="uncertain")
    yield "oldest_doubt_seconds", _age(doubtful.aggregate(at=Min("ended_at"))["at"])


def _pace() -> Iterator[tuple[str, int]]:
    boxes = list(Mailbox.objects.filter(kind=Kind.MASSIVE).order_by().values_list("pk", flat=True))
    # of one mailbox after the other there is an index, of all together there is none
    recent = Reservation.objects.filter(mailbox__in=boxes, at__gt=clock.now() - _RECENT, released=False)
    yield "sent_last_five_minutes", recent.count()


def _age(at: datetime | None) -> int:
    return max(0, round((clock.now() - at).total_seconds())) if at else 0
