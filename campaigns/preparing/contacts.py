"""The address book: contacts and groups are changed here, each act under its author's name; lists come from it."""

import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from campaigns import addresses, sentences, tables, text
from campaigns.models import Campaign, Change, Contact, ContactChange, ContactGroup, ContactRun, ListReading, Recipient
from campaigns.preparing import columns, contact_runs, readings
from pecportal.errors import Refusal
from pecportal.organisations.models import Organisation, User

AT_ONCE: Final = 5_000  # rows above which a job does it (see `contact_runs`)
SAMPLE: Final = 50
CHUNK: Final = 500
FAULTS_NAMED: Final = 20
LONGEST_CODE: Final = 16
HEADINGS: Final = ("pec", "nome", "codice")
OWN: Final = frozenset(HEADINGS)
ROLES: Final = {"address": 0, "name": 1, "tax_code": 2}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a contact is; `values` are further merge fields."""

    address: str
    name: str = ""
    code: str = ""
    values: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: contacts added and changed, and the faulty rows, the first of them with a sentence."""

    added: int
    changed: int
    faulty: int
    faults: Sequence[tuple[int, str]]


@transaction.atomic
def save(
    organisation: Organisation,
    entry: Entry,
    *,
    groups: Iterable[ContactGroup],
    actor: User,
    contact: Contact | None = None,
) -> Contact:
    """Add a contact, or change `contact`; the same again changes nothing.

    Raises `Refusal` for what is no address, and for one that another contact has.
    """
    told = _checked(entry)
    same = Contact.objects.filter(organisation=organisation).annotate(key=Lower("address"))
    others = same.filter(key=told.address.lower()).values_list("pk", flat=True)
    if set(others) - {contact.pk if contact else None}:
        raise Refusal(_("There is a contact with this address already."), field="address")
    row = contact or Contact(organisation=organisation)
    before = _state(row) if contact else {}
    row.address, row.name, row.code, row.values = told.address, told.name, told.code, dict(told.values or {})
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as exc:  # another was quicker
        raise Refusal(_("There is a contact with this address already."), field="address") from exc
    row.groups.set([group for group in groups if group.organisation_id == organisation.pk])
    after = _state(row)
    facts = {name: [before.get(name, ""), value] for name, value in after.items() if before.get(name, "") != value}
    if facts:
        _note(organisation, Change.EDITED if contact else Change.ADDED, row.address, actor, contact=row, facts=facts)
    return row


@transaction.atomic
def remove(contact: Contact, *, actor: User) -> None:
    """Take a contact out of the book and its groups; lists that were made of them stay."""
    _note(contact.organisation, Change.REMOVED, contact.address, actor)
    contact.delete()


@transaction.atomic
def make_group(organisation: Organisation, name: str, *, actor: User) -> ContactGroup:
    """A new group, empty. Raises `Refusal` when there is one of that name."""
    told = " ".join(name.split())[:100]
    if not told or ContactGroup.objects.filter(organisation=organisation, name__iexact=told).exists():
        raise Refusal(_("Give the group a name that no other has."), field="name")
    group = ContactGroup.objects.create(organisation=organisation, name=told)
    _note(organisation, Change.GROUP_MADE, told, actor)
    return group


@transaction.atomic
def remove_group(group: ContactGroup, *, actor: User) -> None:
    """Take a group away; its contacts stay."""
    _note(group.organisation, Change.GROUP_REMOVED, group.name, actor)
    group.delete()


def take_in(
    organisation: Organisation, path: Path, *, name: str, group: ContactGroup | None, actor: User
) -> Imported | ContactRun:
    """Add the contacts of a file, or change those that are there by their address; put them into `group` if given.

    A long file is left to a job. Faulty rows are left out and told. Raises `Refusal`, and keeps nothing, when the file
    cannot be used.
    """
    headings, rows = look(path, name=name)
    roles = columns.guess(headings, [row.values for row in rows[:SAMPLE]])
    if "address" not in roles:
        raise Refusal(_("No column of addresses was found."), field="file")
    if len(rows) > AT_ONCE:
        return contact_runs.of_file(organisation, path, name=name, roles=roles, group=group, actor=actor)
    with transaction.atomic():
        added, changed, faults = store_rows(organisation, headings, roles, rows, group=group)
        facts = {"added": added, "changed": changed, "faulty": len(faults)}
        note_imported(organisation, name, facts, actor=actor)
    return Imported(added, changed, len(faults), faults[:FAULTS_NAMED])


def look(path: Path, *, name: str) -> tuple[Sequence[str], list[tables.Row]]:
    """A file's headings and its first rows, one more than are taken in at once. Raises `Refusal`."""
    try:
        with tables.open_table(path, name=name) as table:
            return table.columns, list(islice(table.rows, AT_ONCE + 1))
    except tables.TableProblem as exc:
        raise Refusal(sentences.of_table(exc), field="file") from exc


