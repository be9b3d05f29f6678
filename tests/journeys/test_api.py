"""Programs in a clerk's hands, and the API's description in the browser, under the policy that all pages have."""

import json

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Message
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.programs.models import ApiKey
from tests import build
from tests.api.build import program
from tests.journeys.conftest import Accessible, Complaints, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chief() -> User:
    office = build.organisation()
    build.mailbox(office)
    return build.user(office, Role.ADMINISTRATOR)


@pytest.fixture
def screen(request: pytest.FixtureRequest, chief: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, chief)
    in_english(page.context, page.context.cookies()[0]["domain"])
    return page


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_a_program_gets_its_key_and_another_and_ends(screen: Page, look: Look, accessible: Accessible) -> None:
    screen.goto("/")
    screen.locator(".portal-menu summary").click()
    screen.get_by_role("link", name="Programs").click()
    look(screen, "programs-empty")
    accessible(screen)
    screen.get_by_role("link", name="Add a program").click()
    screen.get_by_label("Name").fill("Gestionale")
    screen.get_by_text("Prepare campaigns campaigns:write", exact=True).click()
    screen.get_by_label("Networks from which the keys may be used").fill("127.0.0.0/8")
    look(screen, "program-new")
    accessible(screen)
    screen.get_by_role("button", name="Make the program and its key").click()

    text = screen.get_by_label("Key", exact=True).input_value()
    assert text.startswith(ApiKey.objects.get().prefix)
    look(screen, "program-key")
    accessible(screen)
    screen.get_by_role("link", name="I have copied it").click()
    expect(screen.get_by_text("never used")).to_be_visible()
    look(screen, "program")
    accessible(screen)

    screen.get_by_text("Replace", exact=False).first.click()
    screen.get_by_role("button", name="Make the new key").click()
    assert screen.get_by_label("Key", exact=True).input_value() != text
    screen.get_by_role("link", name="I have copied it").click()
    look(screen, "program-two-keys")
    screen.get_by_role("link", name="Programs").first.click()
    look(screen, "programs")
    accessible(screen)
    screen.get_by_role("link", name="Gestionale").click()
    screen.get_by_role("button", name="End the program").click()
    screen.get_by_role("button", name="Yes, go on").click()
    expect(screen.get_by_text("was ended")).to_be_visible()
    assert not ApiKey.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_the_description_is_tried_in_the_browser(screen: Page, look: Look) -> None:
    screen.goto("/api/v1/docs/")
    expect(screen.get_by_text("Look up a company").first).to_be_attached()
    look(screen, "api-docs")


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_the_description_is_read_in_the_browser(screen: Page, look: Look, complaints: Complaints) -> None:
    asked: list[str] = []
    screen.on("request", lambda request: asked.append(request.url))

    screen.goto("/api/v1/redoc/")

    expect(screen.get_by_text("Look up a company").first).to_be_attached()
    expect(screen.get_by_text("API docs by Redocly").first).to_be_attached()  # its maker is named, without the logo
    assert complaints[screen] == []
    assert not [url for url in asked if "redoc.ly" in url]
    look(screen, "api-redoc")


def test_a_key_is_tried_out_from_the_description(page: Page, chief: User, complaints: Complaints) -> None:
    Organisation.objects.update(programs_daily_limit=10)
    _program, key = program(Organisation.objects.get())
    page.goto("/api/v1/docs/")
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.locator(".modal-ux input").fill(key.text)
    page.locator(".modal-ux").get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .btn-done").click()
    block = page.locator("#operations-messages-messages_create")
    block.locator(".opblock-summary").click()
    block.get_by_role("button", name="Try it out").click()
    block.get_by_placeholder("Idempotency-Key").fill("prova-1")
    letter = {"mailbox": build.ADDRESS, "to": "ditta@prova.example", "subject": "Prova", "body": "Salve."}
    block.locator("textarea.body-param__text").fill(json.dumps(letter))
    block.get_by_role("button", name="Execute").click()

    expect(block.locator(".live-responses-table")).to_contain_text('"status": "queued"')
    expect(block.locator(".curl-command")).not_to_contain_text("X-CSRFToken")  # which a key does not need
    assert Message.objects.get().recipient == "ditta@prova.example"
    assert complaints[page] == []


def test_an_address_is_tried_out_from_the_description(page: Page, chief: User, sign_in: SignIn) -> None:
    sign_in(page, chief)
    page.goto("/api/v1/docs/")
    page.get_by_text("Who am I").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()

    expect(page.locator(".live-responses-table")).to_contain_text("organisation")
