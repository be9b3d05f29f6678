"""What programs are told of campaigns and messages: written wherever one changes, where anybody listens.

A message's `sending` is told to nobody, and `queued` only after a doubt: between them it may go to and fro.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from campaigns.states import MessageState
from pecportal.api.models import Job
from pecportal.statemachine import State
from pecportal.webhooks import events
from pecportal.webhooks.events import Data, Fact
from pecportal.webhooks.models import EventType

NOBODY: Final[frozenset[int]] = frozenset()
# a statement instead of the ORM, since the pump asks it for each of its transactions. By the ids alone: with the
# organisation or the state as well, a database may choose to read all of a campaign for each batch
MESSAGES: Final = """
SELECT m.id, m.public_id, m.state, m.verdict, m.mailbox_id, c.public_id, c.organisation_id, c.created_by_id, c.is_split,
       COALESCE(p.client_reference, r.value, c.reference)
FROM campaigns_message m
JOIN campaigns_campaign c ON c.id = m.campaign_id
LEFT JOIN campaigns_posted p ON p.message_id = m.id
LEFT JOIN campaigns_rowreference r ON r.message_id = m.id AND r.role = 'reference'
WHERE m.id IN (IDS) ORDER BY m.id LOCK
"""
CAMPAIGNS: Final = """
SELECT public_id, organisation_id, created_by_id, CASE WHEN is_split THEN NULL ELSE mailbox_id END, reference
FROM campaigns_campaign WHERE id IN (IDS) ORDER BY id
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """A message's new status by its receipts, and the certified times that go with it."""

    status: str
    accepted_at: datetime | None
    decided_at: datetime | None


class _Row(NamedTuple):
    """A message as `MESSAGES` gives it."""

    pk: int
    public_id: object
    state: str
    verdict: str
    mailbox: int
    campaign: object
    office: int
    maker: int
    is_split: bool
    reference: str | None


def ears(to: State) -> frozenset[int]:
    """The organisations that are told of messages that become `to`."""
    return NOBODY if to == MessageState.SENDING else events.listeners()


def of_moving(ids: Sequence[int], to: State, listening: frozenset[int]) -> list[Fact]:
    """What is to be told of these messages when they become `to` now; locks them, in the caller's transaction."""
    if not ids or not listening:
        return []
    lock = "FOR UPDATE OF m" if connection.features.has_select_for_update_of else ""
    sources = {state.value for state in type(to) if to in state.successors}
    if to == MessageState.QUEUED:
        sources &= {MessageState.UNCERTAIN.value}
    told = {"status": to.value}
    rows = [_Row(*row) for row in _asked(MESSAGES.replace("LOCK", lock), ids)]
    moving = (row for row in rows if row.verdict == "none" and row.state in sources and row.office in listening)
    return [_fact(row, told) for row in moving]


def tell_judged(found: Mapping[int, Judged]) -> None:
    """Write down what the receipts made of these messages, by their ids; in the transaction that stored it."""
    listening = events.listeners() if found else NOBODY
    wanted = [pk for pk, judged in found.items() if judged.status not in ("queued", "sending")]
    if not listening or not wanted:
        return
    rows = [_Row(*row) for row in _asked(MESSAGES.replace("LOCK", ""), wanted)]
    told = [_fact(row, _judgement(found[row.pk])) for row in rows if row.office in listening]
    events.record_all(told, listening=listening)


def tell_campaigns(ids: Iterable[int], to: State) -> None:
    """Write down that these campaigns became `to`, in the transaction that moved them."""
    listening, wanted = events.listeners(), list(ids)
    if not listening or not wanted:
        return
    told = [
        Fact(
            office,
            EventType.CAMPAIGN_STATE,
            _uuid(public_id),
            {
                "campaign": str(_uuid(public_id)),
                "state": to.value,
                "client_reference": reference or None,
            },
            made_by_id=maker,
            mailbox_id=mailbox,
        )
        for public_id, office, maker, mailbox, reference in _asked(CAMPAIGNS, wanted)
    ]
    events.record_all(told, listening=listening)


def tell_job(kind: str, target: int, campaign_id: int, *, is_good: bool) -> None:
    """Write down that a job about a campaign ended: of the API's jobs of this `kind` the one of the row `target`.

    One that a person began on a page has no number of its own; it is told as the campaign's maker's.
    """
    listening = events.listeners()
    if not listening:
        return
    jobs: list[Job | None] = [*Job.objects.filter(kind=kind, target=target).order_by("pk")] or [None]
    told = []
    for public_id, office, maker, mailbox, _reference in _asked(CAMPAIGNS, [campaign_id]):
        about = {"kind": kind, "campaign": str(_uuid(public_id)), "outcome": "done" if is_good else "failed"}
        for job in jobs:
            subject, by = (job.public_id, job.created_by_id) if job else (_uuid(public_id), maker)
            data = {"job": str(subject) if job else None, **about}
            told.append(Fact(office, EventType.JOB_COMPLETED, subject, data, made_by_id=by, mailbox_id=mailbox))
    events.record_all(told, listening=listening)


def _judgement(found: Judged) -> dict[str, str | None]:
    return {
        "status": found.status,
        "accepted_at": events.told_at(found.accepted_at) if found.accepted_at else None,
        "decided_at": events.told_at(found.decided_at) if found.decided_at else None,
    }


def _fact(row: _Row, told: Data) -> Fact:
    subject = _uuid(row.public_id)
    data: Data = {
        "message": str(subject),
        "campaign": str(_uuid(row.campaign)),
        "client_reference": row.reference or None,
        "accepted_at": None,
        "decided_at": None,
        **told,
    }
    mailbox = None if row.is_split else row.mailbox  # who is limited to some sees nothing of a campaign of several
    return Fact(row.office, EventType.MESSAGE_STATUS, subject, data, made_by_id=row.maker, mailbox_id=mailbox)


def _asked(sql: str, ids: Sequence[int]) -> list[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("IDS", ", ".join(["%s"] * len(ids))), ids)
        return list(cursor.fetchall())


def _uuid(value: object) -> uuid.UUID:
    """SQLite keeps it as text."""
    return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