def store_rows(
    organisation: Organisation,
    headings: Sequence[str],
    roles: Mapping[str, int],
    found: Iterable[tables.Row],
    *,
    group: ContactGroup | None,
) -> tuple[int, int, list[tuple[int, str]]]:
    """Take some rows of a file in, in the caller's transaction: how many were added and changed, and the faults."""
    entries, faults = _entries(headings, roles, found)
    added, changed = _store(organisation, entries)
    if group is not None:
        _join(group, (entry.address for entry in entries))
    return added, changed, faults


def rows(organisation: Organisation, groups: Iterable[ContactGroup] = ()) -> Iterator[list[str]]:
    """Headings, then the contacts of some groups or all, each once: a list, and a file that may be taken in again."""
    wanted = [group.pk for group in groups if group.organisation_id == organisation.pk]
    contacts = Contact.objects.filter(organisation=organisation)
    if wanted:
        members = ContactGroup.contacts.through.objects.filter(contact=OuterRef("pk"), contactgroup__in=wanted)
        contacts = contacts.filter(Exists(members))
    fields = sorted({name for values in contacts.values_list("values", flat=True).iterator() for name in values} - OWN)
    yield [*HEADINGS, *fields]
    after = 0
    while batch := list(contacts.filter(pk__gt=after).order_by("pk")[:CHUNK]):
        for row in batch:
            yield [row.address, row.name, row.code, *(str(row.values.get(name, "")) for name in fields)]
        after = batch[-1].pk


def list_of(campaign: Campaign, groups: Sequence[ContactGroup], *, actor: User) -> ListReading | ContactRun:
    """Make the contacts of groups the list of a draft; many are left to a job. Raises `Refusal` when there are none."""
    if not groups:
        raise Refusal(_("Choose a group."), field="groups")
    if ContactGroup.contacts.through.objects.filter(contactgroup__in=groups).count() > AT_ONCE:
        return contact_runs.of_groups(campaign, groups, name=names(groups), actor=actor)
    return write_list(campaign, groups, actor=actor)


def write_list(
    campaign: Campaign, groups: Sequence[ContactGroup], *, actor: User, alive: Callable[[int], object] | None = None
) -> ListReading:
    """Write the contacts of groups as a file, and have it read as the list of a draft. Raises `Refusal`.

    `alive` is called now and then with the number of contacts written; what it raises ends the writing.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        for number, row in enumerate(rows(campaign.organisation, groups)):
            writer.writerow(row)
            if alive is not None and number % AT_ONCE == 0:
                alive(number)
        if alive is not None:
            alive(number)
        file.flush()
        reading = readings.take(campaign, Path(file.name), name=f"{names(groups)}.csv", actor=actor)
    return readings.choose(reading, ROLES)


def names(groups: Iterable[ContactGroup]) -> str:
    """Groups as a list of theirs is called."""
    return ", ".join(group.name for group in groups)[:200]


def group_of(campaign: Campaign, name: str, *, actor: User) -> ContactGroup | ContactRun:
    """Save a campaign's list as a group: who is no contact yet becomes one, who is stays as it is.

    A long list is left to a job. Raises `Refusal` for a name that is taken, and while there is no list.
    """
    if not campaign.recipients_total:
        raise Refusal(_("There is no list yet of which a group could be made."), field="name")
    with transaction.atomic():
        group = make_group(campaign.organisation, name, actor=actor)
        if campaign.recipients_total > AT_ONCE:
            return contact_runs.of_list(campaign, group, actor=actor)
        added = fill(group, campaign.roles, campaign.recipients.order_by("line"))
        note_filled(group, recipients=campaign.recipients_total, added=added, actor=actor)
    return group


def fill(group: ContactGroup, roles: Mapping[str, str], recipients: Iterable[Recipient]) -> int:
    """Put recipients into a group, in the caller's transaction, and return how many were no contacts yet."""
    found = list(_entries_of(roles, recipients))
    added, _changed = _store(group.organisation, found, keep=True)
    _join(group, (entry.address for entry in found))
    return added


def note_filled(group: ContactGroup, *, recipients: int, added: int, actor: User) -> None:
    """Note that a group was made of a list."""
    _note(group.organisation, Change.GROUP_FILLED, group.name, actor, facts={"recipients": recipients, "added": added})


def note_imported(organisation: Organisation, name: str, facts: Mapping[str, object], *, actor: User) -> None:
    """Note that a file was taken in."""
    _note(organisation, Change.IMPORTED, name[:254], actor, facts=facts)


