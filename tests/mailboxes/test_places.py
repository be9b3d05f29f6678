"""Municipalities of today and of old, countries and postal codes: found as people write them."""

from datetime import date

import pytest
from codicefiscale.data import get_municipalities_data
from hypothesis import given
from hypothesis import strategies as st
from localflavor.it.it_province import PROVINCE_CHOICES

from mailboxes import places
from mailboxes.places.folding import folded, titled
from mailboxes.places.nations import ordered

TODAY = {code for code, _name in PROVINCE_CHOICES}


def named(rows: list[places.Municipality]) -> list[str]:
    return [str(row) for row in rows]


def test_every_municipality_of_the_list_is_found_by_its_own_name_and_province() -> None:
    active = [row for row in get_municipalities_data() if row["active"]]
    assert len(active) == 7894

    lost = [row["name"] for row in active if not _is_found(row["name"], row["province"], row["code"])]

    assert lost == []
    assert {row["province"] for row in active} <= TODAY


def _is_found(name: str, province: str, code: str) -> bool:
    return [place.code for place in places.find(name.upper(), province=province)] == [code]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ROMA", ["Roma (RM)"]),
        ("  roma (rm) ", ["Roma (RM)"]),
        ("Roma (MI)", []),
        ("reggio emilia", ["Reggio nell'Emilia (RE)"]),
        ("REGGIO CALABRIA", ["Reggio di Calabria (RC)"]),
        ("L’AQUILA", ["L'Aquila (AQ)"]),
        ("Forli'", ["Forlì (FC)"]),
        ("Bozen", ["Bolzano (BZ)"]),
        ("paternò", ["Paternò (CT)"]),
        ("Castro", ["Castro (BG)", "Castro (LE)"]),
        ("Fiume", []),
        ("", []),
        ("Atlantide", []),
    ],
)
def test_a_name_is_found_however_it_is_written(text: str, found: list[str]) -> None:
    assert named(places.find(text)) == found


def test_what_is_no_more_is_found_for_a_birth_as_it_was_on_that_day() -> None:
    assert named(places.find("Fiume", former=True, born=date(1940, 1, 1))) == ["Fiume (FU)"]
    assert named(places.find("Fiume", former=True, born=date(1900, 1, 1))) == ["Fiume (UD)"]
    assert named(places.find("Cadrezzate", former=True, born=date(1920, 1, 1))) == ["Cadrezzate (CO)"]
    assert places.provinces_of("B347") == {"CO", "VA"}
    assert str(places.of_code("B347", date(1920, 1, 1))) == "Cadrezzate (CO)"
    assert places.of_code("A000") is None


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("rom", "Roma (RM)"),
        ("bolz", "Bolzano (BZ)"),
        ("torrino", "Torino (TO)"),
        ("calabria", "Reggio di Calabria (RC)"),
    ],
)
def test_municipalities_are_proposed_from_a_beginning_or_a_misspelling(typed: str, first: str) -> None:
    found = named(places.suggest(typed))

    assert first in found
    assert len(found) <= 8


def test_nothing_is_proposed_for_nothing() -> None:
    assert places.suggest("") == places.suggest("  '") == places.suggest("xyzzyx") == []


@given(st.text(max_size=30))
def test_any_text_may_be_looked_up(text: str) -> None:
    for row in places.find(text, former=True):
        assert row.code
    assert len(places.suggest(text, most=3)) <= 3
    assert folded(folded(text)) == folded(text)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Reggio Nell'Emilia", "Reggio nell'Emilia"),
        ("L'Aquila", "L'Aquila"),
        ("Casola Di Napoli", "Casola di Napoli"),
        ("Fiorenzuola D'Arda", "Fiorenzuola d'Arda"),
        ("Antey-Saint-André", "Antey-Saint-André"),
    ],
)
def test_names_are_written_as_italians_do(name: str, told: str) -> None:
    assert titled(name) == told


# --- countries


def test_countries_have_names_in_both_languages_and_one_code() -> None:
    found = places.countries()

    assert len(found) == 250
    assert all(len(iso) == 2 and all(each.names) for iso, each in found.items())
    assert ordered("it")[0].name("it") == "Italia"
    assert (found["DE"].name("it"), found["DE"].name("en")) == ("Germania", "Germany")
    assert places.country("fr") == found["FR"]
    assert places.country("XX") is None


@pytest.mark.parametrize(
    ("belfiore", "isos"), [("Z110", {"FR"}), ("Z105", {"CZ", "SK"}), ("Z111", {"DE"}), ("H501", set()), ("Z999", set())]
)
def test_a_belfiore_code_may_mean_several_of_todays_countries(belfiore: str, isos: set[str]) -> None:
    assert places.countries_of(belfiore) == isos


# --- postal codes


@pytest.mark.parametrize(
    ("code", "province", "belongs"),
    [
        ("00100", "RM", True),
        ("20121", "RM", False),
        ("20900", "MB", True),
        ("20900", "MI", False),
        ("12071", "SV", True),
        ("18025", "CN", True),
        ("47921", "RN", True),
        ("33170", "PN", True),
        ("99999", "RM", False),
        ("00100", "XX", None),
    ],
)
def test_a_postal_code_lies_in_a_province(code: str, province: str, belongs: bool | None) -> None:
    assert places.belongs_to(code, province) is belongs


def test_every_province_of_today_has_postal_codes() -> None:
    codes = [f"{number:05}" for number in range(0, 100_000, 10)] + ["12071", "18025"]

    assert {province for code in codes for province in places.provinces_with(code)} == TODAY
