"""The pump: one time-boxed job that serves all due mailboxes at once.

Its main loop alone talks to the database: one transaction writes down finished calls, commits marks, and claims the
next messages. Sending threads talk to the vendor alone. Between them go `Job`s and events.
"""

import logging
import queue
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, transaction

from campaigns.models import Message
from campaigns.models.tracking import Hold
from campaigns.sending import claims, endings, lanes, launch
from campaigns.sending.lanes import DRY_SECONDS, Job, Lane
from campaigns.sending.outcomes import LaneEffect, aborted
from campaigns.sending.senders import Done, Event, MarkAsked, Probed, Senders
from campaigns.states import CampaignState, MessageState
from mailboxes import credentials
from pecportal import stopping
from pecportal.encryption import Unreadable
from pecportal.queue import enqueue
from pecportal.upstream import Upstream

logger = logging.getLogger(__name__)
PREPARE = 0.08  # seconds before its slot at which a message is handed to a thread, which opens the connection
RENEW_SECONDS = 5.0
TICK = 0.25
FEED_SECONDS = 2.0
DATABASE_AWAY = (OperationalError, InterfaceError)


@dataclass(slots=True)
class Pending:
    """What the next transaction has to write."""

    marks: list[MarkAsked] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    refused: dict[int, datetime | None] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)

    @property
    def is_waiting(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.marks or self.done or self.changed or self.refused or self.stopped)


def run(*, client: Upstream) -> int:
    """Send what is due until the time-box ends or nothing is left; return how many calls ended.

    Returns 0 at once when other pumps hold every due lane. It calls itself again while there is more to send.
    """
    pump = Pump(client)
    try:
        pump.loop()
    finally:
        pump.close()
    launch.complete()
    return pump.ended


