"""Accounts at the vendor: which one is used, that its key stays secret, what a test of it says."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mailboxes import tasks
from pecportal import encryption, rotation
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations import accounts
from pecportal.organisations.models import Organisation, User, VendorAccount, VendorAnswer
from pecportal.sandbox import Sandbox
from pecportal.upstream.errors import Unusable
from tests import build

pytestmark = pytest.mark.django_db
KEY = "chiave-segretissima"


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("operatore@portale.example", "password")


@pytest.fixture
def console(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def account(operator: User, name: str = "Nostro", *, key: str = KEY, **fields: object) -> VendorAccount:
    values = {"environment": "sandbox", "email": "conto@portale.example"} | fields
    row = VendorAccount(name=name, **values)
    accounts.save(row, key=key, actor=operator)
    return row


def entered(**others: str) -> dict[str, str]:
    inline = {"answers-TOTAL_FORMS": "0", "answers-INITIAL_FORMS": "0"}
    data = {"name": "Nostro", "environment": "sandbox", "email": "conto@portale.example", "key": KEY}
    return data | {"rate": "", "pace_of": "mailbox", "alarm_below": ""} | inline | others


def test_without_a_row_the_settings_are_used(settings: Settings) -> None:
    assert vendors.connect().config.email == settings.OPENAPI_EMAIL
    assert vendors.in_use() == [None]


def test_a_default_account_takes_the_settings_place_and_gives_way_to_another(operator: User) -> None:
    first = account(operator, is_default=True)
    assert (vendors.connect().config.email, vendors.connect().config.api_key) == ("conto@portale.example", KEY)

    second = account(operator, "Altro", email="altro@portale.example", is_default=True)

    assert vendors.default() == second
    assert vendors.connect().config.email == "altro@portale.example"
    assert not VendorAccount.objects.get(pk=first.pk).is_default
    assert vendors.in_use() == [second, first]


def test_a_mailboxs_own_account_goes_before_its_organisations_and_that_before_the_default(operator: User) -> None:
    box = build.mailbox()
    assert vendors.account_of(box) is None
    rows = [account(operator, name, is_default=not number) for number, name in enumerate("abc")]
    assert vendors.account_of(box) == rows[0]
    box.organisation.vendor_account = rows[1]
    assert vendors.account_of(box) == rows[1]
    box.vendor_account = rows[2]
    assert vendors.account_of(box) == rows[2]


def test_an_account_of_another_environment_is_never_used(operator: User) -> None:
    real = account(operator, environment="production", is_default=True)

    assert vendors.default() is None
    assert vendors.in_use() == [None]
    with pytest.raises(Unusable, match="another environment"):
        vendors.connect(real).pec.list()
    with pytest.raises(Refusal):
        accounts.test(real, actor=operator)


def test_the_calls_of_a_mailbox_are_made_with_its_organisations_account(
    vendor: Sandbox, operator: User, settings: Settings
) -> None:
    ours = account(operator, email=vendor.email, key=vendor.api_key)
    box = build.mailbox(vendor=vendor)
    settings.OPENAPI_API_KEY = "sbagliata"
    tasks.refresh(box.pk)
    box.refresh_from_db()
    assert box.refreshed_at is None

    Organisation.objects.update(vendor_account=ours)
    tasks.refresh(box.pk)

    box.refresh_from_db()
    assert box.refreshed_at is not None


# --- the key


def test_the_key_is_sealed_for_its_own_row_and_is_rotated_with_the_others(operator: User) -> None:
    row, other = account(operator), account(operator, "Altro")

    assert KEY not in str(VendorAccount.objects.values())
    assert vendors.key_of(row) == KEY
    other.key_sealed = row.key_sealed
    with pytest.raises(encryption.Unreadable):
        vendors.key_of(other)
    assert "vendor keys" in [holder.name for holder in rotation.holders()]
    assert KEY not in str(Entry.objects.values())


def test_it_is_entered_in_the_console_and_shown_nowhere(console: Client) -> None:
    added = console.post(reverse("admin:organisations_vendoraccount_add"), entered(is_default="on"))
    assert added.status_code == 302
    row = VendorAccount.objects.get()
    change = reverse("admin:organisations_vendoraccount_change", args=[row.pk])

    for url in (change, reverse("admin:organisations_vendoraccount_changelist")):
        page = console.get(url).content.decode()
        assert KEY not in page
        assert row.key_sealed not in page
    console.post(change, entered(key="", name="Nuovo nome"))
    row.refresh_from_db()
    assert (row.name, vendors.key_of(row)) == ("Nuovo nome", KEY)
    console.post(change, entered(key="un'altra"))
    row.refresh_from_db()
    assert vendors.key_of(row) == "un'altra"
    assert [entry.facts["new_key"] for entry in Entry.objects.filter(action="account.save").order_by("pk")] == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("wrong", [{"key": ""}, {"environment": "production"}, {"email": "x"}])
def test_what_could_not_work_is_not_kept(console: Client, wrong: dict[str, str]) -> None:
    assert console.post(reverse("admin:organisations_vendoraccount_add"), entered(**wrong)).status_code == 200
    assert not VendorAccount.objects.exists()


# --- the test


def test_a_test_keeps_what_each_api_says_and_pays_nothing(vendor: Sandbox, console: Client, operator: User) -> None:
    row, wallet = account(operator, email=vendor.email, key=vendor.api_key), vendor.wallet
    vendor.activated = ("pec", "massiva")
    url = reverse("admin:organisations_vendoraccount_changelist")

    page = console.post(url, {"action": "test", "_selected_action": [row.pk]}, follow=True).content.decode()

    assert "some APIs do not answer" in page
    assert dict(VendorAnswer.objects.values_list("api", "is_good")) == {"pec": True, "massiva": True, "company": False}
    shown = console.get(reverse("admin:organisations_vendoraccount_change", args=[row.pk])).content.decode()
    assert VendorAnswer.objects.get(api="company").words[:20] in shown
    assert vendor.wallet == wallet
    vendor.activated = ("pec", "massiva", "company")
    assert accounts.test(row, actor=operator)
    assert VendorAnswer.objects.count() == 3


def test_a_wrong_key_is_told_at_once(vendor: Sandbox, operator: User) -> None:
    row = account(operator, email=vendor.email, key="sbagliata")

    assert not accounts.test(row, actor=operator)
    assert not VendorAnswer.objects.filter(is_good=True).exists()
    assert "sbagliata" not in str(VendorAnswer.objects.values())
