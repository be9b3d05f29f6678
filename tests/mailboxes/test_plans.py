"""The vendor's plans are data, there from the first migration on."""

from datetime import date
from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps

from mailboxes import offers
from mailboxes.models import Plan

pytestmark = pytest.mark.django_db
MIGRATION = import_module("mailboxes.migrations.0002_plans")
PRICES = import_module("mailboxes.migrations.0005_prices")


def test_both_plans_are_there_with_the_vendors_numbers_and_made_once() -> None:
    for _time in range(2):
        MIGRATION.add_plans(apps, None)

    plans = Plan.objects.filter(name__in=["PEC Massiva Standard", "PEC Massiva Flat"]).order_by("name")
    assert list(plans.values_list("name", "daily_limit", "monthly_limit", "margin")) == [
        ("PEC Massiva Flat", None, 30_000, 50),
        ("PEC Massiva Standard", 3500, None, 50),
    ]


def test_the_plans_prices_are_data_with_their_day_and_prices_that_somebody_entered_stay() -> None:
    MIGRATION.add_plans(apps, None)
    PRICES.note_prices(apps, None)
    Plan.objects.filter(name="PEC Massiva Standard").update(yearly_price=Decimal(120))
    Plan.objects.filter(name="PEC Massiva Flat").update(prices_noted_on=None, yearly_price=None)

    PRICES.note_prices(apps, None)

    standard, flat = (Plan.objects.get(name=f"PEC Massiva {name}") for name in ("Standard", "Flat"))
    assert (standard.yearly_price, standard.message_price) == (Decimal(120), Decimal("0.05"))
    assert (flat.yearly_price, flat.message_price, flat.is_orderable) == (Decimal(1500), None, False)
    assert flat.prices_noted_on is not None
    assert Plan.objects.get(yearly_limit=1_200_000).yearly_price is None


def test_a_plan_is_told_in_sentences_with_vat_and_the_day() -> None:
    plan = Plan(
        name="x",
        daily_limit=3500,
        yearly_price=Decimal("1234.50"),
        message_price=Decimal("0.0350"),
        prices_noted_on=date(2026, 3, 1),
    )

    assert offers.limits(plan) == ["At most 3,500 recipients a day"]
    told = offers.prices(plan)
    assert told[:2] == ["1,234.50 € a year, plus VAT", "0.035 € for each message, plus VAT"]
    assert "2026" in told[2]
    assert "not noted" in offers.prices(Plan(name="y"))[0]
    assert "not known" in " ".join(
        offers.prices(Plan(name="z", yearly_price=Decimal(9), prices_noted_on=date(2026, 3, 1)))
    )


def test_a_clerk_is_offered_the_kinds_that_can_have_the_address() -> None:
    fitting, others = offers.kinds("a@legalmail.it")

    assert [each.value for each in fitting] == ["STANDARD", "BRONZE", "SILVER", "GOLD"]
    assert not any(each.may_send for each in fitting)
    assert [each.value for each in others if each.may_send] == ["PECMASSIVA"]
    assert [each.value for each in offers.kinds("a@pec.comune.example")[0]] == ["PECMASSIVA"]
    assert all(each.purpose for each in fitting + others)
