"""A mailbox's later life and the look-ups, on a desk and on a telephone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from mailboxes import adopting, orders, tasks
from mailboxes.models import Found, Mailbox, Order, Plan
from pecportal import vendor as vendors
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.registers.models import Body, LookUp
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.mailboxes import build

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@pytest.fixture
def clerk() -> User:
    """A person who keeps mailboxes and prepares campaigns."""
    office = kernel.organisation(name="Comune di Prova")
    return kernel.user(office, Role.KEEPER, Role.PREPARER, email="anna@comune.example")


@pytest.fixture
def screen(request: pytest.FixtureRequest, clerk: User, sign_in: SignIn, vendor: Sandbox) -> Page:
    """The clerk's browser."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    return page


@pytest.fixture
def box(clerk: User, vendor: Sandbox) -> Mailbox:
    """An active mailbox that expires in 20 days, a year of which costs 99 euros."""
    plan = build.plan()
    Plan.objects.update(yearly_price=99)
    box = kernel.mailbox(build.office_of(clerk), vendor=vendor, created_by=clerk, plan=plan)
    vendor.mailboxes()[0].times["scadenza"] = timezone.now() + timedelta(days=20)
    tasks.refresh(box.pk)
    return build.fresh(box)


@both
def test_a_mailbox_is_renewed_by_two_and_revoked_by_its_typed_address(
    screen: Page, clerk: User, box: Mailbox, look: Look, accessible: Accessible, jobs: Jobs, client: Client
) -> None:
    def see(name: str) -> None:
        look(screen, f"life-{name}")
        accessible(screen)

    page = screen
    Organisation.objects.update(two_order=True)
    page.goto("/mailboxes/expiries/")
    see("expiries")
    page.goto(box.get_absolute_url())
    see("expiring")
    page.locator("#renew").click()
    see("renew")
    page.locator("[name=years]").select_option(index=1)
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".form-problems")).to_be_focused()
    see("renew-refused")
    page.locator("label[for=id_confirmed]").click()
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#withdraw-order")).to_be_visible()
    see("proposed")
    order = Order.objects.get()
    orders.confirm(order, actor=kernel.user(box.organisation, Role.KEEPER))
    jobs.run()
    assert Order.objects.get().state == "done"
    page.goto(box.get_absolute_url())
    see("renewed")
    page.locator("#revoke").click()
    see("revoke")
    page.locator("[name=typed]").fill("ufficio")
    page.locator("main form button.btn-danger").click()
    expect(page.locator(".form-problems")).to_be_focused()
    page.locator("[name=typed]").fill(box.address)
    page.locator("main form button.btn-danger").click()
    orders.confirm(Order.objects.get(state="proposed"), actor=User.objects.exclude(pk=clerk.pk).get())
    jobs.run()
    page.goto(box.get_absolute_url())
    see("revoked")
    page.locator("#renew").click()
    see("reactivate")


@both
def test_what_went_wrong_with_an_order_is_told(
    screen: Page, clerk: User, box: Mailbox, look: Look, accessible: Accessible, jobs: Jobs, vendor: Sandbox
) -> None:
    page = screen
    vendor.wallet = Decimal(1)
    orders.order_renewal(box, years=1, price=Decimal(99), expires_seen=box.expires_at, actor=clerk)
    jobs.run()
    page.goto(box.get_absolute_url())
    look(page, "life-not-done")
    accessible(page)
    Order.objects.update(state="uncertain", problem_code="")
    page.goto(box.get_absolute_url())
    look(page, "life-uncertain")
    accessible(page)


@both
def test_a_mailbox_bought_elsewhere_is_recorded_and_one_found_is_adopted(
    screen: Page, look: Look, accessible: Accessible, vendor: Sandbox
) -> None:
    page = screen
    page.goto("/mailboxes/record/")
    look(page, "life-record")
    accessible(page)
    vendor.create_mailbox("flat@pecmassiva.com", kernel.PASSWORD)
    adopting.reconcile(client=vendors.connect())
    page.goto("/mailboxes/")
    look(page, "life-found")
    accessible(page)
    page.goto(f"/mailboxes/found/{Found.objects.get().pk}/")
    look(page, "life-adopt")
    accessible(page)
    page.locator("main form button.btn-primary").click()
    expect(page.locator("#history")).to_be_visible()
    look(page, "life-adopted")


@both
def test_the_cost_of_a_look_up_is_shown_and_its_results_follow(
    screen: Page, look: Look, accessible: Accessible, jobs: Jobs, settings: Settings
) -> None:
    page = screen
    settings.LOOKUP_COMPANY_PRICE = "0.05"
    Body.objects.create(
        ipa_code="c_x1",
        name="Comune di Prova",
        tax_code="00301860544",
        addresses=["protocollo@pec.comune.prova.example"],
        loaded_at=timezone.now(),
    )
    page.goto("/lookups/")
    look(page, "lookup")
    accessible(page)
    page.locator("[name=codes]").fill("12485671007\n00301860544\n11111111115")
    page.locator("main form button.btn-primary").first.click()
    look(page, "lookup-cost")
    accessible(page)
    page.locator("[name=order]").click()
    expect(page.locator("#results")).to_be_visible()
    jobs.run()
    page.goto(f"/lookups/{LookUp.objects.get().pk}/")
    look(page, "lookup-results")
    accessible(page)
    page.goto("/lookups/")
    page.locator("[name=domain]").fill("legalmail.it")
    page.locator("main form button.btn-outline-primary").click()
    look(page, "lookup-domain")
    accessible(page)
