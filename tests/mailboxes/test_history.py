"""A mailbox's history: changes of its state and what was ordered for it, in one line of time."""

from decimal import Decimal

import pytest
from django.test import Client

from mailboxes import history, orders, tasks
from mailboxes.models import Mailbox, Order, Plan
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, clerk: User) -> Mailbox:
    """An active mailbox of the clerk's, as the vendor has it."""
    plan = build.plan()
    Plan.objects.update(yearly_price=99)
    box = kernel.mailbox(build.office_of(clerk), vendor=vendor, created_by=clerk, plan=plan, expires_at=None)
    tasks.refresh(box.pk)
    return build.fresh(box)


def renewal(box: Mailbox) -> Order:
    return orders.order_renewal(box, years=2, price=Decimal(198), expires_seen=box.expires_at, actor=box.created_by)


def told(box: Mailbox) -> list[tuple[str, str, str]]:
    """Of the lines about orders: what happened, how the portal learned of it, who did it; the oldest first."""
    found = [line for line in reversed(history.lines(box)) if ":" in line.state]
    return [(line.state, line.source, line.who) for line in found]


def test_a_renewal_stands_between_the_changes_of_state(browser: Client, box: Mailbox, clerk: User, jobs: Jobs) -> None:
    renewal(box)
    jobs.run()

    assert told(box) == [
        ("Renewal: ordered", "A person", str(clerk)),
        ("Renewal: Done", "The provider's answer", ""),
    ]
    lines = history.lines(box)
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
    ordered = next(line for line in lines if line.state == "Renewal: ordered")
    assert ordered.words == "years: 2, 198.00 €"
    page = words(browser.get(box.get_absolute_url()))
    assert "Renewal: ordered" in page
    assert "Renewal: Done" in page


def test_the_second_person_stands_there_too(box: Mailbox, clerk: User, jobs: Jobs) -> None:
    Organisation.objects.update(two_order=True)
    other = kernel.user(box.organisation, Role.KEEPER)
    orders.confirm(renewal(build.fresh(box)), actor=other)
    jobs.run()

    assert told(box)[:2] == [
        ("Renewal: ordered", "A person", str(clerk)),
        ("Renewal: confirmed", "A person", str(other)),
    ]


def test_an_order_that_was_not_carried_out_stands_there_with_the_reason(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.wallet = Decimal(0)
    renewal(box)
    jobs.run()

    state, source, _who = told(box)[-1]
    assert (state, source) == ("Renewal: Not done", "The provider's answer")
    assert "has not enough credit" in next(
        line.words for line in history.lines(box) if line.state == "Renewal: Not done"
    )


def test_an_order_in_doubt_stands_there_and_so_does_what_settled_it(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.lose("GET", f"/pec/{box.vendor_id}/rinnovo", taken=True)
    renewal(box)
    jobs.run()
    assert told(box)[-1] == ("Renewal: Outcome unknown", "The portal", "")

    build.age()
    tasks.sweep()

    assert told(box)[-1][0] == "Renewal: Done"


def test_a_withdrawn_order_stands_there(box: Mailbox, clerk: User, jobs: Jobs) -> None:
    Organisation.objects.update(two_order=True)
    orders.withdraw(renewal(build.fresh(box)), actor=clerk)

    assert told(box)[-1][:2] == ("Renewal: Withdrawn", "A person")