def _entries_of(names: Mapping[str, str], recipients: Iterable[Recipient]) -> Iterator[Entry]:
    for row in recipients:
        code = row.values.get(names.get("tax_code", ""), "") or row.values.get(names.get("vat_number", ""), "")
        taken = {names.get(role, "") for role in ("address", "name", "tax_code", "vat_number")}
        values = {field: value for field, value in row.values.items() if field not in taken | OWN and value}
        title = row.values.get(names.get("name", ""), "")
        yield Entry(row.address, title[:255], code if len(code) <= LONGEST_CODE else "", values)


def _checked(entry: Entry) -> Entry:
    try:
        address = addresses.parse(entry.address)
    except addresses.AddressProblem as exc:
        raise Refusal(sentences.of_address(exc), field="address") from exc
    values = {text.normalise(name): value.strip() for name, value in (entry.values or {}).items()}
    if set(values) & (OWN | {""}):
        raise Refusal(_("A further field needs a name of its own."), field="values")
    code = columns.padded("".join(entry.code.split()).upper())
    if len(code) > LONGEST_CODE:
        raise Refusal(_("A VAT number or tax code has 11 or 16 signs."), field="code")
    return Entry(address, entry.name.strip(), code, values)


def _state(row: Contact) -> dict[str, str]:
    groups = ", ".join(row.groups.order_by("name").values_list("name", flat=True)) if row.pk else ""
    return {"address": row.address, "name": row.name, "code": row.code, "groups": groups, **row.values}


def _entries(
    headings: Sequence[str], roles: Mapping[str, int], found: Iterable[tables.Row]
) -> tuple[list[Entry], list[tuple[int, str]]]:
    names = [text.normalise(heading) for heading in headings]
    codes = [roles[role] for role in ("tax_code", "vat_number") if role in roles]
    apart = {roles["address"], roles.get("name", -1), *codes}
    entries: dict[str, Entry] = {}
    faults: list[tuple[int, str]] = []
    for row in found:
        if row.problem:
            faults.append((row.line, str(sentences.ROWS[row.problem])))
            continue
        code = next((row.values[at] for at in codes if row.values[at].strip()), "")
        values = {
            names[at]: value
            for at, value in enumerate(row.values)
            if at not in apart and names[at] not in OWN | {""} and value.strip()
        }
        name = row.values[roles["name"]] if "name" in roles else ""
        try:
            entry = _checked(Entry(row.values[roles["address"]], name[:255], code, values))
        except Refusal as exc:
            faults.append((row.line, str(exc)))
            continue
        entries[entry.address.lower()] = entry
    return list(entries.values()), faults


def _store(organisation: Organisation, entries: Sequence[Entry], *, keep: bool = False) -> tuple[int, int]:
    """Add who is not there, change who is (unless `keep`): how many of each."""
    added = changed = 0
    for start in range(0, len(entries), CHUNK):
        part = {entry.address.lower(): entry for entry in entries[start : start + CHUNK]}
        there = _contacts(organisation, part)
        new = [
            Contact(
                organisation=organisation,
                address=entry.address,
                name=entry.name,
                code=entry.code,
                values=dict(entry.values or {}),
            )
            for key, entry in part.items()
            if key not in there
        ]
        Contact.objects.bulk_create(new)
        added += len(new)
        if not keep:
            changed += _change(there, part)
    return added, changed


def _change(there: Mapping[str, Contact], part: Mapping[str, Entry]) -> int:
    """What a file leaves empty stays as it was."""
    others = []
    for key, row in there.items():
        entry = part[key]
        told = (entry.name or row.name, entry.code or row.code, {**row.values, **(entry.values or {})})
        if told != (row.name, row.code, row.values):
            row.name, row.code, row.values = told
            others.append(row)
    Contact.objects.bulk_update(others, ["name", "code", "values"])
    return len(others)


def _contacts(organisation: Organisation, keys: Iterable[str]) -> dict[str, Contact]:
    rows = Contact.objects.filter(organisation=organisation).annotate(key=Lower("address"))
    return {row.address.lower(): row for row in rows.filter(key__in=list(keys))}


def _join(group: ContactGroup, found: Iterable[str]) -> None:
    keys = [address.lower() for address in found]
    for start in range(0, len(keys), CHUNK):
        group.contacts.add(*_contacts(group.organisation, keys[start : start + CHUNK]).values())


def _note(
    organisation: Organisation,
    change: Change,
    about: str,
    actor: User,
    *,
    contact: Contact | None = None,
    facts: Mapping[str, object] | None = None,
) -> None:
    ContactChange.objects.create(
        organisation=organisation, contact=contact, by=actor, change=change, about=about, facts=dict(facts or {})
    )
