"""Starting is a deliberate act on what was seen; pausing and stopping are one click, and a second does no harm."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Recipient
from campaigns.preparing import writing
from campaigns.states import CampaignState, Shown
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.pages import Answer, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


def start(browser: Client, campaign: Campaign, seen: str | None = None, **data: str) -> Answer:
    given = {"seen": build.checked(campaign).sha256 if seen is None else seen, **data}
    return browser.post(reverse("campaigns:start", args=[campaign.pk]), given, follow=True)


def state(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def test_the_page_before_the_start_shows_sender_number_and_first_message(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    build.checked(campaign)

    text = words(browser.get(reverse("campaigns:start", args=[campaign.pk])))

    assert str(campaign.mailbox) in text
    assert "Send 3 certified messages" in text
    assert "Avviso per Ditta Rossi" in text
    assert "Nothing speaks against it" in text


def test_a_campaign_starts_and_a_second_click_starts_nothing_more(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    seen = build.checked(campaign).sha256

    responses = [start(browser, campaign, seen) for _time in range(2)]

    assert [response.status_code for response in responses] == [200, 200]
    assert state(campaign) == CampaignState.LAUNCHING
    assert (campaign.launched_by, Entry.objects.filter(action="campaign.launch").count()) == (clerk, 1)


def test_findings_that_block_take_the_button_away_and_refuse_the_post(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk, csv=build.CSV + "Neri;neri\n")

    page = browser.get(reverse("campaigns:start", args=[campaign.pk]))
    assert "It cannot be started yet" in words(page)
    assert "Send 3" not in words(page)

    response = start(browser, campaign)

    assert response.status_code == 422
    assert "line 5" in words(response)
    assert state(campaign) == CampaignState.DRAFT


def test_what_has_changed_since_it_was_seen_is_not_started(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    seen = build.checked(campaign).sha256
    writing.save(campaign, subject="Altro oggetto", body=campaign.body, actor=clerk)

    response = start(browser, campaign, seen)

    assert response.status_code == 422
    assert "has changed since" in words(response)
    assert state(campaign) == CampaignState.DRAFT


def big(clerk: User, count: int) -> Campaign:
    campaign = build.ready(clerk)
    rows = [
        Recipient(
            campaign=campaign, version=campaign.list_version, line=n, address=f"d{n}@pec.example", values={"nome": "x"}
        )
        for n in range(9, count + 6)
    ]
    Recipient.objects.bulk_create(rows)
    Campaign.objects.filter(pk=campaign.pk).update(recipients_total=count)
    campaign.refresh_from_db()
    return campaign


@pytest.mark.parametrize("typed", ["1001", "1,001", "1.001", " 1 001 "])
def test_above_a_thousand_the_number_is_typed_in_however_it_is_grouped(
    browser: Client, clerk: User, typed: str
) -> None:
    campaign = big(clerk, 1001)

    start(browser, campaign, count=typed)

    assert state(campaign) == CampaignState.LAUNCHING


@pytest.mark.parametrize("typed", ["", "1000", "10010", "tutti"])
def test_another_number_does_not_start_it(browser: Client, clerk: User, typed: str) -> None:
    campaign = big(clerk, 1001)

    response = start(browser, campaign, count=typed)

    assert response.status_code == 422
    assert state(campaign) == CampaignState.DRAFT


def test_a_thousand_need_no_number(browser: Client, clerk: User) -> None:
    campaign = big(clerk, 1000)

    start(browser, campaign)

    assert state(campaign) == CampaignState.LAUNCHING


def test_a_running_campaign_is_paused_resumed_and_second_clicks_do_no_harm(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.QUEUED])
    for name, expected in (("pause", CampaignState.PAUSED), ("resume", CampaignState.RUNNING)):
        for _time in range(2):
            response = browser.post(reverse(f"campaigns:{name}", args=[campaign.pk]), follow=True)

            assert response.status_code == 200
            assert state(campaign) == expected


def test_stopping_asks_first_and_then_keeps_what_waits_from_leaving(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED, Shown.QUEUED, Shown.QUEUED])
    url = reverse("campaigns:stop", args=[campaign.pk])

    assert "cannot be called back" in words(browser.get(url))
    assert state(campaign) == CampaignState.RUNNING

    response = browser.post(url, follow=True)
    again = browser.post(url, follow=True)

    assert state(campaign) == CampaignState.STOPPED
    assert "2 messages will not be sent" in words(response)
    assert again.status_code == 200
    statuses = list(campaign.messages.order_by("line").values_list("status", flat=True))
    assert statuses == ["delivered", "cancelled", "cancelled"]


def test_a_draft_may_be_given_up(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    browser.post(reverse("campaigns:stop", args=[campaign.pk]))

    assert state(campaign) == CampaignState.STOPPED


@pytest.mark.parametrize("name", ["pause", "resume", "skip"])
def test_looking_changes_nothing(browser: Client, clerk: User, name: str) -> None:
    campaign = build.started(clerk, statuses=[Shown.QUEUED])

    assert browser.get(reverse(f"campaigns:{name}", args=[campaign.pk])).status_code == 405
    assert state(campaign) == CampaignState.RUNNING


def test_a_launch_that_came_to_nothing_is_explained(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    Campaign.objects.filter(pk=campaign.pk).update(problem="Line 3 has no value for {{ nome }}.")

    text = words(browser.get(campaign.get_absolute_url()))

    assert "nothing was sent" in text
    assert "Line 3 has no value" in text
