"""What a clerk may enter, and the sentence beside what they may not."""

from datetime import date
from typing import Any

import pytest

from mailboxes.forms import AddressForm, ApplicantForm, HolderForm, KindForm
from mailboxes.models import Application, Mailbox
from tests.mailboxes import build

pytestmark = pytest.mark.django_db


def applicant(**changes: Any) -> ApplicantForm:
    return ApplicantForm(build.typed(build.APPLICANT, **changes), instance=Application())


def holder(**changes: Any) -> HolderForm:
    return HolderForm(build.typed(build.HOLDER, **changes), instance=Application())


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


# --- the applicant


def test_a_complete_applicant_is_taken_as_typed() -> None:
    form = applicant(codice_fiscale_richiedente="rss mra 82d51 h501h", nazione_nascita_richiedente="it")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["codice_fiscale_richiedente"] == "RSSMRA82D51H501H"
    assert form.cleaned_data["nazione_nascita_richiedente"] == "IT"


NAMES = [("Niccolò", "D'Ambrosio"), ("Zoë Anne-Marie", "De’ Medici"), ("Đorđe", "Łukasiewicz"), ("José", "O'Brien")]


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_apostrophes_accents_and_foreign_letters_are_names(first: str, last: str) -> None:
    form = applicant(nome_richiedente=first, cognome_richiedente=last)

    assert form.is_valid(), form.errors
    assert (form.cleaned_data["nome_richiedente"], form.cleaned_data["cognome_richiedente"]) == (first, last)


@pytest.mark.parametrize("name", ["Ma\nria", "Ma\x00ria", "Ma\u202eria", "Ma\tria"])
def test_invisible_characters_in_a_name_are_refused(name: str) -> None:
    assert "nome_richiedente" in applicant(nome_richiedente=name).errors


OMOCODIA = ["RSSMRA82D51HR01C", "RSSMRA82DR1H501T", "RSSMRAUNDRMHRLMR"]


@pytest.mark.parametrize("code", OMOCODIA)
def test_codes_with_letters_for_digits_are_taken(code: str) -> None:
    assert applicant(codice_fiscale_richiedente=code).is_valid()


@pytest.mark.parametrize("code", ["RSSMRA82D51H501X", "RSSMRA82D51H501", "non ce l'ho"])
def test_a_wrong_code_is_told(code: str) -> None:
    assert "check it sign by sign" in str(applicant(codice_fiscale_richiedente=code).errors)


def test_a_mans_and_a_womans_code_are_told_apart() -> None:
    assert applicant(codice_fiscale_richiedente="RSSMRA82D11H501D", sesso_richiedente="M").is_valid()
    assert "sesso_richiedente" in applicant(codice_fiscale_richiedente="RSSMRA82D11H501D").errors
    assert "sesso_richiedente" in applicant(sesso_richiedente="M").errors


@pytest.mark.parametrize("typed", ["11/04/1982", "11-04-1982", "11.04.1982", "1982-04-11", "11/4/1982"])
def test_a_date_is_written_as_italians_write_it(typed: str) -> None:
    form = applicant(data_nascita_richiedente=typed)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["data_nascita_richiedente"] == date(1982, 4, 11)


@pytest.mark.parametrize("typed", ["04/11/1982", "31/02/1982", "11/04/2982", "11/04/1882", "ieri", "", "11/04/82"])
def test_a_date_that_cannot_be_or_that_the_code_contradicts_is_told(typed: str) -> None:
    assert "data_nascita_richiedente" in applicant(data_nascita_richiedente=typed).errors


def test_an_italian_birth_needs_a_province_and_a_foreign_one_none() -> None:
    assert "provincia_nascita_richiedente" in applicant(provincia_nascita_richiedente="").errors

    form = applicant(nazione_nascita_richiedente="fr", provincia_nascita_richiedente="RM")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["provincia_nascita_richiedente"] == ""


@pytest.mark.parametrize("country", ["Italia", "I", "1T", "ÌT", ""])
def test_a_country_is_two_letters(country: str) -> None:
    assert "nazione_nascita_richiedente" in applicant(nazione_nascita_richiedente=country).errors


@pytest.mark.parametrize(("number", "valid"), [("+39 06 1234567", True), ("06/123.45-67", True), ("zero sei", False)])
def test_a_telephone_number_is_digits(number: str, valid: bool) -> None:
    assert ("telefono" not in applicant(telefono=number).errors) is valid
    assert ("cellulare" not in applicant(cellulare=number).errors) is valid


# --- the holder


def test_a_complete_holder_is_taken() -> None:
    form = holder(cf_piva_titolare="IT 07973780013")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["cf_piva_titolare"] == "07973780013"


def test_a_private_person_needs_neither_name_nor_number_nor_sector() -> None:
    form = holder(tipo_cliente="PV", denominazione_titolare="", cf_piva_titolare="")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["sottotipo_cliente"] == ""


@pytest.mark.parametrize("kind_", ["IM", "PS", "PL", "PC", "A", "X"])
@pytest.mark.parametrize("name", ["denominazione_titolare", "cf_piva_titolare"])
def test_everybody_else_needs_both(kind_: str, name: str) -> None:
    form = holder(tipo_cliente=kind_, **{name: ""})

    assert name in form.errors


@pytest.mark.parametrize(
    ("kind_", "sector", "valid"),
    [
        ("IM", "IN", True),
        ("IM", "LC", False),
        ("IM", "", False),
        ("PS", "PA", True),
        ("PL", "LC", True),
        ("A", "", True),
    ],
)
def test_a_sector_belongs_to_its_kind_of_holder(kind_: str, sector: str, valid: bool) -> None:
    assert ("sottotipo_cliente" not in holder(tipo_cliente=kind_, sottotipo_cliente=sector).errors) is valid


def test_another_sector_is_named() -> None:
    assert "sottotipo_cliente_altro" in holder(sottotipo_cliente="X").errors
    assert holder(sottotipo_cliente="X", sottotipo_cliente_altro="Unione").is_valid()
    form = holder(sottotipo_cliente_altro="Unione")
    assert form.is_valid()
    assert form.cleaned_data["sottotipo_cliente_altro"] == ""


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("07973780014", "neither a valid VAT number"), ("7973780013", "zeros are missing"), ("x", "neither a valid")],
)
def test_a_wrong_vat_number_is_told(code: str, sentence: str) -> None:
    assert sentence in str(holder(cf_piva_titolare=code).errors)


@pytest.mark.parametrize(("code", "valid"), [("00100", True), ("0010", False), ("OO1OO", False), ("００１００", False)])
def test_an_italian_postal_code_has_five_digits(code: str, valid: bool) -> None:
    assert ("cap_titolare" not in holder(cap_titolare=code).errors) is valid


def test_an_address_abroad_has_no_province_and_any_postal_code() -> None:
    form = holder(nazione_titolare="FR", provincia_titolare="", cap_titolare="F-75001")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["provincia_titolare"] == "EE"
    assert "provincia_titolare" in holder(provincia_titolare="EE").errors
