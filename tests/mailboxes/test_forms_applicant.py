"""What may be entered of the applicant: names, codes, days, birthplaces, documents; and why the rest is refused."""

import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from mailboxes.forms import ApplicantForm
from mailboxes.models import Application
from mailboxes.taxcodes import Difference
from tests.mailboxes import build

pytestmark = pytest.mark.django_db
CODE = "codice_fiscale_richiedente"
REASON = "Il cognome è cambiato con il matrimonio."


def applicant(**changes: Any) -> ApplicantForm:
    return ApplicantForm(build.typed(build.APPLICANT, **changes), instance=Application())


def overruled(*differences: Difference, **changes: Any) -> ApplicantForm:
    """The form sent again with a reason, after these differences were shown."""
    return applicant(**{"overruled_reason": REASON, "differences": ",".join(differences)} | changes)


def test_a_complete_applicant_is_taken_as_typed() -> None:
    form = applicant(codice_fiscale_richiedente="rss mra 82d51 h501h", nazione_nascita_richiedente="it")

    assert form.is_valid(), form.errors
    assert form.cleaned_data[CODE] == "RSSMRA82D51H501H"
    assert form.cleaned_data["nazione_nascita_richiedente"] == "IT"
    assert form.mismatches == {}


# --- names

NAMES = [("Niccolò", "D'Ambrosio"), ("Zoë Anne-Marie", "De’ Medici"), ("Đorđe", "Łukasiewicz"), ("José", "O'Brien")]
BOTH_NAMES = (Difference.SURNAME, Difference.FIRST_NAME)


@pytest.mark.parametrize(("first", "last"), NAMES)
def test_apostrophes_accents_and_foreign_letters_are_names(first: str, last: str) -> None:
    form = overruled(*BOTH_NAMES, nome_richiedente=first, cognome_richiedente=last)

    assert form.is_valid(), form.errors
    assert (form.cleaned_data["nome_richiedente"], form.cleaned_data["cognome_richiedente"]) == (first, last)


@pytest.mark.parametrize("name", ["Ma\nria", "Ma\x00ria", "Ma\u202eria", "Ma\tria"])
def test_invisible_characters_in_a_name_are_refused(name: str) -> None:
    assert "nome_richiedente" in applicant(nome_richiedente=name).errors


@pytest.mark.parametrize(
    ("name", "reason"),
    [("Maria2", "no digits"), ("Мария", "Latin letters"), ("-", "letters, and blanks"), ("Mar;ia", "letters, and")],
)
def test_what_is_no_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    assert reason in str(applicant(nome_richiedente=name).errors["nome_richiedente"])


def test_capitals_blanks_and_parted_accents_are_put_right() -> None:
    form = applicant(nome_richiedente="  MARIA ", cognome_richiedente="ROSSI", indirizzo="x", email=" A@Prova.example ")
    assert form.is_valid(), form.errors
    assert form.cleaned_data["nome_richiedente"] == "MARIA"

    parted = overruled(*BOTH_NAMES, nome_richiedente="Nicolo\u0300  Maria", cognome_richiedente="De   Rossi")
    assert parted.is_valid(), parted.errors
    assert parted.cleaned_data["nome_richiedente"] == "Nicolò Maria"
    assert parted.cleaned_data["cognome_richiedente"] == "De Rossi"


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_any_text_as_a_name_is_taken_or_refused_with_a_reason(name: str) -> None:
    form = applicant(nome_richiedente=name)

    if "nome_richiedente" in form.errors:
        assert all(len(str(sentence)) > 10 for sentence in form.errors["nome_richiedente"])
    else:
        kept = form.cleaned_data["nome_richiedente"]
        assert kept[0].isalpha()
        assert unicodedata.is_normalized("NFC", kept)
        assert kept == kept.strip()


# --- the tax code

OMOCODIA = ["RSSMRA82D51HR01C", "RSSMRA82DR1H501T", "RSSMRAUNDRMHRLMR"]


