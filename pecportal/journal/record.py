"""Writing entries and checking their chain."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction

from pecportal import clock
from pecportal.journal.models import Entry, Head
from pecportal.organisations.models import Organisation, User

ENGINE = "pecportal"


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
    **facts: Any,
) -> Entry:
    """Append an act, in the caller's transaction: what is rolled back was not done and is not recorded.

    `facts` are JSON values and hold no secrets, contents, or recipients. Without an actor it is the engine's act.
    """
    with transaction.atomic():
        Head.objects.get_or_create(pk=1)
        head = Head.objects.select_for_update().get(pk=1)
        entry = Entry(
            number=head.number + 1,
            at=clock.now(),
            actor=actor,
            actor_name=actor.email if actor else ENGINE,
            organisation=organisation,
            action=action,
            target_type=target._meta.label_lower if target else "",
            target_id=target.pk if target else None,
            facts=facts,
            previous=head.digest,
        )
        entry.digest = digest(entry)
        entry.save(force_insert=True)
        head.number, head.digest = entry.number, entry.digest
        head.save(update_fields=["number", "digest"])
    return entry


def digest(entry: Entry) -> str:
    """SHA-256 (hex) over the entry's fields and the hash before it, as JSON with sorted keys."""
    content = {
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
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify() -> Break | None:
    """Walk the whole chain from the first entry; None when it holds to the head."""
    before, number = "0" * 64, 0
    for entry in Entry.objects.order_by("number").iterator(chunk_size=2000):
        number += 1
        if entry.number != number:
            return Break(number, "an entry is missing")
        if entry.previous != before:
            return Break(number, "it does not follow the entry before it")
        if entry.digest != digest(entry):
            return Break(number, "its content was changed")
        before = entry.digest
    head = Head.objects.filter(pk=1).first()
    if head and (head.number, head.digest) != (number, before):
        return Break(number + 1, "entries at the end are missing")
    return None
