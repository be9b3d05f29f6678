"""Orders are carried out: each call is made once, and what its answer left in doubt is settled by the vendor's list."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from mailboxes import acts, expiring, following, notices, objections
from mailboxes.models import Mailbox, Order, VendorAct
from mailboxes.models.acts import ActKind, ActOutcome, Source
from mailboxes.models.notices import NoticeKind
from mailboxes.models.orders import OrderKind, OrderState
from mailboxes.objections import Objection
from mailboxes.orders import locked
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.journal.record import record
from pecportal.queue import enqueue
from pecportal.upstream import Upstream
from pecportal.upstream.errors import Rejected, UpstreamError
from pecportal.upstream.pec import Casella

logger = logging.getLogger(__name__)
SLACK = timedelta(days=1)  # an expiry that is told with the day alone is not a moved one
_LETTERS = {
    OrderState.DONE: NoticeKind.ORDER_DONE,
    OrderState.NOT_DONE: NoticeKind.ORDER_NOT_DONE,
    OrderState.UNCERTAIN: NoticeKind.ORDER_DOUBT,
}


def carry_out(order_id: int, *, client: Upstream) -> None:
    """Have the vendor do it: the job of an order. Run again it does nothing; no call that left is ever repeated.

    The mailbox is read before, so that what changed since the order was given stops it before anything is paid.
    """
    order = Order.objects.select_related("mailbox__organisation").get(pk=order_id)
    if order.state != OrderState.WAITING:
        return
    try:
        casella = client.pec.get(order.mailbox.vendor_id)
    except Rejected as exc:
        _not_done(order, objections.to_order(exc), objections.words_of(exc))
        return
    except UpstreamError:
        _not_done(order, Objection.NOT_REACHED)
        return
    act = _begun(order, casella)
    if act is None or not acts.mark(act):
        return
    try:
        if order.kind == OrderKind.RENEWAL:
            told = client.pec.renew(order.mailbox.vendor_id, order.years)
        else:
            told = client.pec.revoke(order.mailbox.vendor_id)
    except UpstreamError as exc:
        _failed(order, act, exc)
    else:
        _done(order, act, told, source=Source.ANSWER)


def look_for(act: VendorAct, *, client: Upstream) -> None:
    """See in the vendor's list whether an order in doubt was carried out; what does not show is counted."""
    order, begun = Order.objects.select_related("mailbox__organisation").get(act=act), clock.now()
    try:
        listed = client.pec.list()
    except UpstreamError as exc:
        logger.warning("The list of mailboxes could not be read: %s", type(exc).__name__)
        return
    ours = [casella for casella in listed if casella.id.casefold() == order.mailbox.vendor_id.casefold()]
    if ours and _shows(order, ours[0]):
        _done(order, act, ours[0], source=Source.POLLING)
    else:
        acts.not_found(act, begun=begun)


@transaction.atomic
def lost(act: VendorAct) -> None:
    """Settle the act of a worker that died: what was not marked was not asked for, the rest is in doubt."""
    order = Order.objects.select_related("mailbox__organisation").get(act=act)
    if act.marked_at is None:
        acts.end(act, ActOutcome.NOT_DONE)
        Order.objects.filter(pk=order.pk).move(OrderState.WAITING, act=None)
    elif acts.end(act, ActOutcome.UNCERTAIN):
        _moved(order, OrderState.UNCERTAIN)


def ring_lost() -> None:
    """Ring again for orders whose job was lost before anything was asked for."""
    for pk in Order.objects.filter(state=OrderState.WAITING).values_list("pk", flat=True):
        enqueue("mailboxes.tasks.carry_out", pk)


def _begun(order: Order, casella: Casella) -> VendorAct | None:
    """The act that allows the call; None when it is not to be made: somebody else has, or the mailbox has changed."""
    with transaction.atomic(durable=True):
        row = locked(order.mailbox_id)
        following.take_in(row, casella, source=Source.POLLING)
        row.refresh_from_db()
        if Order.objects.filter(pk=order.pk, state=OrderState.WAITING).exists() and not _is_as_seen(order, row):
            _not_done(order, Objection.CHANGED)
            return None
        # somebody may withdraw it at this very moment: only what could be moved is carried out
        rows = Order.objects.filter(pk=order.pk)
        if not rows.move(OrderState.SENDING, expires_before=row.expires_at):
            return None
        act = acts.begin(row, ActKind(order.kind))
        if act is None:
            raise RuntimeError(f"Order {order.pk} was being carried out already.")
        rows.update(act=act)
        order.expires_before = row.expires_at
        return act


def _is_as_seen(order: Order, row: Mailbox) -> bool:
    """Whether the mailbox is as it was when the order was given: a renewal done meanwhile is not paid for twice."""
    return row.vendor_state == order.state_seen and not _is_later(row.expires_at, order.expires_seen)


def _shows(order: Order, casella: Casella) -> bool:
    """Whether the vendor's record shows the order carried out."""
    if order.kind == OrderKind.REVOCATION:
        return casella.state == VendorState.REVOKED
    if casella.state != VendorState.ACTIVE:
        return False
    was_revoked = order.state_seen == VendorState.REVOKED
    return was_revoked or _is_later(expiring.expiry_of(casella), order.expires_before)


def _is_later(after: datetime | None, before: datetime | None) -> bool:
    return after is not None and before is not None and after > before + SLACK


@transaction.atomic
def _done(order: Order, act: VendorAct, casella: Casella, *, source: Source) -> None:
    acts.end(act, ActOutcome.DONE)
    following.take_in(order.mailbox, casella, source=source)
    _moved(order, OrderState.DONE)


@transaction.atomic
def _failed(order: Order, act: VendorAct, error: UpstreamError) -> None:
    outcome = acts.outcome_of(error)
    acts.end(act, outcome, error=error)
    if outcome == ActOutcome.UNCERTAIN:
        _moved(order, OrderState.UNCERTAIN)
    elif isinstance(error, Rejected):
        _not_done(order, objections.to_order(error), objections.words_of(error))
        enqueue("mailboxes.tasks.refresh", order.mailbox_id)
    else:
        _not_done(order, Objection.NOT_REACHED)


@transaction.atomic
def _not_done(order: Order, code: Objection, words: str = "") -> None:
    _moved(order, OrderState.NOT_DONE, problem_code=code.value, problem=words[:1000])


def _moved(order: Order, to: OrderState, **told: str) -> None:
    """Move it, in the caller's transaction, and have its letter written."""
    if Order.objects.filter(pk=order.pk).move(to, **told):
        box = order.mailbox
        record("order.state", organisation=box.organisation, target=box, kind=order.kind, state=to.value)
        notices.note(box, _LETTERS[to], key=f"{order.pk} {to.value}")
