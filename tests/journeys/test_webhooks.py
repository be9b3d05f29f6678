"""An administrator makes a webhook, tests it, sees its deliveries, and gives it a new secret."""

import pytest
from playwright.sync_api import Page, expect

from pecportal.organisations.models import User
from pecportal.permissions import Role
from pecportal.webhooks.models import Because, Delivery, Webhook
from tests import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english
from tests.webhooks import build as hooks

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chief() -> User:
    return build.user(build.organisation(), Role.ADMINISTRATOR)


@pytest.fixture
def screen(request: pytest.FixtureRequest, chief: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, chief)
    in_english(page.context, page.context.cookies()[0]["domain"])
    return page


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_a_webhook_is_made_and_looked_after(screen: Page, look: Look, accessible: Accessible) -> None:
    screen.goto("/")
    screen.locator(".portal-menu summary").click()
    screen.get_by_role("link", name="Webhooks").click()
    look(screen, "webhooks-none")
    screen.get_by_role("link", name="New webhook").first.click()
    screen.get_by_label("Name").fill("Gestionale")
    screen.get_by_label("Address").fill("http://10.0.0.1/")
    screen.get_by_role("button", name="Make the webhook").click()
    expect(screen.get_by_role("alert").first).to_contain_text("Only https addresses are called")
    look(screen, "webhooks-refused")
    accessible(screen)
    screen.get_by_label("Address").fill("https://gestionale.example/una/strada/molto/lunga/" + "x" * 80)
    screen.get_by_role("button", name="Make the webhook").click()
    expect(screen.get_by_label("Secret")).to_have_value(f"{hooks.signing_of(Webhook.objects.get())}")
    look(screen, "webhooks-secret")
    accessible(screen)

    row = Webhook.objects.get()
    hooks.delivery(row, state="failed", tries=10, problem="status 500", last_status=500)
    hooks.delivery(row, state="delivered", tries=1, last_status=204)
    screen.get_by_role("link", name="Go on").click()
    screen.get_by_role("button", name="Send a test").click()
    expect(screen.get_by_text("The test is on its way")).to_be_visible()
    expect(screen.get_by_text("A test that somebody asked for")).to_be_visible()
    look(screen, "webhooks-webhook")
    accessible(screen)
    screen.get_by_role("link", name="A message's status changed").last.click()
    look(screen, "webhooks-delivery")
    accessible(screen)
    screen.get_by_role("button", name="Deliver again").click()
    expect(screen.get_by_text("The event is delivered again.")).to_be_visible()
    assert Delivery.objects.filter(state="waiting").count() == 2

    screen.get_by_role("link", name="Give it a new secret").click()
    look(screen, "webhooks-rotate")
    accessible(screen)
    screen.get_by_role("button", name="Make a new secret").click()
    expect(screen.get_by_text("The former secret signs, too")).to_be_visible()
    Webhook.objects.update(state="disabled", because=Because.GONE)
    screen.goto("/organisation/webhooks/")
    expect(screen.get_by_text("gone for good")).to_be_visible()
    look(screen, "webhooks-list")
    accessible(screen)
    screen.get_by_role("link", name="Gestionale").click()
    expect(screen.get_by_text("this program is told nothing")).to_be_visible()
    look(screen, "webhooks-off")
