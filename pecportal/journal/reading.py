"""Reading the journal: whose entries a person sees, filtered, in words, page by page or as a whole file."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet
from django.utils import timezone

from pecportal import keyset
from pecportal.journal import record
from pecportal.journal.models import Entry
from pecportal.journal.origin import Door
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Power, TenantQuerySet

SIZE: Final = 50
NAMED: Final = (  # whose names are no contents and no recipients
    "campaigns.campaign",
    "campaigns.letterhead",
    "mailboxes.found",
    "mailboxes.mailbox",
    "mailboxes.plan",
    "organisations.organisation",
    "organisations.user",
    "organisations.vendoraccount",
)
COLUMNS: Final = ("number", "at", "who", "act", "sentence", "object", "door", "address", "digest", "content")
_FORMULAS: Final = tuple("=+-@\t\r\n\0＝＋－＠")


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for; what is empty does not matter. Days are the portal's own, both included."""

    since: date | None = None
    until: date | None = None
    person: str = ""
    act: str = ""
    kind: str = ""
    which: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One entry in words. `changes` are fields with what they were and are, `facts` names and values."""

    entry: Entry
    sentence: str
    what: str
    door: str
    changes: Sequence[tuple[str, str, str]]
    facts: Sequence[tuple[str, str]]

    @property
    def is_by_itself(self) -> bool:
        """Whether the portal did it."""
        return self.entry.actor_id is None


def visible(user: User | AnonymousUser, organisation: Organisation | None) -> TenantQuerySet[Entry]:
    """The entries of an organisation that `user` may read: all with the power to, else their own acts alone.

    What somebody did outside of any organisation, such as signing in, is their own alone.
    """
    if not isinstance(user, User) or not user.is_active:
        return Entry.objects.none()
    mine = Entry.objects.filter(actor=user, organisation=None)
    if organisation is None:
        return mine
    there = Entry.objects.visible_to(user).filter(organisation=organisation)
    whole = Entry.objects.visible_to(user, Power.JOURNAL).filter(organisation=organisation)
    return mine | there.filter(actor=user) | whole


def filtered(rows: QuerySet[Entry], wanted: Filter) -> QuerySet[Entry]:
    """Those of the rows that are asked for."""
    if wanted.since:
        rows = rows.filter(at__gte=_midnight(wanted.since))
    if wanted.until:
        rows = rows.filter(at__lt=_midnight(wanted.until + timedelta(days=1)))
    if wanted.person:
        rows = rows.filter(actor_name__istartswith=wanted.person)
    if wanted.act:
        rows = rows.filter(Q(action=wanted.act) | Q(action__startswith=f"{wanted.act}."))
    if wanted.kind:
        rows = rows.filter(target_type=wanted.kind)
    if wanted.which is not None:
        rows = rows.filter(target_id=wanted.which)
    return rows


def page(rows: QuerySet[Entry], **edge: int) -> keyset.Page[Entry]:
    """Some of the rows, the latest first."""
    return keyset.page(rows, by="-number", size=SIZE, **edge)


def lines(entries: Iterable[Entry]) -> list[Line]:
    """The entries in words, with the names of what they are about as they are today."""
    entries = list(entries)
    names = _names(entries)
    return [_line(entry, names.get((entry.target_type, entry.target_id), "")) for entry in entries]


def as_json_lines(rows: QuerySet[Entry]) -> Iterator[bytes]:
    """Each entry as one line of JSON: all that its hash covers, and the hash. Oldest first, in a steady stream."""
    for entry in rows.order_by("number").iterator(chunk_size=2000):
        yield json.dumps({**record.content(entry), "digest": entry.digest}, sort_keys=True).encode() + b"\n"


def as_csv(rows: QuerySet[Entry]) -> Iterator[bytes]:
    """The same for a spreadsheet program: `content` is the very text that was hashed, and no cell is a formula."""
    yield "\ufeff".encode() + _row(COLUMNS)
    batch: list[Entry] = []
    for entry in rows.order_by("number").iterator(chunk_size=500):
        batch.append(entry)
        if len(batch) == 500:
            yield from map(_cells, lines(batch))
            batch = []
    yield from map(_cells, lines(batch))


def kinds() -> list[tuple[str, str]]:
    """The kinds of things that entries are about, with their names for people."""
    found = {"campaigns.campaign", "campaigns.message", "campaigns.receipt", *NAMED}
    known = [(kind, str(apps.get_model(kind)._meta.verbose_name)) for kind in found if _is_model(kind)]
    return sorted(known, key=lambda pair: pair[1])


def _line(entry: Entry, name: str) -> Line:
    what = f"“{name}”" if name else f"{entry.target_id}" if entry.target_id is not None else ""
    fields = dict.fromkeys([*entry.before, *entry.after])
    changes = [(each, _shown(entry.before.get(each)), _shown(entry.after.get(each))) for each in fields]
    facts = [(key, _shown(value)) for key, value in entry.facts.items()]
    door = str(Door(entry.door).label) if entry.door in Door.values else ""
    return Line(entry, entry.sentence(what), what, door, changes, facts)


def _names(entries: Iterable[Entry]) -> dict[tuple[str, int | None], str]:
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        if entry.target_type in NAMED and entry.target_id is not None:
            wanted.setdefault(entry.target_type, set()).add(entry.target_id)
    names: dict[tuple[str, int | None], str] = {}
    for kind, ids in wanted.items():
        if _is_model(kind):
            rows = apps.get_model(kind)._base_manager.in_bulk(ids)
            names |= {(kind, int(pk)): str(row) for pk, row in rows.items()}
    return names


def _is_model(kind: str) -> bool:
    try:
        return bool(apps.get_model(kind))
    except (LookupError, ValueError):
        return False


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "–" if value is None else json.dumps(value, ensure_ascii=False)


def _cells(line: Line) -> bytes:
    entry = line.entry
    about = f"{entry.target_type} {entry.target_id}" if entry.target_type else ""
    told = (str(entry.number), entry.at.isoformat(), entry.actor_name, entry.action, line.sentence, about)
    return _row((*told, entry.door, entry.address, entry.digest, record.canonical(entry)))


def _row(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    safe = [f"'{cell}" if cell.lstrip().startswith(_FORMULAS) or cell.startswith(_FORMULAS) else cell for cell in cells]
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow(safe)
    return out.getvalue().encode()


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
