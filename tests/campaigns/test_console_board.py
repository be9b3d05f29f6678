"""The console's first page: what stands on it, in words beside the colours, quickly, and without counting."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from campaigns import auditing, tallying
from campaigns.console import board
from campaigns.console.cards import ACT, GOOD, LOOK, Card, Line
from campaigns.models import Campaign, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import Shown
from mailboxes.models import Mailbox, Plan
from mailboxes.states import CredentialsState
from pecportal.operation import deployment, hearing, liveness, meanings, switches
from pecportal.operation.alerts import alert
from pecportal.operation.models import Alert, Figure, Pulse, Scope
from pecportal.organisations.models import Environment, User, VendorAccount
from tests.campaigns import build
from tests.campaigns import doubts as doubting

pytestmark = pytest.mark.django_db
HUGE = ("campaigns_message", "campaigns_attempt", "campaigns_receipt", "campaigns_reservation", "campaigns_recipient")


@pytest.fixture(autouse=True)
def _alive() -> None:
    liveness.expect()


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("olga@portale.example"))
    return client


def card(name: str) -> Card:
    return next(each for each in board.of().cards if each.name == name)


def line(name: str, title: str) -> Line:
    return next(each for each in card(name).lines if title in each.title)


def test_an_idle_portal_is_in_order(operator: Client) -> None:
    auditing.run()

    page = operator.get("/admin/").content.decode()

    assert board.of().tone == GOOD
    assert 'class="standing-success">In order' in page
    assert f'hx-get="{reverse("console:board")}"' in page
    assert "No message is in doubt." in page


def test_the_fragment_is_htmxs(operator: Client) -> None:
    url = reverse("console:board")

    assert operator.get(url).status_code == 302
    told = operator.get(url, headers={"HX-Request": "true"}).content.decode()
    assert told.lstrip().startswith("<section")


def test_messages_are_counted_in_the_background_and_added_up() -> None:
    build.started(statuses=[Shown.DELIVERED, Shown.DELIVERED, Shown.UNCERTAIN])
    build.started(statuses=[Shown.DELIVERED])
    assert "Nothing was counted yet" in card("statuses").lines[0].title

    assert tallying.run() == 2
    assert tallying.run() == 2

    assert line("statuses", "Delivered").text == "3"
    assert line("statuses", "Outcome unknown").tone == LOOK


def test_campaigns_that_cannot_change_are_counted_once_a_day() -> None:
    over = build.started(statuses=[Shown.DELIVERED])
    Campaign.objects.filter(pk=over.pk).update(state="completed")
    tallying.run()
    assert tallying.due() == []

    Figure.objects.update(at=timezone.now() - timedelta(days=2))
    assert tallying.due() == [over.pk]

    tallying.run()
    Message.objects.update(status=Shown.ACCEPTED)
    Figure.objects.update(at=timezone.now() - timedelta(days=2))
    tallying.run()
    assert tallying.due() == [over.pk]  # its receipts are still awaited


def test_the_message_that_waits_longest_says_why() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    Message.objects.update(state_since=timezone.now() - timedelta(hours=3))
    assert line("waiting", campaign.name).tone == GOOD

    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED)
    found = line("waiting", campaign.name)
    assert found.tone == LOOK
    assert "refuses" in found.text


def test_each_api_tells_its_last_good_answer_and_its_last_failure() -> None:
    hearing.hear(0, "massiva", "")
    hearing.hear(0, "pec", "503")
    hearing.keep()

    assert line("provider", "Sending and receipts").tone == GOOD
    assert line("provider", "Sending and receipts").at is not None
    assert line("provider", "Mailboxes").tone == ACT
    assert "503" in line("provider", "Mailboxes").text
    assert line("provider", "Failures").text == "50.0 %: 1 of 2 calls"


def test_workers_are_told_lane_by_lane_and_machine_by_machine() -> None:
    Pulse.objects.filter(name="sending").update(beaten_at=timezone.now() - timedelta(minutes=10))
    Pulse.objects.create(name="tracking@host", beaten_at=timezone.now() - timedelta(minutes=10))

    assert line("work", "Sending").tone == ACT
    assert line("work", "Sending").badge == "At a standstill"
    assert line("work", "Supervisor on host: Tracking").tone == LOOK


def test_lanes_tell_what_holds_them_the_held_first() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    SendingLane.objects.create(mailbox=campaign.mailbox, hold=Hold.WALLET)

    found = card("lanes").lines[0]
    assert (found.title, found.tone) == (campaign.mailbox.address, ACT)
    assert "wallet" in found.text


def test_mailboxes_tell_space_and_allowance_the_worst_first() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    plan = Plan.objects.create(name="Base", daily_limit=1000)
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(space_used=95, space_limit=100, plan=plan)
    Figure.objects.create(kind=tallying.DAY, about=campaign.mailbox_id, value=900, at=timezone.now())
    other = build.started().mailbox
    Mailbox.objects.filter(pk=other.pk).update(space_used=10, space_limit=100)

    first, second = card("mailboxes").lines
    assert (first.tone, second.tone) == (ACT, GOOD)
    assert first.text == "95 % of its space · 900 of 1,000 messages today"


@pytest.mark.parametrize(("credit", "tone"), [("0", ACT), ("5", ACT), ("500", GOOD), (None, LOOK)])
def test_accounts_tell_their_credit(credit: str | None, tone: str) -> None:
    VendorAccount.objects.create(
        name="Ufficio", environment=Environment.SANDBOX, credit=Decimal(credit) if credit else None, alarm_below=10
    )

    assert line("wallets", "Ufficio").tone == tone


def test_expiries_passwords_and_fixed_tokens_are_told(settings: Settings) -> None:
    box = build.started().mailbox
    settings.OPENAPI_TOKEN = "a-ready-token-0123456789"
    Mailbox.objects.update(expires_at=timezone.now() + timedelta(days=3), credentials_state=CredentialsState.REFUSED)

    told = card("expiring").lines
    assert [each.tone for each in told] == [ACT, ACT, LOOK]
    assert f"mailbox={box.pk}" in told[1].url
    assert "a-ready-token" not in " ".join(each.text for each in told)


def test_audit_alerts_and_switches_are_told() -> None:
    assert line("audit", "no self-audit").tone == LOOK
    campaign = build.started()
    Campaign.objects.filter(pk=campaign.pk).update(recipients_total=5)
    auditing.run()
    alert("incident", 7, organisation=campaign.organisation)
    operator = User.objects.create_superuser("olga@portale.example")
    switches.turn_off(Scope.CAMPAIGN, campaign.pk, name="Avvisi", sentence="We look.", reason="x", actor=operator)
    deployment.restored()

    assert line("audit", "more or fewer messages").tone == ACT
    found = meanings.of(Alert.objects.get(kind="incident")).title
    assert "incident 7" not in found
    assert line("alerts", found).text == str(campaign.organisation)
    assert line("switches", "Avvisi").text == "We look."
    assert line("switches", "whole portal").tone == ACT


def test_every_line_that_wants_a_person_links_to_where_it_is_mended(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    SendingLane.objects.create(mailbox=campaign.mailbox, hold=Hold.WALLET)
    doubting.doubt(campaign)
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso")
    Pulse.objects.update(beaten_at=timezone.now() - timedelta(minutes=10))
    hearing.hear(0, "pec", "503")
    hearing.keep()

    bad = [
        each
        for one in board.of().cards
        for each in one.lines
        if each.tone in (LOOK, ACT) and each.title != "Failures in the last hour"
    ]

    assert len(bad) >= 7
    for each in bad:
        assert each.url, each
        assert operator.get(each.url).status_code == 200, each


def test_nothing_is_counted_or_sorted_in_tables_of_millions() -> None:
    campaign = build.started(statuses=[Shown.QUEUED, Shown.DELIVERED, Shown.UNCERTAIN])
    SendingLane.objects.create(mailbox=campaign.mailbox)
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso")
    tallying.run()

    with CaptureQueriesContext(connection) as asked:
        board.of()

    for query in asked.captured_queries:
        sql = query["sql"]
        if any(f'FROM "{table}"' in sql for table in HUGE) and not re.search(r'WHERE .*"pk"|"id" IN \(\d', sql):
            assert "COUNT(" not in sql, sql
            assert "LIMIT" in sql or "EXISTS" in sql, sql
    assert len(asked) < 75
