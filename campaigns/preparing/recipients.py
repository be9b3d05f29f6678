"""The list of recipients: read row by row, each row checked, all of it stored or nothing."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import addresses, sentences, tables, text
from campaigns.models import Campaign, ListProblem, Recipient
from campaigns.preparing import columns, drafts, merging
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User

BATCH = 1000
SAMPLE = 50  # rows looked at to find the column of addresses
NEVER = "\x00"  # no text of the database may hold it
_WRITTEN = ("list_name", "list_sha256", "columns", "address_column", "recipients_total", "skip_problems", "problem")


class NoAddressColumn(Refusal):
    """No column of the list looks like addresses, or none has the heading that was named; `columns` are those found."""

    def __init__(self, sentence: str, *, columns: Sequence[str]) -> None:
        super().__init__(sentence, field="column")
        self.columns = tuple(columns)


@dataclass(slots=True)
class _Reading:
    """A list while it is read: where each address was first, what waits to be stored, and the counts so far."""

    campaign: Campaign
    names: tuple[str, ...]  # the columns as merge fields, "" where a heading gives none
    headings: tuple[str, ...]
    position: int  # of the address
    seen: dict[str, int] = field(default_factory=dict)
    recipients: list[Recipient] = field(default_factory=list)
    problems: list[ListProblem] = field(default_factory=list)
    rows: int = 0
    good: int = 0

    def fault(self, line: int, code: str, *, column: str = "", value: str = "", first_line: int | None = None) -> None:
        """Note what is wrong with a row."""
        problem = ListProblem(campaign=self.campaign, line=line, code=code, column=column[:255], first_line=first_line)
        problem.value = value[:300].replace(NEVER, "�")
        problem.is_warning = code == "ordinary_mail"
        self.problems.append(problem)


def upload(campaign: Campaign, path: Path, *, name: str, actor: User, column: str = "") -> Campaign:
    """Replace a draft's list by the file at `path`, called `name` by the clerk, and return the campaign anew.

    `column` is the heading of the addresses; without it the column is found. Rows with a fault are not recipients:
    each is stored as a problem with its line. Raises `Refusal`, and keeps the list that was there, when the file as a
    whole cannot be used (`NoAddressColumn` when only the addresses were not found).
    """
    try:
        with tables.open_table(path, name=name) as table:
            return _store(campaign, table, path, name=name, column=column, actor=actor)
    except tables.TableProblem as exc:
        raise Refusal(sentences.of_table(exc), field="file") from exc


@transaction.atomic
def go_on_without_faulty(campaign: Campaign, *, actor: User) -> int:
    """Leave out every row that has a fault, at the clerk's explicit wish, and return how many those are.

    They come back with the next upload only. Again it changes nothing. Raises `Refusal` when no row would be left.
    """
    draft = drafts.locked(campaign)
    if draft.skip_problems:
        return draft.problems_total
    faulty = draft.problems.filter(is_warning=False).values("line")
    draft.recipients.filter(line__in=faulty).delete()
    draft.recipients_total = draft.recipients.count()
    if not draft.recipients_total:
        raise Refusal(_("Every row of the list has a fault: without them nobody would be left."))
    draft.skip_problems = True
    draft.save(update_fields=["recipients_total", "skip_problems"])
    facts = {"left_out": draft.problems_total, "recipients": draft.recipients_total}
    record("campaign.skip_faulty_rows", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return draft.problems_total


def _store(campaign: Campaign, table: tables.Table, path: Path, *, name: str, column: str, actor: User) -> Campaign:
    names = tuple(text.normalise(heading) for heading in table.columns)
    sample = list(islice(table.rows, SAMPLE))
    position = _position(table.columns, sample, column)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with transaction.atomic():
        draft = drafts.locked(campaign)
        draft.recipients.all().delete()
        draft.problems.all().delete()
        reading = _Reading(draft, names, table.columns, position)
        _read(reading, chain(sample, table.rows))
        if not reading.rows:
            raise Refusal(sentences.TABLES["empty"], field="file")
        draft.list_name, draft.list_sha256 = name[:255], digest
        draft.columns, draft.address_column = list(table.columns), table.columns[position][:255]
        draft.recipients_total, draft.skip_problems, draft.problem = reading.good, False, ""
        draft.save(update_fields=_WRITTEN)
        merging.check(draft)
        facts = {"sha256": digest, "recipients": draft.recipients_total, "faulty": draft.problems_total}
        record("campaign.upload_list", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return draft


def _position(headings: Sequence[str], sample: Sequence[tables.Row], column: str) -> int:
    listed = ", ".join(heading for heading in headings if heading)
    if column:
        position = columns.named(headings, column)
        sentence = _("The list has no column “%(column)s”. Its columns are: %(columns)s.")
    else:
        position = columns.find(headings, [row.values for row in sample])
        sentence = _(
            "No column of addresses was found. The list's columns are: %(columns)s. "
            "Choose the one that holds the addresses, and upload the file again."
        )
    if position is None:
        raise NoAddressColumn(sentence % {"column": column, "columns": listed}, columns=headings)
    return position


def _read(reading: _Reading, rows: Iterable[tables.Row]) -> None:
    for batch in _batches(rows):
        for row in batch:
            _take(reading, row)
        Recipient.objects.bulk_create(reading.recipients)
        ListProblem.objects.bulk_create(reading.problems)
        reading.recipients.clear()
        reading.problems.clear()


def _take(reading: _Reading, row: tables.Row) -> None:
    """Judge one row: a recipient, or the faults that keep it from being one."""
    if not any(value.strip() for value in row.values):
        return
    reading.rows += 1
    if row.problem:
        reading.fault(row.line, row.problem)
        return
    heading, written = reading.headings[reading.position], row.values[reading.position]
    try:
        address = addresses.parse(written)
    except addresses.AddressProblem as exc:
        reading.fault(row.line, f"address_{exc.code}", column=heading, value=written)
        return
    first = reading.seen.setdefault(address.lower(), row.line)
    if first != row.line:
        reading.fault(row.line, "duplicate", column=heading, value=address, first_line=first)
        return
    if addresses.is_ordinary(address):
        reading.fault(row.line, "ordinary_mail", column=heading, value=address)
    reading.good += 1
    values = {name: value for name, value in zip(reading.names, row.values, strict=True) if name}
    reading.recipients.append(Recipient(campaign=reading.campaign, line=row.line, address=address, values=values))


def _batches(rows: Iterable[tables.Row]) -> Iterator[list[tables.Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
