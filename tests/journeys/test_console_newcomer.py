"""A new operator at a telephone, in Italian, who follows the words of the console's first page and nothing else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from campaigns import alarms
from campaigns.models import Attempt, Campaign, Message
from campaigns.preparing import preflight
from campaigns.sending import pump
from campaigns.states import MessageState
from mailboxes import credentials, notices
from pecportal import press
from pecportal.operation import liveness, wallets
from pecportal.organisations import accounts
from pecportal.organisations.models import Environment, User, VendorAccount
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests import engine
from tests.campaigns import build
from tests.jobs import Jobs
from tests.journeys.conftest import Look, SignIn
from tests.worlds import ADDRESS, PASSWORD

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LONG_AGO = timedelta(hours=2)
OTHER = "altro@prova.example"


@pytest.fixture
def language() -> str:
    return "it-IT"


@pytest.fixture(autouse=True)
def _italian(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "it"


@pytest.fixture
def operator(phone: Page, sign_in: SignIn) -> User:
    liveness.expect()
    who = User.objects.create_superuser("olga@portale.example")
    sign_in(phone, who)
    return who


def do(phone: Page, label: str, reason: str) -> None:
    """Choose all of the desk, look at the preview, give the reason, do it."""
    phone.check("#all")
    phone.get_by_role("button", name=label).click()
    phone.fill("#reason", reason)
    phone.get_by_role("button", name=label).click()
    expect(phone.get_by_text("Gli effetti del lavoro in secondo piano")).to_be_visible()


def from_the_first_page(phone: Page, card: str, name: str) -> None:
    """By the line of what is to be looked at to a card, and by its link to where it is mended."""
    phone.goto("/admin/")
    phone.locator("#troubled").get_by_role("link", name=card, exact=True).click()
    title = phone.locator(".board-card").filter(has=phone.get_by_role("heading", name=card))
    title.get_by_role("link", name=name).first.click()


def test_three_troubles_at_once_are_found_and_mended(
    vendor: Sandbox, phone: Page, operator: User, look: Look, jobs: Jobs
) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    vendor.create_mailbox(OTHER, "another one")  # it was changed at the provider
    account = VendorAccount(
        name="Ufficio", environment=Environment.SANDBOX, email=vendor.email, alarm_below=10, is_default=True
    )
    accounts.save(account, key=vendor.api_key, actor=operator)
    doubtful = engine.running(messages=1)
    vendor.drop_next_answer(after_accepting=True)
    pump.run()
    refused = engine.running(messages=1, sender=OTHER)
    keeper = kernel.user(refused.organisation, Role.ADMINISTRATOR)
    pump.run()
    vendor.wallet, vendor.price_send = Decimal("0.10"), Decimal("0.25")
    poor = engine.running(messages=1)
    pump.run()
    wallets.read_all()
    vendor.advance(hours=2)
    Attempt.objects.filter(message__campaign=doubtful).update(ended_at=timezone.now() - LONG_AGO)
    Message.objects.update(state_since=timezone.now() - LONG_AGO, not_before=timezone.now() - LONG_AGO)
    Campaign.objects.update(state_since=timezone.now() - LONG_AGO)
    alarms.watch()
    jobs.clear()

    from_the_first_page(phone, "Avvisi aperti", "messaggi dall'esito incerto da oltre un'ora: 1")
    expect(phone.get_by_text("avviare una nuova ricerca, poi chiedere all'ente")).to_be_visible()
    look(phone, "newcomer-alert")
    from_the_first_page(phone, "Pratiche da trattare", "Messaggi dall'esito incerto")
    do(phone, "Cerca di nuovo adesso", "L'ufficio chiede")
    jobs.run()
    assert doubtful.messages.get().state == MessageState.SUBMITTED

    from_the_first_page(phone, "Scadenze e password", OTHER)
    expect(phone.get_by_text("Finché non inseriscono la password non parte nulla").first).to_be_visible()
    do(phone, "Avvisa i gestori", "La password è cambiata")
    notices.send()
    assert keeper.email in {to for letter in mail.outbox for to in letter.to}
    credentials.enter(refused.mailbox, username=OTHER, password="another one", actor=keeper)  # as the letter asks for

    from_the_first_page(phone, "Code di invio delle caselle", ADDRESS)
    expect(phone.get_by_text("Conto: Ufficio. Ricaricarlo presso il fornitore")).to_be_visible()
    look(phone, "newcomer-wallet")
    vendor.wallet = Decimal(500)  # it is topped up at the provider
    do(phone, "Ritenta subito", "Il conto è stato ricaricato")
    jobs.run()

    assert {poor.messages.get().state, refused.messages.get().state} == {MessageState.SUBMITTED}
    phone.goto("/admin/console/stuck/")
    expect(phone.get_by_text("Tutto procede.")).to_be_visible()


def test_who_asks_for_a_pdf_that_is_late_reads_why(
    phone: Page, sign_in: SignIn, look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(press, "SECONDS", 0.0)
    monkeypatch.setattr(press, "START_SECONDS", 0.0)
    clerk = build.clerk()
    campaign = build.ready(clerk)
    sheet = preflight.ask(campaign, actor=clerk)
    preflight.make(sheet.pk)
    sign_in(phone, clerk)

    phone.goto(f"/campaigns/{campaign.pk}/sheets/{sheet.pk}/")
    phone.get_by_role("link", name="Scarica in PDF").click()

    expect(phone.get_by_text("Il PDF non è stato preparato in tempo")).to_be_visible()
    look(phone, "newcomer-late-pdf")
