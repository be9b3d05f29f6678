"""Operators see the journal in the console, have it verified there, and leave a trace of what they change by hand."""

import pytest
from django.test import Client
from django.urls import reverse

from pecportal.journal import checking
from pecportal.journal.models import Anchor, Check, Entry
from pecportal.operation.models import Alert, Delivery
from pecportal.organisations.models import Organisation, User
from tests import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def console(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


def test_a_check_is_asked_for_and_its_result_shown(console: Client, jobs: Jobs) -> None:
    assert console.get(reverse("admin:journal_check_ask")).status_code == 405
    assert console.post(reverse("admin:journal_check_ask")).status_code == 302
    jobs.run()

    assert Check.objects.get().is_good
    assert "Verify the journal now" in console.get(reverse("admin:journal_check_changelist")).content.decode()


def test_who_is_no_operator_asks_for_nothing(client: Client) -> None:
    client.force_login(build.user(build.organisation()))

    assert client.post(reverse("admin:journal_check_ask")).status_code == 302  # to the console's own sign-in
    assert not Check.objects.exists()


@pytest.mark.parametrize("name", ["entry", "head", "check", "anchor", "refused"])
def test_nothing_of_it_can_be_added_changed_or_deleted(console: Client, name: str) -> None:
    checking.run()
    Anchor.objects.create(at=Check.objects.get().asked_at, number=1, digest="0" * 64, line="x")

    assert console.get(reverse(f"admin:journal_{name}_changelist")).status_code == 200
    assert console.get(reverse(f"admin:journal_{name}_add")).status_code == 403
    assert console.post(reverse(f"admin:journal_{name}_delete", args=[1])).status_code in (302, 403)
    assert Entry.objects.exists()


def test_what_is_changed_by_hand_is_recorded_with_the_names_of_its_fields(console: Client) -> None:
    office = Organisation.objects.create(name="Ufficio")
    page = console.get(reverse("admin:organisations_organisation_change", args=[office.pk]))
    form = page.context["adminform"].form
    data = {name: value for name in form.fields if (value := form.initial.get(name)) not in (None, "")}
    data = {name: value for name, value in data.items() if value is not False}
    for formset in page.context["inline_admin_formsets"]:
        prefix = formset.formset.prefix
        data |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}

    answer = console.post(
        reverse("admin:organisations_organisation_change", args=[office.pk]), data | {"name": "Ufficio nuovo"}
    )

    assert answer.status_code == 302
    entry = Entry.objects.get(action="console.change")
    assert (entry.target_type, entry.target_id, entry.door) == ("organisations.organisation", office.pk, "console")
    assert entry.actor is not None
    assert entry.actor.email == "operatore@portale.example"
    assert len(entry.facts["fields"]) == 1


def test_deliveries_are_listed(console: Client) -> None:
    now = Check.objects.create(asked_at=build.organisation().created_at).asked_at
    alert = Alert.objects.create(kind="disk", key="host", raised_at=now, seen_at=now)
    Delivery.objects.create(alert=alert, event="raised", channel="mail", to="a@portale.example", next_at=now)

    page = console.get(reverse("admin:operation_delivery_changelist"))

    assert page.status_code == 200
    assert "a@portale.example" in page.content.decode()
