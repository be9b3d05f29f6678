"""Events and webhooks for programs, and for people who may make keys.

A program reads the events of its own things, and keeps webhooks that are told of nothing else: no more than it may read
anyway. People with the power keep all of the organisation's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from pecportal.api.idempotency import idempotent
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import Access, Resource, listed, location
from pecportal.api.schema import example, operation
from pecportal.errors import Refusal
from pecportal.permissions import Power, Role, may, visible_or_404
from pecportal.signin import stepup
from pecportal.webhooks import keeping, publishing, secrets, signing
from pecportal.webhooks.api_shapes import (
    DeliveryQuery,
    DeliveryTold,
    EventFeed,
    EventQuery,
    EventTold,
    Overlap,
    Redelivered,
    WebhookChanged,
    WebhookMade,
    WebhookTold,
    WebhookWithSecret,
)
from pecportal.webhooks.models import Delivery, Event, Webhook

_READ: Final = Access((Role.EVENTS_READ,), Power.EVENTS)
UNSAFE: Final = frozenset({"post", "patch", "delete"})
EVENT: Final[dict[str, Any]] = {
    "id": "0d7c1b5e-9a63-4f0e-8a53-2f4f0f3f9f10",
    "type": "message.status_changed",
    "timestamp": "2026-03-31T08:00:00.000Z",
    "data": {
        "message": "7d1f5ce2-6a0e-4be5-9c0d-1c2f5f0a7b11",
        "campaign": "aa4e0a0f-7d35-4b7e-8d13-6f0f3a5f2c12",
        "client_reference": "PRAT-2026-7",
        "status": "delivered",
        "accepted_at": "2026-03-31T07:59:02.000Z",
        "decided_at": "2026-03-31T07:59:40.000Z",
    },
}
WEBHOOK: Final[dict[str, Any]] = {
    "id": "5a0a2f0e-5a38-4f0f-9a0b-3b8c0f3f9f13",
    "name": "ERP",
    "url": "https://erp.example/hooks",
    "types": ["message.status_changed"],
    "is_of_program": True,
    "state": "enabled",
    "because": None,
    "failures": 0,
    "failing_since": None,
    "old_secret_until": None,
    "created_at": "2026-03-31T08:00:00Z",
}
SECRET: Final = {**WEBHOOK, "secret": "whsec_ZXhhbXBsZSBvbmx5LCBub3QgYSByZWFsIHNlY3JldA=="}
DELIVERY: Final[dict[str, Any]] = {
    "id": "6c1f0f53-2f60-4b0b-8a0e-9c7d0f3f9f14",
    "event": EVENT["id"],
    "type": "message.status_changed",
    "state": "delivered",
    "tries": 1,
    "first_at": "2026-03-31T08:00:01Z",
    "last_at": "2026-03-31T08:00:01Z",
    "last_status": 204,
    "problem": "",
    "next_at": None,
}


class Events(Resource):
    """What happened, in its order."""

    access: ClassVar = {"get": _READ}
    queries: ClassVar = {"get": EventQuery}
    is_sparse = False

    @operation(
        "Read what happened",
        answers=EventFeed,
        tag="events",
        description="In an order that never changes, and nothing is skipped: ask again with `after` = `next`. Events "
        "are kept for 30 days; where the one of `after` is gone, so may be others after it, and the answer is 410.",
        problems=(410,),
        examples=[example("Some events", {"items": [EVENT], "next": EVENT["id"], "has_more": False})],
    )
    def get(self, request: Request) -> Response:
        """A part of the feed."""
        publishing.publish(batches=4)
        rows = self.rows(Event).filter(position__isnull=False)
        after: UUID | None = self.query.get("after")
        if after is not None:
            last = rows.filter(public_id=after).values_list("position", flat=True).first()
            if last is None:
                raise Problem("event-gone")
            rows = rows.filter(position__gt=last)
        if wanted := self.query.get("type"):
            rows = rows.filter(type=wanted)
        limit = self.query["limit"]
        found = list(rows.order_by("position")[: limit + 1])
        shown = found[:limit]
        upto = str(shown[-1].public_id) if shown else str(after) if after else None
        items = [EventTold(row).data for row in shown]
        return Response({"items": items, "next": upto, "has_more": len(found) > limit})


class OfWebhooks(Resource):
    """What all about webhooks share: people need the power to make keys, and show first that it is they who change."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Look at who asks."""
        super().initial(request, *args, **kwargs)
        if not request.user.is_authenticated or self.actor.is_program:
            return
        if not may(self.actor, Power.KEYS, self.organisation):
            raise Problem("forbidden")
        if self.method_name in UNSAFE and stepup.is_due(request._request):
            raise Problem("step-up-needed")

    def webhook(self, public_id: UUID) -> Webhook:
        """The one that the address names."""
        return visible_or_404(self.rows(Webhook).select_related("organisation", "program"), public_id=public_id)

    def deliveries(self, public_id: UUID) -> QuerySet[Delivery]:
        """Those of the one that the address names."""
        return self.rows(Delivery).filter(webhook=self.webhook(public_id)).select_related("event", "webhook")

    def with_secret(self, row: Webhook, *, status: int) -> Response:
        """A webhook as it is told once."""
        row.secret = signing.written(secrets.current(row))  # type: ignore[attr-defined]
        return self.tell(WebhookWithSecret, row, status=status, Location=location("webhook", public_id=row.public_id))


