"""The pages of a mailbox's later life: nothing is paid by looking, what is ordered is what was shown."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailboxes import adopting, orders
from mailboxes.models import Found, Mailbox, Order, Plan
from mailboxes.models.orders import OrderState
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(clerk: User) -> Mailbox:
    """An active mailbox of the clerk's, a year of which costs 99 euros, and which expires in 40 days."""
    plan = build.plan()
    Plan.objects.update(yearly_price=99)
    expires = timezone.now() + timedelta(days=40)
    return kernel.mailbox(build.office_of(clerk), created_by=clerk, plan=plan, vendor_id="a" * 24, expires_at=expires)


def url(name: str, box: Mailbox) -> str:
    return reverse(f"mailboxes:{name}", args=[box.pk])


def wish(box: Mailbox, **others: str) -> dict[str, str]:
    assert box.expires_at is not None
    return {"years": "2 198.00", "expires_seen": box.expires_at.isoformat(), "confirmed": "on"} | others


def test_the_price_of_each_choice_is_shown_and_looking_orders_nothing(
    browser: Client, vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    page = words(browser.get(url("renew", box)))

    assert "1 year: 99.00 €" in page
    assert "2 years: 198.00 €" in page
    assert (Order.objects.count(), jobs.names(), vendor.calls) == (0, [], [])


def test_a_confirmed_price_orders_it_once(browser: Client, jobs: Jobs, box: Mailbox) -> None:
    for _click in range(2):
        browser.post(url("renew", box), wish(box))

    order = Order.objects.get()
    assert (order.years, order.price, order.by) == (2, Decimal(198), box.created_by)
    assert jobs.names() == ["mailboxes.tasks.carry_out"]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ({"confirmed": ""}, "required"),
        ({"years": "2 150.00"}, "price has changed"),
        ({"expires_seen": "2020-01-01T00:00:00+00:00"}, "expiry has changed"),
        ({"expires_seen": "2020-13-01T00:00:00"}, "not sent whole"),
    ],
)
def test_what_was_not_confirmed_or_not_seen_is_not_ordered(
    browser: Client, box: Mailbox, others: dict[str, str], told: str
) -> None:
    response = browser.post(url("renew", box), wish(box, **others))

    assert response.status_code == 422
    assert told in words(response)
    assert not Order.objects.exists()


def test_where_the_plan_has_no_price_whoever_renews_enters_it(browser: Client, box: Mailbox) -> None:
    Plan.objects.update(yearly_price=None)
    assert browser.post(url("renew", box), wish(box, years="1")).status_code == 422

    browser.post(url("renew", box), wish(box, years="1", price="120.50"))

    assert Order.objects.get().price == Decimal("120.50")


def test_a_revocation_is_ordered_by_its_typed_address_alone(browser: Client, box: Mailbox) -> None:
    assert browser.post(url("revoke", box), {"typed": "ufficio"}).status_code == 422
    assert not Order.objects.exists()

    browser.post(url("revoke", box), {"typed": box.address})

    assert Order.objects.get().kind == "revocation"


def test_a_second_person_confirms_what_the_page_showed(browser: Client, client: Client, box: Mailbox) -> None:
    Organisation.objects.update(two_order=True)
    browser.post(url("renew", box), wish(box))
    order = Order.objects.get()
    page = browser.get(url("detail", box)).content.decode()
    assert "waits for a second person" in page
    assert 'id="confirm-order"' not in page

    second = Client()
    second.force_login(kernel.user(box.organisation, Role.KEEPER))
    assert 'id="confirm-order"' in second.get(url("detail", box)).content.decode()
    second.post(url("confirm_order", box), {"order": str(order.pk + 1)})
    assert Order.objects.get().state == OrderState.PROPOSED
    second.post(url("confirm_order", box), {"order": str(order.pk)})

    assert Order.objects.get().state == OrderState.WAITING


def test_an_order_is_withdrawn_from_its_page(browser: Client, box: Mailbox) -> None:
    browser.post(url("renew", box), wish(box))

    browser.post(url("withdraw_order", box), {"order": str(Order.objects.get().pk)})

    assert Order.objects.get().state == OrderState.WITHDRAWN


