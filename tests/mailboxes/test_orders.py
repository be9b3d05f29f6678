"""Renewals and revocations: confirmed, carried out once, never repeated, settled by what the vendor shows."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mailboxes import acts, carrying, orders, tasks
from mailboxes.models import Mailbox, Notice, Order, Plan, VendorAct
from mailboxes.models.acts import ActOutcome
from mailboxes.models.orders import OrderState
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.api import build as programs
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, clerk: User) -> Mailbox:
    """An active mailbox of the clerk's, with a plan, as the vendor has it."""
    plan = build.plan()
    Plan.objects.update(yearly_price=99)
    box = kernel.mailbox(build.office_of(clerk), vendor=vendor, created_by=clerk, plan=plan, expires_at=None)
    tasks.refresh(box.pk)
    return build.fresh(box)


def renewal(box: Mailbox, **others: Any) -> Order:
    wish: dict[str, Any] = {
        "years": 1,
        "price": Decimal(99),
        "expires_seen": box.expires_at,
        "actor": box.created_by,
    } | others
    return orders.order_renewal(box, **wish)


def revocation(box: Mailbox) -> Order:
    return orders.order_revocation(box, typed=box.address, actor=box.created_by)


def renewals(vendor: TroubledSandbox) -> int:
    """How often the vendor was asked to renew."""
    return sum("/rinnovo" in call for call in vendor.calls)


