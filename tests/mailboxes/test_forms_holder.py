"""What each kind of holder needs, and what may be entered of it."""

from typing import Any

import pytest
from django.urls import reverse

from mailboxes import holders
from mailboxes.forms import HolderForm
from mailboxes.models import Application
from mailboxes.models.application import CustomerType
from mailboxes.sectors import SECTORS_OF
from tests.mailboxes import build

pytestmark = pytest.mark.django_db
NUMBER, PERSON = "07973780013", "RSSMRA82D51H501H"
KINDS = [kind.value for kind in CustomerType]


def holder(**changes: Any) -> HolderForm:
    return HolderForm(build.typed(build.HOLDER, **changes), instance=Application())


def of_kind(kind: str, **changes: Any) -> HolderForm:
    """A holder of this kind, complete unless the changes say otherwise."""
    sector = next(iter(sorted(SECTORS_OF.get(kind, frozenset({""})) - {"X"})))
    return holder(**{"tipo_cliente": kind, "sottotipo_cliente": sector} | changes)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_explanation_and_can_be_completed(kind: str) -> None:
    form = of_kind(kind)

    assert form.is_valid(), form.errors
    assert str(holders.NEEDS[kind].who)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("IM", {"sottotipo_cliente", "denominazione_titolare", "cf_piva_titolare"}),
        ("PS", {"sottotipo_cliente", "denominazione_titolare", "cf_piva_titolare"}),
        ("PL", {"sottotipo_cliente", "denominazione_titolare", "cf_piva_titolare"}),
        ("PC", {"denominazione_titolare", "cf_piva_titolare"}),
        ("A", {"denominazione_titolare", "cf_piva_titolare"}),
        ("PV", set()),
        ("X", {"denominazione_titolare", "cf_piva_titolare"}),
        ("", None),
    ],
)
def test_only_the_fields_that_a_kind_needs_are_shown(kind: str, fields: set[str] | None) -> None:
    form = HolderForm(initial={"tipo_cliente": kind}, instance=Application())

    seat = {"indirizzo_titolare", "comune_titolare", "comune_titolare_unlisted", "provincia_titolare", "cap_titolare"}
    wanted = {"tipo_cliente"} | (set() if fields is None else fields | seat | {"nazione_titolare"})
    assert set(form.fields) == wanted


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "PV"])
@pytest.mark.parametrize("name", ["denominazione_titolare", "cf_piva_titolare"])
def test_everybody_but_a_private_person_needs_name_and_number(kind: str, name: str) -> None:
    assert name in of_kind(kind, **{name: ""}).errors


def test_a_private_person_is_the_applicant_and_what_was_typed_for_another_kind_is_dropped() -> None:
    form = holder(tipo_cliente="PV")

    assert form.is_valid(), form.errors
    dropped = ("denominazione_titolare", "cf_piva_titolare", "sottotipo_cliente", "sottotipo_cliente_altro")
    assert [form.cleaned_data[name] for name in dropped] == ["", "", "", ""]


def test_without_a_kind_nothing_else_is_asked() -> None:
    assert list(holder(tipo_cliente="").errors) == ["tipo_cliente"]
    assert "tipo_cliente" in holder(tipo_cliente="ZZ").errors


@pytest.mark.parametrize(
    ("kind", "sector", "valid"),
    [
        ("IM", "IN", True),
        ("IM", "LC", False),
        ("IM", "", False),
        ("PS", "PA", True),
        ("PL", "LC", True),
        ("A", "", True),
    ],
)
def test_a_sector_belongs_to_its_kind_of_holder(kind: str, sector: str, valid: bool) -> None:
    assert ("sottotipo_cliente" not in holder(tipo_cliente=kind, sottotipo_cliente=sector).errors) is valid


def test_another_sector_is_named() -> None:
    assert "sottotipo_cliente_altro" in holder(sottotipo_cliente="X").errors
    assert holder(sottotipo_cliente="X", sottotipo_cliente_altro="Unione").is_valid()
    form = holder(sottotipo_cliente_altro="Unione")
    assert form.is_valid()
    assert form.cleaned_data["sottotipo_cliente_altro"] == ""


