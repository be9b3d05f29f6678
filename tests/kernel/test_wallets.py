"""The credit of the accounts: read by schedule, an alarm in the console, a letter to the operators, an all-clear."""

from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from pecportal.operation import letters, tasks, wallets
from pecportal.operation.models import Alert, Delivery
from pecportal.organisations import accounts
from pecportal.organisations.models import User, VendorAccount
from pecportal.sandbox import Sandbox
from pecportal.schedules import PERIODIC
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operatore@portale.example", "password")


def account(vendor: Sandbox, operator: User, name: str = "Nostro", *, credit: str, **fields: object) -> VendorAccount:
    """An account with an alarm at 50 euros, and so much in its wallet."""
    email = f"{name.lower()}@conti.example"
    vendor.others[email], vendor.wallets[email] = "chiave", Decimal(credit)
    row = VendorAccount(name=name, email=email, **{"environment": "sandbox", "alarm_below": Decimal(50), **fields})
    accounts.save(row, key="chiave", actor=operator)
    return row


def console(client: Client, operator: User) -> str:
    client.force_login(operator)
    return client.get(reverse("admin:organisations_vendoraccount_changelist")).content.decode()


def test_each_accounts_credit_is_read_and_kept_with_its_time(vendor: Sandbox, operator: User) -> None:
    rows = [account(vendor, operator, name, credit=credit) for name, credit in (("Uno", "120.5"), ("Due", "80"))]
    before = timezone.now()

    tasks.read_wallets()

    for row, credit in zip(rows, ("120.5", "80"), strict=True):
        row.refresh_from_db()
        assert row.credit == Decimal(credit)
        assert row.credit_at is not None
        assert row.credit_at >= before
    assert not Alert.objects.exists()
    assert not mail.outbox


def test_it_is_read_every_hour() -> None:
    (each,) = [each for each in PERIODIC if each.task == "pecportal.operation.tasks.read_wallets"]
    assert each.minutes == 60


def test_a_low_credit_is_told_once_and_its_end_once(vendor: Sandbox, operator: User, client: Client) -> None:
    row = account(vendor, operator, credit="12.5")
    for _time in range(2):
        tasks.read_wallets()

    (letter,) = mail.outbox
    assert letter.to == [operator.email]
    assert "Nostro" in letter.subject
    assert "12.50" in letter.body
    assert "50.00" in letter.body
    assert "low: the alarm is at" in console(client, operator)
    assert "console-alarm" in console(client, operator)

    vendor.wallets[row.email] = Decimal(500)
    for _time in range(2):
        tasks.read_wallets()

    assert len(mail.outbox) == 2
    assert "no longer low" in mail.outbox[1].subject
    assert "console-alarm" not in console(client, operator)
    assert Alert.objects.get().ended_at is not None


def test_a_second_alarm_is_told_as_the_first_was(vendor: Sandbox, operator: User) -> None:
    row = account(vendor, operator, credit="12.5")
    for credit in ("12.5", "60", "13"):
        vendor.wallets[row.email] = Decimal(credit)
        tasks.read_wallets()

    assert [("no longer" in letter.subject) for letter in mail.outbox] == [False, True, False]


def test_a_threshold_that_is_changed_counts_at_once(vendor: Sandbox, operator: User) -> None:
    row = account(vendor, operator, credit="80")
    wallets.read_all()
    row.refresh_from_db()

    row.alarm_below = Decimal(100)
    accounts.save(row, key="", actor=operator)
    assert Alert.objects.filter(kind=wallets.ALERT, ended_at=None).exists()

    row.alarm_below = None
    accounts.save(row, key="", actor=operator)
    assert not Alert.objects.filter(ended_at=None).exists()


def test_what_cannot_be_read_leaves_the_last_credit_says_why_and_stops_no_other(
    vendor: Sandbox, operator: User, client: Client
) -> None:
    bad, good = (account(vendor, operator, name, credit="80") for name in ("Uno", "Due"))
    wallets.read_all()
    del vendor.others[bad.email]
    vendor.wallets[good.email] = Decimal(70)

    assert wallets.read_all() == 1

    bad.refresh_from_db()
    good.refresh_from_db()
    assert (bad.credit, bad.credit_problem) == (Decimal(80), "Unauthorized")
    assert (good.credit, good.credit_problem) == (Decimal(70), "")
    assert "could not be read since" in console(client, operator)


def test_an_account_of_another_environment_is_not_asked_for(vendor: Sandbox, operator: User) -> None:
    account(vendor, operator, credit="1", environment="production")

    assert wallets.read_all() == 0

    assert VendorAccount.objects.get().credit_at is None


def test_a_mail_server_that_is_away_gets_the_letter_later(
    vendor: Sandbox, operator: User, settings: Settings, jobs: Jobs
) -> None:
    account(vendor, operator, credit="1")
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = (
        "django.core.mail.backends.smtp.EmailBackend",
        "127.0.0.1",
        9,
    )
    tasks.read_wallets()
    assert Alert.objects.get().told_at is None
    assert not letters.ring()  # it rests for a while

    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    Delivery.objects.update(next_at=timezone.now())
    assert letters.ring()
    jobs.run()

    assert len(mail.outbox) == 1
    assert Alert.objects.get().told_at is not None
    assert not letters.ring()


def test_an_alarm_that_was_over_before_anybody_was_told_is_told_to_nobody(vendor: Sandbox, operator: User) -> None:
    row = account(vendor, operator, credit="1")
    wallets.read_all()
    vendor.wallets[row.email] = Decimal(90)

    tasks.read_wallets()

    assert Alert.objects.get().ended_at is not None
    assert not mail.outbox


def test_the_test_of_an_account_reads_its_credit(vendor: Sandbox, operator: User) -> None:
    row = account(vendor, operator, credit="42")

    accounts.test(row, actor=operator)

    row.refresh_from_db()
    assert row.credit == Decimal(42)


@pytest.mark.parametrize(("rate", "is_taken"), [("0.5", True), ("0", True), ("", True), ("-1", False), ("nan", False)])
def test_the_console_takes_a_pace_and_refuses_nonsense(
    vendor: Sandbox, operator: User, client: Client, rate: str, is_taken: bool
) -> None:
    client.force_login(operator)
    data = {"name": "Nostro", "environment": "sandbox", "email": "n@conti.example", "key": "chiave"}
    data |= {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}

    page = client.post(
        reverse("admin:organisations_vendoraccount_add"), data | {"rate": rate, "pace_of": "account", "alarm_below": ""}
    )

    assert page.status_code == (302 if is_taken else 200)
    assert VendorAccount.objects.exists() == is_taken
