"""Tax codes and VAT numbers: check signs and dates decide, nothing else does."""

import pytest

from mailboxes import taxcodes
from mailboxes.taxcodes import Told

MARIA = "RSSMRA82D51H501H"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (MARIA, Told("F", 11, 4, 82)),
        ("RSSMRA82D11H501D", Told("M", 11, 4, 82)),
        ("RSSMRAUND51H501P", Told("F", 11, 4, 82)),  # omocodia in the year
        ("RSSMRA82DR1H501T", Told("F", 11, 4, 82)),  # in the day
        ("RSSMRAUNDRMHRLMR", Told("F", 11, 4, 82)),  # everywhere
        ("RSSMRA82D51Z999L", Told("F", 11, 4, 82)),  # a place that no registry knows
    ],
)
def test_a_valid_code_tells_sex_and_day_of_birth(code: str, told: Told) -> None:
    assert taxcodes.is_persons(code)
    assert taxcodes.told_by(code) == told


@pytest.mark.parametrize(
    "code",
    [
        "",
        "RSSMRA82D51H501X",
        "RSSMRA82D51H50",
        "RSSMRA82D80H501P",
        "RSSMRA82Z51H501H",
        "1SSMRA82D51H501H",
        "è" * 16,
        "²" * 11,
    ],
)
def test_what_is_no_code_is_not_taken(code: str) -> None:
    assert not taxcodes.is_persons(code)


def test_a_provisional_code_of_digits_is_valid_and_tells_nothing() -> None:
    assert taxcodes.is_persons("07973780013")
    assert taxcodes.told_by("07973780013") is None


@pytest.mark.parametrize(
    ("code", "valid"), [("07973780013", True), ("07973780014", False), (MARIA, True), ("1", False)]
)
def test_a_holder_has_a_vat_number_or_a_tax_code(code: str, valid: bool) -> None:
    assert taxcodes.is_holders(code) is valid


@pytest.mark.parametrize(("code", "lacks"), [("7973780013", True), ("7973780014", False), ("07973780013", False)])
def test_zeros_that_a_spreadsheet_dropped_are_noticed(code: str, lacks: bool) -> None:
    assert taxcodes.lacks_zeros(code) is lacks


def test_the_place_of_birth_is_found_where_it_is_known() -> None:
    assert taxcodes.birthplace(MARIA) == ("Roma", "RM")
    assert taxcodes.birthplace("RSSMRA82D51Z999L") is None


def test_blanks_and_small_letters_are_put_right() -> None:
    assert taxcodes.normal(" rss mra\t82d51 h501h\n") == MARIA
