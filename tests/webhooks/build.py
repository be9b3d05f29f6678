"""Webhooks and events, as far along as a test needs them."""

import uuid
from collections.abc import Sequence

from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.webhooks import events, keeping, publishing, secrets, signing
from pecportal.webhooks.models import CHOSEN, Delivery, Event, EventType, Webhook
from tests import build

HOST = "https://programma.example/hooks"


def webhook(
    where: Organisation | None = None,
    *,
    url: str = HOST,
    name: str = "ERP",
    types: Sequence[str] = (),
    program: User | None = None,
) -> Webhook:
    """A webhook for all events, made by an administrator."""
    where = where or build.organisation()
    wanted = keeping.Wanted(name, url, [*types] or [kind.value for kind in CHOSEN])
    return keeping.make(where, wanted, actor=build.user(where, Role.ADMINISTRATOR), program=program)


def signing_of(hook: Webhook) -> str:
    """A webhook's secret as its receiver enters it."""
    return signing.written(secrets.current(hook))


def event(where: Organisation, *, subject: uuid.UUID | None = None, by: User | None = None, **data: str) -> Event:
    """An event about a message, its own one unless told, written and in its place."""
    about = subject or uuid.uuid4()
    told = {"message": str(about), "status": "submitted", **data}
    events.record(where, EventType.MESSAGE_STATUS, about, told, made_by_id=by.pk if by else None)
    publishing.publish()
    return Event.objects.latest("position")


def delivery(hook: Webhook, **fields: object) -> Delivery:
    """The delivery of a new event to a webhook."""
    event(hook.organisation, by=hook.program)
    row = Delivery.objects.filter(webhook=hook).latest("pk")
    Delivery.objects.filter(pk=row.pk).update(**fields)
    row.refresh_from_db()
    return row
