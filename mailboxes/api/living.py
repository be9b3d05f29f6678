"""A mailbox's later life for programs: renewal, revocation, space, history."""

from typing import Any, ClassVar, Final
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from mailboxes import gauge, history, orders
from mailboxes.api.base import BINDING, READ, OfMailboxes
from mailboxes.api.told import ORDER, OrderTold
from pecportal.api import cursors
from pecportal.api.idempotency import idempotent
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Paging, Strict
from pecportal.errors import Refusal

_LOST: Final = (
    "Repeat a request that got no answer with the same Idempotency-Key: it is ordered once. The provider is asked "
    "after the answer; `order` of the mailbox tells what became of it. `uncertain` means that the provider's answer "
    "was lost: nothing is repeated, the portal looks in the provider's list, and a person settles what stays in doubt. "
    "Where the organisation wants two people, the order is `proposed` until a person has confirmed it on the pages."
)


class RenewalAsked(Strict):
    """A renewal, or the reactivation of a revoked mailbox, which is paid."""

    years = serializers.IntegerField(min_value=1, max_value=orders.MOST_YEARS)
    price = serializers.DecimalField(
        max_digits=8,
        decimal_places=2,
        min_value=0,
        help_text="What you confirm to pay for all years (euros, without VAT): the plan's yearly price for each, where "
        "it is known.",
    )
    expires_at = Moment(allow_null=True, help_text="The mailbox's expiry as you know it: what was renewed is not paid "
                        "for again.")  # fmt: skip


class RevocationAsked(Strict):
    """The end of a mailbox."""

    address = serializers.CharField(max_length=254, help_text="The mailbox's own, to be sure that it is meant.")


class QuotaTold(Strict):
    """How full a mailbox is, by the latest reading; null: it was never read."""

    used_bytes = serializers.IntegerField(source="space_used", allow_null=True)
    limit_bytes = serializers.IntegerField(source="space_limit", allow_null=True)
    percent = serializers.IntegerField(source="space_percent", allow_null=True)
    is_full = serializers.BooleanField(help_text="Nothing is sent from it until somebody has made space.")
    full_at = Moment(allow_null=True, help_text="When it will be, by the trend of the last day; null: never.")
    read_at = Moment(source="space_at", allow_null=True)


class LineTold(Strict):
    """One thing that happened."""

    at = Moment()
    code = serializers.CharField(help_text="The state that it came to, or an order's, as in renewal.done.")
    words = serializers.CharField(source="state", help_text="The same for people.")
    learned = serializers.CharField(source="source", help_text="How the portal learned of it.")
    who = serializers.CharField(help_text="Who did it; empty for nobody here.")
    detail = serializers.CharField(source="words", help_text="What was said.")


class Renewal(OfMailboxes):
    """Where a renewal is ordered."""

    access: ClassVar = {"post": BINDING}

    @operation(
        "Renew a mailbox",
        body=RenewalAsked,
        answers={202: OrderTold},
        tag="mailboxes",
        description="It is paid from the provider's account. " + _LOST,
        examples=[
            example("For a year", {"years": 1, "price": "99.00", "expires_at": "2027-03-31T22:00:00Z"},
                    is_request=True),
            example("Ordered", ORDER, status=202),
        ],
    )  # fmt: skip
    @idempotent(required=True)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Order it at the price that is confirmed."""
        mailbox = self.mailbox(public_id)
        given = self.body(RenewalAsked)
        order = orders.order_renewal(
            mailbox,
            years=given["years"],
            price=given["price"],
            expires_seen=given["expires_at"],
            actor=self.actor,
        )
        return self.tell(OrderTold, order, status=202)


class Revocation(OfMailboxes):
    """Where a revocation is ordered."""

    access: ClassVar = {"post": BINDING}

    @operation(
        "Revoke a mailbox",
        body=RevocationAsked,
        answers={202: OrderTold},
        tag="mailboxes",
        description="From then on nothing is sent or received. " + _LOST,
        examples=[
            example("By its address", {"address": "ufficio.tributi@pecmassiva.com"}, is_request=True),
            example("Ordered", {**ORDER, "kind": "revocation", "years": 0, "price": None}, status=202),
        ],
    )
    @idempotent(required=False)
    def post(self, request: Request, public_id: UUID) -> Response:
        """Order it."""
        mailbox, typed = self.mailbox(public_id), self.body(RevocationAsked)["address"]
        try:
            order = orders.order_revocation(mailbox, typed=typed, actor=self.actor)
        except Refusal as exc:
            exc.field = "address" if exc.field == "typed" else exc.field  # as the form on the page calls it
            raise
        return self.tell(OrderTold, order, status=202)


class Quota(OfMailboxes):
    """The space of a mailbox."""

    access: ClassVar = {"get": READ}

    @operation(
        "How full a mailbox is",
        answers=QuotaTold,
        tag="mailboxes",
        description="By the latest reading: each hour, and more often while it sends. Nobody is asked now.",
        examples=[
            example(
                "With room",
                {
                    "used_bytes": 128849018,
                    "limit_bytes": 1073741824,
                    "percent": 12,
                    "is_full": False,
                    "full_at": None,
                    "read_at": "2026-04-02T08:00:00Z",
                },
            )
        ],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        mailbox = self.mailbox(public_id)
        mailbox.full_at = gauge.full_at(mailbox)  # type: ignore[attr-defined]
        return self.tell(QuotaTold, mailbox)


LINE: Final[dict[str, Any]] = {
    "at": "2026-04-02T08:00:00Z",
    "code": "active",
    "words": "Active",
    "learned": "A call from the provider",
    "who": "",
    "detail": "",
}


class Timeline(OfMailboxes):
    """The history of a mailbox."""

    access: ClassVar = {"get": READ}
    queries: ClassVar = {"get": Paging}

    @operation(
        "The history of a mailbox",
        page_of=LineTold,
        tag="mailboxes",
        description="Changes of its state, and what was ordered for it; the oldest first.",
        examples=[example("A page", {"items": [LINE], "next": None})],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """The page that is asked for."""
        lines = list(reversed(history.lines(self.mailbox(public_id))))
        about, size = self._about(), self.query["limit"]
        place = cursors.place(self.query.get("cursor", ""), about, 1)
        start = int(place[0]) if place else 0
        more = cursors.sealed([start + size], about) if len(lines) > start + size else None
        inner = self._sparse(LineTold(context=self.get_context()))
        items = [inner.to_representation(line) for line in lines[start : start + size]]
        return Response({"items": items, "next": more})