# --- numbers


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("07973780014", "neither a valid VAT number"),
        ("7973780013", "zeros are missing"),
        ("x", "neither a valid"),
        ("RSSMRA82D51H501X", "neither a valid"),
    ],
)
def test_a_wrong_vat_number_is_told(code: str, sentence: str) -> None:
    assert sentence in str(holder(cf_piva_titolare=code).errors)


@pytest.mark.parametrize("typed", [NUMBER, "IT 07973780013", "it07973780013", " 079 737 80013 "])
def test_a_vat_number_is_taken_as_it_is_written(typed: str) -> None:
    form = holder(cf_piva_titolare=typed)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["cf_piva_titolare"] == NUMBER


@pytest.mark.parametrize(
    ("kind", "may"), [("IM", True), ("PS", True), ("X", True), ("PL", False), ("PC", False), ("A", False)]
)
def test_a_body_has_no_persons_code(kind: str, may: bool) -> None:
    form = of_kind(kind, cf_piva_titolare=PERSON)

    assert form.is_valid() is may
    if not may:
        assert "This is a person" in str(form.errors["cf_piva_titolare"])


@pytest.mark.parametrize(
    ("name", "typed", "valid"),
    [
        ("denominazione_titolare", "COMUNE DI PROVA", True),
        ("denominazione_titolare", "L'Età dell'Oro S.r.l. – 2ª sede & C.", True),
        ("denominazione_titolare", "12345", False),
        ("indirizzo_titolare", "VIA G. VERDI, 20/BIS", True),
        ("indirizzo_titolare", "20", False),
        ("indirizzo_titolare", "Via\nVerdi", False),
        ("indirizzo_titolare", "", False),
    ],
)
def test_names_and_streets_are_taken_or_refused(name: str, typed: str, valid: bool) -> None:
    assert (name not in holder(**{name: typed}).errors) is valid


# --- the seat


@pytest.mark.parametrize(("code", "valid"), [("00100", True), ("0010", False), ("OO1OO", False), ("００１００", False)])
def test_an_italian_postal_code_has_five_digits(code: str, valid: bool) -> None:
    assert ("cap_titolare" not in holder(cap_titolare=code).errors) is valid


def test_the_province_follows_from_the_municipality() -> None:
    form = holder(comune_titolare="l’aquila", provincia_titolare="", cap_titolare="67100")

    assert form.is_valid(), form.errors
    assert (form.cleaned_data["comune_titolare"], form.cleaned_data["provincia_titolare"]) == ("L'Aquila", "AQ")


@pytest.mark.parametrize(
    ("place", "province", "field", "sentence"),
    [
        ("Castro", "", "provincia_titolare", "Castro (BG), Castro (LE)"),
        ("Roma", "MI", "provincia_titolare", "Roma (RM)"),
        ("Rroma", "RM", "comune_titolare", "Roma (RM)"),
        ("Xyzzyx", "RM", "comune_titolare", "check how it is written"),
        ("Fiume", "", "comune_titolare", "Fiume Veneto (PN)"),  # today's alone: nobody has a seat in a former one
    ],
)
def test_a_seat_that_does_not_exist_is_told(place: str, province: str, field: str, sentence: str) -> None:
    form = holder(comune_titolare=place, provincia_titolare=province)

    assert sentence in str(form.errors[field])


def test_a_municipality_newer_than_the_list_is_kept_by_a_tick_and_needs_its_province() -> None:
    new = {"comune_titolare": "Borgo Nuovissimo", "comune_titolare_unlisted": "on"}

    assert holder(**new).is_valid()
    assert "provincia_titolare" in holder(provincia_titolare="", **new).errors
    kept = HolderForm(instance=Application(tipo_cliente="PL", comune_titolare="Borgo Nuovissimo"))
    assert kept["comune_titolare_unlisted"].value() is True


def test_an_address_abroad_has_no_province_and_any_postal_code() -> None:
    form = holder(nazione_titolare="FR", comune_titolare="Parigi", provincia_titolare="", cap_titolare="F-75001")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["provincia_titolare"] == "EE"
    at_home = holder(provincia_titolare="EE")
    assert at_home.is_valid(), at_home.errors
    assert at_home.cleaned_data["provincia_titolare"] == "RM"


def test_municipalities_are_proposed_while_somebody_types() -> None:
    attrs = holder().fields["comune_titolare"].widget.attrs

    assert attrs["hx-get"] == reverse("mailboxes:places")
    assert attrs["list"] == "places-comune_titolare"
