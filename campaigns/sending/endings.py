"""Marking attempts as on the wire, and writing down how each call ended."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Exists, F, OuterRef

from campaigns import late
from campaigns.models import Answer, Attempt, Message, Reservation
from campaigns.models.message import LIVE, MessageQuerySet, move_messages
from campaigns.sending.lanes import Job
from campaigns.sending.outcomes import Ending
from campaigns.states import MessageState, Outcome, Phase
from pecportal import clock
from pecportal.statemachine import State

# every condition stands on the attempt's own row, so that PostgreSQL looks at it again after waiting for a lock
MARK = """
UPDATE campaigns_attempt SET phase = 'wire', marked_at = %s, leased_until = %s
WHERE id IN (IDS) AND phase = 'intent' AND outcome IS NULL AND leased_until > %s
  AND EXISTS (
      SELECT 1 FROM campaigns_sendinglane l
      WHERE l.mailbox_id = campaigns_attempt.mailbox_id AND l.fence = campaigns_attempt.fence)
"""

# which attempts an ending may still settle; what a person only presumed, a late proof settles, too
OPEN = {
    Outcome.UNCERTAIN: "outcome IS NULL",
    Outcome.ACCEPTED: "(outcome IS NULL OR outcome = 'uncertain')",
    Outcome.NOT_SENT: "(outcome IS NULL OR outcome IN ('uncertain', 'presumed_not_sent'))",
}


def mark(jobs: Sequence[Job]) -> set[int]:
    """Allow these attempts to put bytes on the wire, and return the ids of those that may.

    One whose lease ended, or that somebody else gave back meanwhile, may not: nothing of it was sent.
    """
    ids = [job.attempt_id for job in jobs]
    now = clock.database_now()
    lease = now + timedelta(seconds=settings.SENDING_LEASE_SECONDS)
    wall = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        parameters = [wall(clock.now()), wall(lease), *ids, wall(now)]
        cursor.execute(MARK.replace("IDS", ", ".join(["%s"] * len(ids))), parameters)
        if cursor.rowcount == len(ids):
            return set(ids)
    held = Attempt.objects.filter(pk__in=ids, phase=Phase.WIRE, outcome__isnull=True)
    return set(held.values_list("pk", flat=True))


def finish(endings: Sequence[tuple[int, int, Ending]]) -> None:
    """Write down how calls ended: (message id, attempt id, ending) each. Run again it changes nothing.

    A late ending is not thrown away: it turns an attempt that was given up as uncertain into what it really was, and
    a late acceptance also one that a person had called not sent.
    """
    _keep(endings)
    for outcome in (Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.UNCERTAIN):
        of_kind = [item for item in endings if item[2].outcome == outcome]
        if of_kind:
            _move(_settle(outcome, of_kind))


def _keep(endings: Sequence[tuple[int, int, Ending]]) -> None:
    """Keep the answers as they came, each once: what comes later may give the attempt other words."""
    now = clock.now()
    answers = [
        Answer(
            attempt_id=attempt_id,
            at=now,
            status=ending.answer_status,
            body=ending.raw,
            sha256=hashlib.sha256(f"{ending.answer_status}\n{ending.raw}".encode()).hexdigest(),
        )
        for _, attempt_id, ending in endings
        if ending.raw
    ]
    if answers:
        Answer.objects.bulk_create(answers, ignore_conflicts=True)


def _settle(outcome: Outcome, endings: Sequence[tuple[int, int, Ending]]) -> list[tuple[int, int, Ending]]:
    """Give the attempts their outcome, and return those that took it."""
    open_ = OPEN[outcome]
    ended = connection.ops.adapt_datetimefield_value(clock.now())
    table = connection.ops.quote_name(Attempt._meta.db_table)
    sql = (
        f"UPDATE {table} SET outcome = %s, code = %s, answer_status = %s, answer = %s, ended_at = %s "  # noqa: S608
        f"WHERE id = %s AND {open_}"
    )
    rows = [(outcome.value, e.code, e.answer_status, e.answer, ended, attempt_id) for _, attempt_id, e in endings]
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
        taken = cursor.rowcount
    if taken == len(endings):
        return list(endings)
    ids = [attempt_id for _, attempt_id, _ in endings]
    settled = set(Attempt.objects.filter(pk__in=ids, outcome=outcome).values_list("pk", flat=True))
    if outcome == Outcome.ACCEPTED:
        _take_late(endings, settled)
    return [item for item in endings if item[1] in settled]


def _take_late(endings: Sequence[tuple[int, int, Ending]], settled: Collection[int]) -> None:
    """Take in acceptances that came late: others have `settled` it meanwhile, or a person has given it up."""
    for message_id, attempt_id, ending in endings:
        if attempt_id in settled:
            late.answered(message_id, attempt_id, code=ending.code, answer=ending.answer)
        else:
            late.taken(attempt_id, code=ending.code, answer=ending.answer)


def _move(endings: Sequence[tuple[int, int, Ending]]) -> None:
    """Move the messages of settled attempts; give back the reservations of those that were not sent.

    One of which a proof is on record nevertheless counts as sent.
    """
    by_state: dict[MessageState, list[tuple[int, int, Ending]]] = {}
    for item in endings:
        by_state.setdefault(item[2].state, []).append(item)
    for state, items in by_state.items():
        ids = [message_id for message_id, _, _ in items]
        if state == MessageState.QUEUED:
            _requeue(items)
        elif state == MessageState.FAILED:
            _without_attempt(ids).move(state)
        else:
            move_messages(ids, state, **_times(state))
    unsent = {attempt_id: message_id for message_id, attempt_id, e in endings if e.outcome == Outcome.NOT_SENT}
    if unsent:
        Reservation.objects.filter(attempt__in=unsent, released=False).update(released=True)
        late.reconsider(unsent.values())


def _without_attempt(ids: Sequence[int]) -> MessageQuerySet:
    """Those of the messages that no later attempt is sending meanwhile: a late ending must not move them."""
    alive = Attempt.objects.filter(LIVE, message=OuterRef("pk"))
    return Message.objects.filter(~Exists(alive), pk__in=ids)


def _times(state: State) -> dict[str, object]:
    if state != MessageState.SUBMITTED:
        return {}
    now = clock.now()
    return {"sent_at": now, "deadline_at": now + timedelta(hours=30)}


def _requeue(items: Sequence[tuple[int, int, Ending]]) -> None:
    now = clock.real_now()
    at_once = [message_id for message_id, _, e in items if not e.delay and not e.counts_as_failure]
    if at_once:
        _without_attempt(at_once).move(MessageState.QUEUED)
    for message_id, _, ending in items:
        if ending.delay or ending.counts_as_failure:
            _without_attempt([message_id]).move(
                MessageState.QUEUED, not_before=now + ending.delay, failures=F("failures") + 1
            )
