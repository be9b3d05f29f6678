"""Italy's municipalities, with the times at which each had its province; also those that were merged or ceded."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from codicefiscale.data import get_municipalities_data

from mailboxes.places.folding import bare, folded, titled

_WITH_PROVINCE: Final = re.compile(r"(.*?)\s*\(([A-Za-z]{2})\)\s*")
_CLOSE: Final = 0.72  # how alike a name must be to be proposed in place of one that is misspelt


@dataclass(frozen=True, slots=True)
class Municipality:
    """One municipality while it had this name and province; `code` is its Belfiore code, `until` None for today's."""

    code: str
    name: str
    province: str
    since: date
    until: date | None
    other: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.province})"

    @property
    def is_active(self) -> bool:
        """Whether it is there today."""
        return self.until is None

    def was_there(self, day: date) -> bool:
        """Whether it was there on a day, with this name and province."""
        return self.since <= day and (self.until is None or day <= self.until)


def find(text: str, *, province: str = "", born: date | None = None, former: bool = False) -> list[Municipality]:
    """The municipalities that `text` names, one for each code; several where a name is not unique.

    `text` may name the province, too: "Castro (LE)". With `former` those that are no more are found as well, and of a
    municipality that changed its province the entry of the day `born`, else the latest.
    """
    name, told = _parted(text)
    key, province = folded(name), (told or province).upper()
    index = _index()
    rows = index.by_name.get(key) or index.by_bare_name.get(bare(key), [])
    rows = [row for row in rows if former or row.is_active]
    if province:
        rows = [row for row in rows if province in provinces_of(row.code)]
    rows = [row for row in rows if born and row.was_there(born)] or rows
    if not name.isascii():  # an accent tells Paternò from Paterno; most people leave it out
        rows = [row for row in rows if row.name.casefold() == name.casefold()] or rows
    return _one_each(rows, born)


def suggest(text: str, *, most: int = 8, former: bool = False) -> list[Municipality]:
    """Municipalities that begin like `text`, then those with a word that does, then those that look alike."""
    key = folded(_parted(text)[0])
    if not key:
        return []
    index = _index()
    names = index.names if former else index.active_names
    found = [name for name in names if name.startswith(key)]
    found.sort(key=lambda name: (name != key, len(name), name))
    if len(found) < most:
        found += [name for name in names if f" {key}" in name and not name.startswith(key)]
    if not found and len(key) > 3:
        found = difflib.get_close_matches(key, names, most, _CLOSE)
    rows = [row for name in found[: 4 * most] for row in index.by_name[name] if former or row.is_active]
    return _one_each(rows, None)[:most]


def of_code(code: str, born: date | None = None) -> Municipality | None:
    """The municipality with a Belfiore code, as it was on the day `born`, else as it was last; None for no such."""
    rows = _index().by_code.get(code.upper(), [])
    return _one_each(rows, born)[0] if rows else None


def provinces_of(code: str) -> frozenset[str]:
    """All provinces in which the municipality of a code ever was."""
    return frozenset(row.province for row in _index().by_code.get(code.upper(), []))


@cache
def provinces() -> frozenset[str]:
    """The codes of all provinces that ever were, also of those in lands that were ceded."""
    return frozenset(row.province for rows in _index().by_code.values() for row in rows)


@dataclass(frozen=True, slots=True)
class _Index:
    by_code: dict[str, list[Municipality]]
    by_name: dict[str, list[Municipality]]
    by_bare_name: dict[str, list[Municipality]]
    names: list[str]
    active_names: list[str]


@cache
def _index() -> _Index:
    """All of the library's entries; read once, in a tenth of a second."""
    by_code, by_name, by_bare = (defaultdict[str, list[Municipality]](list) for _time in range(3))
    for record in get_municipalities_data():
        row = _municipality(record)
        by_code[row.code].append(row)
        keys = {folded(row.name), folded(row.other), *(slug.replace("-", " ") for slug in record["name_slugs"])}
        for key in keys - {""}:
            by_name[key].append(row)
        for key in {bare(key) for key in keys - {""}}:
            by_bare[key].append(row)
    active = sorted(name for name, rows in by_name.items() if any(row.is_active for row in rows))
    return _Index(dict(by_code), dict(by_name), dict(by_bare), sorted(by_name), active)


def _municipality(record: dict[str, Any]) -> Municipality:
    """The library marks what is there by `active`; an entry without a last day is there, too."""
    until = record["date_deleted"]
    return Municipality(
        record["code"],
        titled(record["name"]),
        record["province"],
        date.fromisoformat(record["date_created"][:10]),
        date.fromisoformat(until[:10]) if until else None,
        record["name_alt"],
    )


def _parted(text: str) -> tuple[str, str]:
    match = _WITH_PROVINCE.fullmatch(text.strip())
    return (match[1], match[2]) if match else (text, "")


def _one_each(rows: Iterable[Municipality], born: date | None) -> list[Municipality]:
    """One entry for each code: that of the day, else the one that is there, else the last."""
    found: dict[str, Municipality] = {}
    for row in sorted(rows, key=lambda row: _fitness(row, born)):
        found[row.code] = row
    order = list(dict.fromkeys(row.code for row in rows))
    return [found[code] for code in order]


def _fitness(row: Municipality, born: date | None) -> tuple[bool, bool, date]:
    return (born is not None and row.was_there(born), row.is_active, row.since)
