"""A campaign is sent back, corrected, approved, started, taken back; another is paused, stopped, followed up."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign, Message
from campaigns.sending import launch
from campaigns.states import CampaignState, MessageState, Shown
from pecportal.organisations.models import FourEyes, Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@pytest.fixture
def clerk() -> User:
    person = build.clerk()
    User.objects.filter(pk=person.pk).update(first_name="Anna", last_name="Esempio")
    person.refresh_from_db()
    return person


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> Page:
    page: Page = request.getfixturevalue(request.param)
    return page


def enter(page: Page, sign_in: SignIn, person: User) -> None:
    page.context.clear_cookies()
    sign_in(page, person)
    in_english(page.context, page.context.cookies()[0]["domain"])


@both
def test_sent_back_corrected_approved_started_and_taken_back(
    screen: Page, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible, jobs: Jobs, settings: Settings
) -> None:
    settings.SENDING_UNDO_SECONDS = 300.0
    page = screen
    approver = kernel.user(build.organisation_of(clerk), Role.APPROVER)
    User.objects.filter(pk=approver.pk).update(first_name="Bruno", last_name="Modello")
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    campaign = build.ready(clerk, csv=build.CSV + "Ditta Neri;neri@gmail.com\n")
    build.attach(campaign)

    def check_and_hand_in() -> None:
        enter(page, sign_in, clerk)
        page.goto(f"/campaigns/{campaign.pk}/start/")
        page.get_by_role("button", name="Check all 4 messages").click()
        jobs.run()
        page.get_by_role("button", name="Hand it in for approval").click()
        expect(page.get_by_text("It waits for its approval")).to_be_visible()
        jobs.run()

    check_and_hand_in()
    look(page, "approval-waiting")
    accessible(page)
    enter(page, sign_in, approver)
    page.goto("/")
    look(page, "approval-home")
    page.goto(campaign.get_absolute_url())
    page.get_by_role("link", name="Look at it and decide").click()
    look(page, "approval-sheet")
    accessible(page)
    page.get_by_label("Reason").fill("Nel testo manca la scadenza.")
    page.get_by_role("button", name="Send it back").click()
    expect(page.get_by_text("went back to its preparer")).to_be_visible()
    enter(page, sign_in, clerk)
    page.goto(campaign.get_absolute_url())
    expect(page.locator("#rejected")).to_contain_text("Nel testo manca la scadenza.")
    look(page, "approval-rejected")
    accessible(page)
    page.goto(f"/campaigns/{campaign.pk}/text/")
    page.get_by_role("button", name="Plain view").click()
    page.locator("#id_body").fill("Gentile {{ nome }}, la scadenza è il 31 dicembre.")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name="Attachments")).to_be_visible()
    page.goto(f"/campaigns/{campaign.pk}/start/")
    expect(page.get_by_text("The check is void")).to_be_visible()
    look(page, "approval-void")
    accessible(page)

    check_and_hand_in()
    enter(page, sign_in, approver)
    page.goto(f"/campaigns/{campaign.pk}/approval/")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("The campaign is approved: it can be started.")).to_be_visible()
    look(page, "approval-approved")
    accessible(page)
    enter(page, sign_in, clerk)
    page.goto(f"/campaigns/{campaign.pk}/start/")
    look(page, "approval-start")
    page.get_by_role("button", name="Send 4 certified messages").click()
    jobs.run()
    expect(page.locator("#undoing")).to_contain_text("It leaves in 5 minutes.")
    look(page, "approval-scheduled")
    accessible(page)
    page.get_by_role("button", name="Take the start back").click()
    expect(page.get_by_text("nothing was sent, and the campaign is a draft again")).to_be_visible()
    assert not Message.objects.exists()
    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT


@both
def test_paused_stopped_and_followed_up(
    screen: Page, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible
) -> None:
    page = screen
    statuses = [Shown.DELIVERED] * 4 + [Shown.UNDELIVERED] * 4 + [Shown.FAILED, Shown.SENDING, Shown.SENDING]
    campaign = build.started(clerk, statuses=[*statuses, *[Shown.QUEUED] * 9], name="Solleciti TARI 2026")
    causes = ["mailbox_full", "unknown_address", "unknown_address", "not_certified"]
    failed = campaign.messages.filter(status=Shown.UNDELIVERED).order_by("line")
    for row, cause in zip(failed, causes, strict=True):
        build.receipt(row, "non_delivery", cause=cause)
    enter(page, sign_in, clerk)
    page.goto(campaign.get_absolute_url())
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("2 messages were already on their way, and are finished.")).to_be_visible()
    expect(page.locator("#live")).to_contain_text("Pausing")
    look(page, "halting-pausing")
    accessible(page)
    Message.objects.filter(state=MessageState.SENDING).move(MessageState.SUBMITTED)
    expect(page.locator("#live")).to_contain_text("Paused")
    page.get_by_role("link", name="Stop the campaign").click()
    page.get_by_label("Reason").fill("L'importo era sbagliato.")
    look(page, "halting-stop")
    accessible(page)
    page.get_by_role("button", name="Stop the campaign").click()
    expect(page.get_by_text("9 messages will not be sent.")).to_be_visible()
    look(page, "halting-stopped")
    accessible(page)

    page.locator("a[href$='/not_certified/close/']").click()
    page.get_by_role("textbox", name="Note").fill("Spedita una raccomandata.")
    look(page, "following-close")
    accessible(page)
    page.get_by_role("button", name="Close with this note").click()
    page.locator("form[action$='/unknown_address/again/'] button").click()
    expect(page.get_by_role("heading", name="Correct the addresses")).to_be_visible()
    look(page, "following-addresses")
    accessible(page)
    page.get_by_label("Address of row 7").fill("nuova@pec.example")
    page.get_by_role("button", name="Save the addresses").click()
    expect(page.get_by_text("2 rows come from an earlier campaign.")).to_be_visible()
    look(page, "following-draft")
    accessible(page)
    draft = Campaign.objects.exclude(pk=campaign.pk).get()
    assert draft.recipients.get(line=7).address == "nuova@pec.example"


@both
def test_a_message_is_tried_and_a_few_go_first(
    screen: Page, clerk: User, sign_in: SignIn, look: Look, accessible: Accessible, jobs: Jobs
) -> None:
    page = screen
    campaign = build.ready(clerk)
    enter(page, sign_in, clerk)
    page.goto(f"/campaigns/{campaign.pk}/when/")
    page.get_by_label("Messages on trial").fill("2")
    look(page, "trying-when")
    page.get_by_role("button", name="Save and go on").click()
    look(page, "trying-preview")
    accessible(page)
    page.get_by_label("Send this message to yourself as a test").fill("io@pec.example")
    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_text("This is a test")).to_be_visible()
    look(page, "trying-test")
    accessible(page)
    page.goto("about:blank")  # the test's page loads itself anew when its state has moved
    launch.freeze(campaign.tests.get().pk)
    campaign.refresh_from_db()
    build.launched(campaign)
    page.goto(campaign.get_absolute_url())
    expect(page.locator("#pilot")).to_contain_text("The first 2 messages go alone")
    look(page, "trying-pilot")
    accessible(page)


@pytest.mark.parametrize("width", [1280, 375])
def test_the_sheet_can_be_printed(
    chromium: Browser, live_server: LiveServer, page: Page, clerk: User, sign_in: SignIn, look: Look, width: int
) -> None:
    campaign = build.ready(clerk)
    sheet = build.checked(campaign)
    enter(page, sign_in, clerk)
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(sheet.get_absolute_url())
    look(page, f"sheet-{width}")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Cost and mailbox")).to_be_visible()
    expect(page.get_by_role("link", name="Download as PDF")).not_to_be_visible()
    look(page, f"sheet-printed-{width}")
