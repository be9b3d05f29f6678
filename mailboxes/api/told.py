"""How mailboxes, and what is ordered for them, are told to programs."""

from typing import Any, Final

from django.db.models import Q
from rest_framework import serializers

from mailboxes import changes
from mailboxes.api.asked import POINTERS
from mailboxes.models import Mailbox
from mailboxes.models.orders import OrderKind, OrderState
from mailboxes.objections import Objection
from mailboxes.states import CredentialsState, Kind, MailboxState, NextAct, VendorState
from pecportal.api.resource import location
from pecportal.api.serializers import Moment, Strict

_OURS: Final = [state.value for state in MailboxState if state != MailboxState.REGISTERED]
_THEIRS: Final = {changes.code(state): state.value for state in VendorState}
STATES: Final[dict[str, Q]] = {
    **{str(name): Q(state=name) for name in _OURS},
    **{name: Q(state=MailboxState.REGISTERED, vendor_state=word) for name, word in _THEIRS.items()},
    "registered": Q(state=MailboxState.REGISTERED, vendor_state__in=["", VendorState.REGISTERED]),
}
_DOORS: Final = {
    NextAct.CORRECT: "mailboxes",
    NextAct.CREDENTIALS: "mailbox_credentials",
    NextAct.DOCUMENTS: "mailbox_documents",
    NextAct.DOCUMENTS_AGAIN: "mailbox_documents",
}
MAILBOX: Final[dict[str, Any]] = {
    "id": "5b1c2f9e-0d8a-4f0e-9a37-2f9d3c1a7e10",
    "address": "ufficio.tributi@pecmassiva.com",
    "asked_address": "",
    "kind": "PECMASSIVA",
    "plan": "PEC Massiva Standard",
    "state": "active",
    "expires_at": "2027-03-31T22:00:00Z",
    "renews_itself": False,
    "credentials": "good",
    "space_percent": 12,
    "is_full": False,
    "created_at": "2026-03-31T08:00:00Z",
}
WHOLE: Final[dict[str, Any]] = {
    **MAILBOX,
    "cannot_send_because": "",
    "state_read_at": "2026-04-02T08:00:00Z",
    "problem": None,
    "next": None,
    "order": None,
}
BEGUN: Final[dict[str, Any]] = {
    **WHOLE,
    "state": "registering",
    "expires_at": None,
    "renews_itself": None,
    "credentials": "missing",
    "space_percent": None,
    "cannot_send_because": "The mailbox is not active yet.",
    "state_read_at": None,
}
ORDER: Final[dict[str, Any]] = {
    "kind": "renewal",
    "state": "waiting",
    "years": 1,
    "price": "99.00",
    "ordered_at": "2027-03-01T08:00:00Z",
    "state_since": "2027-03-01T08:00:00Z",
    "detail": "",
}


class MailboxTold(Strict):
    """A mailbox and where it stands."""

    id = serializers.UUIDField(source="public_id")
    address = serializers.CharField(help_text="The one asked for, until the provider says which it is.")
    asked_address = serializers.CharField(help_text="Where the provider gave another one; else empty.")
    kind = serializers.ChoiceField(Kind.values, help_text="The provider's word. Only PECMASSIVA sends.")
    plan = serializers.SerializerMethodField(help_text="Name of the plan that says how much it may send.")
    state = serializers.SerializerMethodField(
        help_text=f"{', '.join(STATES)}; or a new word of the provider's, as it is."
    )
    expires_at = Moment(allow_null=True)
    renews_itself = serializers.BooleanField(allow_null=True, help_text="null: the provider has not said.")
    credentials = serializers.ChoiceField(
        CredentialsState.values, source="credentials_state", help_text="What is known of user name and password."
    )
    space_percent = serializers.IntegerField(allow_null=True, help_text="Of its storage in use; null: never read.")
    is_full = serializers.BooleanField(help_text="Nothing is sent from it until somebody has made space.")
    created_at = Moment()

    def get_plan(self, row: Mailbox) -> str | None:
        """Its name."""
        return row.plan.name if row.plan else None

    def get_state(self, row: Mailbox) -> str:
        """Ours until it is registered, then the provider's."""
        if row.state != MailboxState.REGISTERED:
            return str(row.state)
        return changes.code(row.vendor_state) if row.vendor_state else "registered"


class RegistrationProblem(Strict):
    """Why the provider did not register it."""

    code = serializers.ChoiceField([each.value for each in Objection])
    detail = serializers.CharField(help_text="A sentence for people, with the provider's words.")
    pointer = serializers.CharField(allow_null=True, help_text="Into the body of the registration, where one is meant.")


class NextTold(Strict):
    """What somebody has to do next."""

    act = serializers.ChoiceField(
        NextAct.values, help_text="await: nothing but to wait; complete: the registration was begun on the pages."
    )
    detail = serializers.CharField(help_text="A sentence for people.")
    url = serializers.URLField(allow_null=True, help_text="Where it is done, if it is done through the API.")


class OrderTold(Strict):
    """What was ordered for it: a renewal or a revocation."""

    kind = serializers.ChoiceField(OrderKind.values)
    state = serializers.ChoiceField(
        OrderState.values,
        help_text="proposed: a person has to confirm it on the pages; uncertain: the provider's answer was lost.",
    )
    years = serializers.IntegerField()
    price = serializers.DecimalField(max_digits=8, decimal_places=2, allow_null=True, help_text="Euros, without VAT.")
    ordered_at = Moment(source="at")
    state_since = Moment()
    detail = serializers.CharField(source="objection", help_text="What stood in its way; empty for nothing.")


class MailboxWhole(MailboxTold):
    """A mailbox, and what is to be done next."""

    cannot_send_because = serializers.CharField(help_text="A sentence; empty if it sends.")
    state_read_at = Moment(source="refreshed_at", allow_null=True, help_text="When the provider was asked last.")
    problem = RegistrationProblem(source="told_problem", allow_null=True)
    next = NextTold(source="told_next", allow_null=True, help_text="null: nothing.")
    order = OrderTold(source="told_order", allow_null=True, help_text="The latest.")


def with_parts(mailbox: Mailbox) -> Mailbox:
    """The mailbox with what `MailboxWhole` tells beside its columns."""
    parts = {
        "cannot_send_because": mailbox.why_not_now() or "",
        "told_problem": _problem(mailbox),
        "told_next": _next(mailbox),
        "told_order": mailbox.orders.first(),
    }
    for name, part in parts.items():
        setattr(mailbox, name, part)
    return mailbox


def _problem(mailbox: Mailbox) -> dict[str, Any] | None:
    if not mailbox.problem_code:
        return None
    pointer = POINTERS.get(mailbox.problem_field)
    return {"code": mailbox.problem_code, "detail": mailbox.objection, "pointer": pointer}


def _next(mailbox: Mailbox) -> dict[str, Any] | None:
    act = mailbox.next_act
    if act is None:
        return None
    door = _DOORS.get(act)
    named = {} if door in (None, "mailboxes") else {"public_id": mailbox.public_id}
    return {"act": act.value, "detail": str(act.label), "url": location(door, **named) if door else None}
