"""Italian tax codes and VAT numbers: what is valid, and what a person's code tells of its owner. Pure.

Check sign and date decide; letters in place of digits (omocodia) are as valid as digits. Source: DM 23/12/1976.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from codicefiscale import codicefiscale
from stdnum.it import codicefiscale as stdnum_codicefiscale
from stdnum.it import iva

from mailboxes import places
from mailboxes.places.nations import ITALY

_DIGITS: Final = {sign: value for value, sign in enumerate("0123456789")} | {
    sign: value for value, sign in enumerate("LMNPQRSTUV")
}
_MONTHS: Final = "ABCDEHLMPRST"
_FEMALE: Final = 40  # is added to the day of birth
_ABROAD: Final = "Z"  # with what codes of countries begin


@dataclass(frozen=True, slots=True)
class Told:
    """What a code says of a person: F or M, and the day of birth, of whose year it knows two digits."""

    sex: str
    day: int
    month: int
    year_of_century: int


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of a person beside the code: `country` is an ISO code, `place` and `province` may be empty."""

    first_name: str
    surname: str
    sex: str
    born: date
    country: str
    place: str = ""
    province: str = ""


class Difference(StrEnum):
    """In what a code and a person's data do not agree."""

    SURNAME = "surname"
    FIRST_NAME = "first_name"
    SEX = "sex"
    DATE = "date"
    PLACE = "place"


def normal(text: str) -> str:
    """In capitals and without blanks."""
    return "".join(text.split()).upper()


def is_persons(code: str) -> bool:
    """Whether it can be a person's: 16 signs, or the 11 digits of a provisional one."""
    return bool(stdnum_codicefiscale.is_valid(code))


def is_number(code: str) -> bool:
    """Whether it can be a VAT number, or the tax code of what is no person: 11 digits."""
    return bool(iva.is_valid(code))


def is_holders(code: str) -> bool:
    """Whether it can be a company's, a body's or a person's: 11 digits, or 16 signs."""
    return is_number(code) or is_persons(code)


def lacks_zeros(code: str) -> bool:
    """Whether it becomes a valid number with the leading zeros that spreadsheets drop."""
    return code.isdecimal() and 7 < len(code) < 11 and bool(iva.is_valid(code.zfill(11)))


def told_by(code: str) -> Told | None:
    """What a valid code says; None for one of 11 digits, which says nothing."""
    if len(code) != 16:
        return None
    day = 10 * _DIGITS[code[9]] + _DIGITS[code[10]]
    year = 10 * _DIGITS[code[6]] + _DIGITS[code[7]]
    sex = "F" if day > _FEMALE else "M"
    return Told(sex, day % _FEMALE, _MONTHS.index(code[8]) + 1, year)


def place_code(code: str) -> str:
    """The Belfiore code of the place of birth in a code of 16 signs, with digits in place of letters (omocodia)."""
    return code[11] + "".join(str(_DIGITS.get(sign, sign)) for sign in code[12:15])


def birthplace(code: str, born: date | None = None) -> str:
    """The place of birth that a code of 16 signs tells, in Italian; "" for one that no register knows."""
    belfiore = place_code(code)
    if not belfiore.startswith(_ABROAD):
        place = places.of_code(belfiore, born)
        return str(place) if place else ""
    found = [places.countries()[iso] for iso in sorted(places.countries_of(belfiore))]
    return ", ".join(each.name("it") for each in found)


def differences(code: str, person: Person) -> list[Difference]:
    """In what a valid code contradicts a person's data; nothing for one of 11 digits.

    None of it proves that the code is wrong: names change, sexes are corrected, places are renamed and ceded.
    """
    told = told_by(code)
    if told is None:
        return []
    born = person.born
    agrees = {
        Difference.SURNAME: _encoded_surname(person.surname) in ("", code[:3]),
        Difference.FIRST_NAME: _encoded_first_name(person.first_name) in ("", code[3:6]),
        Difference.SEX: told.sex == person.sex,
        Difference.DATE: (told.day, told.month, told.year_of_century) == (born.day, born.month, born.year % 100),
        Difference.PLACE: _place_agrees(place_code(code), person),
    }
    return [difference for difference, does in agrees.items() if not does]


def _place_agrees(belfiore: str, person: Person) -> bool:
    if belfiore.startswith(_ABROAD):
        isos = places.countries_of(belfiore)
        return person.country in isos or (not isos and person.country != ITALY)
    if person.country != ITALY:
        return False
    named = places.find(person.place, former=True) if person.place else []
    if named:
        return belfiore in {place.code for place in named}
    return not person.province or person.province in places.provinces_of(belfiore)


def _encoded_surname(name: str) -> str:
    return str(codicefiscale.encode_lastname(name)) if name.strip() else ""


def _encoded_first_name(name: str) -> str:
    return str(codicefiscale.encode_firstname(name)) if name.strip() else ""
