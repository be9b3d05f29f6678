"""Campaigns are followed live, found again by status and recipient, and taken home as CSV."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.states import CampaignState, Shown
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


def test_the_index_shows_each_campaign_with_its_state_and_progress(browser: Client, clerk: User) -> None:
    build.draft(clerk, name="Solleciti")
    build.started(clerk, statuses=[Shown.DELIVERED, Shown.UNDELIVERED, Shown.QUEUED], name="Avvisi")

    text = words(browser.get(reverse("campaigns:index")))

    assert "Solleciti" in text
    assert "Not started" in text
    assert "2 of 3 sent · 1 to look at" in text


def test_the_index_asks_the_database_equally_often_for_one_and_for_many(
    browser: Client, clerk: User, django_assert_max_num_queries: object
) -> None:
    build.started(clerk, statuses=[Shown.DELIVERED], name="Primi avvisi")
    with CaptureQueriesContext(connection) as one:
        browser.get(reverse("campaigns:index"))
    for number in range(12):
        build.started(clerk, statuses=[Shown.DELIVERED], name=f"Avvisi {number}")

    with django_assert_max_num_queries(len(one)):  # type: ignore[operator]
        browser.get(reverse("campaigns:index"))


def test_an_empty_index_invites_to_begin(browser: Client) -> None:
    assert "There is no campaign yet" in words(browser.get(reverse("campaigns:index")))


def test_the_counts_of_the_page_add_up_to_the_total(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=list(Shown))

    response = browser.get(campaign.get_absolute_url())

    assert response.context["progress"].total == len(Shown)
    text = words(response)
    assert f"Messages {len(Shown)} " in text
    for status in Shown:
        assert f"{status.label} 1" in text


def test_the_page_looks_again_by_itself_while_something_may_change(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.ACCEPTED])
    live = reverse("campaigns:live", args=[campaign.pk])

    assert f'hx-get="{live}?state=running"' in browser.get(campaign.get_absolute_url()).content.decode()
    fragment = browser.get(live, headers=HTMX).content.decode()
    assert 'hx-trigger="every 2s"' in fragment
    assert "<html" not in fragment

    campaign.messages.update(status=Shown.DELIVERED)
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.COMPLETED)

    assert "hx-trigger" not in browser.get(live, headers=HTMX).content.decode()


def test_a_launch_that_failed_while_it_was_watched_reloads_the_page(browser: Client, clerk: User) -> None:
    campaign = build.draft(clerk)

    response = browser.get(reverse("campaigns:live", args=[campaign.pk]), headers=HTMX)

    assert response["HX-Refresh"] == "true"


def test_the_whole_page_is_loaded_again_when_the_campaign_moved_on(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.QUEUED])
    live = reverse("campaigns:live", args=[campaign.pk])

    same = browser.get(live, {"state": "running"}, headers=HTMX)
    other = browser.get(live, {"state": "launching"}, headers=HTMX)

    assert "HX-Refresh" not in same.headers
    assert other.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("name", ["live", "messages"])
def test_without_htmx_a_fragments_address_leads_to_the_page(browser: Client, clerk: User, name: str) -> None:
    campaign = build.started(clerk, statuses=[Shown.ACCEPTED])

    response = browser.get(reverse(f"campaigns:{name}", args=[campaign.pk]))

    assert response["Location"] == campaign.get_absolute_url()


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({"status": "delivered"}, [2, 4]),
        ({"status": "nonsense"}, [2, 3, 4]),
        ({"q": "DITTA3@"}, [3]),
        ({"q": "nobody"}, []),
        ({"status": "delivered", "q": "ditta4"}, [4]),
        ({"page": "99"}, [2, 3, 4]),
        ({"page": "x", "q": "%"}, []),
    ],
)
def test_messages_are_found_by_status_and_recipient(
    browser: Client, clerk: User, query: dict[str, str], lines: list[int]
) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED, Shown.QUEUED, Shown.DELIVERED])

    response = browser.get(campaign.get_absolute_url(), query)

    assert [message.line for message in response.context["page"].rows] == lines


def test_a_message_is_found_by_its_reference(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED, Shown.DELIVERED])
    wanted = campaign.messages.order_by("-line")[0]

    response = browser.get(campaign.get_absolute_url(), {"q": wanted.ref.lower()})

    assert list(response.context["page"].rows) == [wanted]


def test_a_message_shows_its_story_its_receipts_and_what_to_do(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.UNDELIVERED])
    row = campaign.messages.get()
    build.receipt(row, "acceptance", body="<b>accettato</b>")
    build.receipt(row, "non_delivery", cause="mailbox_full", reason="5.2.2 - casella piena")

    response = browser.get(reverse("campaigns:message", args=[campaign.pk, row.pk]))

    text = words(response)
    assert "The recipient's mailbox is full." in text
    assert "7 days" in text
    assert "5.2.2 - casella piena" in text
    assert row.ref in text
    assert b"<b>accettato</b>" not in response.content
    assert "courtesy copy" in text


def test_a_message_of_another_campaign_is_not_there(browser: Client, clerk: User) -> None:
    first = build.started(clerk, statuses=[Shown.DELIVERED])
    second = build.started(clerk, statuses=[Shown.DELIVERED])

    response = browser.get(reverse("campaigns:message", args=[first.pk, second.messages.get().pk]))

    assert response.status_code == 404


def test_the_results_are_a_download(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED], name="Avvisi è ora\r\n=1")

    response = browser.get(reverse("campaigns:results", args=[campaign.pk]))

    assert response["Content-Disposition"] == 'attachment; filename="avvisi-e-ora-1.csv"'
    assert b"ditta2@pec.example" in b"".join(response)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.KEEPER])
def test_who_may_not_see_recipients_sees_the_counts_alone(client: Client, clerk: User, role: Role) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED])
    row = campaign.messages.get()
    client.force_login(kernel.user(campaign.organisation, role))

    page = client.get(campaign.get_absolute_url())

    assert "Delivered 1" in words(page)
    assert row.recipient not in words(page)
    assert campaign.subject not in words(page)
    closed = ["results", "messages", "edit", "recipients", "text", "attachments", "preview", "start"]
    urls = [reverse(f"campaigns:{name}", args=[campaign.pk]) for name in closed]
    urls.append(reverse("campaigns:message", args=[campaign.pk, row.pk]))
    assert [client.get(url).status_code for url in urls] == [404] * len(urls)


def test_an_administrator_may_stop_and_not_start(client: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.QUEUED])
    client.force_login(kernel.user(campaign.organisation, Role.ADMINISTRATOR))

    assert client.post(reverse("campaigns:pause", args=[campaign.pk])).status_code == 302
    assert client.post(reverse("campaigns:resume", args=[campaign.pk])).status_code == 404

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.PAUSED
