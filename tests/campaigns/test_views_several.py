"""Pages of a campaign that several mailboxes send: choosing them, one report, moving what one cannot send."""

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.console import board, stuck
from campaigns.models import Campaign, Message, SendingLane
from campaigns.proving import results
from campaigns.states import MessageState, Shown
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal.organisations.models import Membership, User
from pecportal.permissions import Power, Role, may, people_with
from tests import build as kernel
from tests.campaigns import build, several
from tests.campaigns.pages import words
from tests.campaigns.several import FIRST, SECOND

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(client: Client) -> User:
    person = build.clerk()
    client.force_login(person)
    return person


@pytest.fixture
def running(clerk: User) -> Campaign:
    return build.launched(several.ready(clerk, count=6))


def box(address: str) -> Mailbox:
    return Mailbox.objects.get(address=address)


def lame(address: str) -> Mailbox:
    Mailbox.objects.filter(address=address).update(credentials_state=CredentialsState.REFUSED)
    return box(address)


def test_a_clerk_chooses_two_and_takes_one_away_again(client: Client, clerk: User) -> None:
    first, second = several.boxes(clerk)
    page = client.get(reverse("campaigns:new"))
    assert "Send from further mailboxes, too" in words(page)

    client.post(reverse("campaigns:new"), {"name": "TARI", "mailbox": first.pk, "others": [first.pk, second.pk]})
    campaign = Campaign.objects.get()
    assert campaign.senders == [first, second]
    assert f"Sender {FIRST} , {SECOND}" in words(client.get(campaign.get_absolute_url()))
    edit = reverse("campaigns:edit", args=[campaign.pk])
    assert client.get(edit).context["form"].initial["others"] == {second.pk}
    client.post(edit, {"name": "TARI", "mailbox": second.pk})

    campaign.refresh_from_db()
    assert campaign.senders == [second]


def test_who_has_one_mailbox_is_asked_nothing_more(client: Client, clerk: User) -> None:
    kernel.mailbox(build.organisation_of(clerk))

    assert "further mailboxes" not in words(client.get(reverse("campaigns:new")))


def test_a_foreign_mailbox_is_as_unknown_as_one_that_does_not_exist(client: Client, clerk: User) -> None:
    first, _second = several.boxes(clerk)
    foreign = kernel.mailbox(address="altrui@prova.example")
    answers = []
    for pk in (foreign.pk, 987_654_321):
        answer = client.post(reverse("campaigns:new"), {"name": "TARI", "mailbox": first.pk, "others": [pk]})
        assert answer.status_code == 422
        answers.append(words(answer).replace(f"{pk} is not", "N is not"))

    assert answers[0] == answers[1]
    assert foreign.address not in answers[0]
    assert not Campaign.objects.exists()


def test_one_report_with_the_mailbox_as_column_and_filter(client: Client, running: Campaign) -> None:
    url = running.get_absolute_url()
    page = words(client.get(url))
    assert "The mailboxes that send it" in page
    assert f"{FIRST} 3 0 3 0" in page

    filtered = client.get(url, {"mailbox": box(SECOND).pk})

    shown = {message for message, _sender in filtered.context["rows"]}
    assert shown == set(Message.objects.filter(mailbox=box(SECOND)))
    assert {sender for _message, sender in filtered.context["rows"]} == {SECOND}
    # what makes no sense, a foreign mailbox too, is left out like any filter
    assert len(client.get(url, {"mailbox": "987654321"}).context["rows"]) == 6
    live = client.get(reverse("campaigns:live", args=[running.pk]), headers={"hx-request": "true"})
    assert "The mailboxes that send it" in words(live)


def test_the_results_name_the_mailbox_of_each_message(running: Campaign) -> None:
    table = b"".join(results.as_csv(running)).decode("utf-8-sig")

    rows = list(csv.DictReader(io.StringIO(table), delimiter=";"))

    assert [row["sender"] for row in rows] == [FIRST, SECOND] * 3


def test_the_page_of_one_mailboxes_campaign_has_no_such_column(client: Client, clerk: User) -> None:
    campaign = build.started(clerk, statuses=[Shown.DELIVERED])

    page = client.get(campaign.get_absolute_url())

    assert "mailbox" not in page.context["filters"].fields
    assert "The mailboxes that send it" not in words(page)


