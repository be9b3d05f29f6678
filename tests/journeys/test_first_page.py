"""The first pages in a real browser: both sizes, with and without scripts."""

import pytest
from django.template import engines
from playwright.sync_api import Browser, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, MailboxState, VendorState
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Role
from tests.journeys.conftest import Accessible, Look, SignIn

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

PASSWORD = "una frase abbastanza lunga"
SAMPLE = """{% extends "base.html" %}
{% block title %}Sample{% endblock %}{% block heading %}Sample{% endblock %}
{% block content %}
<form id="plain" method="post" action="/taken/"><button class="btn btn-primary">Save</button></form>
<form id="asked" method="post" action="/taken/">
  <button class="btn btn-primary" data-confirm="Start it now?">Start</button>
</form>
<p>
  <span id="number">12345</span>
  <button type="button" class="btn btn-xs" data-copy="#number" data-copied="Copied" hidden>Copy</button>
</p>
{% endblock %}"""


@pytest.fixture
def clerk() -> User:
    """A clerk who may do everything in two organisations."""
    person = User.objects.create_user("anna@comune.example", PASSWORD, first_name="Anna", last_name="Bianchi")
    for name in ("Comune di Prova", "Unione dei Comuni"):
        organisation = Organisation.objects.create(name=name)
        for role in (Role.PREPARER, Role.KEEPER):
            Membership.objects.create(user=person, organisation=organisation, role=role)
    return person


@pytest.fixture
def busy(clerk: User) -> User:
    """The same clerk, with a mailbox that may send, one that may not yet, and campaigns in several states."""
    office = Organisation.objects.get(name="Comune di Prova")
    box = Mailbox.objects.create(
        organisation=office,
        created_by=clerk,
        address="tributi@pecmassiva.example",
        state=MailboxState.REGISTERED,
        vendor_state=VendorState.ACTIVE,
        credentials_state=CredentialsState.GOOD,
    )
    Mailbox.objects.create(organisation=office, created_by=clerk, address="anagrafe.e.stato.civile@pecmassiva.example")
    for state in (CampaignState.DRAFT, CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.COMPLETED):
        Campaign.objects.create(
            organisation=office, mailbox=box, created_by=clerk, name=f"Avvisi {state.value}", state=state
        )
    return clerk


def test_one_logs_in_on_a_telephone_and_lands_on_the_first_page(
    phone: Page, clerk: User, look: Look, accessible: Accessible
) -> None:
    phone.goto("/")
    look(phone, "login")
    accessible(phone)

    phone.fill("[name=login]", clerk.email)
    phone.fill("[name=password]", "not this one")
    phone.click("main button")
    expect(phone.locator(".form-problems")).to_be_focused()
    look(phone, "login-wrong")
    accessible(phone)

    phone.fill("[name=password]", PASSWORD)
    phone.click("main button")
    expect(phone.get_by_role("heading", level=1)).to_have_text("What to do next")
    expect(phone.get_by_role("link", name="Mailboxes", exact=True)).to_be_visible()


@pytest.mark.parametrize("size", ["page", "phone"])
def test_the_login_page_is_accessible(
    request: pytest.FixtureRequest, size: str, look: Look, accessible: Accessible
) -> None:
    page: Page = request.getfixturevalue(size)
    page.goto("/login/")
    look(page, "login")
    accessible(page)


@pytest.mark.parametrize("size", ["page", "phone"])
@pytest.mark.parametrize("who", ["clerk", "busy"])
def test_the_first_page_is_accessible_with_and_without_rows(
    request: pytest.FixtureRequest, size: str, who: str, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, request.getfixturevalue(who))
    page.goto("/")
    look(page, f"home-{who}")
    accessible(page)


def test_another_organisation_and_another_language_are_chosen_from_the_head_of_the_page(
    page: Page, clerk: User, sign_in: SignIn, look: Look
) -> None:
    sign_in(page, clerk)
    page.goto("/")
    page.locator("summary", has_text="Comune di Prova").click()
    look(page, "home-organisations")
    page.get_by_role("button", name="Unione dei Comuni").click()
    expect(page.locator("summary .portal-organisation")).to_have_text("Unione dei Comuni")

    page.locator(".portal-languages button[value=it]").click()
    expect(page.locator("html")).to_have_attribute("lang", "it")


def test_menus_close_with_escape_and_give_the_focus_back(page: Page, clerk: User, sign_in: SignIn) -> None:
    sign_in(page, clerk)
    page.goto("/")
    menu = page.locator("details.portal-menu", has_text="Anna Bianchi")
    menu.locator("summary").click()
    expect(menu.get_by_role("button", name="Log out")).to_be_visible()

    page.keyboard.press("Escape")

    expect(menu.get_by_role("button", name="Log out")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


def test_everything_in_the_head_works_without_scripts(chromium: Browser, live_server: LiveServer, clerk: User) -> None:
    context = chromium.new_context(
        base_url=live_server.url, java_script_enabled=False, locale="en-GB", viewport={"width": 375, "height": 812}
    )
    page = context.new_page()
    page.goto("/login/")
    page.fill("[name=login]", clerk.email)
    page.fill("[name=password]", PASSWORD)
    page.click("main button")
    for name in ("Home", "Mailboxes", "Campaigns"):
        expect(page.get_by_role("navigation", name="Main").get_by_role("link", name=name)).to_be_visible()

    page.locator("summary", has_text="Anna Bianchi").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    context.close()


def test_the_console_keeps_to_the_content_security_policy(page: Page, sign_in: SignIn, look: Look) -> None:
    sign_in(page, User.objects.create_superuser("operatore@portale.example", PASSWORD))
    for name, address in (("console", "/admin/"), ("console-person", "/admin/organisations/user/add/")):
        page.goto(address)
        look(page, name)
    page.get_by_role("link", name="Back to the portal").click()
    expect(page.get_by_role("link", name="Open the console")).to_be_visible()
    look(page, "home-operator")


@pytest.fixture
def sample(page: Page, live_server: LiveServer) -> list[str]:
    """A page of the portal with one of each comfort, opened; the list of what the browser sent from it."""
    sent: list[str] = []

    def take(route: Route) -> None:
        sent.append(route.request.method)
        route.fulfill(status=204)  # the browser stays on the page, where one may click again

    page.route("**/sample/", lambda route: route.fulfill(content_type="text/html", body=_sample()))
    page.route("**/taken/", take)
    page.goto("/sample/")
    return sent


def test_a_second_click_sends_nothing(page: Page, sample: list[str]) -> None:
    button = page.get_by_role("button", name="Save")
    button.click()
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    page.wait_for_timeout(300)

    assert sample == ["POST"]


def test_what_cannot_be_undone_asks_first(page: Page, sample: list[str], accessible: Accessible) -> None:
    page.get_by_role("button", name="Start").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Start it now?")
    accessible(page)
    dialog.get_by_role("button", name="No, go back").click()
    expect(dialog).to_be_hidden()
    assert sample == []

    page.get_by_role("button", name="Start").click()
    dialog.get_by_role("button", name="Yes, go on").click()
    page.wait_for_timeout(300)
    assert sample == ["POST"]


def test_a_number_is_copied(page: Page, sample: list[str]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "12345"


def _sample() -> str:
    return engines["django"].from_string(SAMPLE).render({})
