"""The console shows how look-ups went, and what of them only; nothing is changed there."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from pecportal.admin import ReadOnlyAdmin
from pecportal.organisations.models import User
from pecportal.registers.models import Item, LookUp
from tests import build

pytestmark = pytest.mark.django_db


def test_every_table_of_the_registers_is_there_to_be_read_alone() -> None:
    for model in apps.get_app_config("registers").get_models():
        assert isinstance(admin.site._registry[model], ReadOnlyAdmin), model


def test_an_operator_sees_how_a_code_went_and_not_which_it_is(client: Client) -> None:
    office = build.organisation()
    lookup = LookUp.objects.create(organisation=office, by=build.user(office), at=timezone.now())
    item = Item.objects.create(lookup=lookup, code="12485671007", state="failed", words="Insufficient Credit")
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))

    pages = [
        client.get(reverse("admin:registers_item_changelist")),
        client.get(reverse("admin:registers_item_change", args=[item.pk])),
    ]

    for page in pages:
        assert page.status_code == 200
        assert "Insufficient Credit" in page.content.decode()
        assert "12485671007" not in page.content.decode()
