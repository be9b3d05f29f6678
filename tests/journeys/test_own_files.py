"""A clerk hands in a file for each recipient, and says what becomes of those that fit nowhere."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.preparing.test_own import CSV, packed
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english, write

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.mark.parametrize("screen", ["page", "phone"])
def test_files_with_gaps_are_sorted_out_before_the_start(
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
    page.goto(f"/campaigns/{draft.pk}/attachments/")
    page.get_by_role("link", name="Add a file for each recipient").click()
    look(page, "own-none")
    accessible(page)

    archive = packed({"001.txt": b"1", "fattura di Bianchi.txt": b"2", "note.xyz": b"?"})
    page.get_by_label("Files, or ZIP archives of files").set_input_files(write(tmp_path, "fatture.zip", archive))
    page.get_by_role("button", name="Upload and match").click()
    expect(page.get_by_text("“fatture.zip” is being unpacked").first).to_be_visible()
    look(page, "own-unpacking")
    accessible(page)
    jobs.run()
    expect(page.get_by_text("One file of “fatture.zip” was not taken")).to_be_visible()
    page.get_by_label("The files are named after the column").select_option("codice")
    page.get_by_role("button", name="Match by this column").click()
    expect(page.get_by_role("heading", name="Rows without a file")).to_be_visible()
    look(page, "own-gaps")
    accessible(page)

    page.get_by_label("Row", exact=True).fill("3")
    page.get_by_role("button", name="Give it to this row").click()
    page.get_by_label("Row 4 goes without a file").check()
    page.get_by_role("button", name="The ticked rows go without a file").click()
    expect(page.get_by_text("Every row is looked after")).to_be_visible()
    look(page, "own-done")
    accessible(page)

    page.goto(f"/campaigns/{draft.pk}/preview/?line=3")
    expect(page.get_by_role("link", name="fattura di Bianchi.txt")).to_be_visible()
    look(page, "own-preview")
