"""The desk's pages: what no rule could match is listed, explained, dealt with, and taken back."""

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Message, Receipt
from campaigns.states import Shown
from campaigns.tracking import intake
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db
DESK = "campaigns:desk"


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def campaign(clerk: User) -> Campaign:
    return build.started(clerk, statuses=[Shown.UNCERTAIN])


def page(name: str, receipt: Receipt) -> str:
    return reverse(f"campaigns:{name}", args=[receipt.pk])


def test_an_empty_desk_says_that_nothing_waits(browser: Client, campaign: Campaign) -> None:
    assert "Nothing is waiting here" in words(browser.get(reverse(DESK)))


def test_the_index_of_campaigns_leads_to_the_desk_with_the_number_of_open_items(
    browser: Client, campaign: Campaign
) -> None:
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso uno")
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso due")

    assert "Items without a message (2)" in words(browser.get(reverse("campaigns:index")))


def test_the_list_shows_what_it_is_and_why_it_is_nobodys(browser: Client, campaign: Campaign) -> None:
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso <b>uno</b>")

    text = browser.get(reverse(DESK)).content.decode()

    assert "Delivery receipt" in text
    assert "Avviso &lt;b&gt;uno&lt;/b&gt;" in text
    assert "no reference of the portal" in text


def test_the_list_goes_on_to_older_items_page_by_page(browser: Client, campaign: Campaign) -> None:
    intake.take(campaign.mailbox, [build.item(f"CONSEGNA: Avviso {n}") for n in range(70)])
    seen: list[int] = []
    url = reverse(DESK)
    for _page in range(3):
        response = browser.get(url)
        seen += [item.pk for item in response.context["items"]]
        url = f"{reverse(DESK)}?older_than={response.context['older']}"

    assert response.context["older"] is None
    assert seen == list(Receipt.objects.order_by("-pk").values_list("pk", flat=True))


def test_items_are_found_by_mailbox_and_by_what_was_done(browser: Client, clerk: User, campaign: Campaign) -> None:
    other = kernel.mailbox(campaign.organisation, address="altra@prova.example")
    mine = build.unmatched(campaign.mailbox, "CONSEGNA: uno")
    theirs = build.unmatched(other, "CONSEGNA: due")
    browser.post(page("desk_aside", theirs))

    def shown(**query: str | int) -> list[Receipt]:
        return list(browser.get(reverse(DESK), query).context["items"])

    assert shown() == shown(mailbox_choice=campaign.mailbox_id) == [mine]
    assert shown(show="ignored") == shown(show="all", mailbox_choice=other.pk) == [theirs]
    assert shown(show="all") == [theirs, mine]
    assert shown(show="nonsense", older_than="x", mailbox_choice="999999") == [mine]


def test_a_suggested_message_is_linked_with_its_button_and_the_link_taken_back(
    browser: Client, campaign: Campaign
) -> None:
    message = campaign.messages.get()
    receipt = build.unmatched(campaign.mailbox, "CONSEGNA: x", body=f"destinato a {message.recipient}")

    response = browser.get(page("desk_item", receipt))
    assert f'value="{message.ref}-1"' not in response.content.decode()
    assert "the recipient is named in the text" in words(response)

    assert "Only an approver of your organisation may decide" in words(response)
    assert browser.post(page("desk_link", receipt), {"ref": f"{message.ref}-1"}).status_code == 422
    assert Message.objects.get().status == Shown.UNCERTAIN

    browser.force_login(kernel.user(campaign.organisation, Role.APPROVER))
    response = browser.get(page("desk_item", receipt))
    assert f'value="{message.ref}-1"' in response.content.decode()
    browser.post(page("desk_link", receipt), {"ref": f"{message.ref}-1"})
    assert Message.objects.get().status == Shown.DELIVERED
    assert "Given to this message by" in words(browser.get(message.get_absolute_url()))

    browser.post(page("desk_undo", receipt))
    assert Message.objects.get().status == Shown.UNCERTAIN


def test_a_wrong_reference_is_told_beside_the_field(browser: Client, campaign: Campaign) -> None:
    receipt = build.unmatched(campaign.mailbox, "CONSEGNA: x")

    response = browser.post(page("desk_link", receipt), {"ref": "0000000000"})

    assert response.status_code == 422
    assert "No message that was sent from this mailbox" in words(response)


def test_another_organisations_mailbox_is_no_choice(browser: Client, campaign: Campaign) -> None:
    foreign = kernel.mailbox(address="altrove@prova.example")
    build.unmatched(foreign, "CONSEGNA: segreto")

    text = words(browser.get(reverse(DESK), {"mailbox_choice": str(foreign.pk), "show": "all"}))

    assert "altrove" not in text
    assert "segreto" not in text


@pytest.mark.parametrize("role", [Role.KEEPER, Role.ADMINISTRATOR, Role.AUDITOR])
def test_who_may_not_see_contents_has_no_desk(client: Client, campaign: Campaign, role: Role) -> None:
    receipt = build.unmatched(campaign.mailbox, "CONSEGNA: x")
    client.force_login(kernel.user(campaign.organisation, role))

    assert client.get(reverse(DESK)).status_code == 404
    assert client.get(page("desk_item", receipt)).status_code == 404
    assert client.post(page("desk_aside", receipt)).status_code == 404
    assert reverse(DESK) not in client.get(reverse("campaigns:index")).content.decode()


def test_the_campaigns_page_counts_replies_and_finds_them(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED] * 2)
    first = campaign.messages.order_by("pk")[0]
    build.unmatched(campaign.mailbox, f"POSTA CERTIFICATA: Re: Rif. {first.ref}")

    assert "Replies 1" in words(browser.get(campaign.get_absolute_url()))
    found = browser.get(campaign.get_absolute_url(), {"answered": "incoming"}).context["page"].rows
    assert list(found) == [first]


def test_the_campaigns_page_says_in_plain_words_that_no_acceptance_came(browser: Client, clerk: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    campaign = build.started(clerk, statuses=[Shown.SUBMITTED] * 2)
    Message.objects.update(sent_at=timezone.now() - timedelta(hours=2))

    text = words(browser.get(campaign.get_absolute_url()))
    assert "2 messages were handed to the provider more than an hour ago" in text


def test_the_campaigns_page_says_that_its_mailbox_is_too_full(browser: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.QUEUED])
    type(campaign.mailbox).objects.update(space_used=92, space_limit=100)

    assert "92% full" in words(browser.get(campaign.get_absolute_url()))
    assert "92% full" in words(browser.get(campaign.mailbox.get_absolute_url()))


def test_operators_find_the_desks_items_and_none_of_their_words(client: Client, campaign: Campaign) -> None:
    build.unmatched(campaign.mailbox, "CONSEGNA: Segreto", body="Parola segreta")
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))

    listed = client.get(reverse("admin:campaigns_receipt_changelist"), {"on_desk": "open"})

    assert listed.status_code == 200
    assert listed.context["cl"].result_count == 1
    assert "segret" not in listed.content.decode().lower()
    assert (
        client.get(reverse("admin:campaigns_receipt_changelist"), {"on_desk": "linked"}).context["cl"].result_count == 0
    )
