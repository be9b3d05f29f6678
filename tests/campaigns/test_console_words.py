"""The console's words: names instead of code, times with what they mean, and what to do next."""

import inspect
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import get_resolver, reverse
from django.utils import timezone, translation

from campaigns import alarms
from campaigns.console import board, jobs
from campaigns.models import InboxScan, Message, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import Shown
from mailboxes import notices
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import labels, queue
from pecportal.journal.forms import FilterForm
from pecportal.journal.models import Entry
from pecportal.operation import meanings, switches, wallets
from pecportal.operation.alerts import alert
from pecportal.operation.models import Alert, Pulse, Scope
from pecportal.organisations.models import Environment, User, VendorAccount
from pecportal.schedules import PERIODIC
from tests.campaigns import build
from tests.campaigns import doubts as doubting
from tests.campaigns.console import chosen, desk_page, done

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def asked(who: User) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = who
    return request


def nameless(model: type[models.Model], shown: admin.ModelAdmin[models.Model], asked: HttpRequest) -> list[str]:
    """Fields that the console shows and that have neither a name of their own nor one of `labels`."""
    names = {*shown.get_list_display(asked), *flatten_fieldsets(shown.get_fieldsets(asked))}
    found = []
    for name in map(str, names):
        try:
            field = model._meta.get_field(name)
        except FieldDoesNotExist:
            continue
        has_none = getattr(field, "_verbose_name", "") is None and not getattr(field, "primary_key", False)
        if has_none and name not in labels.NAMES:
            found.append(f"{model._meta.label}.{name}")
    return found


def test_no_field_in_the_console_goes_by_the_codes_name(asked: HttpRequest) -> None:
    assert get_resolver().url_patterns  # the console's words are set with the addresses

    found = [name for model, shown in admin.site._registry.items() for name in nameless(model, shown, asked)]

    assert found == []


def test_fields_are_called_in_italian(operator: Client) -> None:
    build.started(statuses=[Shown.QUEUED])

    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "it"

    page = operator.get(reverse("admin:campaigns_message_changelist")).content.decode()

    assert "<span>Campagna</span>" in page
    assert "<span>Campaign</span>" not in page


def test_an_alerts_page_says_what_it_means_and_what_to_do(operator: Client) -> None:
    alert("disk", "host", free=3, percent=1)
    row = Alert.objects.get()

    page = operator.get(reverse("admin:operation_alert_change", args=[row.pk])).content.decode()
    listed = operator.get(reverse("admin:operation_alert_changelist") + "?ended_at__isempty=1").content.decode()

    assert "Only 3 MB are free" in page
    assert "Uploads may be refused soon" in page
    assert "give the disk more space" in page
    assert "Only 3 MB are free" in listed
    assert "Goes on" in listed


def test_low_credit_is_told_in_words(operator: Client) -> None:
    account = VendorAccount.objects.create(
        name="Ufficio", environment=Environment.SANDBOX, credit=Decimal("0.20"), alarm_below=10
    )
    wallets.judge(account)

    told = meanings.of(Alert.objects.get(kind=wallets.ALERT))

    assert told.title == "The credit of the account Ufficio is below its alarm"
    assert "Top the account up" in told.todo
    assert "wallet.low" not in operator.get("/admin/").content.decode()


def test_one_message_is_no_plural() -> None:
    doubt = doubting.doubt()
    Message.objects.update(state_since=timezone.now() - 2 * LONG_AGO)
    alarms.watch()

    title = meanings.of(Alert.objects.get(kind=alarms.DOUBT)).title

    assert title == f"Campaign “{doubt.message.campaign}”, messages in doubt for more than an hour: 1"


