"""The administrator of an organisation makes its rules stricter, and sees why they cannot be loosened."""

import pytest
from playwright.sync_api import Page, expect

from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

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
def test_rules_are_made_stricter_and_not_loosened(
    screen: Page, chief: User, look: Look, accessible: Accessible
) -> None:
    screen.goto("/")
    screen.locator(".portal-menu summary").click()
    look(screen, "settings-menu")
    screen.get_by_role("link", name="Organisation settings").click()
    look(screen, "settings")
    accessible(screen)

    screen.get_by_label("Campaigns that an approver has to approve").select_option("always")
    screen.get_by_text("Two people decide on messages in doubt", exact=True).click()  # its label draws the box
    screen.get_by_role("button", name="Save").click()
    expect(screen.get_by_text("The settings are saved.")).to_be_visible()
    expect(screen.get_by_text("None → All")).to_be_visible()
    look(screen, "settings-saved")
    assert Organisation.objects.get().four_eyes == "always"

    screen.get_by_label("Campaigns that an approver has to approve").select_option("never")
    screen.get_by_role("button", name="Save").click()
    expect(screen.get_by_role("alert").first).to_contain_text("only be made stricter")
    look(screen, "settings-refused")
    accessible(screen)
    assert Organisation.objects.get().four_eyes == "always"
