"""A clerk chooses hours and dates, and sees when the campaign will have been sent, on a desk and on a telephone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.models import Campaign
from campaigns.states import Shown
from mailboxes.models import Plan
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.journeys.test_campaign_pages import in_english

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def screen(request: pytest.FixtureRequest, clerk: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    return page


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_from_the_hours_to_the_forecast(screen: Page, clerk: User, look: Look, accessible: Accessible) -> None:
    campaign = build.ready(clerk)
    campaign.mailbox.plan = Plan.objects.create(name="Prova", daily_limit=51, margin=50)
    campaign.mailbox.save()
    wanted = timezone.localtime() + timedelta(days=1)

    screen.goto(f"/campaigns/{campaign.pk}/when/")
    look(screen, "when")
    accessible(screen)
    screen.get_by_label("From what time").fill("08:00")
    screen.get_by_label("Until what time").fill("08:00")
    screen.get_by_role("button", name="Save and go on").click()
    look(screen, "when-refused")
    expect(screen.get_by_role("alert")).to_contain_text("begins and ends at the same time")
    screen.get_by_label("Until what time").fill("18:00")
    screen.get_by_text("Sunday", exact=True).click()
    screen.get_by_label("To be sent by").fill(wanted.strftime("%Y-%m-%dT%H:%M"))
    screen.get_by_role("button", name="Save and go on").click()
    expect(screen.get_by_text("The times of sending are saved.")).to_be_visible()

    screen.goto(campaign.get_absolute_url())
    look(screen, "when-draft")
    accessible(screen)
    expect(screen.get_by_text("from 08:00 until 18:00")).to_be_visible()
    expect(screen.get_by_text("as was wanted")).to_have_count(1)
    expect(screen.locator("#outlook tbody tr")).to_have_count(3)


@pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)
def test_a_campaign_that_waits_for_its_hours_says_so(
    screen: Page, clerk: User, look: Look, accessible: Accessible
) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED, *[Shown.QUEUED] * 12])
    campaign.mailbox.plan = Plan.objects.create(name="Prova", daily_limit=51, margin=50)
    campaign.mailbox.save()
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=timezone.now() + timedelta(days=2))

    screen.goto(campaign.get_absolute_url())

    look(screen, "when-waiting")
    accessible(screen)
    expect(screen.locator("#live")).to_contain_text("has not begun yet")
    expect(screen.locator("#outlook")).to_contain_text("5 more days")
