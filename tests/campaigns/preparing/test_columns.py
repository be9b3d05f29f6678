"""The column of addresses is found as a person would find it."""

import pytest

from campaigns.preparing import columns

ADDRESSES = [("rossi@pec.example", "via Roma 1"), ("bianchi@pec.example", "via Po 2")]


@pytest.mark.parametrize(
    "heading",
    ["PEC", "Indirizzo PEC", "pec ", "E-mail", "email", "Posta elettronica certificata", "Domicilio digitale", "Mail"],
)
def test_a_usual_heading_is_enough(heading: str) -> None:
    assert columns.find([heading, "via"], ADDRESSES) == 0


def test_the_certified_address_comes_before_the_ordinary_one() -> None:
    rows = [("rossi@mail.example", "rossi@pec.example")]

    assert columns.find(["email", "pec"], rows) == 1


def test_a_column_called_address_that_holds_streets_is_not_taken() -> None:
    assert columns.find(["address", "email"], [("via Roma 1", "rossi@pec.example")]) == 1


def test_a_heading_that_says_pec_above_yes_and_no_loses_against_real_addresses() -> None:
    assert columns.find(["pec", "recapito"], [("sì", "rossi@pec.example"), ("no", "bianchi@pec.example")]) == 1


def test_an_unusual_heading_is_found_by_what_stands_under_it() -> None:
    assert columns.find(["ditta", "contatto"], [("Rossi", "rossi@pec.example"), ("Bianchi", "")]) == 1


def test_without_any_address_a_heading_still_counts() -> None:
    assert columns.find(["nome", "pec"], [("Rossi", "manca")]) == 1


def test_nothing_is_guessed_where_nothing_looks_like_an_address() -> None:
    assert columns.find(["nome", "via"], [("Rossi", "via Roma 1")]) is None


def test_a_heading_is_named_without_regard_to_case_and_spaces() -> None:
    assert columns.named(["Nome", "Indirizzo  PEC"], "indirizzo pec") == 1
    assert columns.named(["Nome"], "pec") is None
    assert columns.named(["Nome", ""], "") is None


VALID = "07973780013"


def test_each_usual_heading_says_what_its_column_is() -> None:
    headings = ["N. protocollo", "Ragione Sociale", "P. IVA", "Cod. Fiscale", "Riferimento", "PEC", "Importo"]
    row = ("12/2026", "Rossi", "", "", "A1", "rossi@pec.example", "10")

    found = columns.guess(headings, [row])

    expected = {"protocol": 0, "name": 1, "vat_number": 2, "tax_code": 3, "reference": 4, "address": 5}
    assert found == expected


def test_numbers_that_pass_their_check_say_what_they_are_even_without_their_zeros() -> None:
    found = columns.guess(["a", "b"], [("x@pec.example", VALID), ("y@pec.example", VALID.lstrip("0"))])

    assert found == {"address": 0, "vat_number": 1}


def test_a_column_is_one_thing_only() -> None:
    found = columns.guess(["destinatario", "nome"], [("rossi@pec.example", "Rossi")])

    assert found == {"address": 0, "name": 1}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("7973780013", VALID),
        (" 7973780013 ", VALID),
        (VALID, VALID),
        ("7973780014", "7973780014"),
        ("12", "12"),
        ("", ""),
        ("IT7973780013", "IT7973780013"),
    ],
)
def test_lost_zeros_come_back_only_where_the_check_digit_agrees(written: str, read: str) -> None:
    assert columns.padded(written) == read
