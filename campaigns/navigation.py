"""What campaigns add to every page: how many messages are in doubt, for those who may see them."""

from collections.abc import Callable

from django.http import HttpRequest

from campaigns.models import Message
from campaigns.states import MessageState
from pecportal.organisations import current
from pecportal.permissions import Power


def doubts(request: HttpRequest) -> dict[str, Callable[[], int]]:
    """Context of all templates; counted only where a template asks."""

    def count() -> int:
        user, organisation = getattr(request, "user", None), current.organisation(request)
        if user is None or organisation is None:
            return 0
        rows = Message.objects.visible_to(user, Power.READ)
        return rows.filter(mailbox__organisation=organisation, state=MessageState.UNCERTAIN).count()

    return {"doubts_waiting": count}