@pytest.mark.parametrize("code", OMOCODIA)
def test_codes_with_letters_for_digits_are_taken(code: str) -> None:
    assert applicant(codice_fiscale_richiedente=code).is_valid()


@pytest.mark.parametrize("code", ["RSSMRA82D51H501X", "RSSMRA82D51H501", "non ce l'ho", "07973780014"])
def test_a_wrong_code_is_an_error_that_no_reason_overrules(code: str) -> None:
    form = overruled(*Difference, codice_fiscale_richiedente=code)

    assert "check it sign by sign" in str(form.errors[CODE])


def test_a_mans_and_a_womans_code_are_told_apart() -> None:
    man = {"codice_fiscale_richiedente": "RSSMRA82D11H501D", "nome_richiedente": "Mario", "sesso_richiedente": "M"}
    assert applicant(**man).is_valid()

    form = applicant(sesso_richiedente="M")
    assert not form.is_valid()
    assert "other sex" in form.mismatches[Difference.SEX]


MISMATCHES: list[tuple[dict[str, Any], Difference, str]] = [
    ({"cognome_richiedente": "Verdi"}, Difference.SURNAME, "another surname: it begins with RSS"),
    ({"nome_richiedente": "Giulia"}, Difference.FIRST_NAME, "another first name"),
    ({"sesso_richiedente": "M"}, Difference.SEX, "other sex"),
    ({"data_nascita_richiedente": "12/04/1982"}, Difference.DATE, "another date of birth: 11/04/…82"),
    (
        {"comune_nascita_richiedente": "Milano", "provincia_nascita_richiedente": ""},
        Difference.PLACE,
        "names Roma (RM) as the place of birth",
    ),
    (
        {"nazione_nascita_richiedente": "FR", "comune_nascita_richiedente": "Parigi"},
        Difference.PLACE,
        "names Roma (RM)",
    ),
]


@pytest.mark.parametrize(("changes", "difference", "sentence"), MISMATCHES)
def test_a_difference_is_a_warning_that_a_reason_overrules(
    changes: dict[str, Any], difference: Difference, sentence: str
) -> None:
    form = applicant(**changes)
    assert list(form.errors) == ["overruled_reason"]
    assert list(form.mismatches) == [difference]
    assert sentence in form.mismatches[difference]

    assert overruled(difference, **changes).is_valid()


def test_a_reason_given_before_the_differences_were_shown_does_not_count() -> None:
    form = overruled(cognome_richiedente="Verdi")

    assert "do not agree" in str(form.errors["overruled_reason"])


def test_a_reason_for_one_difference_is_none_for_another() -> None:
    assert not overruled(Difference.SURNAME, cognome_richiedente="Verdi", sesso_richiedente="M").is_valid()


@pytest.mark.parametrize("reason", ["", "  ", "ok"])
def test_a_reason_has_some_words(reason: str) -> None:
    form = overruled(Difference.SEX, sesso_richiedente="M", overruled_reason=reason)

    assert "Say in a few words" in str(form.errors["overruled_reason"])


def test_a_reason_may_be_written_in_several_lines() -> None:
    form = overruled(Difference.SEX, sesso_richiedente="M", overruled_reason="Sesso rettificato\r\ndal tribunale.")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["overruled_reason"] == "Sesso rettificato dal tribunale."


def test_a_reason_without_a_difference_is_dropped() -> None:
    form = overruled()

    assert form.is_valid(), form.errors
    assert form.cleaned_data["overruled_reason"] == ""


# --- the day of birth


@pytest.mark.parametrize("typed", ["11/04/1982", "11-04-1982", "11.04.1982", "1982-04-11", "11/4/1982", " 11/04/1982 "])
def test_a_date_is_written_as_italians_write_it(typed: str) -> None:
    form = applicant(data_nascita_richiedente=typed)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["data_nascita_richiedente"] == date(1982, 4, 11)


