"""The rows of a list, one after another: each is a recipient, or the faults that keep it from being one."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from campaigns import addresses, tables, text
from campaigns.models import ListDomain, ListProblem, Recipient
from campaigns.preparing import columns
from pecportal import bulk
from pecportal.registers import looking

NEVER: Final = "\x00"  # no text of the database may hold it
RECIPIENT: Final = ("campaign_id", "version", "line", "address", "values")
PROBLEM: Final = ("campaign_id", "version", "line", "column", "code", "value", "first_line", "is_warning", "cells")
DOMAIN: Final = ("campaign_id", "version", "name", "count", "state")
CODES: Final = ("vat_number", "tax_code")  # the roles whose values may have lost their zeros
WARNINGS: Final = frozenset({"ordinary_mail", "not_certified", "zeros_restored"})
MOST_CELLS: Final = 30  # of a faulty row are kept to be shown, each cut to
LONGEST_CELL: Final = 80

_as_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(slots=True)
class Judge:
    """A list while it is read: where each address was first, what waits to be stored, and the counts so far.

    `roles` are columns' positions; `letter` is merged with each row where there is one that the list can fill.
    """

    campaign_id: int
    version: int
    headings: tuple[str, ...]
    roles: Mapping[str, int]
    letter: text.Letter | None = None
    rows: int = 0
    good: int = 0
    faulty: int = 0
    seen: dict[str, int] = field(default_factory=dict)
    domains: Counter[str] = field(default_factory=Counter)
    _names: tuple[str, ...] = ()
    _codes: tuple[int, ...] = ()
    _asked: set[str] = field(default_factory=set)
    _uncertified: set[str] = field(default_factory=set)
    _recipients: list[tuple[int, int, int, str, str]] = field(default_factory=list)
    _problems: list[tuple[int, int, int, str, str, str, int | None, bool, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._names = tuple(text.normalise(heading) for heading in self.headings)
        self._codes = tuple(self.roles[role] for role in CODES if role in self.roles)
        if self.letter is not None and self.letter.fields - set(self._names):
            self.letter = None  # the check before the start names what the list lacks

    def judge(self, rows: Iterable[tables.Row]) -> None:
        """Judge some rows; what becomes of them waits for `store`."""
        for row in rows:
            if not row.problem:
                self.rows += 1
                self._take(row)
            elif any(value.strip() for value in row.values):
                self.rows += 1
                self._fault(row, row.problem)
        self._tell_uncertified()

    def store(self) -> None:
        """Insert what waits, in the caller's transaction."""
        bulk.insert(Recipient, RECIPIENT, self._recipients)
        bulk.insert(ListProblem, PROBLEM, self._problems)
        self._recipients.clear()
        self._problems.clear()

    def store_domains(self) -> None:
        """Insert the list's domains, in the caller's transaction."""
        rows = [(self.campaign_id, self.version, name[:253], n, "unasked") for name, n in self.domains.items()]
        bulk.insert(ListDomain, DOMAIN, rows)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the addresses alone, whatever their order and case."""
        return fingerprint(self.seen)

    def _take(self, row: tables.Row) -> None:
        position = self.roles["address"]
        written = row.values[position]
        try:
            address = addresses.parse(written)
        except addresses.AddressProblem as exc:
            self._fault(row, f"address_{exc.code}", column=self.headings[position], value=written)
            return
        first = self.seen.setdefault(address.lower(), row.line)
        if first != row.line:
            self._fault(row, "duplicate", column=self.headings[position], value=address, first_line=first)
            return
        domain = address.rpartition("@")[2]
        self.domains[domain] += 1
        if addresses.is_ordinary(address):
            self._warn(row.line, "ordinary_mail", column=self.headings[position], value=address)
        values = dict(zip(self._names, self._repaired(row) if self._codes else row.values, strict=True))
        values.pop("", None)
        self.good += 1
        self._recipients.append((self.campaign_id, self.version, row.line, address, _as_json(values)))
        if self.letter is not None:
            self._merge(self.letter, row.line, values)

    def _repaired(self, row: tables.Row) -> Sequence[str]:
        """The values, with the zeros back that a spreadsheet took off VAT numbers and tax codes."""
        values = list(row.values)
        for position in self._codes:
            whole = columns.padded(values[position])
            if whole != values[position]:
                told = f"{values[position].strip()} → {whole}"
                self._warn(row.line, "zeros_restored", column=self.headings[position], value=told)
                values[position] = whole
        return values

    def _merge(self, letter: text.Letter, line: int, values: Mapping[str, str]) -> None:
        found = merge_fault(letter, line, values)
        if found is not None:
            self.faulty += 1
            self._note(line, found[0], column=found[1])

    def _fault(
        self, row: tables.Row, code: str, *, column: str = "", value: str = "", first_line: int | None = None
    ) -> None:
        self.faulty += 1
        cells = _as_json([cell[:LONGEST_CELL].replace(NEVER, "�") for cell in row.values[:MOST_CELLS]])
        self._note(row.line, code, column=column, value=value, first_line=first_line, cells=cells)

    def _warn(self, line: int, code: str, *, column: str, value: str) -> None:
        self._note(line, code, column=column, value=value)

    def _note(
        self,
        line: int,
        code: str,
        *,
        column: str = "",
        value: str = "",
        first_line: int | None = None,
        cells: str | None = None,
    ) -> None:
        shown, is_warning = value[:300].replace(NEVER, "�"), code in WARNINGS
        problem = (self.campaign_id, self.version, line, column[:255], code, shown, first_line, is_warning, cells)
        self._problems.append(problem)

    def _tell_uncertified(self) -> None:
        """Warn of domains that the provider said are not certified; it is never asked here."""
        new = self.domains.keys() - self._asked
        self._asked |= new
        self._uncertified |= {name for name, is_certified in looking.known_domains(new).items() if not is_certified}
        if not self._uncertified:
            return
        heading = self.headings[self.roles["address"]]
        for _campaign, _version, line, address, _values in self._recipients:
            if address.rpartition("@")[2] in self._uncertified and not addresses.is_ordinary(address):
                self._warn(line, "not_certified", column=heading, value=address)


def merge_fault(letter: text.Letter, line: int, values: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with the letter to one row, as the code and the column of a problem; None when nothing is."""
    try:
        letter.render(values, line=line)
    except text.MissingValue as exc:
        return "merge_missing", exc.field[:255]
    except text.TextProblem as exc:
        return f"merge_{exc.place}_{exc.code}"[:60], ""
    return None


def fingerprint(found: Iterable[str]) -> str:
    """SHA-256 (hex) of addresses in lower case, whatever their order."""
    digest = hashlib.sha256()
    for address in sorted(found):
        digest.update(address.encode() + b"\n")
    return digest.hexdigest()
