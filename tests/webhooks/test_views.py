"""The pages of webhooks: made, changed, tested and looked after by those who may, and secrets shown to nobody else."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from pecportal.journal.models import Entry
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.webhooks import secrets, signing
from pecportal.webhooks.models import CHOSEN, Because, Call, Delivery, Webhook
from tests import build as kernel
from tests.campaigns.pages import words
from tests.webhooks import build

pytestmark = pytest.mark.django_db
ENTERED = {"name": "ERP", "url": "https://erp.example/hooks", "types": ["message.status_changed"]}


@pytest.fixture
def office() -> Organisation:
    return kernel.organisation()


@pytest.fixture
def browser(client: Client, office: Organisation) -> Client:
    client.force_login(kernel.user(office, Role.ADMINISTRATOR, password="quattro cavalli per la strada"))
    return client


def at(name: str, *args: object) -> str:
    return reverse(f"webhooks:{name}", args=args)


def test_a_webhook_is_made_and_its_secret_shown_next(browser: Client, office: Organisation) -> None:
    page = browser.post(at("new"), ENTERED, follow=True)

    row = Webhook.objects.get()
    assert (row.organisation, row.name, row.url, row.types) == (office, "ERP", ENTERED["url"], ENTERED["types"])
    assert page.redirect_chain == [(at("secret", row.pk), 302)]
    assert signing.written(secrets.current(row)) in page.content.decode()
    assert "no-store" in page.headers["Cache-Control"]
    assert [entry.action for entry in Entry.objects.order_by("number")][-2:] == ["webhook.make", "webhook.show"]
    assert "ERP" in words(browser.get(at("index")))


@pytest.mark.parametrize(
    ("field", "value"), [("url", "http://erp.example/"), ("url", "https://10.0.0.1/"), ("types", []), ("name", " ")]
)
def test_what_cannot_be_is_said_beside_its_field(
    browser: Client, settings: Settings, field: str, value: object
) -> None:
    settings.WEBHOOK_NETWORKS = []
    page = browser.post(at("new"), {**ENTERED, field: value})

    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert not Webhook.objects.exists()


def test_no_page_but_its_own_shows_a_secret(browser: Client, office: Organisation) -> None:
    row = build.webhook(office)
    delivery = build.delivery(row)
    secret = signing.written(secrets.current(row))
    own = [at(name, row.pk) for name in ("webhook", "edit", "rotate")]

    for url in (at("index"), *own, at("delivery", row.pk, delivery.pk), reverse("journal:index")):
        page = browser.get(url)
        assert page.status_code == 200
        assert secret not in page.content.decode()
        assert row.secret_sealed not in page.content.decode()


@pytest.mark.parametrize("name", ["new", "edit", "secret", "rotate"])
def test_whoever_signed_in_a_while_ago_shows_first_that_it_is_they(
    browser: Client, office: Organisation, settings: Settings, name: str
) -> None:
    row = build.webhook(office)
    settings.STEP_UP_SECONDS = 0

    page = browser.get(at(name) if name == "new" else at(name, row.pk))

    assert page.status_code == 302
    assert page.headers["Location"].startswith("/account/confirm/")


def test_a_change_is_kept_and_recorded_without_the_whole_address(browser: Client, office: Organisation) -> None:
    row = build.webhook(office)
    browser.post(at("edit", row.pk), {**ENTERED, "url": "https://new.example/x?key=canary"})

    row.refresh_from_db()
    assert row.url == "https://new.example/x?key=canary"
    entry = Entry.objects.get(action="webhook.change")
    assert entry.after["host"] == "new.example"
    assert "canary" not in str(entry.facts) + str(entry.before) + str(entry.after)
    again = browser.post(at("edit", row.pk), {**ENTERED, "url": "https://new.example/x?key=canary"}, follow=True)
    assert "Nothing was changed" in words(again)


def test_a_new_secret_takes_the_former_ones_place(browser: Client, office: Organisation) -> None:
    row = build.webhook(office)
    old = signing.written(secrets.current(row))
    page = browser.post(at("rotate", row.pk), {"overlap": "24"}, follow=True)

    found = re.search(r"whsec_[A-Za-z0-9+/=]+", page.content.decode())
    assert found
    assert found[0] != old
    row.refresh_from_db()
    assert len(secrets.signing(row, at=timezone.now())) == 2
    assert len(secrets.signing(row, at=timezone.now() + timedelta(hours=25))) == 1


def test_a_webhook_is_switched_off_and_on_tested_and_removed(browser: Client, office: Organisation) -> None:
    row = build.webhook(office)
    assert "Off since" in words(browser.post(at("switch_off", row.pk), follow=True))
    assert "switch it on first" in words(browser.post(at("test", row.pk), follow=True))
    assert "Off since" not in words(browser.post(at("switch_on", row.pk), follow=True))
    assert "A test that somebody asked for" in words(browser.post(at("test", row.pk), follow=True))

    browser.post(at("remove", row.pk))

    assert not Webhook.objects.exists()
    assert Entry.objects.filter(action="webhook.remove").exists()


def test_what_was_given_up_is_delivered_again(browser: Client, office: Organisation) -> None:
    row = build.webhook(office)
    first = build.delivery(row, state="failed", tries=10, problem="status 500", last_status=500)
    build.delivery(row, state="failed", tries=10)
    build.delivery(row, state="delivered", tries=1)
    assert "500" in words(browser.get(at("webhook", row.pk)))
    assert "500" in words(browser.get(at("webhook", row.pk) + "?state=failed"))

    browser.post(at("redeliver", row.pk, first.pk))
    assert Delivery.objects.filter(state="waiting").count() == 1
    assert "waits to be made already" in words(browser.post(at("redeliver", row.pk, first.pk), follow=True))
    browser.post(at("redeliver_failed", row.pk))

    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["delivered", "waiting", "waiting"]


def test_the_first_page_and_the_webhooks_own_tell_that_it_was_switched_off(
    browser: Client, office: Organisation
) -> None:
    row = build.webhook(office, name="Gestionale")
    Webhook.objects.filter(pk=row.pk).update(state="disabled", because=Because.FAILING)

    assert "The webhook “Gestionale” is off" in words(browser.get(reverse("home")))
    assert "took nothing for three days" in words(browser.get(at("webhook", row.pk)))


def test_a_delivery_shows_what_is_sent(browser: Client, office: Organisation) -> None:
    delivery = build.delivery(build.webhook(office))
    page = words(browser.get(at("delivery", delivery.webhook_id, delivery.pk)))

    assert str(delivery.event.public_id) in page
    assert "message.status_changed" in page


def test_there_are_only_so_many(browser: Client, office: Organisation) -> None:
    person = User.objects.get()
    Webhook.objects.bulk_create(
        Webhook(organisation=office, name=str(n), url="https://x.example", secret_sealed="x", created_by=person)
        for n in range(20)
    )
    page = browser.post(at("new"), ENTERED)

    assert page.status_code == 422
    assert "at most 20" in words(page)


def test_every_kind_of_event_can_be_chosen(browser: Client) -> None:
    page = browser.get(at("new")).content.decode()

    assert all(f'value="{kind.value}"' in page for kind in CHOSEN)
    assert "webhook.test" not in page


def test_what_was_wrong_with_a_call_is_told_in_the_readers_language(browser: Client, office: Organisation) -> None:
    delivery = build.delivery(build.webhook(office))
    Delivery.objects.filter(pk=delivery.pk).update(problem="The name is not known.")
    browser.cookies["django_language"] = "it"
    Call.objects.create(delivery=delivery, at=timezone.now(), problem="The name is not known.", milliseconds=3)

    for url in (at("webhook", delivery.webhook_id), at("delivery", delivery.webhook_id, delivery.pk)):
        assert "Il nome non è conosciuto." in words(browser.get(url))