def test_the_page_says_what_waits_where_and_moves_it_when_asked(client: Client, running: Campaign) -> None:
    second = lame(SECOND)
    page = client.get(running.get_absolute_url())
    assert f"From {SECOND} : 3 messages wait." in words(page).replace(f"{SECOND}:", f"{SECOND} :")
    url = reverse("campaigns:move", args=[running.pk, second.pk])
    assert url in page.content.decode()
    asked = words(client.get(url))
    assert f"3 messages wait at {SECOND}" in asked
    assert several.split(running) == {FIRST: 3, SECOND: 3}

    done = client.post(url, follow=True)

    assert "3 messages were given to other mailboxes." in words(done)
    assert several.split(running) == {FIRST: 6}
    again = client.post(url, follow=True)
    assert "No message that could be moved waits" in words(again)
    assert several.split(running) == {FIRST: 6}


def test_nothing_is_moved_by_who_may_not_start_or_from_a_mailbox_of_no_campaign(
    client: Client, running: Campaign
) -> None:
    office = running.organisation
    second, idle = lame(SECOND), kernel.mailbox(office, address="terza@prova.example")
    foreign = kernel.mailbox(address="altrui@prova.example")
    for pk in (idle.pk, foreign.pk, 987_654_321):
        assert client.post(reverse("campaigns:move", args=[running.pk, pk])).status_code == 404
    client.force_login(kernel.user(office, Role.AUDITOR))
    page = client.get(running.get_absolute_url())
    url = reverse("campaigns:move", args=[running.pk, second.pk])
    assert url not in page.content.decode()

    assert client.post(url).status_code == 404

    assert several.split(running, state=MessageState.QUEUED) == {FIRST: 3, SECOND: 3}


def test_the_sheet_and_its_pdf_show_the_parts(client: Client, clerk: User) -> None:
    campaign = several.ready(clerk, count=5)
    sheet = build.checked(campaign)

    page = words(client.get(reverse("campaigns:start", args=[campaign.pk])))
    assert f"Sender {FIRST} (3), {SECOND} (2)" in page
    assert "What each mailbox sends" in page
    pdf = client.get(reverse("campaigns:sheet_pdf", args=[campaign.pk, sheet.pk]))

    assert pdf.status_code == 200
    assert pdf.content.startswith(b"%PDF")


def test_who_keeps_one_of_its_mailboxes_only_sees_nothing_of_it(client: Client, running: Campaign) -> None:
    first, second = running.senders
    person = kernel.user(running.organisation, Role.PREPARER)
    row = Membership.objects.get(user=person)
    Membership.objects.filter(pk=row.pk).update(is_limited=True)
    client.force_login(person)
    for mailboxes in ([first], [second], []):
        row.mailboxes.set(mailboxes)
        assert not Campaign.objects.visible_to(person).exists()
        assert not Message.objects.visible_to(person, Power.READ).exists()
        assert not may(person, Power.START, running)
        assert person not in people_with(Power.START, running)
        assert client.get(reverse("campaigns:move", args=[running.pk, second.pk])).status_code == 404

    row.mailboxes.set([first, second])
    assert list(Campaign.objects.visible_to(person, Power.START)) == [running]
    assert Message.objects.visible_to(person, Power.READ).count() == 6
    assert may(person, Power.START, running)
    assert person in people_with(Power.START, running)


def test_the_operators_console_counts_the_further_mailboxes_in(running: Campaign) -> None:
    first, second = running.senders
    long_ago = timezone.now() - timedelta(hours=1)
    Campaign.objects.filter(pk=running.pk).update(state_since=long_ago)
    Message.objects.filter(campaign=running).update(not_before=long_ago)
    for sender in (first, second):
        SendingLane.objects.get_or_create(mailbox=sender)
    Message.objects.filter(campaign=running, mailbox=first).update(state=MessageState.SUBMITTED)

    lanes = [key for key in stuck.keys(second.pk) + stuck.keys(first.pk) if key.startswith("lane:")]
    assert lanes == [f"lane:{second.pk}"]

    shown = next(each for each in board.of().cards if each.name == "lanes")
    assert {line.title for line in shown.lines} == {FIRST, SECOND}
