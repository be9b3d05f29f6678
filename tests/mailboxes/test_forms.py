"""Which address, kind and plan a clerk may ask for, and the sentence beside what they may not."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from mailboxes import naming
from mailboxes.forms import AddressForm, DeclarationForm, KindForm
from mailboxes.forms.asking import LOCAL_PART
from mailboxes.models import Mailbox, Plan
from tests.mailboxes import build

pytestmark = pytest.mark.django_db


def kind(address: str, **changes: Any) -> KindForm:
    data = {"kind": "PECMASSIVA", "plan": build.plan().pk} | changes
    return KindForm({name: str(value) for name, value in data.items()}, instance=Mailbox(address=address))


# --- the address


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("Ufficio.Tributi@PECMassiva.com", "ufficio.tributi@pecmassiva.com"),
        ("  a-b_c9@pecmassiva.com ", "a-b_c9@pecmassiva.com"),
        ("x@pec.comune.example", "x@pec.comune.example"),
    ],
)
def test_an_address_is_taken_in_lower_case(typed: str, address: str) -> None:
    form = AddressForm({"address": typed})

    assert form.is_valid(), form.errors
    assert form.cleaned_data["address"] == address


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ufficio",
        "ufficio@",
        "è@pecmassiva.com",
        "a b@pecmassiva.com",
        "a+b@pecmassiva.com",
        "a@b@c.it",
        ".a@pecmassiva.com",
        "a..b@pecmassiva.com",
        "a'b@pecmassiva.com",
        "a\r\nBcc: x@y.it",
        "a" * 250 + "@pecmassiva.com",
        "a@pecmassivà.com",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    assert not AddressForm({"address": typed}).is_valid()


# --- the kind


def test_a_mailbox_that_sends_needs_a_plan() -> None:
    assert kind("a@pecmassiva.com").is_valid()
    assert "plan" in kind("a@pecmassiva.com", plan="").errors
    assert "plan" in kind("a@pecmassiva.com", plan="99999").errors
    assert kind("a@legalmail.it", kind="GOLD", plan="").is_valid()


@pytest.mark.parametrize(
    ("address", "kind_", "valid"),
    [
        ("a@pecmassiva.com", "PECMASSIVA", True),
        ("a@test.pecmassiva.com", "PECMASSIVA", True),
        ("a@pec.comune.example", "PECMASSIVA", True),
        ("a@legalmail.it", "PECMASSIVA", False),
        ("a@domiciliodigitale.com", "PECMASSIVA", False),
        ("a@domiciliodigitale.com", "DOMICILIODIGITALE", True),
        ("a@pecmassiva.com", "DOMICILIODIGITALE", False),
        ("a@legalmail.it", "STANDARD", True),
        ("a@testcert.legalmail.it", "GOLD", True),
        ("a@notlegalmail.it", "GOLD", False),
        ("a@pecmassiva.com", "PLATINUM", False),
    ],
)
def test_the_kind_fits_the_address(address: str, kind_: str, valid: bool) -> None:
    assert ("kind" not in kind(address, kind=kind_).errors) is valid


REASONS = [
    ("a b", "no blanks"),
    ("perché", "no accents"),
    (".a", "stand between letters"),
    ("a..b", "stand between letters"),
    ("a_", "stand between letters"),
    ("a+b", "use only letters"),
    ("a'b", "use only letters"),
    ("a" * 65, "at most 64 signs"),
    ("", "Write the name"),
]


@pytest.mark.parametrize(("typed", "reason"), REASONS)
def test_a_name_that_cannot_be_is_refused_with_its_reason(typed: str, reason: str) -> None:
    form = AddressForm({"name": typed, "domain": "pecmassiva.com"})

    assert not form.is_valid()
    assert reason in str(form.errors["name"])


@pytest.mark.parametrize(
    ("data", "address"),
    [
        ({"name": "Tributi", "domain": "legalmail.it"}, "tributi@legalmail.it"),
        ({"name": "tributi", "domain": "own", "own_domain": " PEC.Comune.Example "}, "tributi@pec.comune.example"),
        ({"name": "tributi", "domain": "own", "own_domain": "@pec.comune.example"}, "tributi@pec.comune.example"),
        ({"name": "Altro@Legalmail.it", "domain": "pecmassiva.com"}, "altro@legalmail.it"),  # pasted as a whole
    ],
)
def test_an_address_is_put_together(data: dict[str, str], address: str) -> None:
    form = AddressForm(data)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["address"] == address


@pytest.mark.parametrize("own", ["", "comune", "comune..it", "-x.it", "pécs.it", "legalmail.it", "x.pecmassiva.com"])
def test_an_own_domain_is_one_and_not_the_providers(own: str) -> None:
    form = AddressForm({"name": "tributi", "domain": "own", "own_domain": own})

    assert not form.is_valid()
    assert "own_domain" in form.errors


def test_the_vendors_trial_system_has_domains_of_its_own(settings: Settings) -> None:
    settings.OPENAPI_ENV = "test"

    assert AddressForm({"name": "a", "domain": "testcert.legalmail.it"}).is_valid()
    assert not AddressForm({"name": "a", "domain": "legalmail.it"}).is_valid()
    settings.OPENAPI_ENV = "production"
    assert not kind("a@testcert.legalmail.it", kind="GOLD", plan="").is_valid()


def test_an_address_comes_back_into_its_fields() -> None:
    assert AddressForm(address="a@legalmail.it").initial == {"name": "a", "domain": "legalmail.it", "own_domain": ""}
    own = AddressForm(address="a@pec.comune.example").initial
    assert own == {"name": "a", "domain": "own", "own_domain": "pec.comune.example"}


@given(st.text(max_size=70))
def test_whatever_is_typed_is_an_address_or_refused_with_a_reason(typed: str) -> None:
    form = AddressForm({"name": typed, "domain": "pecmassiva.com"})

    if form.is_valid():
        name, _at, domain = form.cleaned_data["address"].rpartition("@")
        assert LOCAL_PART.fullmatch(name)
        assert ".." not in name
        assert domain.isascii()
    else:
        assert all(len(str(sentence)) > 10 for sentences in form.errors.values() for sentence in sentences)


# --- other names to propose


def test_other_addresses_are_made_from_the_name_and_the_organisation() -> None:
    found = naming.proposals("tributi@pecmassiva.com", "Comune di Città Sant'Angelo")

    assert "tributi.angelo@pecmassiva.com" in found
    assert "tributi@pecmassiva.com" not in found
    assert 1 < len(found) <= naming.MOST


@given(st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True), st.text(max_size=40))
def test_what_is_proposed_can_be_an_address(name: str, organisation: str) -> None:
    for address in naming.proposals(f"{name}@pecmassiva.com", organisation):
        assert address != f"{name}@pecmassiva.com"
        if ".." not in name:
            assert AddressForm({"address": address}).is_valid()


# --- the plan


def test_a_plan_that_is_bought_elsewhere_is_not_chosen_here() -> None:
    flat = Plan.objects.create(name="Altrove", is_orderable=False, bought_at="https://pecmassiva.example/")

    form = kind("a@pecmassiva.com", plan=flat.pk)

    assert "not ordered here" in str(form.errors["plan"])


def test_a_plan_of_another_kind_does_not_count() -> None:
    gold = Plan.objects.create(name="Gold", kind="GOLD", yearly_price=Decimal(50), prices_noted_on=date(2020, 1, 1))

    assert "plan" in kind("a@pecmassiva.com", plan=gold.pk).errors
    form = kind("a@legalmail.it", kind="GOLD", plan=build.plan().pk)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["plan"] == gold  # it tells the price


# --- the declaration


@pytest.mark.parametrize(
    ("typed", "valid"), [("I DECLARE", True), (" i  declare. ", True), ("", False), ("yes", False), ("I DECLAR", False)]
)
def test_the_word_of_the_declaration_is_typed(typed: str, valid: bool) -> None:
    assert DeclarationForm({"declaration": typed}).is_valid() is valid
