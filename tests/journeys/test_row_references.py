"""Numbers of single rows where they are chosen and shown, and the page of a job on many contacts."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign, ContactRun
from campaigns.preparing import contacts, writing
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LIST = (
    "nome;pec;Protocollo;Fascicolo;Lotto;Centro di costo\n"
    "Rossi;rossi@pec.example;2026/0001234;F-7;;CC 10\n"
    "Bianchi;bianchi@pec.example;2026/0001235;F-7;L2;CC 11\n"
)


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_each_row_has_its_numbers_from_the_columns_to_the_search(
    request: pytest.FixtureRequest,
    screen: str,
    clerk: User,
    sign_in: SignIn,
    look: Look,
    accessible: Accessible,
    tmp_path: Path,
) -> None:
    campaign = build.draft(clerk)
    page: Page = request.getfixturevalue(screen)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    page.goto(f"/campaigns/{campaign.pk}/sender/")
    page.get_by_text("Further references").click()
    page.get_by_label("Name of reference 1").fill("Determina")
    page.get_by_label("Value of reference 1").fill("12/2026")
    look(page, "sender-further")
    accessible(page)
    page.get_by_role("button", name="Save and go on").click()

    path = tmp_path / "elenco.csv"
    path.write_text(LIST)
    page.get_by_label("File with the recipients").set_input_files(path)
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_label("What “Protocollo” is")).to_have_value("protocol")
    page.get_by_label("What “Fascicolo” is").select_option("Reference")
    page.get_by_label("What “Lotto” is").select_option("Second reference")
    page.get_by_label("What “Centro di costo” is").select_option("Third reference")
    look(page, "columns-references")
    accessible(page)
    page.get_by_role("button", name="Take the list in").click()
    expect(page.get_by_text("2 recipients were read.")).to_be_visible()

    writing.save(campaign, subject=build.SUBJECT, body=build.BODY, actor=clerk)
    build.launched(Campaign.objects.get(pk=campaign.pk))
    page.goto(f"/campaigns/{campaign.pk}/")
    page.get_by_label("Recipient, reference or protocol number").fill("2026/0001235")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="bianchi@pec.example")).to_be_visible()
    expect(page.get_by_role("link", name="rossi@pec.example")).to_have_count(0)
    look(page, "messages-references")
    accessible(page)
    page.get_by_role("link", name="bianchi@pec.example").click()
    expect(page.get_by_text("CC 11")).to_be_visible()
    look(page, "message-references")


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_a_job_on_many_contacts_is_watched_and_cancelled(
    request: pytest.FixtureRequest,
    screen: str,
    clerk: User,
    sign_in: SignIn,
    look: Look,
    accessible: Accessible,
    tmp_path: Path,
) -> None:
    path = tmp_path / "contatti.csv"
    path.write_text("pec\n" + "".join(f"ditta{n}@pec.example\n" for n in range(contacts.AT_ONCE + 1)))
    office = build.organisation_of(clerk)
    run = contacts.take_in(office, path, name=path.name, group=None, actor=clerk)
    assert isinstance(run, ContactRun)
    page: Page = request.getfixturevalue(screen)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])

    page.goto(run.get_absolute_url())
    expect(page.get_by_text("It begins in a moment.")).to_be_visible()
    look(page, "contact-run")
    accessible(page)
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_text("It was stopped", exact=True)).to_be_visible()
    look(page, "contact-run-cancelled")
    accessible(page)
