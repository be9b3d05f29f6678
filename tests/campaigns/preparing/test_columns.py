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
