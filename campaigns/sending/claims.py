"""Claiming messages, marking them as on the wire, writing down how each call ended: all that the pump commits."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, F, OuterRef
from django.utils import timezone

from campaigns import references
from campaigns.models import Attempt, Message, Reservation, SendingLane
from campaigns.models.message import LIVE, MessageQuerySet
from campaigns.sending.lanes import Feed, Job, Lane
from campaigns.sending.outcomes import Ending
from campaigns.states import MessageState, Outcome, Phase
from pecportal import clock
from pecportal.statemachine import State


def claim(lane: Lane, *, limit: int) -> list[Job]:
    """Claim up to `limit` queued messages of a lane, its campaigns in turn; in the caller's transaction.

    Each gets an attempt, a reservation and a lease. The lane is put at rest for a moment when it has none.
    """
    if lane.allowance is not None:
        limit = min(limit, lane.allowance)
    jobs: list[Job] = []
    for share, feed in _shares(lane, limit):
        rows = _queued(feed, share)
        if rows:
            jobs += _begin(lane, feed, rows)
    if lane.allowance is not None:
        lane.allowance -= len(jobs)
    return jobs


def _shares(lane: Lane, limit: int) -> Iterable[tuple[int, Feed]]:
    """Split `limit` between the lane's campaigns, and begin with another one each time."""
    feeds = list(lane.feeds)
    if not feeds:
        return
    lane.feeds.rotate(-1)
    each, more = divmod(limit, len(feeds))
    for position, feed in enumerate(feeds):
        share = each + (1 if position < more else 0)
        if share:
            yield share, feed


def _queued(feed: Feed, limit: int) -> list[Message]:
    rows = (
        Message.objects.filter(
            campaign=feed.campaign_id,
            campaign__state="running",
            state=MessageState.QUEUED,
            pk__gt=feed.cursor,
            not_before__lte=timezone.now(),
        )
        .filter(~Exists(Attempt.objects.filter(LIVE, message=OuterRef("pk"))))
        .select_related("content")
        .order_by("pk")
    )
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(of=("self",), skip_locked=True)
    return list(rows[:limit])


def _begin(lane: Lane, feed: Feed, rows: Sequence[Message]) -> list[Job]:
    now, ids = clock.now(), [row.pk for row in rows]
    if Message.objects.filter(pk__in=ids).move(MessageState.SENDING) != len(ids):
        raise RuntimeError("A locked message changed its state.")
    before = dict(Attempt.objects.filter(message__in=ids).values_list("message").annotate(n=Count("pk")).order_by())
    lease = clock.database_now() + timedelta(seconds=settings.SENDING_LEASE_SECONDS)
    attempts = Attempt.objects.bulk_create(
        Attempt(
            message_id=row.pk,
            mailbox_id=lane.mailbox_id,
            n=before.get(row.pk, 0) + 1,
            ref=references.of_attempt(row.ref, before.get(row.pk, 0) + 1),
            fence=lane.fence,
            leased_until=lease,
            claimed_at=now,
        )
        for row in rows
    )
    Reservation.objects.bulk_create(
        Reservation(attempt=attempt, mailbox_id=lane.mailbox_id, at=now) for attempt in attempts
    )
    feed.cursor = ids[-1]
    return [_job(lane, feed, row, attempt) for row, attempt in zip(rows, attempts, strict=True)]


def _job(lane: Lane, feed: Feed, row: Message, attempt: Attempt) -> Job:
    return Job(
        lane=lane,
        message_id=row.pk,
        attempt_id=attempt.pk,
        ref=attempt.ref,
        recipient=row.recipient,
        subject=row.content.subject,
        body=row.content.body,
        attachments=feed.attachments,
        failures=row.failures,
    )


def mark(jobs: Sequence[Job]) -> set[int]:
    """Allow these attempts to put bytes on the wire, and return the ids of those that may.

    One whose lease ended, or that somebody else gave back meanwhile, may not: nothing of it was sent.
    """
    ids = [job.attempt_id for job in jobs]
    now = clock.database_now()
    # every condition stands on the attempt's own row, so that PostgreSQL looks at it again after waiting for a lock
    fenced = Exists(SendingLane.objects.filter(pk=OuterRef("mailbox_id"), fence=OuterRef("fence")))
    open_ = Attempt.objects.filter(fenced, pk__in=ids, phase=Phase.INTENT, outcome__isnull=True)
    lease = now + timedelta(seconds=settings.SENDING_LEASE_SECONDS)
    mine = open_.filter(leased_until__gt=now)
    if mine.update(phase=Phase.WIRE, marked_at=clock.now(), leased_until=lease) == len(ids):
        return set(ids)
    held = Attempt.objects.filter(pk__in=ids, phase=Phase.WIRE, outcome__isnull=True)
    return set(held.values_list("pk", flat=True))


def finish(endings: Sequence[tuple[int, int, Ending]]) -> None:
    """Write down how calls ended: (message id, attempt id, ending) each. Run again it changes nothing.

    A late ending is not thrown away: it turns an attempt that was given up as uncertain into what it really was.
    """
    for outcome in (Outcome.ACCEPTED, Outcome.NOT_SENT, Outcome.UNCERTAIN):
        of_kind = [item for item in endings if item[2].outcome == outcome]
        if of_kind:
            _move(_settle(outcome, of_kind))


def _settle(outcome: Outcome, endings: Sequence[tuple[int, int, Ending]]) -> list[tuple[int, int, Ending]]:
    """Give the attempts their outcome, and return those that took it."""
    open_ = "outcome IS NULL" if outcome == Outcome.UNCERTAIN else "(outcome IS NULL OR outcome = 'uncertain')"
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
    return [item for item in endings if item[1] in settled]


def _move(endings: Sequence[tuple[int, int, Ending]]) -> None:
    """Move the messages of settled attempts; give back the reservations of those that were not sent."""
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
            Message.objects.filter(pk__in=ids).move(state, **_times(state))
    unsent = [attempt_id for _, attempt_id, e in endings if e.outcome == Outcome.NOT_SENT]
    if unsent:
        Reservation.objects.filter(attempt__in=unsent, released=False).update(released=True)


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
    now = timezone.now()
    at_once = [message_id for message_id, _, e in items if not e.delay and not e.counts_as_failure]
    if at_once:
        _without_attempt(at_once).move(MessageState.QUEUED)
    for message_id, _, ending in items:
        if ending.delay or ending.counts_as_failure:
            _without_attempt([message_id]).move(
                MessageState.QUEUED, not_before=now + ending.delay, failures=F("failures") + 1
            )
