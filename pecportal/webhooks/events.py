"""Writing events down, in the transaction of what they tell, where anybody listens."""

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from pecportal import bulk, clock
from pecportal.organisations.models import Organisation
from pecportal.queue import enqueue
from pecportal.webhooks import turn
from pecportal.webhooks.models import Event, EventType, Webhook, WebhookState

Data = Mapping[str, str | int | bool | None]
COLUMNS: Final = ("public_id", "organisation_id", "made_by_id", "mailbox_id", "type", "subject", "data", "at")
# a statement instead of the ORM, since the pump asks it in each of its transactions
LISTENERS: Final = """
SELECT organisation_id FROM webhooks_webhook
UNION SELECT organisation_id FROM programs_apikey WHERE revoked_at IS NULL
"""
RING_EVERY: Final = 2.0  # seconds; a run of deliveries stays longer than that after its last one
TASK: Final = "pecportal.webhooks.tasks.deliver"

_rung_at = float("-inf")


@dataclass(frozen=True, slots=True)
class Fact:
    """What happened: `subject` is whose changes are told in order, `made_by` the maker of a message or campaign.

    `mailbox` limits who sees it among members that are limited to some; None hides it from them. `data` are ids,
    states, times and the integrator's own reference; never contents, names or addresses.
    """

    organisation_id: int
    type: EventType
    subject: uuid.UUID
    data: Data
    made_by_id: int | None = None
    mailbox_id: int | None = None


def record(
    organisation: Organisation,
    kind: EventType,
    subject: uuid.UUID,
    data: Data,
    *,
    made_by_id: int | None = None,
    mailbox_id: int | None = None,
) -> bool:
    """Write one event down, in the caller's transaction; False where nobody of the organisation listens."""
    fact = Fact(organisation.pk, kind, subject, data, made_by_id, mailbox_id)
    return bool(record_all([fact]))


def record_all(facts: Sequence[Fact], *, listening: frozenset[int] | None = None) -> int:
    """Write events down in their order, in the caller's transaction; how many were of organisations that listen."""
    ears = listeners() if listening is None else listening
    told = [fact for fact in facts if fact.organisation_id in ears]
    if told:
        at = clock.now()
        bulk.insert(Event, COLUMNS, [_row(fact, at) for fact in told])
        transaction.on_commit(_ring, robust=True)  # what was written stays written
    return len(told)


def listeners() -> frozenset[int]:
    """The organisations that have a program's key or a webhook, on or off: only for them is anything written."""
    with connection.cursor() as cursor:
        cursor.execute(LISTENERS)
        return frozenset(pk for (pk,) in cursor.fetchall())


def told_at(moment: datetime) -> str:
    """A time as events tell it: ISO 8601 in UTC, milliseconds, `Z`."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def forget() -> None:
    """Ring again for the next event, however soon."""
    global _rung_at
    _rung_at = float("-inf")


def _row(fact: Fact, at: datetime) -> list[bulk.Value]:
    return [
        _stored("public_id", uuid.uuid4()),
        fact.organisation_id,
        fact.made_by_id,
        fact.mailbox_id,
        fact.type.value,
        _stored("subject", fact.subject),
        json.dumps(dict(fact.data)),
        bulk.stored_as(at),
    ]


def _stored(column: str, value: uuid.UUID) -> bulk.Value:
    found: bulk.Value = Event._meta.get_field(column).get_db_prep_value(value, connection)  # type: ignore[union-attr]
    return found


def _ring() -> None:
    """Have what is new delivered, unless that goes on already; asked for often, it rings every two seconds at most."""
    global _rung_at
    now = time.monotonic()
    if now - _rung_at < RING_EVERY:
        return
    _rung_at = now
    if Webhook.objects.filter(state=WebhookState.ENABLED).exists() and not turn.is_taken():
        enqueue(TASK)