@pytest.mark.parametrize("typed", ["31/02/1982", "11/04/2982", "11/04/1882", "ieri", "", "11/04/82"])
def test_a_date_that_cannot_be_is_told(typed: str) -> None:
    assert "data_nascita_richiedente" in applicant(data_nascita_richiedente=typed).errors


def test_nobody_is_born_today() -> None:
    assert "cannot be right" in str(applicant(data_nascita_richiedente=timezone.localdate()).errors)


# --- the place of birth


def test_the_province_follows_from_the_municipality() -> None:
    form = applicant(comune_nascita_richiedente="ROMA", provincia_nascita_richiedente="")

    assert form.is_valid(), form.errors
    assert form.cleaned_data["comune_nascita_richiedente"] == "Roma"
    assert form.cleaned_data["provincia_nascita_richiedente"] == "RM"


def test_an_italian_birth_needs_municipality_or_province_and_a_foreign_one_neither() -> None:
    nowhere = {"comune_nascita_richiedente": "", "provincia_nascita_richiedente": ""}
    assert list(applicant(**nowhere).errors) == ["comune_nascita_richiedente"]
    assert applicant(comune_nascita_richiedente="").is_valid()

    french = {
        CODE: "RSSMRA82D51Z110O",
        "nazione_nascita_richiedente": "fr",
        "comune_nascita_richiedente": "Saint-Denis",
    }
    form = applicant(**french)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["provincia_nascita_richiedente"] == ""
    assert form.cleaned_data["comune_nascita_richiedente"] == "Saint-Denis"


def test_a_state_that_is_no_more_is_one_of_its_successors() -> None:
    yugoslavia = {CODE: "RSSMRA82D51Z118G", "comune_nascita_richiedente": "Spalato"}

    assert applicant(nazione_nascita_richiedente="HR", **yugoslavia).is_valid()
    french = applicant(nazione_nascita_richiedente="FR", **yugoslavia)
    assert not french.is_valid()
    assert "Croatia" in french.mismatches[Difference.PLACE]


@pytest.mark.parametrize("country", ["Italia", "I", "XX", "ÌT", ""])
def test_a_country_is_chosen_from_the_list(country: str) -> None:
    assert "nazione_nascita_richiedente" in applicant(nazione_nascita_richiedente=country).errors


@pytest.mark.parametrize(
    ("place", "province", "born", "kept"),
    [
        ("Fiume", "", "11/04/1930", ("Fiume", "FU")),  # ceded in 1947
        ("Cadrezzate", "", "11/04/1982", ("Cadrezzate", "VA")),  # merged in 2019
        ("Rimini", "FO", "11/04/1982", ("Rimini", "FO")),  # as it was then
        ("Rimini", "RN", "11/04/1982", ("Rimini", "RN")),  # as it is now
        ("Rimini", "", "11/04/1982", ("Rimini", "RN")),
        ("Castro (LE)", "", "11/04/1982", ("Castro", "LE")),
        ("Bozen", "", "11/04/1982", ("Bolzano", "BZ")),
        ("reggio emilia", "", "11/04/1982", ("Reggio nell'Emilia", "RE")),
        ("FORLI'", "", "11/04/1982", ("Forlì", "FC")),
    ],
)
def test_birthplaces_of_all_times_are_found(place: str, province: str, born: str, kept: tuple[str, str]) -> None:
    changes = {"comune_nascita_richiedente": place, "provincia_nascita_richiedente": province}
    found = applicant(data_nascita_richiedente=born, **changes)
    assert not {"comune_nascita_richiedente", "provincia_nascita_richiedente"} & set(found.errors), found.errors

    data = found.cleaned_data
    assert (data["comune_nascita_richiedente"], data["provincia_nascita_richiedente"]) == kept


