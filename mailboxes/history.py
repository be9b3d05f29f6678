"""A mailbox's history in words: each change of its state, and what people ordered for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from mailboxes.changes import code
from mailboxes.models import Mailbox, Order
from mailboxes.models.acts import ActOutcome, Source
from mailboxes.models.orders import OrderKind, OrderState
from mailboxes.states import MailboxState, VendorState

_ENDED = (OrderState.DONE, OrderState.NOT_DONE, OrderState.UNCERTAIN, OrderState.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Line:
    """One change: when, what it became, how the portal learned of it, who did it, and what was said.

    `code` is what it became in a word for programs: a mailbox's state, or an order's as in renewal.done.
    """

    at: datetime
    state: str
    source: str
    who: str
    words: str
    code: str


def lines(mailbox: Mailbox) -> list[Line]:
    """All changes and orders, newest first; a vendor's word that is not known stands as it is."""
    known = {state.value: str(state.label) for states in (VendorState, MailboxState) for state in states}
    changes = [
        Line(
            change.at,
            known.get(change.state, change.state),
            change.get_source_display(),
            str(change.by) if change.by else "",
            change.words,
            code(change.state),
        )
        for change in mailbox.changes.select_related("by").order_by("-pk")
    ]
    orders = mailbox.orders.select_related("by", "confirmed_by", "act").order_by("-pk")
    ordered = [line for order in orders for line in reversed(list(_of_order(order)))]
    return sorted([*changes, *ordered], key=lambda line: line.at, reverse=True)


def _of_order(order: Order) -> Iterator[Line]:
    """What happened to one order, in its order: given, confirmed, ended."""
    kind, person = order.get_kind_display(), str(Source.PERSON.label)
    yield Line(
        order.at,
        _("%(order)s: ordered") % {"order": kind},
        person,
        str(order.by),
        _terms(order),
        f"{order.kind}.ordered",
    )
    if order.confirmed_at is not None:
        who = str(order.confirmed_by) if order.confirmed_by else ""
        yield Line(
            order.confirmed_at, _("%(order)s: confirmed") % {"order": kind}, person, who, "", f"{order.kind}.confirmed"
        )
    if order.state in _ENDED:
        state = f"{kind}: {order.get_state_display()}"
        yield Line(order.state_since, state, _source(order), "", order.objection, f"{order.kind}.{order.state}")


def _terms(order: Order) -> str:
    """For how many years, and what its person saw that it costs."""
    if order.kind != OrderKind.RENEWAL:
        return ""
    years = _("years: %(years)s") % {"years": order.years}
    return f"{years}, {number_format(order.price, 2, force_grouping=True)} €" if order.price is not None else years


def _source(order: Order) -> str:
    """How the portal learned of the end: a person's withdrawal, the answer itself, or a later look."""
    if order.state == OrderState.WITHDRAWN:
        return str(Source.PERSON.label)
    if order.act is None or order.state == OrderState.UNCERTAIN:
        return str(Source.US.label)
    was_in_doubt = order.act.looks > 0 or order.act.outcome == ActOutcome.UNCERTAIN
    return str((Source.POLLING if was_in_doubt else Source.ANSWER).label)
