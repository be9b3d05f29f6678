"""Operators see how things stand, never what is said or to whom."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from campaigns.models import SendingLane
from campaigns.models.tracking import Hold
from mailboxes import gauge
from pecportal.operation import deployment
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.planted import SECRETS, fill

pytestmark = pytest.mark.django_db
MODELS = [model._meta.model_name or "" for model in apps.get_app_config("campaigns").get_models()]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


@pytest.mark.parametrize("name", MODELS)
def test_no_page_of_the_console_tells_contents_or_recipients(operator: Client, name: str) -> None:
    fill()
    rows = apps.get_model("campaigns", name)._default_manager.all()

    pages = [operator.get(reverse(f"admin:campaigns_{name}_changelist"))]
    pages += [operator.get(reverse(f"admin:campaigns_{name}_change", args=[row.pk])) for row in rows]

    assert {page.status_code for page in pages} <= {200, 403}
    told = " ".join(page.content.decode() for page in pages)
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_added_changed_or_deleted_in_the_console(operator: Client, name: str) -> None:
    fill()
    row = apps.get_model("campaigns", name)._default_manager.first()

    assert operator.get(reverse(f"admin:campaigns_{name}_add")).status_code == 403
    if row is not None:
        assert (
            operator.post(reverse(f"admin:campaigns_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        )
        assert operator.post(reverse(f"admin:campaigns_{name}_change", args=[row.pk]), {"name": "x"}).status_code == 403


def test_every_model_is_registered() -> None:
    assert [model for model in apps.get_app_config("campaigns").get_models() if model not in admin.site._registry] == []


def lanes_page(operator: Client) -> str:
    return operator.get(reverse("admin:campaigns_sendinglane_changelist")).content.decode()


def test_the_lanes_page_tells_what_holds_each_up(operator: Client) -> None:
    mailbox = build.started().mailbox
    lane = SendingLane.objects.create(mailbox=mailbox)
    assert "92% full" not in lanes_page(operator)

    gauge.keep(mailbox, used=92, limit=100)
    assert "92% full" in lanes_page(operator)
    detail = operator.get(reverse("admin:campaigns_sendinglane_change", args=[lane.pk])).content.decode()
    assert "92% full" in detail

    gauge.keep(mailbox, used=1, limit=100)
    SendingLane.objects.update(hold=Hold.WALLET)
    assert "wallet is empty" in lanes_page(operator)

    deployment.restored()
    assert "Sending is switched off" in lanes_page(operator)
