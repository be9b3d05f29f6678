"""The console shows how mailboxes stand, and no secret; only plans are changed there, and it is recorded."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from mailboxes import callbacks, credentials, orders
from mailboxes.models import Found, Mailbox, PagePicture, Paper, Plan, SpaceReading
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
MODELS = sorted(str(model._meta.model_name) for model in apps.get_app_config("mailboxes").get_models())


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


@pytest.fixture
def secrets(vendor: TroubledSandbox, jobs: Jobs) -> list[str]:
    """One row of everything, and what no page may show of it."""
    box = build.registered(jobs)
    token = callbacks.new_address(box).rstrip("/").rpartition("/")[2]
    build.handed_in(box)
    jobs.run()
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="evasa")
    credentials.enter(build.fresh(box), username=box.address, password="segretissima", actor=box.created_by)
    row = build.fresh(box)
    SpaceReading.objects.create(mailbox=row, at=timezone.now(), used=1, limit=2)
    orders.order_revocation(row, typed=row.address, actor=row.created_by)
    Found.objects.create(vendor_id="a1", address="x@y.example", found_at=timezone.now(), seen_at=timezone.now())
    PagePicture.objects.get_or_create(
        paper=Paper.objects.earliest("pk"), page=1, defaults={"stored_as": "papers/picture"}
    )
    places = [
        *Paper.objects.values_list("stored_as", flat=True),
        *PagePicture.objects.values_list("stored_as", flat=True),
    ]
    return [token, row.callback_sha256, row.password_sealed, "segretissima", "carta.jpg", *places]


def pages(operator: Client, name: str) -> str:
    rows = apps.get_model("mailboxes", name)._default_manager.all()
    addresses = [reverse(f"admin:mailboxes_{name}_changelist")]
    addresses += [reverse(f"admin:mailboxes_{name}_change", args=[row.pk]) for row in rows]
    answers = [operator.get(address) for address in addresses]
    assert {answer.status_code for answer in answers} == {200}
    assert len(answers) > 1
    return " ".join(answer.content.decode() for answer in answers)


def first(name: str) -> Model:
    row = apps.get_model("mailboxes", name)._default_manager.first()
    assert isinstance(row, Model)
    return row


def test_every_model_is_registered() -> None:
    assert [model for model in apps.get_app_config("mailboxes").get_models() if model not in admin.site._registry] == []


def test_no_page_of_the_console_shows_a_secret_and_the_vendors_record_is_shown(
    operator: Client, secrets: list[str]
) -> None:
    told = {name: pages(operator, name) for name in MODELS}

    assert [(name, secret) for name in MODELS for secret in secrets if secret in told[name]] == []
    assert "spazio_disco" in told["mailbox"]


def test_nothing_is_deleted_in_the_console(operator: Client, secrets: list[str]) -> None:
    for name in MODELS:
        row = first(name)
        response = operator.post(reverse(f"admin:mailboxes_{name}_delete", args=[row.pk]), {"post": "yes"})
        assert response.status_code == 403, name
        assert first(name) == row


def test_what_the_engine_wrote_is_neither_added_nor_changed(operator: Client, secrets: list[str]) -> None:
    for name in sorted(set(MODELS) - {"plan", "mailbox", "found"}):
        change = reverse(f"admin:mailboxes_{name}_change", args=[first(name).pk])
        assert operator.get(reverse(f"admin:mailboxes_{name}_add")).status_code == 403, name
        assert operator.post(change, {"state": "taken"}).status_code == 403, name
    for name in ("mailbox", "found"):
        assert operator.get(reverse(f"admin:mailboxes_{name}_add")).status_code == 403


def test_an_operator_says_whose_a_found_mailbox_is_and_that_is_recorded(operator: Client, secrets: list[str]) -> None:
    found, office = Found.objects.get(), Mailbox.objects.get().organisation
    change = {"organisation": office.pk, "address": "z@y.example", "vendor_id": "b2"}

    operator.post(reverse("admin:mailboxes_found_change", args=[found.pk]), change)

    found.refresh_from_db()
    assert (found.organisation, found.address, found.vendor_id) == (office, "x@y.example", "a1")
    assert Entry.objects.get(action="found.offer").actor_name == "operatore@portale.example"


def test_of_a_mailbox_only_the_plan_is_changed_and_that_is_recorded(operator: Client, secrets: list[str]) -> None:
    box = Mailbox.objects.get()
    flat = Plan.objects.create(name="PEC Massiva Flat di prova", monthly_limit=30_000)
    change = {"plan": flat.pk, "state": "draft", "vendor_state": "revocata", "address": "x@y.example", "username": "x"}

    for _time in range(2):
        operator.post(reverse("admin:mailboxes_mailbox_change", args=[box.pk]), change)

    fresh = build.fresh(box)
    assert fresh.plan == flat
    assert (fresh.state, fresh.vendor_state, fresh.address) == ("registered", "evasa", box.address)
    entry = Entry.objects.get(action="mailbox.plan")
    assert entry.facts == {"plan": "PEC Massiva Flat di prova"}
    assert entry.actor_name == "operatore@portale.example"


def test_a_plans_numbers_are_changed_and_that_is_recorded(operator: Client) -> None:
    plan = build.plan()
    numbers = {"name": plan.name, "daily_limit": "5000", "monthly_limit": "", "margin": "10"}
    numbers |= {"kind": "PECMASSIVA", "yearly_price": "120.50", "prices_noted_on": "2026-12-01", "is_orderable": "on"}
    numbers |= {"window": "rolling", "zone": "Europe/Rome", "counts": "recipients", "rate": "2", "pace_of": "account"}

    operator.post(reverse("admin:mailboxes_plan_change", args=[plan.pk]), numbers)

    plan.refresh_from_db()
    assert (plan.daily_limit, plan.monthly_limit, plan.margin) == (5000, None, 10)
    assert (plan.window, plan.rate, plan.pace_of) == ("rolling", 2.0, "account")
    facts = Entry.objects.get(action="plan.save").facts
    assert (facts["daily_limit"], facts["window"], facts["rate"]) == (5000, "rolling", 2.0)
    assert (facts["yearly_price"], facts["prices_noted_on"], facts["message_price"]) == ("120.50", "2026-12-01", None)


def test_a_price_without_its_day_is_refused(operator: Client) -> None:
    plan = build.plan()
    numbers = {"name": plan.name, "margin": "10", "kind": "PECMASSIVA", "yearly_price": "120.50"}
    numbers |= {"window": "rolling", "zone": "Europe/Rome", "counts": "recipients", "pace_of": "account"}

    page = operator.post(reverse("admin:mailboxes_plan_change", args=[plan.pk]), numbers)

    assert "Say on which day these prices were in force." in page.content.decode()
    assert not Entry.objects.filter(action="plan.save").exists()
