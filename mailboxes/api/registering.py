"""Mailboxes for programs: listed, asked for in one request, looked at; whether an address is free."""

from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from mailboxes import asking, domains, offers, registration
from mailboxes.api import asked
from mailboxes.api.asked import MailboxAsked
from mailboxes.api.base import BINDING, READ, REGISTER, OfMailboxes
from mailboxes.api.told import BEGUN, MAILBOX, STATES, WHOLE, MailboxTold, MailboxWhole
from mailboxes.forms import AddressForm
from mailboxes.models import Mailbox
from mailboxes.states import Kind, MailboxState
from pecportal import vendor
from pecportal.api.idempotency import idempotent
from pecportal.api.problems import Fault, Problem
from pecportal.api.resource import location
from pecportal.api.schema import example, operation
from pecportal.api.serializers import Moment, Paging, Query, Strict
from pecportal.permissions import Power, may


class Wanted(Paging):
    """Which mailboxes."""

    state = serializers.ChoiceField(list(STATES), required=False)
    kind = serializers.ChoiceField(Kind.values, required=False)
    address = serializers.CharField(required=False, max_length=254, help_text="The whole address.")
    expires_before = Moment(required=False)


class AddressWanted(Query):
    """Of which address it is asked."""

    address = serializers.CharField(max_length=254)


class PlanTold(Strict):
    """A plan under which a mailbox with this address can be ordered; prices are euros without VAT, null unknown."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.values)
    yearly_price = serializers.DecimalField(max_digits=9, decimal_places=2, allow_null=True)
    message_price = serializers.DecimalField(max_digits=9, decimal_places=4, allow_null=True)
    prices_noted_on = serializers.DateField(allow_null=True)
    daily_limit = serializers.IntegerField(allow_null=True, help_text="Recipients; null: no limit.")
    monthly_limit = serializers.IntegerField(allow_null=True)
    yearly_limit = serializers.IntegerField(allow_null=True)


class AvailabilityTold(Strict):
    """What the provider says of an address."""

    address = serializers.CharField()
    answer = serializers.ChoiceField(
        ["free", "taken", "unknown", "refused", "unreachable"],
        source="word",
        help_text="unknown: it said something else; refused: it would not say; unreachable: nobody answered.",
    )
    detail = serializers.SerializerMethodField(help_text="The provider's words, or why it would not say.")
    alternatives = serializers.ListField(child=serializers.CharField(), help_text="The provider's proposals.")
    proposals = serializers.ListField(child=serializers.CharField(), help_text="The portal's; nobody asked for them.")
    is_certified = serializers.SerializerMethodField(
        help_text="Whether an own domain is one of certified mail; null: it was not asked, or nobody answered."
    )
    kinds = serializers.ListField(child=serializers.ChoiceField(Kind.values), help_text="That can have it.")
    plans = PlanTold(many=True, help_text="Cheapest first.")

    def get_detail(self, row: Any) -> str:
        """One of the two."""
        return str(row["reason"] or row["words"])

    def get_is_certified(self, row: Any) -> bool | None:
        """None for all but yes and no."""
        found: bool | None = {"yes": True, "no": False}.get(row["certified"])
        return found


AVAILABILITY = {
    "address": "ufficio.tributi@pecmassiva.com",
    "answer": "free",
    "detail": "",
    "alternatives": [],
    "proposals": [],
    "is_certified": None,
    "kinds": ["PECMASSIVA"],
    "plans": [
        {
            "name": "PEC Massiva Standard",
            "kind": "PECMASSIVA",
            "yearly_price": "99.00",
            "message_price": "0.0500",
            "prices_noted_on": "2026-01-31",
            "daily_limit": 3500,
            "monthly_limit": None,
            "yearly_limit": 100000,
        }
    ],
}


class Mailboxes(OfMailboxes):
    """The organisation's mailboxes."""

    access: ClassVar = {"get": READ, "post": BINDING}
    queries: ClassVar = {"get": Wanted}

    @operation(
        "List mailboxes",
        page_of=MailboxTold,
        tag="mailboxes",
        description="The latest first; registrations that were discarded only if they are asked for.",
        examples=[example("A page", {"items": [MAILBOX], "next": None})],
    )
    def get(self, request: Request) -> Response:
        """The page that is asked for."""
        wanted = self.query
        in_state = STATES[wanted["state"]] if "state" in wanted else ~STATES[MailboxState.DISCARDED]
        rows = self.rows(Mailbox).filter(in_state).select_related("plan")
        if "kind" in wanted:
            rows = rows.filter(kind=wanted["kind"])
        if "address" in wanted:
            rows = rows.filter(address__iexact=wanted["address"])
        if "expires_before" in wanted:
            rows = rows.filter(expires_at__lt=wanted["expires_before"])
        return self.page(MailboxTold, rows)

    @operation(
        "Register a mailbox",
        body=MailboxAsked,
        answers={201: MailboxWhole},
        tag="mailboxes",
        description=(
            "It costs what the plan says. Nothing is asked of the provider before this is answered: the mailbox is "
            "`registering` then, and is `registered` (or a `draft` with its `problem`) soon. `next` says what is to be "
            "done. Repeat a request that got no answer with the same Idempotency-Key: it is registered once. A "
            "registration that came back as a draft is sent again by the corrected body with a new key. `uncertain` "
            "means that the provider's answer was lost: the portal looks for the mailbox, and asks again only when a "
            "person has said so on the pages."
        ),
        examples=[
            example("For a municipality", asked.EXAMPLE, is_request=True),
            example("Taken", BEGUN, status=201),
        ],
    )
    @idempotent(required=True)
    def post(self, request: Request) -> Response:
        """Check it as the wizard does, and have it sent."""
        _refuse_limited(self)
        wanted = asked.checked(self.body(MailboxAsked), self.organisation)
        mailbox = registration.ask_at_once(
            self.organisation, wanted.data, actor=self.actor, price=wanted.price, reason=wanted.reason
        )
        return self.whole(mailbox, status=201, Location=location("mailbox", public_id=mailbox.public_id))