def state(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def sweep(jobs: Jobs, *, times: int = 1) -> None:
    for _time in range(times):
        build.age()
        tasks.sweep()
        jobs.run()


def years_later(before: datetime | None, years: int) -> datetime:
    assert before is not None
    return before + timedelta(days=365) * years


def test_a_renewal_pays_once_and_moves_the_expiry(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    wallet = vendor.wallet
    order = renewal(box, years=2, price=Decimal(198))
    jobs.run()

    assert state(order) == OrderState.DONE
    assert build.fresh(box).expires_at == years_later(box.expires_at, 2)
    assert (wallet - vendor.wallet, renewals(vendor)) == (Decimal(198), 1)
    line = box.changes.order_by("-pk").first()
    assert line is not None
    assert " → " in line.words
    assert line.source == "answer"
    given = Entry.objects.get(action="order.give")
    assert given.facts == {"kind": "renewal", "years": 2, "price": "198"}
    assert given.actor == box.created_by


def test_the_job_of_a_renewal_run_again_asks_for_nothing(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    order = renewal(box)
    jobs.run()

    tasks.carry_out(order.pk)

    assert renewals(vendor) == 1


def test_a_revoked_mailbox_is_made_active_again_by_a_renewal(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    revocation(box)
    jobs.run()
    box = build.fresh(box)
    assert box.vendor_state == "revocata"

    order = renewal(box)
    jobs.run()

    assert state(order) == OrderState.DONE
    assert build.fresh(box).is_active


def test_a_revocation_wants_the_address_typed(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    for typed in ("", "ufficio", f"x{box.address}"):
        with pytest.raises(Refusal) as caught:
            orders.order_revocation(box, typed=typed, actor=box.created_by)
        assert caught.value.field == "typed"
    assert not Order.objects.exists()

    order = orders.order_revocation(box, typed=f" {box.address.upper()} ", actor=box.created_by)
    jobs.run()

    assert state(order) == OrderState.DONE
    assert "not active" in str(build.fresh(box).why_not())


@pytest.mark.parametrize("wrong", [{"price": Decimal(98)}, {"years": 0}, {"years": 11}, {"expires_seen": None}])
def test_what_was_not_seen_is_not_ordered(box: Mailbox, wrong: dict[str, Any]) -> None:
    with pytest.raises(Refusal):
        renewal(box, **wrong)

    assert not Order.objects.exists()


@pytest.mark.parametrize("state", ["registrata", "in_evasione", "documenti_errati", "chiusa", "sospesa"])
def test_other_states_are_neither_renewed_nor_revoked(box: Mailbox, state: str) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_state=state)

    for order in (renewal, revocation):
        with pytest.raises(Refusal):
            order(box)


def test_one_order_at_a_time(box: Mailbox) -> None:
    renewal(box)

    for order in (renewal, revocation):
        with pytest.raises(Refusal, match="already"):
            order(box)


# --- two people


@pytest.fixture
def second(box: Mailbox) -> User:
    """Another keeper, in an organisation that wants two people."""
    Organisation.objects.update(two_order=True)
    return kernel.user(box.organisation, Role.KEEPER)


def test_where_two_are_wanted_nothing_is_asked_for_before_the_second(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox, second: User
) -> None:
    order = renewal(box)
    sweep(jobs)
    assert (state(order), renewals(vendor)) == (OrderState.PROPOSED, 0)
    with pytest.raises(Refusal, match="yourself"):
        orders.confirm(order, actor=box.created_by)

    orders.confirm(order, actor=second)
    jobs.run()

    assert (state(order), order.confirmed_by, renewals(vendor)) == (OrderState.DONE, second, 1)
    with pytest.raises(Refusal):
        orders.confirm(order, actor=second)


@pytest.mark.parametrize("now", [OrderState.SENDING, OrderState.UNCERTAIN])
def test_what_is_being_sent_or_may_have_been_is_not_confirmed_into_a_second_try(
    box: Mailbox, second: User, now: OrderState
) -> None:
    order = renewal(box)
    Order.objects.filter(pk=order.pk).update(state=now)

    with pytest.raises(Refusal):
        orders.confirm(order, actor=second)

    assert state(order) == now


def test_a_program_and_who_made_its_key_are_not_two_people(vendor: TroubledSandbox, box: Mailbox, second: User) -> None:
    program, key = programs.program(box.organisation, Role.MAILBOXES_WRITE)
    order = renewal(box, actor=program)

    with pytest.raises(Refusal, match="ordered this yourself"):
        orders.confirm(order, actor=key.row.created_by)

    orders.confirm(order, actor=second)
    assert state(order) == "waiting"


def test_an_order_is_withdrawn_before_it_is_sent_and_not_after(jobs: Jobs, box: Mailbox, second: User) -> None:
    order = renewal(box)
    orders.withdraw(order, actor=second)
    assert state(order) == OrderState.WITHDRAWN
    with pytest.raises(Refusal):
        orders.confirm(order, actor=second)

    Organisation.objects.update(two_order=False)
    done = renewal(box)
    jobs.run()
    with pytest.raises(Refusal):
        orders.withdraw(done, actor=second)


# --- what the vendor refuses


@pytest.mark.parametrize(
    ("status", "error", "message", "code"),
    [
        (402, 205, "Insufficient Credit in Wallet: 3", "credit"),
        (428, 203, "you can renew only evaded or revoked pec", "not_now"),
        (406, 204, "anni not valid", "not_now"),
        (404, 202, "no pec found", "unknown_mailbox"),
        (400, 201, "Wrong id", "unknown_mailbox"),
        (401, 125, "Wrong Token", "account"),
        (403, None, "forbidden", "not_enabled"),
        (429, None, "slowly", "busy"),
    ],
)
def test_a_refused_renewal_is_told_in_words_and_not_repeated(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox, status: int, error: int | None, message: str, code: str
) -> None:
    vendor.refuse("GET", f"/pec/{box.vendor_id}/rinnovo", status, message, error=error)
    order = renewal(box)
    jobs.run()
    sweep(jobs, times=3)

    assert (state(order), order.problem_code, order.problem) == (OrderState.NOT_DONE, code, message)
    assert message in order.objection
    assert renewals(vendor) == 1
    assert Notice.objects.filter(kind="order_not_done").count() == 1
    renewal(box)


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (406, 303, "your pec has already been revoked"),
        (428, 304, "you can revoke the pec only if it is active"),
        (404, 302, "no pec found"),
        (400, 301, "Wrong id"),
    ],
)
def test_a_refused_revocation_is_told_in_words(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox, status: int, error: int, message: str
) -> None:
    vendor.refuse("DELETE", "/pec/", status, message, error=error)
    order = revocation(box)
    jobs.run()

    assert (state(order), order.problem) == (OrderState.NOT_DONE, message)
    assert build.fresh(box).is_active


def test_an_empty_wallet_of_the_sandbox_renews_nothing(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    vendor.wallet = Decimal(3)
    order = renewal(box)
    jobs.run()

    assert (state(order), order.problem_code) == (OrderState.NOT_DONE, "credit")


def test_a_vendor_out_of_reach_is_asked_for_nothing(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    vendor.answer("GET", "/pec/", 503, b"<html>down</html>")
    order = renewal(box)
    jobs.run()
    sweep(jobs, times=2)

    assert (state(order), order.problem_code, renewals(vendor)) == (OrderState.NOT_DONE, "not_reached", 0)


def test_what_was_renewed_meanwhile_is_not_paid_for_twice(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    order = renewal(box)
    vendors.connect().pec.renew(box.vendor_id)  # by itself, or on the vendor's site
    jobs.run()

    assert (state(order), order.problem_code, renewals(vendor)) == (OrderState.NOT_DONE, "changed", 1)


def test_what_was_revoked_meanwhile_is_not_paid_for_either(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    order = renewal(box)
    vendor.set_state(box.address, "revocata")
    jobs.run()

    assert (state(order), order.problem_code, renewals(vendor)) == (OrderState.NOT_DONE, "changed", 0)


# --- answers that are lost


def test_a_lost_answer_of_a_renewal_is_settled_by_the_vendors_list(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    vendor.lose("GET", f"/pec/{box.vendor_id}/rinnovo", taken=True)
    order = renewal(box)
    jobs.run()
    assert state(order) == OrderState.UNCERTAIN

    sweep(jobs)

    assert (state(order), renewals(vendor)) == (OrderState.DONE, 1)
    assert build.fresh(box).expires_at == years_later(box.expires_at, 1)
    assert VendorAct.objects.get(kind="renewal").outcome == ActOutcome.DONE


def test_one_that_was_not_done_stays_in_doubt_until_a_person_decides(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    vendor.lose("GET", f"/pec/{box.vendor_id}/rinnovo", taken=False)
    order = renewal(box)
    jobs.run()
    for _look in range(2):
        with pytest.raises(Refusal, match="not sure"):
            orders.settle(order, actor=box.created_by)
        sweep(jobs)
        order.refresh_from_db()
    sweep(jobs, times=3)
    assert (state(order), renewals(vendor)) == (OrderState.UNCERTAIN, 1)
    with pytest.raises(Refusal, match="already"):
        renewal(box)

    orders.settle(Order.objects.get(), actor=box.created_by)

    assert state(order) == OrderState.NOT_DONE
    again = renewal(box)
    jobs.run()
    assert (state(again), renewals(vendor)) == (OrderState.DONE, 2)


@pytest.mark.parametrize(("taken", "found"), [(True, OrderState.DONE), (False, OrderState.UNCERTAIN)])
def test_a_lost_answer_of_a_revocation_is_settled_by_its_state(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox, taken: bool, found: OrderState
) -> None:
    vendor.lose("DELETE", taken=taken)
    order = revocation(box)
    jobs.run()
    assert state(order) == OrderState.UNCERTAIN

    sweep(jobs, times=3)

    assert state(order) == found
    assert sum(call.startswith("DELETE") for call in vendor.calls) == 1


@pytest.mark.parametrize(("taken", "found"), [(True, OrderState.DONE), (False, OrderState.UNCERTAIN)])
def test_a_lost_answer_of_a_reactivation_is_settled_by_its_state(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox, taken: bool, found: OrderState
) -> None:
    vendor.set_state(box.address, "revocata")
    tasks.refresh(box.pk)
    vendor.lose("GET", f"/pec/{box.vendor_id}/rinnovo", taken=taken)
    order = renewal(build.fresh(box))
    jobs.run()

    sweep(jobs)

    assert state(order) == found


def test_a_worker_that_died_before_the_call_left_is_followed_by_another(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    order = renewal(box)
    jobs.clear()
    carrying._begun(order, vendors.connect().pec.get(box.vendor_id))
    build.expire_leases()

    sweep(jobs)

    assert (state(order), renewals(vendor)) == (OrderState.DONE, 1)


def test_a_worker_that_died_after_it_may_have_left_leaves_a_doubt(
    vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    order = renewal(box)
    jobs.clear()
    act = carrying._begun(order, vendors.connect().pec.get(box.vendor_id))
    assert act is not None
    assert acts.mark(act)
    build.expire_leases()

    sweep(jobs, times=2)

    assert (state(order), renewals(vendor)) == (OrderState.UNCERTAIN, 0)


def test_an_order_whose_job_was_lost_is_rung_for_again(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    order = renewal(box)
    jobs.clear()

    sweep(jobs)

    assert (state(order), renewals(vendor)) == (OrderState.DONE, 1)
