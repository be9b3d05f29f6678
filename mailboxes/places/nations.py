"""Countries by name: ISO 3166 codes, as the vendor takes them, and the Belfiore codes of tax codes."""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from mailboxes.places.folding import folded

ITALY: Final = "IT"


@dataclass(frozen=True, slots=True)
class Country:
    """A country of today. `belfiore` are its codes in tax codes, with those of former states that it was part of."""

    iso: str
    belfiore: frozenset[str]
    names: tuple[str, str]

    def name(self, language: str) -> str:
        """Its name in Italian, or in English for whoever reads that."""
        return self.names[0] if language.startswith("it") else self.names[1]


@cache
def countries() -> dict[str, Country]:
    """All countries by their ISO code. Names and codes: CLDR and the Agenzia delle Entrate's register of states."""
    with (Path(__file__).parent / "countries.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["iso"]: Country(row["iso"], frozenset(row["belfiore"].split()), (row["it"], row["en"])) for row in rows}


def country(iso: str) -> Country | None:
    """The country with an ISO code, None for no such."""
    return countries().get(iso.upper())


def ordered(language: str) -> list[Country]:
    """All of them by name, Italy first."""
    return sorted(countries().values(), key=lambda each: (each.iso != ITALY, folded(each.name(language))))


def countries_of(belfiore: str) -> frozenset[str]:
    """The ISO codes of the countries that a Belfiore code may mean: several for a state that is no more, else one."""
    return frozenset(each.iso for each in countries().values() if belfiore.upper() in each.belfiore)
