"""Italian tax codes and VAT numbers: what is valid, and what a person's code tells of its owner. Pure.

Check sign and date decide; letters in place of digits (omocodia) are as valid as digits. Source: DM 23/12/1976.
"""

from dataclasses import dataclass
from typing import Final

from codicefiscale import codicefiscale
from stdnum.it import codicefiscale as stdnum_codicefiscale
from stdnum.it import iva

_DIGITS: Final = {sign: value for value, sign in enumerate("0123456789")} | {
    sign: value for value, sign in enumerate("LMNPQRSTUV")
}
_MONTHS: Final = "ABCDEHLMPRST"
_FEMALE: Final = 40  # is added to the day of birth


@dataclass(frozen=True, slots=True)
class Told:
    """What a code says of a person: F or M, and the day of birth, of whose year it knows two digits."""

    sex: str
    day: int
    month: int
    year_of_century: int


def normal(text: str) -> str:
    """In capitals and without blanks."""
    return "".join(text.split()).upper()


def is_persons(code: str) -> bool:
    """Whether it can be a person's: 16 signs, or the 11 digits of a provisional one."""
    return bool(stdnum_codicefiscale.is_valid(code))


def is_holders(code: str) -> bool:
    """Whether it can be a company's, a body's or a person's: 11 digits, or 16 signs."""
    return bool(iva.is_valid(code) or stdnum_codicefiscale.is_valid(code))


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


def birthplace(code: str) -> tuple[str, str] | None:
    """Municipality (or country) and province by the registry of places; None where that does not know the place."""
    try:
        place = codicefiscale.decode(code)["birthplace"]
    except ValueError:
        return None
    return (place["name"], place["province"]) if place else None