def test_a_name_that_several_have_asks_for_the_province() -> None:
    form = applicant(comune_nascita_richiedente="Castro", provincia_nascita_richiedente="")
    assert "Castro (BG), Castro (LE)" in str(form.errors["provincia_nascita_richiedente"])

    assert "another province" in str(
        applicant(comune_nascita_richiedente="Castro", provincia_nascita_richiedente="RM").errors
    )


def test_a_place_that_is_not_in_the_list_is_refused_with_others_or_kept_by_a_tick() -> None:
    form = applicant(comune_nascita_richiedente="Rroma")
    assert "Do you mean" in str(form.errors["comune_nascita_richiedente"])
    assert "Roma (RM)" in str(form.errors["comune_nascita_richiedente"])

    ticked = applicant(comune_nascita_richiedente="Borgo Nuovissimo", comune_nascita_unlisted="on")
    assert ticked.is_valid(), ticked.errors
    assert ticked.cleaned_data["comune_nascita_richiedente"] == "Borgo Nuovissimo"


# --- how to reach them


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        ("+39 06 1234567", "+39061234567"),
        ("06/123.45-67", "061234567"),
        ("(06) 1234567", "061234567"),
        ("0039 06 1234567", "+39061234567"),
        ("zero sei", None),
        ("12", None),
        ("٠٦١٢٣٤٥", None),
    ],
)
def test_a_telephone_number_is_digits(number: str, kept: str | None) -> None:
    form = applicant(telefono=number, cellulare=number)

    assert ("telefono" in form.errors) is ("cellulare" in form.errors) is (kept is None)
    if kept:
        assert form.cleaned_data["telefono"] == form.cleaned_data["cellulare"] == kept


def test_credentials_do_not_go_to_the_mailbox_that_is_only_asked_for() -> None:
    box = build.draft()

    form = ApplicantForm(build.typed(build.APPLICANT, email=build.ADDRESS.upper()), instance=box.application)

    assert "being asked for" in str(form.errors["email"])


# --- the identity document

DOCUMENT: dict[str, Any] = {
    "tipo_documento": "CARTA_D_IDENTITA",
    "numero_documento": "CA00000AA",
    "documento_rilasciato_da": "Comune di Prova",
    "data_rilascio_documento": "10/03/2020",
    "data_scadenza_documento": "11/04/2099",
}


def days(number: int) -> str:
    return f"{timezone.localdate() + timedelta(days=number):%d/%m/%Y}"


def test_a_document_is_taken_whole_or_left_out() -> None:
    assert applicant(**DOCUMENT).is_valid()
    assert applicant(**dict.fromkeys(DOCUMENT, "")).is_valid()
    assert "numero_documento" in applicant(tipo_documento="PATENTE").errors
    assert "tipo_documento" in applicant(data_scadenza_documento=days(9)).errors


@pytest.mark.parametrize("kind", ["CARTA_D_IDENTITA", "PATENTE", "PASSAPORTO"])
def test_the_vendors_kinds_of_document_can_be_chosen(kind: str) -> None:
    assert applicant(**DOCUMENT | {"tipo_documento": kind}).is_valid()
    assert "tipo_documento" in applicant(**DOCUMENT | {"tipo_documento": f"{kind}X"}).errors


@pytest.mark.parametrize(
    ("name", "day", "reason"),
    [
        ("data_scadenza_documento", -1, "has expired"),
        ("data_rilascio_documento", 1, "still to come"),
        ("data_scadenza_documento", None, "Write the day like this"),
    ],
)
def test_a_document_of_impossible_days_is_told(name: str, day: int | None, reason: str) -> None:
    form = applicant(**DOCUMENT | {name: days(day) if day is not None else "domani"})

    assert reason in str(form.errors[name])


def test_a_document_that_expires_today_is_valid_and_one_that_ends_before_it_began_is_not() -> None:
    assert applicant(**DOCUMENT | {"data_scadenza_documento": days(0)}).is_valid()
    odd = {"data_rilascio_documento": days(0), "data_scadenza_documento": days(0)}
    assert "before it was issued" in str(applicant(**DOCUMENT | odd).errors)