def test_a_time_on_the_first_page_says_what_it_is(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    SendingLane.objects.create(mailbox=campaign.mailbox)
    Mailbox.objects.update(space_used=1, space_limit=100, space_at=timezone.now())
    Pulse.objects.create(name="tracking@host", beaten_at=timezone.now())

    lines = [line for card in board.of().cards for line in card.lines if line.at is not None]

    assert lines != []
    assert {line.when.split(" ")[0] for line in lines} <= {"since", "last", "read", "on", "counted"}


def test_the_first_page_leads_to_the_cards_that_want_somebody(operator: Client) -> None:
    doubting.doubt()

    page = operator.get("/admin/").content.decode()

    assert '<a href="#card-desks">' in page
    assert '<a href="#card-wallets">' not in page


def test_rows_are_called_by_the_clocks_of_italy() -> None:
    begun = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    scan = InboxScan(mailbox=build.started().mailbox, started_at=begun)

    assert str(scan).endswith("01/07/2026 14:00")


def test_a_doubts_desk_says_that_the_organisation_was_asked(operator: Client) -> None:
    doubt = doubting.doubt()
    doubting.approver(doubt.message.campaign.organisation)
    assert "was asked" not in desk_page(operator, "doubts")

    done(operator, chosen(operator, "doubts", "ask", [str(doubt.pk)]))
    assert "The organisation is being asked by e-mail." in desk_page(operator, "doubts")
    notices.send()

    assert "The organisation was asked by e-mail:" in desk_page(operator, "doubts")


def test_a_lane_of_work_that_stands_still_says_what_to_do(operator: Client) -> None:
    Pulse.objects.update(beaten_at=timezone.now() - LONG_AGO)

    page = desk_page(operator, "stuck")

    assert "Messages may leave late" in page
    assert "“supervise” runs" in page


def test_an_empty_wallet_names_the_account_to_be_topped_up(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    type(campaign).objects.update(state_since=timezone.now() - LONG_AGO)
    campaign.messages.update(not_before=timezone.now() - LONG_AGO)
    account = VendorAccount.objects.create(name="Conto acqua", environment=Environment.SANDBOX)
    Mailbox.objects.update(vendor_account=account)
    SendingLane.objects.create(mailbox=campaign.mailbox, hold=Hold.WALLET)

    assert "Account: Conto acqua. Top it up at the provider" in desk_page(operator, "stuck")


def test_a_refused_password_says_what_follows(operator: Client) -> None:
    box = build.started().mailbox
    Mailbox.objects.filter(pk=box.pk).update(credentials_state=CredentialsState.REFUSED)

    assert "until they enter the password" in desk_page(operator, "stuck")


def test_a_preview_tells_what_is_known_of_each(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    ref = campaign.messages.get().ref
    build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso Rif. {ref[:6]}")

    assert f"It fits message {ref}" in chosen(operator, "unmatched", "link", ["1"]).replace("&#x27;", "'")


def test_messages_of_a_campaign_that_was_not_counted_yet_are_counted_before_it_is_stopped(operator: Client) -> None:
    campaign = build.started(statuses=[Shown.QUEUED, Shown.QUEUED])

    url = reverse("console:switch_off") + f"?scope=campaign&about={campaign.pk}"

    assert "2 messages wait" in operator.get(url).content.decode()


def test_no_link_of_the_console_leads_to_an_empty_history_or_a_closed_door(operator: Client) -> None:
    campaign = build.started()

    page = operator.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()

    assert "historylink" not in page
    assert "viewsitelink" not in page
    assert "Its messages" in page


@pytest.mark.parametrize("name", ["campaigns_receipt", "campaigns_campaign", "journal_entry"])
def test_a_list_is_called_by_its_name(operator: Client, name: str) -> None:
    with translation.override("en"):
        page = operator.get(reverse(f"admin:{name}_changelist")).content.decode()

    assert "Select " not in page


def test_the_journal_says_which_act_of_the_console_it_was(operator: Client) -> None:
    doubt = doubting.doubt()
    done(operator, chosen(operator, "doubts", "search", [str(doubt.pk)]))

    entry = Entry.objects.get(action="console.act")
    page = operator.get(reverse("admin:journal_entry_changelist")).content.decode()

    assert entry.sentence("7") == "Messages in doubt, “Look for them again now”: 7"
    assert "Messages in doubt, “Look for them again now”" in page


def test_the_journals_search_offers_each_kind_of_act_once(operator: Client) -> None:
    widget = str(FilterForm()["act"])
    offered = re.findall(r'<option value="([^"]*)"', widget)

    assert "console.act" in offered
    assert [act for act in offered if ":" in act] == []


def test_a_campaign_that_is_off_is_not_offered_to_be_stopped(operator: Client, who: User) -> None:
    off, on = build.started(name="Lettera sbagliata"), build.started(name="Lettera giusta")
    switches.turn_off(Scope.CAMPAIGN, off.pk, name=str(off), sentence="We look.", reason="x", actor=who)

    page = operator.get(reverse("console:switches")).content.decode()

    assert "A campaign: Lettera sbagliata" in page
    assert f'<option value="{off.pk}">Lettera sbagliata' not in page
    assert f'<option value="{on.pk}">Lettera giusta' in page


def test_every_job_of_the_queue_is_told_in_words() -> None:
    ours = {
        app.name for app in apps.get_app_configs() if app.name.split(".")[0] in ("pecportal", "mailboxes", "campaigns")
    }
    found = set()
    for app in ours:
        if find_spec(f"{app}.tasks") is not None:
            module = import_module(f"{app}.tasks")
            named = inspect.getmembers(module, inspect.isfunction)
            found |= {
                f"{app}.tasks.{name}" for name, act in named if act.__module__ == module.__name__ and name[0] != "_"
            }

    assert found == set(jobs.WORDS)
    assert {every.task for every in PERIODIC} <= found


def test_the_queue_says_what_its_jobs_do(operator: Client) -> None:
    queue.install(PERIODIC)
    queue.enqueue("campaigns.tasks.freeze", 1234)
    operator.cookies[settings.LANGUAGE_COOKIE_NAME] = "it"

    page = operator.get(reverse("console:queue")).content.decode()

    assert "Crea i messaggi di una campagna che parte" in page
    assert "Legge le caselle" in page
