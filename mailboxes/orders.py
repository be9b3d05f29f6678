"""What pays for a mailbox or ends it: ordered by a person, confirmed, withdrawn, settled. `carrying` carries it out."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from mailboxes import acts, notices
from mailboxes.models import Mailbox, Order
from mailboxes.models.acts import ActOutcome
from mailboxes.models.notices import NoticeKind
from mailboxes.models.orders import OPEN, OrderKind, OrderState
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.programs import keys
from pecportal.queue import enqueue

MOST_YEARS = 10


def price_of(mailbox: Mailbox, years: int) -> Decimal | None:
    """What a renewal costs by the mailbox's plan, in euros without VAT; None where the plan does not say."""
    price = mailbox.plan.yearly_price if mailbox.plan else None
    return None if price is None else price * years


def may_renew(mailbox: Mailbox) -> bool:
    """Whether the vendor renews it, or makes it active again."""
    return bool(mailbox.vendor_id) and mailbox.vendor_state in (VendorState.ACTIVE, VendorState.REVOKED)


def may_revoke(mailbox: Mailbox) -> bool:
    """Whether the vendor revokes it."""
    return bool(mailbox.vendor_id) and mailbox.is_active


def open_order(mailbox: Mailbox) -> Order | None:
    """The one order of which something may still come."""
    return mailbox.orders.filter(state__in=OPEN).select_related("by", "act", "mailbox__organisation").first()


def order_renewal(mailbox: Mailbox, *, years: int, price: Decimal, expires_seen: datetime | None, actor: User) -> Order:
    """Order a renewal, or the reactivation of a revoked mailbox, at a price that the person has confirmed.

    `expires_seen` is the expiry that they saw. Raises `Refusal` when price or expiry are others meanwhile, while
    another order is open, and in other states.
    """
    with transaction.atomic():
        row = locked(mailbox.pk)
        if not may_renew(row):
            raise Refusal(_("Only active and revoked mailboxes can be renewed."))
        if not 1 <= years <= MOST_YEARS:
            raise Refusal(_("A mailbox is renewed for 1 to 10 years."), field="years")
        known = price_of(row, years)
        if known is not None and known != price:
            raise Refusal(_("The price has changed: look at it again, and confirm it."), field="price")
        if row.expires_at != expires_seen:
            raise Refusal(_("The mailbox's expiry has changed meanwhile: look at it again."))
        return _ordered(row, OrderKind.RENEWAL, actor, years=years, price=price)


def order_revocation(mailbox: Mailbox, *, typed: str, actor: User) -> Order:
    """Order a revocation; `typed` must be the mailbox's address. Raises `Refusal` otherwise, and in other states."""
    with transaction.atomic():
        row = locked(mailbox.pk)
        if not may_revoke(row):
            raise Refusal(_("Only active mailboxes can be revoked."))
        if typed.strip().casefold() != row.address.casefold():
            raise Refusal(_("This is not the mailbox's address."), field="typed")
        return _ordered(row, OrderKind.REVOCATION, actor)


@transaction.atomic
def confirm(order: Order, *, actor: User) -> None:
    """Let an order be carried out: a second person's word. Raises `Refusal` for the first, and when it is not open."""
    row = Order.objects.select_for_update(of=("self",)).select_related("mailbox__organisation").get(pk=order.pk)
    if row.by_id in keys.hands_of(actor):
        raise Refusal(_("You have ordered this yourself: another person has to confirm it."))
    moved = Order.objects.filter(pk=row.pk, state=OrderState.PROPOSED).move(
        OrderState.WAITING, confirmed_by=actor, confirmed_at=clock.now()
    )
    if not moved:
        raise Refusal(_("This order does not wait for a confirmation any more."))
    record("order.confirm", actor=actor, organisation=row.mailbox.organisation, target=row.mailbox, kind=row.kind)
    enqueue("mailboxes.tasks.carry_out", row.pk)


@transaction.atomic
def withdraw(order: Order, *, actor: User) -> None:
    """Give an order up. Raises `Refusal` once it is being sent."""
    if not Order.objects.filter(pk=order.pk).move(OrderState.WITHDRAWN):
        raise Refusal(_("This order cannot be withdrawn any more."))
    box = order.mailbox
    record("order.withdraw", actor=actor, organisation=box.organisation, target=box, kind=order.kind)


@transaction.atomic
def settle(order: Order, *, actor: User) -> None:
    """Say that an order in doubt was not carried out: a person's decision, after the vendor was twice seen without it.

    Raises `Refusal` before, and for whoever ordered it where two people order. Nothing is repeated by this.
    """
    if not may_settle(order):
        raise Refusal(_("It is not sure yet that this was not carried out: please wait."))
    if reason := why_not_settle(order, actor):
        raise Refusal(reason)
    act = order.act
    if act is not None and acts.end(act, ActOutcome.NOT_DONE):
        Order.objects.filter(pk=order.pk).move(OrderState.NOT_DONE)
        box = order.mailbox
        record("order.settle", actor=actor, organisation=box.organisation, target=box, kind=order.kind)


def may_settle(order: Order) -> bool:
    """Whether it is as sure as can be that an order in doubt was not carried out."""
    return order.state == OrderState.UNCERTAIN and order.act is not None and order.act.looks >= acts.LOOKS


def why_not_settle(order: Order, actor: User) -> str:
    """Why this person may not say that it was not carried out, when others may; "" when they may."""
    if acts.needs_another(order.mailbox, author=order.by_id, actor=actor):
        return _("You have ordered this yourself: another person has to say that it was not carried out.")
    return ""


def locked(pk: int) -> Mailbox:
    """The mailbox's row, locked for the caller's transaction."""
    return Mailbox.objects.select_for_update(of=("self",)).select_related("organisation", "plan").get(pk=pk)


def _ordered(row: Mailbox, kind: OrderKind, actor: User, *, years: int = 0, price: Decimal | None = None) -> Order:
    if open_order(row) is not None:
        raise Refusal(_("Something is ordered for this mailbox already: it has to end first."))
    now, alone = clock.now(), not row.organisation.two_order
    order = Order.objects.create(
        mailbox=row,
        kind=kind,
        years=years,
        price=price,
        state=OrderState.WAITING if alone else OrderState.PROPOSED,
        state_since=now,
        by=actor,
        at=now,
        expires_seen=row.expires_at,
        state_seen=row.vendor_state,
    )
    facts = {"kind": kind.value, "years": years, "price": "" if price is None else str(price)}
    record("order.give", actor=actor, organisation=row.organisation, target=row, **facts)
    if alone:
        enqueue("mailboxes.tasks.carry_out", order.pk)
    else:
        notices.note(row, NoticeKind.CONFIRM, key=str(order.pk))
    return order
