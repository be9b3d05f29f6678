"""A clerk makes a letterhead, writes a letter, looks at one, and has it made for everybody."""

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from campaigns.models import Campaign
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.preparing.test_letters import CSV
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english, write

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_a_letter_on_headed_paper_for_everybody(
    request: pytest.FixtureRequest,
    screen: str,
    clerk: User,
    sign_in: SignIn,
    look: Look,
    accessible: Accessible,
    tmp_path: Path,
    jobs: Jobs,
) -> None:
    draft: Campaign = build.ready(clerk, csv=CSV)
    page: Page = request.getfixturevalue(screen)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    page.goto("/campaigns/letterheads/")
    look(page, "letterheads-none")
    page.get_by_role("link", name="Make a letterhead").click()
    page.get_by_label("Name", exact=False).fill("Carta del Comune")
    page.get_by_label("Heading").fill("Comune di Prova\nUfficio tributi")
    page.get_by_label("Foot").fill("Via Roma 1, 70100 Bari")
    picture = io.BytesIO()
    Image.new("RGB", (200, 240), "navy").save(picture, "PNG")
    page.get_by_label("Picture").set_input_files(write(tmp_path, "stemma.png", picture.getvalue()))
    look(page, "letterhead-new")
    accessible(page)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="Carta del Comune")).to_be_visible()
    look(page, "letterheads")

    page.goto(f"/campaigns/{draft.pk}/attachments/")
    page.get_by_role("link", name="Write a letter").click()
    look(page, "letter-new")
    accessible(page)
    page.get_by_label("Letterhead").select_option("Carta del Comune")
    page.get_by_label("Protocol number").fill("{{ prot }}")
    page.get_by_label("Place").fill("Bari")
    page.get_by_label("Date").fill("2026-11-02")
    page.get_by_label("Subject").fill("Avviso per {{ nome }}")
    page.get_by_role("button", name="Plain view").click()
    page.locator("#id_body").fill("Gentile {{ nome }},\n\nla sua pratica è pronta.")
    page.get_by_role("button", name="Save the letter").click()
    expect(page.get_by_text("The letter is written, but not made yet")).to_be_visible()
    look(page, "letter-written")
    accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Look at the first letter").click()
    assert "Comune di Prova" in PdfReader(download.value.path()).pages[0].extract_text()

    page.get_by_role("button", name="Make the letters").click()
    expect(page.get_by_text("The letters are being made")).to_be_visible()
    look(page, "letter-making")
    jobs.run()
    expect(page.get_by_text("2 letters are made")).to_be_visible()
    look(page, "letter-made")
    accessible(page)
