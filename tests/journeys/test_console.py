"""A new operator, in the console alone, finds and mends what keeps an office from its work; the pages at both sizes."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns import auditing, tallying
from campaigns.models import Attempt, BrokenItem, Campaign, Message, Receipt, SendingLane
from campaigns.models.tracking import Hold
from campaigns.sending import lanes, pump
from campaigns.states import CampaignState, MessageState, Shown
from mailboxes import credentials, notices
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import queue
from pecportal.operation import hearing, liveness, wallets
from pecportal.operation.models import Switch
from pecportal.organisations import accounts
from pecportal.organisations.models import Environment, User, VendorAccount
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from pecportal.schedules import PERIODIC
from tests import build as kernel
from tests import engine
from tests.campaigns import build
from tests.campaigns import doubts as doubting
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.worlds import ADDRESS, PASSWORD

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def operator(page: Page, sign_in: SignIn) -> User:
    liveness.expect()
    who = User.objects.create_superuser("olga@portale.example")
    sign_in(page, who)
    return who


def board(page: Page, title: str) -> None:
    """From the first page to where a line of it leads."""
    page.goto("/admin/")
    page.locator("#board").get_by_role("link", name=title).first.click()


def act(page: Page, label: str, *, reason: str = "It stands still for an hour") -> None:
    """Choose all of the desk, look at the preview, give the reason, do it."""
    page.check("#all")
    page.get_by_role("button", name=label).click()
    page.fill("#reason", reason)
    page.get_by_role("button", name=label).click()


def age() -> None:
    """Let what runs have run for an hour."""
    Campaign.objects.update(state_since=timezone.now() - LONG_AGO)
    Message.objects.update(not_before=timezone.now() - LONG_AGO)


def test_a_message_that_is_uncertain_for_an_hour(box: Sandbox, page: Page, operator: User, jobs: Jobs) -> None:
    engine.running(messages=1)
    box.drop_next_answer(after_accepting=True)
    pump.run()
    box.advance(hours=1)
    Attempt.objects.update(ended_at=timezone.now() - LONG_AGO)
    jobs.clear()

    board(page, "Messages in doubt")
    expect(page.locator("#item-1")).to_contain_text("Not searched for yet")
    act(page, "Look for them again now")
    expect(page.get_by_text("Done with one.")).to_be_visible()
    jobs.run()

    page.reload()
    expect(page.get_by_text("No message is in doubt.")).to_be_visible()
    assert Message.objects.get().state == MessageState.SUBMITTED


def test_a_doubt_that_stays_is_put_before_the_organisation(page: Page, operator: User) -> None:
    doubt = doubting.doubt(absent=True)
    approver = doubting.approver(doubt.message.campaign.organisation)

    board(page, "Messages in doubt")
    act(page, "Ask the organisation to decide")
    expect(page.get_by_text("Done with one.")).to_be_visible()
    notices.send()

    assert approver.email in {to for letter in mail.outbox for to in letter.to}
    assert "/campaigns/doubts/" in mail.outbox[0].body


def test_a_receipt_without_a_message(page: Page, operator: User) -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    message = campaign.messages.get()
    build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso Rif. {message.ref[:6]}")

    board(page, "Receipts without a message")
    expect(page.locator("#item-1")).to_contain_text(f"It fits message {message.ref}")
    act(page, "Give each to the message that it names")
    expect(page.get_by_text("Every receipt has its message.")).to_be_visible()

    assert Receipt.objects.get().message_id == message.pk
    assert Message.objects.get().status == Shown.DELIVERED


def test_a_frozen_lane(box: Sandbox, page: Page, operator: User, jobs: Jobs) -> None:
    engine.running(messages=1)
    lanes.acquire("gone:1")
    SendingLane.objects.update(leased_until=timezone.now() + timedelta(days=1))
    age()
    assert pump.run() == 0

    board(page, "What does not move")
    expect(page.locator("#item-1")).to_contain_text("gone:1 holds it and sends nothing")
    act(page, "Take it from its holder")
    expect(page.get_by_text("Everything moves.")).to_be_hidden()
    jobs.run()

    page.reload()
    expect(page.get_by_text("Everything moves.")).to_be_visible()
    assert box.sent_count == 1


def test_a_wrong_password(box: Sandbox, page: Page, operator: User, jobs: Jobs) -> None:
    campaign = engine.running(messages=1)
    mailbox = campaign.mailbox
    keeper = kernel.user(campaign.organisation, Role.ADMINISTRATOR)
    box.create_mailbox(ADDRESS, "another one")  # it was changed at the provider
    pump.run()
    mailbox.refresh_from_db()
    assert (mailbox.credentials_state, box.sent_count) == (CredentialsState.REFUSED, 0)

    page.goto("/admin/")
    line = page.locator("#card-expiring")
    expect(line).to_contain_text("Its password is refused.")
    line.get_by_role("link", name=mailbox.address).click()
    expect(page.locator("#item-1")).to_contain_text("Its keepers have not been told yet.")
    act(page, "Tell its keepers")
    notices.send()

    page.reload()
    expect(page.locator("#item-1")).to_contain_text("Its keepers were told by e-mail:")
    assert keeper.email in {to for letter in mail.outbox for to in letter.to}
    assert "refuses its user name or password" in mail.outbox[0].body
    credentials.enter(mailbox, username=ADDRESS, password="another one", actor=keeper)  # as the letter asks for
    jobs.run()
    page.goto("/admin/console/stuck/")
    expect(page.get_by_text("Everything moves.")).to_be_visible()
    assert box.sent_count == 1


def test_an_empty_wallet(box: Sandbox, page: Page, operator: User, jobs: Jobs) -> None:
    account = VendorAccount(
        name="Ufficio", environment=Environment.SANDBOX, email=box.email, alarm_below=10, is_default=True
    )
    accounts.save(account, key=box.api_key, actor=operator)
    engine.running(messages=1)
    box.wallet, box.price_send = Decimal("0.10"), Decimal("0.25")
    wallets.read_all()
    assert pump.run() == 1
    assert (box.sent_count, SendingLane.objects.get().hold) == (0, Hold.WALLET)
    box.wallet = Decimal(500)  # it is topped up at the provider
    age()

    page.goto("/admin/")
    expect(page.locator("#card-wallets")).to_contain_text("Ufficio")
    expect(page.locator("#card-wallets")).to_contain_text("Act now")
    page.locator("#card-lanes").get_by_role("link", name=ADDRESS).click()  # once the account was topped up
    act(page, "Try again at once", reason="Topped up")
    expect(page.get_by_text("Done with one.")).to_be_visible()
    jobs.run()

    assert box.sent_count == 1
    assert SendingLane.objects.get().hold == ""
    page.goto("/admin/")
    expect(page.locator("#card-wallets")).to_contain_text("In order")


def test_a_campaign_that_must_stop_at_once(box: Sandbox, page: Page, operator: User, sign_in: SignIn) -> None:
    campaign = engine.running(messages=3)
    tallying.run()

    board(page, "Sending")
    page.get_by_role("button", name="Stop this campaign…").click()
    expect(page.locator("#effect")).to_contain_text("3 messages wait")
    page.fill("#sentence", "The letter names a wrong office: we put it right.")
    page.fill("#reason", "The office called")
    page.get_by_role("button", name="Switch it off now").click()
    expect(page.get_by_text("nothing more of it leaves")).to_be_visible()

    assert pump.run() == 0
    clerk = build.clerk(campaign.organisation)
    sign_in(page, clerk)
    page.goto(campaign.get_absolute_url())
    expect(page.get_by_text("The letter names a wrong office").first).to_be_visible()
    assert page.get_by_text("The office called").count() == 0
    sign_in(page, operator)
    page.goto("/admin/console/switches/")
    page.fill("textarea", "Put right")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_text("sending goes on")).to_be_visible()
    assert pump.run() == 3
    assert Switch.objects.get().ended_by == operator


@pytest.fixture
def trouble(box: Sandbox) -> Campaign:
    """An office with a little of everything."""
    liveness.expect()
    queue.install(PERIODIC)
    VendorAccount.objects.create(
        name="Ufficio", environment=Environment.SANDBOX, credit=Decimal("3.20"), alarm_below=10
    )
    campaign = build.started(statuses=[Shown.QUEUED, Shown.DELIVERED, Shown.DELIVERED, Shown.UNDELIVERED])
    doubting.doubt(campaign)
    build.unmatched(campaign.mailbox, "CONSEGNA: Avviso per Ditta 2 Rif. 7KQ2M")
    ref = campaign.messages.filter(status=Shown.DELIVERED).first()
    assert ref is not None
    build.unmatched(campaign.mailbox, f"CONSEGNA: Avviso Rif. {ref.ref[:6]}")
    SendingLane.objects.create(
        mailbox=campaign.mailbox, hold=Hold.VENDOR, held_until=timezone.now() + timedelta(minutes=5), breaker_level=2
    )
    seen = timezone.now() - LONG_AGO
    BrokenItem.objects.create(
        mailbox=campaign.mailbox, key="a", problem="The item has no body.", first_seen_at=seen, seen_at=seen
    )
    Mailbox.objects.update(space_used=92, space_limit=100, space_at=timezone.now())
    age()
    for problem in ("", "", "", "503"):
        hearing.hear(0, "massiva", problem)
    hearing.hear(0, "pec", "")
    hearing.keep()
    tallying.run()
    auditing.run()
    return campaign


@pytest.mark.parametrize("size", ["page", "phone"])
def test_the_consoles_pages(
    request: pytest.FixtureRequest,
    size: str,
    trouble: Campaign,
    sign_in: SignIn,
    look: Look,
    accessible: Accessible,
) -> None:
    page: Page = request.getfixturevalue(size)
    sign_in(page, User.objects.create_superuser("olga@portale.example"))
    page.goto("/admin/")
    look(page, "console-board")
    accessible(page)
    with page.expect_response("**/admin/console/board/", timeout=30_000):  # it looks again by itself
        pass
    for name in ("doubts", "unmatched", "stuck", "quarantine", "switches", "queue"):
        page.goto(f"/admin/console/{name}/")
        look(page, f"console-{name}")
        accessible(page)
    page.goto("/admin/console/unmatched/")
    page.check("#all")
    page.locator("button[name=act][value=ask]").click()
    look(page, "console-preview")
    accessible(page)
    page.goto(f"/admin/console/switches/off/?scope=campaign&about={trouble.pk}")
    look(page, "console-off")
    accessible(page)
    page.goto("/admin/campaigns/message/")
    look(page, "console-messages")
    beyond = "[...document.querySelectorAll('#result_list :is(th, td)')].filter(e => e.getBoundingClientRect().right"
    assert page.evaluate(f"{beyond} > innerWidth).length") == 0
    assert trouble.state == CampaignState.RUNNING
