"""A list is sent from two mailboxes: chosen, checked, started; one report; one dies, the other takes over."""

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign, Message
from campaigns.preparing import writing
from campaigns.states import MessageState, Shown
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal.organisations.models import User
from tests.campaigns import build, several
from tests.campaigns.several import FIRST, SECOND
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

screens = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@pytest.fixture
def clerk() -> User:
    person = build.clerk()
    User.objects.filter(pk=person.pk).update(first_name="Anna", last_name="Esempio")
    several.boxes(person)
    plan = {"window": "calendar", "rate": 1.0, "prices_noted_on": "2026-01-15"}
    for address, daily, price in ((FIRST, 1000, "0.0350"), (SECOND, 70, "0.0300")):
        row = Plan.objects.create(name=f"Massiva {daily}", daily_limit=daily, message_price=price, **plan)
        Mailbox.objects.filter(address=address).update(plan=row, space_used=3 * 10**8, space_limit=2 * 10**9)
    return person


@pytest.fixture
def screen(request: pytest.FixtureRequest, clerk: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    return page


def in_italian(page: Page) -> None:
    domain = page.context.cookies()[0]["domain"]
    page.context.add_cookies([{"name": "django_language", "value": "it", "domain": domain, "path": "/"}])


def both_languages(page: Page, look: Look, name: str) -> None:
    """The page as it is, and again in Italian."""
    look(page, name)
    in_italian(page)
    page.goto(page.url.partition("#")[0])
    look(page, f"{name}-it")
    in_english(page.context, page.context.cookies()[0]["domain"])
    page.goto(page.url.partition("#")[0])


def sent(campaign: Campaign, address: str, count: int, status: Shown) -> None:
    """Let the first messages of a mailbox have this status, as its receipts would."""
    rows = campaign.messages.filter(mailbox__address=address, state=MessageState.QUEUED).order_by("pk")[:count]
    mine = Message.objects.filter(pk__in=[row.pk for row in rows])
    mine.move(MessageState.SENDING)
    mine.move(MessageState.SUBMITTED)
    mine.update(status=status, verdict=status)


@screens
def test_two_mailboxes_send_one_campaign(
    screen: Page, clerk: User, look: Look, accessible: Accessible, jobs: Jobs
) -> None:
    page = screen
    page.goto("/campaigns/new/")
    page.get_by_label("Name of the campaign").fill("Solleciti TARI 2026")
    page.locator("label[for^=id_mailbox_]", has_text=FIRST).click()
    page.locator("label[for^=id_others_]", has_text=SECOND).click()
    accessible(page)
    look(page, "several-choose")
    page.get_by_role("button", name="Save and go on").click()
    expect(page.get_by_role("heading", name="Recipients", exact=True)).to_be_visible()
    campaign = Campaign.objects.get()
    assert [box.address for box in campaign.senders] == [FIRST, SECOND]
    page.goto(f"/campaigns/{campaign.pk}/sender/")
    both_languages(page, look, "several-edit")

    build.upload(campaign, several.rows(60))
    campaign.refresh_from_db()
    writing.save(campaign, subject=build.SUBJECT, body=build.BODY, actor=clerk)
    page.goto(campaign.get_absolute_url())
    both_languages(page, look, "several-draft")
    accessible(page)
    page.goto(f"/campaigns/{campaign.pk}/start/")
    page.get_by_role("button", name="Check all 60 messages").click()
    jobs.run()
    page.goto(f"/campaigns/{campaign.pk}/start/")
    expect(page.locator("#split")).to_contain_text(SECOND)
    both_languages(page, look, "several-sheet")
    accessible(page)
    page.get_by_role("button", name="Send 60 certified messages").click()
    expect(page.get_by_text("The campaign is started")).to_be_visible()
    jobs.run(most=1)
    assert several.split(campaign) == {FIRST: 40, SECOND: 20}

    sent(campaign, FIRST, 25, Shown.DELIVERED)
    sent(campaign, SECOND, 6, Shown.DELIVERED)
    sent(campaign, SECOND, 1, Shown.UNDELIVERED)
    Mailbox.objects.filter(address=SECOND).update(credentials_state=CredentialsState.REFUSED)
    page.goto(campaign.get_absolute_url())
    expect(page.get_by_text(f"From {SECOND}: 13 messages wait.")).to_be_visible()
    both_languages(page, look, "several-report")
    accessible(page)
    page.get_by_label("Sender").select_option(label=SECOND)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#table tbody tr")).to_have_count(20)
    look(page, "several-filtered")
    page.get_by_role("link", name="Send them from the other mailboxes").click()
    both_languages(page, look, "several-move")
    accessible(page)
    page.get_by_role("button", name="Move the messages").click()
    expect(page.get_by_text("13 messages were given to other mailboxes.")).to_be_visible()
    look(page, "several-moved")

    assert several.split(campaign) == {FIRST: 53, SECOND: 7}
