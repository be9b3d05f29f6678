"""An auditor reads the journal, looks for something, and has it verified."""

import pytest
from playwright.sync_api import Page, expect

from pecportal.journal import checking, origin
from pecportal.journal.record import record
from pecportal.permissions import Role
from tests import build
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_an_auditor_reads_filters_and_verifies(
    request: pytest.FixtureRequest, screen: str, sign_in: SignIn, look: Look, accessible: Accessible, jobs: Jobs
) -> None:
    office = build.organisation(name="Comune di Prova")
    box = build.mailbox(office, address="ufficio@prova.example")
    clerk, auditor = build.user(office, Role.KEEPER), build.user(office, Role.AUDITOR)
    with origin.coming_from(origin.Door.BROWSER, "192.0.2.7"):
        record("mailbox.credentials", actor=clerk, organisation=office, target=box)
        record("mailbox.plan", actor=clerk, organisation=office, target=box, before={"plan": "A"}, after={"plan": "B"})
    record("mailbox.state", organisation=office, target=box, state="active", source="polling")
    page: Page = request.getfixturevalue(screen)
    sign_in(page, auditor)
    in_english(page.context, page.context.cookies()[0]["domain"])

    page.goto("/journal/")
    expect(page.get_by_text("The plan of the mailbox “ufficio@prova.example” was changed")).to_be_visible()
    look(page, f"journal-{screen}")
    accessible(page)

    page.get_by_text("Look for something").click()
    page.get_by_label("What was done").select_option("mailbox.plan")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody summary").click()
    expect(page.get_by_text("A → B")).to_be_visible()
    look(page, f"journal-filtered-{screen}")
    accessible(page)

    page.get_by_role("button", name="Verify the journal").click()
    expect(page.get_by_role("status").first).to_be_visible()
    checking.resume_lost()
    jobs.run()
    page.goto("/journal/")
    expect(page.get_by_text("entries of the portal hold")).to_be_visible()
    look(page, f"journal-verified-{screen}")
    accessible(page)
