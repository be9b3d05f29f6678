"""What campaigns add to every page: what waits for a person, for those who may see it."""

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest

from campaigns import failures
from campaigns.models import Campaign, Message
from campaigns.states import MessageState
from pecportal.organisations import current
from pecportal.permissions import Power

_LATEST: Final = 20


def doubts(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Context of all templates, counted only where one asks: messages in doubt."""

    def count() -> int:
        user, organisation = getattr(request, "user", None), current.organisation(request)
        if user is None or organisation is None:
            return 0
        rows = Message.objects.visible_to(user, Power.READ)
        return rows.filter(mailbox__organisation=organisation, state=MessageState.UNCERTAIN).count()

    return {"doubts_waiting": count}


def failing(request: HttpRequest) -> dict[str, Callable[[], list[tuple[Campaign, int]]]]:
    """Context of all templates, asked only where one does: the latest campaigns with failures nobody dealt with."""

    def found() -> list[tuple[Campaign, int]]:
        user, organisation = getattr(request, "user", None), current.organisation(request)
        if user is None or organisation is None:
            return []
        rows = Campaign.objects.visible_to(user, Power.READ).filter(organisation=organisation, test_of=None)
        latest = rows.order_by("-pk")[:_LATEST]
        counts = failures.waiting(latest)
        return [(campaign, counts[campaign.pk]) for campaign in latest if campaign.pk in counts]

    return {"failures_waiting": found}