class Pump:
    """One run of the pump: the lanes it holds, its threads, and what it has to write."""

    def __init__(self, client: Upstream) -> None:
        self.holder = uuid.uuid4().hex
        self.lanes: dict[int, Lane] = {}
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.senders = Senders(client, self.events, threads=settings.SENDING_THREADS)
        self.pending = Pending()
        self.until = time.monotonic() + settings.SENDING_PUMP_SECONDS
        self.scan_at = self.renew_at = 0.0
        self.ended = 0
        self.rang = False

    def loop(self) -> None:
        """Serve the lanes; returns when the time is over, or when they are empty."""
        while True:
            try:
                self._scan()
                if not self.pending.done and not self._more():
                    return
            except DATABASE_AWAY:
                _away()
            self._commit()
            self._dispatch()
            self._collect(timeout=self._patience())

    def close(self) -> None:
        """Finish what is on the wire, give back what is not, and let each lane go as soon as it is idle."""
        self.until = 0.0
        for lane in self.lanes.values():
            self.pending.done += [Done(job, aborted("Given back by the worker.")) for job in lane.ready]
            lane.ready.clear()
        self.senders.stop()
        while self.senders.busy or self.pending.is_waiting:
            try:
                self._commit()
            except DatabaseError:
                logger.exception("What ended cannot be written down together; each is tried alone.")
                self._write_singly()
            self._release_idle()
            if self.senders.busy:
                self._collect(timeout=TICK)
        self._release_idle()

    def _write_singly(self) -> None:
        """Save every ending that can be saved: one that cannot must not take the others with it."""
        work, self.pending = self.pending, Pending()
        for asked in work.marks:
            asked.answer(granted=False)
        for done in work.done:
            try:
                with transaction.atomic(durable=True):
                    endings.finish([(done.job.message_id, done.job.attempt_id, done.ending)])
            except DatabaseError:  # its lease ends, and it becomes a doubt or goes back to the queue
                logger.exception("The end of attempt %s cannot be written down.", done.job.ref)

    def _release_idle(self) -> None:
        """Let other pumps have the lanes on which nothing is under way, and ring for the next one once."""
        if self.pending.is_waiting:
            return
        idle = [lane for lane in self.lanes.values() if not lane.in_flight and not lane.probing]
        if not idle:
            return
        try:
            lanes.release(self.holder, idle)
            for lane in idle:
                del self.lanes[lane.mailbox_id]
            if not self.rang and not lanes.others_at_work(self.holder) and lanes.due_mailboxes():
                enqueue("campaigns.tasks.pump")
                self.rang = True
        except DATABASE_AWAY:
            _away()

    def _more(self) -> bool:
        """Whether there is, or may soon be, something to send."""
        if time.monotonic() >= self.until:
            return False
        if any(lane.ready or lane.in_flight for lane in self.lanes.values()):
            return True
        return Message.objects.filter(
            mailbox__in=self.lanes, state=MessageState.QUEUED, campaign__state=CampaignState.RUNNING
        ).exists()

    def _scan(self) -> None:
        """Now and then: take free lanes, and look again at what each has to send."""
        now = time.monotonic()
        if now < self.scan_at:
            return
        self.scan_at = now + 1.0
        if stopping.asked():
            self.until = 0.0
            return
        for mailbox_id in lanes.acquire(self.holder):
            if mailbox_id in self.lanes:  # our own, whose lease ended while we slept
                self._lose(mailbox_id)
            lane = self._loaded(mailbox_id)
            if lane is None:
                lanes.drop(self.holder, mailbox_id)
                continue
            self.lanes[mailbox_id] = lane
            self.pending.changed.add(mailbox_id)  # what held it up before may be over
        for lane in [lane for lane in self.lanes.values() if now >= lane.feed_at]:
            lane.feed_at = now + FEED_SECONDS
            self._feed(lane)

    def _feed(self, lane: Lane) -> None:
        try:
            self.pending.stopped.update(lanes.feed(lane))
        except Unreadable:  # entered anew under a key that this process does not know
            logger.exception("The credentials of mailbox %s cannot be opened.", lane.mailbox_id)
            self._lose(lane.mailbox_id)
            lanes.drop(self.holder, lane.mailbox_id)
            return
        self._cap(lane)

    def _loaded(self, mailbox_id: int) -> Lane | None:
        try:
            return lanes.load(mailbox_id)
        except Unreadable:  # its key is missing: the others must go on
            logger.exception("The credentials of mailbox %s cannot be opened.", mailbox_id)
            return None

    def _cap(self, lane: Lane) -> None:
        if lane.allowance == 0 and lane.hold == Hold.NONE:
            lane.hold = Hold.CAP
            self.pending.changed.add(lane.mailbox_id)
        elif lane.allowance and lane.hold == Hold.CAP:
            lane.hold = Hold.NONE
            self.pending.changed.add(lane.mailbox_id)

    def _collect(self, *, timeout: float) -> None:
        """Wait for an event, then take all that are there."""
        try:
            self._take(self.events.get(timeout=timeout))
            while True:
                self._take(self.events.get_nowait())
        except queue.Empty:
            return

    def _take(self, event: Event) -> None:
        if isinstance(event, MarkAsked):
            self.pending.marks.append(event)
        elif isinstance(event, Done):
            self.pending.done.append(event)
            self._end(event)
        elif isinstance(event, Probed):
            self._probe_ended(event)

    def _end(self, done: Done) -> None:
        lane, effect = done.job.lane, done.ending.lane
        lane.in_flight -= 1
        self.ended += 1
        if done.ending.state == MessageState.QUEUED:
            lane.rewind()
        if done.ending.stops_campaign:
            self.pending.stopped.add(done.job.campaign_id)
        was = lane.hold
        if lane.rest(effect, words=done.ending.answer, started=done.job.started):
            self.pending.changed.add(lane.mailbox_id)
        if lane.hold == Hold.CREDENTIALS and was != Hold.CREDENTIALS:
            self.pending.refused[lane.mailbox_id] = lane.credentials_since
            lane.blocked_until = self.until

    def _probe_ended(self, event: Probed) -> None:
        lane = event.lane
        lane.probing, lane.probed = False, event.problem is None
        if event.problem is not None:
            lane.rest(LaneEffect(breaker=True), words=event.problem, started=event.started)
            self.pending.changed.add(lane.mailbox_id)

    def _commit(self) -> None:
        """Write what ended, commit marks, claim: one transaction. While the database is away, try again."""
        work, wanted = self.pending, self._wanted()
        now = time.monotonic()
        if not (work.is_waiting or wanted or now >= self.renew_at):
            return
        try:
            with transaction.atomic(durable=True):
                held = lanes.renew(self.holder) if wanted or now >= self.renew_at else set(self.lanes)
                endings.finish([(d.job.message_id, d.job.attempt_id, d.ending) for d in work.done])
                granted = endings.mark([mark.job for mark in work.marks]) if work.marks else set()
                for mailbox_id in work.changed & held & set(self.lanes):
                    lanes.save(self.holder, self.lanes[mailbox_id])
                for mailbox_id, since in work.refused.items():
                    credentials.refused(mailbox_id, since=since)
                for campaign_id in work.stopped:
                    launch.halt(campaign_id)
                claimed = {pk: self._claim(pk, limit) for pk, limit in wanted.items() if pk in held}
        except DATABASE_AWAY:
            _away()
            return
        self.pending = Pending()
        self.renew_at = now + RENEW_SECONDS
        for mark in work.marks:
            mark.answer(granted=mark.job.attempt_id in granted)
        self._take_claims(claimed)
        for lost in set(self.lanes) - held:
            self._lose(lost)

    def _claim(self, mailbox_id: int, limit: int) -> list[Job]:
        """Claim for one lane; a row that the database forbids stops this lane alone."""
        try:
            with transaction.atomic():
                return claims.claim(self.lanes[mailbox_id], limit=limit)
        except IntegrityError:
            logger.exception("The database forbids a claim of mailbox %s.", mailbox_id)
            return []

    def _take_claims(self, claimed: dict[int, list[Job]]) -> None:
        for mailbox_id, jobs in claimed.items():
            lane = self.lanes[mailbox_id]
            lane.ready.extend(jobs)
            if not jobs:
                lane.dry_until = time.monotonic() + DRY_SECONDS

    def _lose(self, mailbox_id: int) -> None:
        """Another pump has the lane now, since this one slept too long: its claims are given back."""
        lane = self.lanes.pop(mailbox_id)
        logger.warning("The lane of mailbox %s was taken over by another pump.", mailbox_id)
        self.pending.done += [Done(job, aborted("The lane was lost.")) for job in lane.ready]
        lane.ready.clear()

    def _wanted(self) -> dict[int, int]:
        """How many messages to claim for each lane now."""
        now = time.monotonic()
        if now >= self.until - 1:
            return {}
        open_lanes = [lane for lane in self.lanes.values() if self._may_claim(lane, now)]
        if not open_lanes:
            return {}
        share = max(2, 2 * self.senders.threads // len(open_lanes))
        wanted = {}
        for lane in open_lanes:
            ahead = min(share, 2) if lane.interval else share
            if len(lane.ready) <= ahead // 2:
                wanted[lane.mailbox_id] = ahead - len(lane.ready)
        return wanted

    def _may_claim(self, lane: Lane, now: float) -> bool:
        if now < lane.dry_until or now < lane.blocked_until or lane.hold == Hold.CAP:
            return False
        return not (lane.breaker_level and not lane.probed)

    def _dispatch(self) -> None:
        """Hand over the messages whose turn has come."""
        now = time.monotonic()
        # the longest waiting first: with more lanes than threads, each has its turn
        for lane in sorted(self.lanes.values(), key=lambda lane: lane.next_slot):
            if lane.breaker_level and not lane.probed:
                self._probe(lane, now)
                continue
            while lane.ready and self._may_send(lane, now):
                job = lane.ready.popleft()
                lane.in_flight += 1
                self.senders.give(job)

    def _may_send(self, lane: Lane, now: float) -> bool:
        if now < lane.blocked_until or lane.in_flight >= lane.limit or not self.senders.has_room:
            return False
        return not lane.interval or (lane.at_gate == 0 and now >= lane.next_slot - PREPARE)

    def _probe(self, lane: Lane, now: float) -> None:
        if not lane.probing and now >= lane.blocked_until and lane.in_flight == 0:
            lane.probing = True
            self.senders.probe(lane)

    def _patience(self) -> float:
        """Seconds until the next thing to do, if no event comes before."""
        now = time.monotonic()
        slots = [
            max(lane.next_slot - PREPARE, lane.blocked_until)
            for lane in self.lanes.values()
            if lane.ready and lane.interval and lane.at_gate == 0
        ]
        return max(min([now + TICK, *slots]) - now, 0.001)


def _away() -> None:
    """The database does not answer: what ended is kept, and written over a new connection."""
    logger.exception("The database does not answer; it is tried again.")
    connection.close()
    time.sleep(TICK)
