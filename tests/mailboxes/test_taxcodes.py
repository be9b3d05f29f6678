"""Tax codes and VAT numbers: check signs and dates decide, nothing else does; what they tell is only compared."""

from datetime import date, timedelta

import pytest
from codicefiscale import codicefiscale
from hypothesis import given
from hypothesis import strategies as st

from mailboxes import places, taxcodes
from mailboxes.taxcodes import Difference, Person, Told

MARIA = "RSSMRA82D51H501H"
SHE = Person("Maria", "Rossi", "F", date(1982, 4, 11), "IT", "Roma", "RM")
LETTERS = "abcdefghijklmnopqrstuvwxyzàèéìòùç' -"


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
    assert taxcodes.differences("07973780013", SHE) == []


@pytest.mark.parametrize(
    ("code", "valid"), [("07973780013", True), ("07973780014", False), (MARIA, True), ("1", False)]
)
def test_a_holder_has_a_vat_number_or_a_tax_code(code: str, valid: bool) -> None:
    assert taxcodes.is_holders(code) is valid


@pytest.mark.parametrize(("code", "lacks"), [("7973780013", True), ("7973780014", False), ("07973780013", False)])
def test_zeros_that_a_spreadsheet_dropped_are_noticed(code: str, lacks: bool) -> None:
    assert taxcodes.lacks_zeros(code) is lacks


def test_the_place_of_birth_is_found_where_it_is_known() -> None:
    assert taxcodes.birthplace(MARIA) == "Roma (RM)"
    assert taxcodes.birthplace("RSSMRAUNDRMHRLMR") == "Roma (RM)"
    assert taxcodes.birthplace("RSSMRA82D51Z110O") == "Francia"
    assert taxcodes.birthplace("RSSMRA82D51Z999L") == ""


def test_blanks_and_small_letters_are_put_right() -> None:
    assert taxcodes.normal(" rss mra\t82d51 h501h\n") == MARIA


# --- compared with a person


def person(**changes: object) -> Person:
    fields = {name: getattr(SHE, name) for name in Person.__dataclass_fields__}
    return Person(**fields | changes)


@pytest.mark.parametrize(
    ("changes", "differences"),
    [
        ({}, []),
        ({"surname": "ROSSI", "first_name": "MARIA"}, []),
        ({"surname": "De Rossi"}, [Difference.SURNAME]),
        ({"first_name": "Marta"}, [Difference.FIRST_NAME]),
        ({"sex": "M"}, [Difference.SEX]),
        ({"born": date(1882, 4, 11)}, []),  # a code has two digits of the year
        ({"born": date(1982, 11, 4)}, [Difference.DATE]),
        ({"place": "Milano", "province": "MI"}, [Difference.PLACE]),
        ({"place": "", "province": ""}, []),
        ({"place": "", "province": "MI"}, [Difference.PLACE]),
        ({"country": "FR", "place": "Parigi", "province": ""}, [Difference.PLACE]),
        ({"place": "Un posto che non c'è", "province": "RM"}, []),
    ],
)
def test_what_differs_is_named(changes: dict[str, object], differences: list[Difference]) -> None:
    assert taxcodes.differences(MARIA, person(**changes)) == differences


def test_a_country_that_no_register_knows_is_only_not_italy() -> None:
    assert taxcodes.differences("RSSMRA82D51Z999L", person(country="FR", place="", province="")) == []
    assert taxcodes.differences("RSSMRA82D51Z999L", SHE) == [Difference.PLACE]


names = st.text(LETTERS, min_size=1, max_size=25).filter(lambda text: any(sign.isalpha() for sign in text))
birthdays = st.dates(date(1900, 1, 1), date(2026, 1, 1))


@st.composite
def people(draw: st.DrawFn) -> Person:
    """People born in a municipality that is there today, since it was made."""
    place = places.find(
        draw(st.sampled_from(["Roma", "L'Aquila", "Forlì", "Bolzano", "Napoli", "Sant'Angelo in Vado"]))
    )
    sex = draw(st.sampled_from("FM"))
    return Person(draw(names), draw(names), sex, draw(birthdays), "IT", place[0].name, place[0].province)


@given(people(), st.sets(st.sampled_from([6, 7, 9, 10, 12, 13, 14])))
def test_the_code_that_the_rules_give_agrees_in_every_form_of_omocodia(someone: Person, letters: set[int]) -> None:
    code = _encoded(someone)
    signs = ["LMNPQRSTUV"[int(sign)] if at in letters else sign for at, sign in enumerate(code[:15])]
    omocode = "".join(signs) + codicefiscale.encode_cin("".join(signs))

    assert taxcodes.is_persons(omocode)
    assert taxcodes.differences(omocode, someone) == []
    assert taxcodes.place_code(omocode) == code[11:15]


@given(people(), st.integers(0, 15), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"))
def test_one_wrong_sign_is_an_error_or_a_difference(someone: Person, at: int, sign: str) -> None:
    code = _encoded(someone)
    wrong = code[:at] + sign + code[at + 1 :]
    if wrong == code:
        return

    assert not taxcodes.is_persons(wrong) or taxcodes.differences(wrong, someone) != []


@given(people(), st.integers(1, 30_000))
def test_another_day_is_a_difference_unless_it_is_a_century_apart(someone: Person, days: int) -> None:
    other = someone.born + timedelta(days=days)
    moved = Person(someone.first_name, someone.surname, someone.sex, other, "IT", someone.place, someone.province)
    same = (other.day, other.month, other.year % 100) == (someone.born.day, someone.born.month, someone.born.year % 100)

    assert (Difference.DATE in taxcodes.differences(_encoded(someone), moved)) is not same


@given(st.text(max_size=20))
def test_any_text_is_judged_without_an_accident(text: str) -> None:
    code = taxcodes.normal(text)
    if taxcodes.is_persons(code):
        taxcodes.differences(code, SHE)
        taxcodes.birthplace(code) if len(code) == 16 else None
    taxcodes.is_holders(code)
    taxcodes.lacks_zeros(code)


def _encoded(someone: Person) -> str:
    place = places.find(someone.place, province=someone.province)[0]
    start = codicefiscale.encode_lastname(someone.surname) + codicefiscale.encode_firstname(someone.first_name)
    day = f"{someone.born.day + (40 if someone.sex == 'F' else 0):02}"
    code = f"{start}{someone.born.year % 100:02}{'ABCDEHLMPRST'[someone.born.month - 1]}{day}{place.code}"
    return code + str(codicefiscale.encode_cin(code))
