"""The vendor's plans are data, there from the first migration on."""

from importlib import import_module

import pytest
from django.apps import apps

from mailboxes.models import Plan

pytestmark = pytest.mark.django_db
MIGRATION = import_module("mailboxes.migrations.0002_plans")


def test_both_plans_are_there_with_the_vendors_numbers_and_made_once() -> None:
    for _time in range(2):
        MIGRATION.add_plans(apps, None)

    plans = Plan.objects.filter(name__in=["PEC Massiva Standard", "PEC Massiva Flat"]).order_by("name")
    assert list(plans.values_list("name", "daily_limit", "monthly_limit", "margin")) == [
        ("PEC Massiva Flat", None, 30_000, 50),
        ("PEC Massiva Standard", 3500, None, 50),
    ]
