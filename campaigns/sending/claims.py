"""Claiming messages: each gets an attempt, a lease and a share of the allowance, in the caller's transaction."""

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection

from campaigns import enclosures, references
from campaigns.enclosures import Enclosure
from campaigns.models.message import move_messages
from campaigns.pacing import next_turn
from campaigns.sending.lanes import DRY_SECONDS, Feed, Job, Lane
from campaigns.states import MessageState
from pecportal import clock
from pecportal.operation import switches

# Statements instead of the ORM: at hundreds of messages a second its own work would cost more than the database's.
# `+ 0` keeps the databases on the campaign's index, in the order of ids: the mailbox's would have them sort.
QUEUED = """
SELECT m.id, m.line, m.recipient, m.ref, m.failures, c.subject, c.body,
       (SELECT COUNT(*) FROM campaigns_attempt a WHERE a.message_id = m.id)
FROM campaigns_message m
JOIN campaigns_messagecontent c ON c.message_id = m.id
JOIN campaigns_campaign g ON g.id = m.campaign_id
WHERE m.campaign_id = %s AND g.state = 'running' AND m.state = 'queued' AND m.id > %s AND m.not_before <= %s
  AND m.mailbox_id + 0 = %s
  AND NOT EXISTS (
      SELECT 1 FROM campaigns_attempt a
      WHERE a.message_id = m.id AND (a.outcome IS NULL OR a.outcome IN ('uncertain', 'accepted')))
  AND NOT OFF
ORDER BY m.id LIMIT %s
""".replace("OFF", switches.OFF)
ATTEMPTS = """
INSERT INTO campaigns_attempt
       (message_id, mailbox_id, route_id, n, ref, fence, leased_until, claimed_at, phase, code, answer)
VALUES ROWS RETURNING ref, id
"""
RESERVATIONS = "INSERT INTO campaigns_reservation (attempt_id, mailbox_id, at, units, released) VALUES ROWS"


@dataclass(frozen=True, slots=True)
class _Row:
    """A queued message as `QUEUED` gives it."""

    message_id: int
    line: int
    recipient: str
    ref: str
    failures: int
    subject: str
    body: str
    attempts: int


def claim(lane: Lane, *, limit: int) -> list[Job]:
    """Claim up to `limit` queued messages of a lane, fairly between its campaigns; in the caller's transaction.

    Each gets an attempt, a reservation and a lease. What one campaign has not to give, the others get.
    """
    if lane.allowance is not None:
        limit = min(limit, lane.allowance)
    jobs: list[Job] = []
    now = time.monotonic()
    feeds = [feed for feed in lane.open_feeds if now >= feed.dry_until]
    while len(jobs) < limit and feeds:
        order = _deal(lane, feeds, limit - len(jobs))
        shares, found, dry = Counter(order), {}, set()
        for feed in [feed for feed in feeds if feed.campaign_id in shares]:
            share = shares[feed.campaign_id]
            rows = _queued(lane, feed, share)
            found[feed.campaign_id] = deque(_begin(lane, feed, rows) if rows else ())
            if len(rows) < share or feed.is_single:
                feed.dry_until = now + DRY_SECONDS
                dry.add(feed.campaign_id)
        jobs += [found[pk].popleft() for pk in order if found[pk]]
        going = {feed.campaign_id for feed in feeds} - dry
        feeds = [feed for feed in lane.feeds if feed.campaign_id in going]  # in the order of the turns to come
    if lane.allowance is not None:
        lane.allowance -= len(jobs)
    return jobs


def _deal(lane: Lane, feeds: Sequence[Feed], limit: int) -> list[int]:
    """Deal `limit` messages to the campaigns, one by one and in turn: their ids, in the order of the messages."""
    singles = deque(feed for feed in feeds if feed.is_single)
    others = deque(feed for feed in feeds if not feed.is_single)
    dealt: list[int] = []
    while len(dealt) < limit and (singles or others):
        lane.turns += 1
        dealt.append(next_turn(singles, others, lane.turns).campaign_id)
    turns = [*singles, *others]  # whose turn is next stands first
    waiting = {feed.campaign_id for feed in turns}
    lane.feeds = deque([*turns, *(feed for feed in lane.feeds if feed.campaign_id not in waiting)])
    return dealt


def _queued(lane: Lane, feed: Feed, limit: int) -> list[_Row]:
    """The next messages of the campaign that this mailbox sends; the others are other lanes'."""
    lock = "FOR UPDATE OF m SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    now = connection.ops.adapt_datetimefield_value(clock.real_now())
    whose = (lane.account_id or 0, lane.mailbox_id, feed.campaign_id)
    with connection.cursor() as cursor:
        cursor.execute(QUEUED + lock, [feed.campaign_id, feed.cursor, now, lane.mailbox_id, *whose, limit])
        return [_Row(*row) for row in cursor.fetchall()]


def _begin(lane: Lane, feed: Feed, rows: Sequence[_Row]) -> list[Job]:
    if move_messages([row.message_id for row in rows], MessageState.SENDING) != len(rows):
        raise RuntimeError("A locked message changed its state.")
    now = connection.ops.adapt_datetimefield_value(clock.now())
    ends = clock.database_now() + timedelta(seconds=settings.SENDING_LEASE_SECONDS)
    lease = connection.ops.adapt_datetimefield_value(ends)
    refs = [references.of_attempt(row.ref, row.attempts + 1) for row in rows]
    attempts = [
        value
        for row, ref in zip(rows, refs, strict=True)
        for value in (row.message_id, lane.mailbox_id, lane.route_id, row.attempts + 1, ref, lane.fence, lease, now)
    ]
    one = "(%s, %s, %s, %s, %s, %s, %s, %s, 'intent', '', '')"
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS.replace("ROWS", ", ".join([one] * len(rows))), attempts)
        ids = dict(cursor.fetchall())
        held = [value for ref in refs for value in (ids[ref], lane.mailbox_id, now)]
        cursor.execute(RESERVATIONS.replace("ROWS", ", ".join(["(%s, %s, %s, 1, FALSE)"] * len(rows))), held)
    feed.cursor = rows[-1].message_id
    own = enclosures.own(feed.campaign_id, [row.line for row in rows]) if feed.has_own else {}
    return [
        _job(lane, feed, row, ids[ref], ref, own=tuple(own.get(row.line, ())))
        for row, ref in zip(rows, refs, strict=True)
    ]


def _job(lane: Lane, feed: Feed, row: _Row, attempt_id: int, ref: str, *, own: tuple[Enclosure, ...] = ()) -> Job:
    return Job(
        lane=lane,
        message_id=row.message_id,
        campaign_id=feed.campaign_id,
        attempt_id=attempt_id,
        ref=ref,
        recipient=row.recipient,
        subject=row.subject,
        body=row.body,
        attachments=feed.attachments,
        failures=row.failures,
        own=own,
    )