class Webhooks(OfWebhooks):
    """Those that whoever asks keeps."""

    access: ClassVar = {"get": _READ, "post": _READ}
    queries: ClassVar = listed()

    @operation(
        "List webhooks",
        page_of=WebhookTold,
        tag="webhooks",
        description="A program sees those that it made, a person all of the organisation.",
        examples=[example("A page", {"items": [WEBHOOK], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """A page of them."""
        return self.page(WebhookTold, self.rows(Webhook))

    @operation(
        "Make a webhook",
        answers={201: WebhookWithSecret},
        body=WebhookMade,
        tag="webhooks",
        description="A program's webhook is told of what the program itself made, and of the mailboxes that it may "
        "use. The secret is told in this answer alone, which is repeated for the same Idempotency-Key.",
        examples=[
            example("A body", {name: WEBHOOK[name] for name in ("name", "url", "types")}, is_request=True),
            example("Made", SECRET, status=201),
        ],
    )
    @idempotent(required=False, secret=True)
    def post(self, request: Request) -> Response:
        """Make one."""
        data = self.body(WebhookMade)
        wanted = keeping.Wanted(data["name"], data["url"], data["types"])
        program = self.actor if self.actor.is_program else None
        with pointed():
            row = keeping.make(self.organisation, wanted, actor=self.actor, program=program)
        return self.with_secret(row, status=201)


class OneWebhook(OfWebhooks):
    """One of them."""

    access: ClassVar = {"get": _READ, "patch": _READ, "delete": _READ}

    @operation(
        "See a webhook",
        answers=WebhookTold,
        tag="webhooks",
        description="All but its secret.",
        examples=[example("A webhook", WEBHOOK)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        return self.tell(WebhookTold, self.webhook(public_id))

    @operation(
        "Change a webhook",
        answers=WebhookTold,
        body=WebhookChanged,
        tag="webhooks",
        description="Also to switch it off, and on again: then what waited is delivered.",
        examples=[
            example("Switch it on", {"is_enabled": True}, is_request=True),
            example("Changed", WEBHOOK),
        ],
    )
    def patch(self, request: Request, public_id: UUID) -> Response:
        """Change what was sent."""
        row, data = self.webhook(public_id), self.body(WebhookChanged)
        wanted = keeping.Wanted(data.get("name", row.name), data.get("url", row.url), data.get("types", row.types))
        with transaction.atomic(), pointed():
            keeping.change(row, wanted, actor=self.actor)
            if "is_enabled" in data:
                (keeping.switch_on if data["is_enabled"] else keeping.switch_off)(row, actor=self.actor)
        return self.tell(WebhookTold, self.webhook(public_id))

    @operation(
        "Remove a webhook",
        answers={204: None},
        tag="webhooks",
        description="With the history of its deliveries. Events stay in the feed.",
        examples=[],
    )
    def delete(self, request: Request, public_id: UUID) -> Response:
        """Remove it."""
        keeping.remove(self.webhook(public_id), actor=self.actor)
        return Response(status=204)


class Deliveries(OfWebhooks):
    """What became of each event."""

    access: ClassVar = {"get": _READ}
    queries: ClassVar = listed(DeliveryQuery)

    @operation(
        "List deliveries",
        page_of=DeliveryTold,
        tag="webhooks",
        description="Those of the last 30 days, the latest first.",
        examples=[example("A page", {"items": [DELIVERY], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """A page of them."""
        rows = self.deliveries(public_id)
        if wanted := self.query.get("state"):
            rows = rows.filter(state=wanted)
        return self.page(DeliveryTold, rows)


class Redeliver(OfWebhooks):
    """Whatever was given up."""

    access: ClassVar = {"post": _READ}

    @operation(
        "Deliver again whatever was given up",
        answers={202: Redelivered},
        tag="webhooks",
        description="In the order of the events, under the ids that they had.",
        examples=[example("Being delivered", {"count": 3}, status=202)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Deliver them again, in their order."""
        count = keeping.redeliver_failed(self.webhook(public_id), actor=self.actor)
        return self.tell(Redelivered, {"count": count}, status=202)


class RedeliverOne(OfWebhooks):
    """One event."""

    access: ClassVar = {"post": _READ}

    @operation(
        "Deliver an event again",
        answers={202: DeliveryTold},
        tag="webhooks",
        description="It keeps its id, by which receivers tell that they have it.",
        examples=[example("Being delivered", {**DELIVERY, "state": "waiting", "tries": 0}, status=202)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID, delivery_id: UUID) -> Response:
        """Deliver it again."""
        row = visible_or_404(self.deliveries(public_id), public_id=delivery_id)
        keeping.redeliver(row, actor=self.actor)
        return self.tell(DeliveryTold, visible_or_404(self.deliveries(public_id), pk=row.pk), status=202)


class Test(OfWebhooks):
    """A call that means nothing."""

    access: ClassVar = {"post": _READ}

    @operation(
        "Test a webhook",
        answers={202: DeliveryTold},
        tag="webhooks",
        description="It gets an event of the type webhook.test, whatever it asked for.",
        examples=[example("Being delivered", {**DELIVERY, "type": "webhook.test", "state": "waiting"}, status=202)],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Have one delivered."""
        row = keeping.test(self.webhook(public_id), actor=self.actor)
        return self.tell(DeliveryTold, row, status=202)


class RotateSecret(OfWebhooks):
    """A new secret in the place of the former one."""

    access: ClassVar = {"post": _READ}

    @operation(
        "Give a webhook a new secret",
        answers=WebhookWithSecret,
        body=Overlap,
        tag="webhooks",
        description="For some hours (24 unless you say otherwise) both sign. The secret is told in this answer alone, "
        "which is repeated for the same Idempotency-Key.",
        examples=[example("At once", {"overlap_hours": 0}, is_request=True), example("Changed", SECRET)],
    )
    @idempotent(required=False, secret=True)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Change it."""
        row = self.webhook(public_id)
        keeping.rotate(row, actor=self.actor, overlap=self.body(Overlap)["overlap_hours"])
        return self.with_secret(self.webhook(public_id), status=200)


@contextmanager
def pointed() -> Iterator[None]:
    """A rule about one field is an error of the body (400), with its place; any other one stays as it is (409)."""
    try:
        yield
    except Refusal as exc:
        if exc.field is None:
            raise
        raise Problem("invalid", faults=(Fault(str(exc), "invalid", pointer=f"/{exc.field}"),)) from exc