def doubted(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> Order:
    """A renewal that was not done, and whose answer was lost."""
    real = vendor.create_mailbox(box.address, kernel.PASSWORD)
    Mailbox.objects.filter(pk=box.pk).update(vendor_id=real)
    vendor.lose("GET", f"/pec/{real}/rinnovo", taken=False)
    order = orders.order_renewal(
        build.fresh(box), years=1, price=Decimal(99), expires_seen=box.expires_at, actor=box.created_by
    )
    Order.objects.update(expires_seen=vendor.mailboxes()[0].times["scadenza"])
    jobs.run()
    return order


def test_a_doubt_is_settled_from_its_page_when_it_may_be(
    browser: Client, vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    order = doubted(vendor, jobs, box)
    assert 'id="settle-order"' not in browser.get(url("detail", box)).content.decode()

    box.acts.update(looks=2)
    assert 'id="settle-order"' in browser.get(url("detail", box)).content.decode()
    browser.post(url("settle_order", box), {"order": str(order.pk)})

    assert Order.objects.get().state == OrderState.NOT_DONE


def test_where_two_people_order_who_ordered_does_not_settle_the_doubt(
    browser: Client, vendor: TroubledSandbox, jobs: Jobs, box: Mailbox
) -> None:
    order = doubted(vendor, jobs, box)
    Organisation.objects.update(two_order=True)
    box.acts.update(looks=2)
    page = browser.get(url("detail", box)).content.decode()
    assert 'id="settle-order"' not in page
    assert "another person has to say" in page
    browser.post(url("settle_order", box), {"order": str(order.pk)})
    assert Order.objects.get().state == OrderState.UNCERTAIN

    browser.force_login(kernel.user(box.organisation, Role.KEEPER))
    assert 'id="settle-order"' in browser.get(url("detail", box)).content.decode()
    browser.post(url("settle_order", box), {"order": str(order.pk)})

    assert Order.objects.get().state == OrderState.NOT_DONE


def test_a_mailbox_in_another_state_has_no_such_pages(browser: Client, box: Mailbox) -> None:
    Mailbox.objects.update(vendor_state="registrata")

    for name in ("renew", "revoke"):
        assert browser.get(url(name, box))["Location"] == box.get_absolute_url()
    assert 'id="renew"' not in browser.get(url("detail", box)).content.decode()


def test_the_calendar_shows_the_offices_own_mailboxes(browser: Client, box: Mailbox) -> None:
    kernel.mailbox(address="altra@prova.example", expires_at=timezone.now() + timedelta(days=3))
    kernel.mailbox(box.organisation, address="senza@prova.example", created_by=box.created_by)

    page = words(browser.get(reverse("mailboxes:expiries")))

    assert box.address in page
    assert "senza@prova.example" in page.partition("Expiry not known")[2]
    assert "altra@prova.example" not in page


def test_a_mailbox_bought_elsewhere_is_recorded(browser: Client, clerk: User) -> None:
    data = {"address": "Flat@pecmassiva.com", "plan": str(build.plan().pk), "expires_on": "31/12/2031"}
    response = browser.post(reverse("mailboxes:record"), data)

    box = Mailbox.objects.get()
    assert response["Location"] == box.get_absolute_url()
    assert (box.address, box.is_by_hand) == ("flat@pecmassiva.com", True)
    assert f"{timezone.localtime(box.expires_at):%d/%m/%Y %H:%M}" == "31/12/2031 00:00"
    page = words(browser.get(box.get_absolute_url()))
    assert "Recorded by hand" in page
    assert "Enter the mailbox's user name and password" in page
    assert browser.post(reverse("mailboxes:record"), data).status_code == 422


def test_a_found_mailbox_is_offered_and_adopted(browser: Client, vendor: TroubledSandbox, clerk: User) -> None:
    from pecportal import vendor as vendors

    vendor.create_mailbox("flat@pecmassiva.com", kernel.PASSWORD)
    adopting.reconcile(client=vendors.connect())
    found = Found.objects.get()
    page = browser.get(reverse("mailboxes:index")).content.decode()
    assert reverse("mailboxes:adopt", args=[found.pk]) in page

    browser.post(reverse("mailboxes:adopt", args=[found.pk]), {"plan": str(build.plan().pk)})

    box = Mailbox.objects.get()
    assert (box.plan, box.vendor_id) == (build.plan(), found.vendor_id)
    assert browser.get(reverse("mailboxes:adopt", args=[found.pk])).status_code == 404
