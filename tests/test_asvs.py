"""The table of ASVS points names tests and places that exist, and says how many points a test holds."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STATES = {"held", "built", "documented", "partly", "not held", "operator", "not applicable"}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (ROOT / "docs" / "asvs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_point_of_both_levels_is_answered_once(rows: list[dict[str, str]]) -> None:
    assert Counter(row["level"] for row in rows) == {"1": 70, "2": 183}
    assert len({row["id"] for row in rows}) == 253
    assert all(re.fullmatch(r"V\d{1,2}\.\d\.\d{1,2}", row["id"]) for row in rows)
    assert {row["state"] for row in rows} <= STATES
    assert all((row["applies"] == "no") == (row["state"] == "not applicable") for row in rows)
    assert all(row["how it is held"] for row in rows)


def test_every_named_test_and_place_exists(rows: list[dict[str, str]]) -> None:
    wrong = []
    for row in rows:
        path, _, function = row["test or place"].partition("::")
        if row["state"] == "held" and not function:
            wrong.append(f"{row['id']} is held by no test")
        if not path:
            continue
        if not (ROOT / path).is_file():
            wrong.append(f"{row['id']}: {path} is not there")
        elif function and f"def {function}(" not in (ROOT / path).read_text():
            wrong.append(f"{row['id']}: {function} is not in {path}")

    assert wrong == []


HEADINGS = (  # of docs/security.md, and words that have to stand below each
    *(("Input, limits, costly work", "exports in ten minutes"), ("Files", "| lists |"), ("Ways in", "40 a")),
    *(("Sessions", "30 minutes unused"), ("Who may what", "permissions"), ("Keys and cryptography", "rotate_keys")),
    *(("Communication", "Nothing else is called"), ("What is worth protecting", "| secret |")),
    *(("Components", "7 days"), ("Logs", "journal"), ("Where trust ends", "callback"), ("From whom", "backup")),
)


@pytest.mark.parametrize(("heading", "words"), HEADINGS)
def test_what_has_to_be_documented_is(heading: str, words: str) -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    _before, found, rest = text.partition(f"\n## {heading}\n")

    assert found
    assert words in rest.partition("\n## ")[0]


def test_the_shares_are_told_and_do_not_fall(rows: list[dict[str, str]]) -> None:
    states = Counter(row["state"] for row in rows if row["applies"] == "yes")
    held, documented = (states[state] / states.total() for state in ("held", "documented"))
    told = " ".join((ROOT / "docs" / "security.md").read_text().split())

    assert f"Of {states.total()} points that apply {states['held']} are held ({held:.0%})" in told
    assert held >= 0.8
    assert held + documented >= 0.85
