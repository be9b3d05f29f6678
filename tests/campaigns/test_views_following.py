"""The pages on which one deals with what did not arrive, copies a campaign, and tries a message."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.states import Shown
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def campaign(clerk: User) -> Campaign:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED, Shown.UNDELIVERED, Shown.UNDELIVERED])
    for row in campaign.messages.filter(status=Shown.UNDELIVERED):
        build.receipt(row, "non_delivery", cause="unknown_address")
    return campaign


def url(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(f"campaigns:{name}", args=[campaign.pk, *more])


def test_failures_stand_on_the_page_with_what_to_do(browser: Client, campaign: Campaign) -> None:
    text = words(browser.get(campaign.get_absolute_url()))

    assert "The address does not exist · 2 messages" in text
    assert "correct them in the new campaign" in text
    assert "New campaign with these" in text


def test_whoever_may_not_see_recipients_sees_no_failures(client: Client, clerk: User, campaign: Campaign) -> None:
    client.force_login(kernel.user(build.organisation_of(clerk), Role.ADMINISTRATOR))

    assert "The address does not exist" not in words(client.get(campaign.get_absolute_url()))


def test_a_new_campaign_with_them_leads_to_the_addresses(browser: Client, campaign: Campaign) -> None:
    answer = browser.post(url("again", campaign, "unknown_address"), follow=True)
    draft = Campaign.objects.exclude(pk=campaign.pk).get()
    assert answer.redirect_chain[-1][0] == url("addresses", draft)

    wrong = browser.post(url("addresses", draft), {"address-3": "nessuno", "address-4": "ditta4@pec.example"})
    assert wrong.status_code == 422
    assert "Row 3" in words(wrong)
    right = {"address-3": "nuova@pec.example", "address-4": "ditta4@pec.example"}
    browser.post(url("addresses", draft), right, follow=True)

    assert list(draft.recipients.order_by("line").values_list("address", flat=True)) == [
        "nuova@pec.example",
        "ditta4@pec.example",
    ]
    assert "All are in a new campaign" in words(browser.get(campaign.get_absolute_url()))
    old = campaign.messages.get(line=3)
    assert draft.name in words(browser.get(old.get_absolute_url()))
    sent = build.launched(draft).messages.get(line=3)
    assert old.ref in words(browser.get(sent.get_absolute_url()))


def test_a_second_click_says_that_none_is_left(browser: Client, campaign: Campaign) -> None:
    for _time in range(2):
        answer = browser.post(url("again", campaign, "unknown_address"), follow=True)

    assert "None of these messages is left" in words(answer)
    assert Campaign.objects.count() == 2


def test_a_note_closes_them(browser: Client, campaign: Campaign) -> None:
    assert browser.get(url("close", campaign, "unknown_address")).status_code == 200
    assert browser.post(url("close", campaign, "unknown_address"), {"reason": ""}).status_code == 422

    browser.post(url("close", campaign, "unknown_address"), {"reason": "Avvisati per telefono."})

    page = words(browser.get(campaign.messages.get(line=3).get_absolute_url()))
    assert "Avvisati per telefono." in page


@pytest.mark.parametrize("name", ["again", "close"])
def test_a_cause_that_nobody_knows_is_not_there(browser: Client, campaign: Campaign, name: str) -> None:
    assert browser.post(url(name, campaign, "malocchio")).status_code == 404


def test_a_campaign_is_duplicated_without_its_list(browser: Client, clerk: User) -> None:
    campaign = build.launched(build.ready(clerk))

    answer = browser.post(url("duplicate", campaign), follow=True)

    copy = Campaign.objects.exclude(pk=campaign.pk).get()
    assert answer.redirect_chain[-1][0] == url("recipients", copy)
    assert (copy.subject, copy.recipients_total) == (campaign.subject, 0)


def test_a_test_is_followed_on_a_page_of_its_own_and_stands_in_no_list(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    assert "Send this message to yourself" in words(browser.get(url("preview", campaign)))

    answer = browser.post(url("test", campaign), {"line": "3", "address": "io@prova.example"}, follow=True)

    assert "This is a test" in words(answer)
    test = campaign.tests.get()
    assert test.recipients.get().values["nome"] == "Ditta Bianchi"
    assert str(test) not in words(browser.get(reverse("campaigns:index")))
    assert str(test) not in words(browser.get("/"))
    assert test.get_absolute_url() in browser.get(campaign.get_absolute_url()).content.decode()


@pytest.mark.parametrize("address", ["", "nessuno", "x" * 300])
def test_a_test_to_nobody_says_what_is_wrong(browser: Client, clerk: User, address: str) -> None:
    campaign = build.ready(clerk)

    answer = browser.post(url("test", campaign), {"line": "3", "address": address}, follow=True)

    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == url("preview", campaign)
    assert not campaign.tests.exists()


def test_numbers_of_the_office_stand_on_the_page_and_in_the_results(browser: Client, clerk: User) -> None:
    campaign = build.ready(clerk)
    given = {"name": campaign.name, "mailbox": campaign.mailbox_id, "protocol": "2026/0012345", "reference": "F-7"}
    browser.post(url("edit", campaign), given)
    campaign.refresh_from_db()
    build.launched(campaign)

    assert "2026/0012345" in words(browser.get(campaign.get_absolute_url()))
    table = b"".join(browser.get(url("results", campaign))).decode("utf-8-sig").splitlines()
    assert ";2026/0012345;F-7;" in table[1]
