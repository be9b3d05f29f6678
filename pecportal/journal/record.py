"""Writing entries and checking their chain."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import models, transaction
from django.utils.translation import gettext as _

from pecportal import clock
from pecportal.journal import origin
from pecportal.journal.models import Entry, Head
from pecportal.organisations.models import Organisation, User

ENGINE: Final = "pecportal"
START: Final = "0" * 64
VERSION: Final = 2  # of what the digest covers; 1 knew neither where an act came from, nor what was before and after
SECRET: Final = re.compile("passw|secret|token|credential|cookie|authoriz|api_?key|(^|_)pin($|_)", re.IGNORECASE)
_LONGEST: Final = 2000
_EXACT: Final = 2**53


@dataclass(frozen=True, slots=True)
class Break:
    """The first entry whose chain does not hold."""

    number: int
    reason: str


def record(
    action: str,
    *,
    actor: User | None = None,
    organisation: Organisation | None = None,
    target: models.Model | None = None,
    before: Any = None,
    after: Any = None,
    **facts: Any,
) -> Entry:
    """Append an act, in the caller's transaction: what is rolled back was not done and is not recorded.

    `facts`, and the fields as they were `before` and are `after`, are JSON values and hold no secrets, contents, or
    recipients; of fields that are in both, only those are kept that differ. Without an actor it is the engine's act.
    Where it came from is what `origin` knows.
    """
    where = origin.here()
    old, new = difference(before or {}, after or {})
    with transaction.atomic():
        head = _locked_head()
        entry = Entry(
            version=VERSION,
            number=head.number + 1,
            at=clock.now(),
            actor=actor,
            actor_name=actor.email if actor else ENGINE,
            organisation=organisation,
            action=action,
            target_type=target._meta.label_lower if target else "",
            target_id=target.pk if target else None,
            facts=plain(facts),
            door=where.door.value,
            address=where.address,
            before=old,
            after=new,
            previous=head.digest,
        )
        entry.digest = digest(entry)
        entry.save(force_insert=True)
        Head.objects.filter(pk=1).update(number=entry.number, digest=entry.digest)
    return entry


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two sets of fields, as JSON values without secrets: what was, and what is."""
    old, new = plain(before), plain(after)
    same = {name for name in old if name in new and old[name] == new[name]}
    return ({n: v for n, v in old.items() if n not in same}, {n: v for n, v in new.items() if n not in same})


def plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same as it will be read back from any database: JSON values, text keys, secrets masked, long texts cut."""
    return {str(name): "***" if _is_secret(name, value) else _plain(value) for name, value in facts.items()}


def content(entry: Entry) -> dict[str, Any]:
    """What the digest covers, as JSON values."""
    told = {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "actor": entry.actor_id,
        "actor_name": entry.actor_name,
        "organisation": entry.organisation_id,
        "action": entry.action,
        "target": [entry.target_type, entry.target_id],
        "facts": entry.facts,
        "previous": entry.previous,
    }
    if entry.version == 1:
        return told
    more = {"door": entry.door, "address": entry.address, "before": entry.before, "after": entry.after}
    return {**told, "version": entry.version, **more}


def canonical(entry: Entry) -> str:
    """The text whose SHA-256 the digest is: `content` as ASCII JSON with sorted keys and no spaces."""
    return json.dumps(content(entry), sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def digest(entry: Entry) -> str:
    """SHA-256 (hex) over the entry's fields and the hash before it."""
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def verify() -> Break | None:
    """Walk the whole chain from the first entry; None when it holds. What is added meanwhile is left out."""
    head = Head.objects.filter(pk=1).first() or Head()
    rows = Entry.objects.filter(number__lte=head.number).order_by("number")
    found = walk(rows.iterator(chunk_size=2000), to=(head.number, head.digest))
    if found is None and Entry.objects.filter(number__gt=_number_now()).exists():
        return Break(head.number + 1, _("it was added behind the journal's back"))
    return found


def walk(entries: Iterable[Entry], *, to: tuple[int, str]) -> Break | None:
    """The first break in a chain that begins with entry 1 and should end with the number and hash `to`."""
    before, number = START, 0
    for entry in entries:
        number += 1
        if entry.number != number:
            return Break(number, _("an entry is missing"))
        if entry.previous != before:
            return Break(number, _("it does not follow the entry before it"))
        if not _is_known(entry) or entry.digest != digest(entry):
            return Break(number, _("its content was changed"))
        before = entry.digest
    return None if to == (number, before) else Break(number + 1, _("entries at the end are missing"))


def _is_known(entry: Entry) -> bool:
    """Whether all of its fields are covered: those that the first version did not know must be empty there."""
    if entry.version == 1:
        return not (entry.door or entry.address or entry.before or entry.after)
    return entry.version == VERSION


def _number_now() -> int:
    """The number of the last entry, under the lock: none is half added."""
    with transaction.atomic():
        return _locked_head().number


def _locked_head() -> Head:
    head = Head.objects.select_for_update().filter(pk=1).first()
    if head is None:
        Head.objects.get_or_create(pk=1)
        head = Head.objects.select_for_update().get(pk=1)
    return head


def _is_secret(name: object, value: Any) -> bool:
    return isinstance(value, str | bytes) and bool(value) and bool(SECRET.search(str(name)))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):  # beyond these, databases write the same number in different ways
        if not abs(value) < _EXACT:
            return str(value)
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return plain(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    text = str(value).replace("\0", "�").encode("utf-8", "replace").decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