class OneMailbox(OfMailboxes):
    """One mailbox."""

    access: ClassVar = {"get": READ}

    @operation(
        "A mailbox",
        answers=MailboxWhole,
        tag="mailboxes",
        description="Where it stands and what is next. Events tell of each change of its state.",
        examples=[example("Active", WHOLE)],
    )
    def get(self, request: Request, public_id: UUID) -> Response:
        """Tell it."""
        return self.whole(self.mailbox(public_id))


class Availability(OfMailboxes):
    """Whether an address is free."""

    access: ClassVar = {"get": REGISTER}
    queries: ClassVar = {"get": AddressWanted}

    @operation(
        "Ask whether an address is free",
        answers=AvailabilityTold,
        tag="mailboxes",
        description=(
            "The provider is asked each time, which may cost, and nothing is reserved. Beside its answer stand the "
            "kinds and plans that fit the address, with their prices."
        ),
        examples=[example("Free", AVAILABILITY)],
    )
    def get(self, request: Request) -> Response:
        """Ask."""
        _refuse_limited(self)
        form = AddressForm({"address": self.query["address"]})
        if not form.is_valid():
            words = [words for found in form.errors.values() for words in found]
            raise Problem("invalid", faults=tuple(Fault(str(each), "invalid", parameter="address") for each in words))
        address = form.cleaned_data["address"]
        client = vendor.connect(self.organisation.vendor_account)
        verdict = asking.ask(address, client=client, organisation=self.organisation.name)
        names = ("address", "word", "words", "reason", "alternatives", "proposals", "certified")
        found = {name: getattr(verdict, name) for name in names}
        fitting = {"kinds": domains.kinds_in(verdict.domain), "plans": offers.orderable(address)}
        return self.tell(AvailabilityTold, found | fitting)


def _refuse_limited(view: OfMailboxes) -> None:
    """Who is there for some mailboxes alone gets no further ones."""
    if not may(view.actor, Power.REGISTER, view.organisation, whole=True):
        raise Problem("forbidden", _("Whoever asks is limited to some mailboxes, and may not register others."))
