"""A clerk keeps a text, and begins another campaign with it."""

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_a_text_is_kept_and_used_again(
    request: pytest.FixtureRequest, screen: str, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    first: Campaign = build.ready(clerk)
    second = build.upload(build.draft(clerk, name="Secondi avvisi"), build.CSV)
    page: Page = request.getfixturevalue(screen)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])

    page.goto(f"/campaigns/{first.pk}/text/")
    page.get_by_label("Keep the saved text of this campaign as").fill("Solleciti")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("The text is kept as “Solleciti”, version 1.")).to_be_visible()
    look(page, "text-kept")
    accessible(page)

    page.goto(f"/campaigns/{second.pk}/text/")
    page.get_by_label("Begin with a saved text").select_option("Solleciti")
    look(page, "text-begin")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("Subject")).to_have_value(build.SUBJECT)

    page.get_by_role("link", name="All saved texts").click()
    look(page, "saved-texts")
    accessible(page)
    page.get_by_role("link", name="Solleciti").click()
    look(page, "saved-text")
    accessible(page)

    page.get_by_role("link", name="Write a new version").click()
    editor = page.get_by_role("textbox", name="Text", exact=True)
    editor.click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Saluti.")
    look(page, "saved-text-edit")
    accessible(page)
    page.get_by_role("button", name="Keep this version").click()
    expect(page.get_by_text("The text is kept as “Solleciti”, version 2.")).to_be_visible()
