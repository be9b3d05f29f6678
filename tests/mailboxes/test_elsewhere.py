"""Mailboxes whose account cannot be used here: pages say so, jobs end with a reason, and the vendor is not asked."""

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import history, orders, tasks
from mailboxes.models import HandIn, Mailbox, Order, VendorAct
from mailboxes.states import MailboxState
from pecportal.organisations import accounts
from pecportal.organisations.models import Organisation, User, VendorAccount
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
SENTENCES = {"production": "another environment", "sandbox": "entered again"}


@pytest.fixture(params=list(SENTENCES))
def sentence(request: pytest.FixtureRequest, clerk: User) -> str:
    """What the pages say of the account: it is for another environment, or its key cannot be opened."""
    return SENTENCES[request.param]


def spoil(clerk: User, sentence: str) -> None:
    """From now on the clerk's office has an account that cannot be used."""
    environment = next(name for name, words in SENTENCES.items() if words == sentence)
    row = VendorAccount.objects.create(
        name="Altrove", environment=environment, email="altrove@conti.example", key_sealed="guasta"
    )
    Organisation.objects.filter(pk=build.office_of(clerk).pk).update(vendor_account=row)


def active(vendor: TroubledSandbox, clerk: User) -> Mailbox:
    """An active mailbox, as the vendor has it."""
    box = kernel.mailbox(build.office_of(clerk), vendor=vendor, created_by=clerk, plan=build.plan())
    tasks.refresh(box.pk)
    return build.fresh(box)


def test_a_registration_comes_back_with_the_reason_and_its_data(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, sentence: str
) -> None:
    box = build.submitted(clerk)
    spoil(clerk, sentence)

    jobs.run()
    tasks.sweep()

    box = build.fresh(box)
    assert (box.state, box.problem_code) == (MailboxState.DRAFT, "not_here")
    page = words(browser.get(box.get_absolute_url()))
    assert "cannot be used by this portal" in page
    assert sentence in page
    assert vendor.calls == []


def test_a_hand_in_ends_with_the_reason_and_is_not_tried_for_ever(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, sentence: str
) -> None:
    box = build.registered(jobs, clerk)
    build.handed_in(box)
    spoil(clerk, sentence)
    before = len(vendor.calls)

    for _minute in range(3):
        tasks.sweep()
        jobs.run()

    handed = HandIn.objects.get()
    assert handed.state == "refused"
    assert "cannot be used by this portal" in handed.objection
    assert VendorAct.objects.filter(kind="hand_in").count() == 1
    assert len(vendor.calls) == before


def test_an_order_is_not_carried_out_and_says_why(
    clerk: User, vendor: TroubledSandbox, jobs: Jobs, sentence: str
) -> None:
    box = active(vendor, clerk)
    orders.order_revocation(box, typed=box.address, actor=clerk)
    spoil(clerk, sentence)
    jobs.run()

    order = Order.objects.get()
    assert (order.state, order.problem_code) == ("not_done", "not_here")
    assert "cannot be used by this portal" in history.lines(box)[0].words


def test_what_was_in_doubt_stays_so_and_no_sweep_dies(
    clerk: User, vendor: TroubledSandbox, jobs: Jobs, sentence: str
) -> None:
    vendor.lose("POST", "/pec", taken=True)
    box = build.submitted(clerk)
    jobs.run()
    spoil(clerk, sentence)
    other = kernel.mailbox(address="altra@prova.example", vendor=vendor, refresh_at=None)

    for _minute in range(2):
        build.age()
        tasks.sweep()
        jobs.run()
    tasks.refresh(other.pk)
    tasks.reconcile()

    assert build.fresh(box).state == MailboxState.UNCERTAIN
    assert Mailbox.objects.get(pk=other.pk).refreshed_at is not None


def test_its_pages_and_buttons_say_why_nothing_is_asked(
    browser: Client, clerk: User, vendor: TroubledSandbox, sentence: str
) -> None:
    box = active(vendor, clerk)
    Mailbox.objects.update(vendor_state="registrata")
    spoil(clerk, sentence)
    before = len(vendor.calls)

    form = browser.get(reverse("mailboxes:form", args=[box.pk]), follow=True)
    assert "cannot be used by this portal" in words(form)
    Mailbox.objects.update(vendor_state="evasa")
    page = words(browser.get(box.get_absolute_url()))
    assert sentence in page
    assert "Campaigns may be sent from it" not in page
    for button in ("refresh", "test_credentials"):
        answer = browser.post(reverse(f"mailboxes:{button}", args=[box.pk]), follow=True)
        assert answer.status_code == 200
        assert words(answer).count(sentence) >= 2  # on the page anyway, and as the answer
    entered = browser.post(
        reverse("mailboxes:credentials", args=[box.pk]),
        {"username": box.address, "password": kernel.PASSWORD},
        follow=True,
    )
    assert sentence in words(entered)
    assert len(vendor.calls) == before


def test_an_address_is_not_asked_for_and_the_page_says_why(
    browser: Client, clerk: User, vendor: TroubledSandbox, sentence: str
) -> None:
    spoil(clerk, sentence)

    page = browser.get(reverse("mailboxes:availability"), {"name": "ufficio", "domain": "pecmassiva.com"})

    assert "cannot be used by this portal" in words(page)
    assert vendor.calls == []


def test_availability_is_asked_with_the_organisations_account(
    browser: Client, clerk: User, vendor: TroubledSandbox
) -> None:
    vendor.others["altro@conti.example"] = "chiave"
    vendor.email = "nessuno@conti.example"  # that of the settings is refused
    page = browser.get(reverse("mailboxes:availability"), {"name": "ufficio", "domain": "pecmassiva.com"})
    assert "is free" not in words(page)

    row = VendorAccount(name="Altro", environment="sandbox", email="altro@conti.example")
    accounts.save(row, key="chiave", actor=clerk)
    Organisation.objects.update(vendor_account=row)
    page = browser.get(reverse("mailboxes:availability"), {"name": "ufficio", "domain": "pecmassiva.com"})

    assert "is free" in words(page)
