"""The pump: one time-boxed job that serves all due mailboxes at once.

Its main loop alone talks to the database: one transaction writes down finished calls, commits marks, and claims the
next messages. Sending threads talk to the vendor alone. Between them go `Job`s and events.
"""

import logging
import queue
import time
from collections import deque

from django.conf import settings
from django.db import DatabaseError, Error, IntegrityError, transaction

from campaigns.models.tracking import Hold
from campaigns.sending import claims, endings, feeding, lanes, launch, sharing, turns
from campaigns.sending.lanes import DRY_SECONDS, Job, Lane
from campaigns.sending.outcomes import LaneEffect, aborted
from campaigns.sending.pending import Pending
from campaigns.sending.senders import Done, Event, MarkAsked, Probed, Senders
from campaigns.states import MessageState
from mailboxes import credentials
from pecportal import database, hosts, stopping
from pecportal.encryption import Unreadable
from pecportal.operation import clocks, hearing
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
RENEW_SECONDS = 5.0
JOIN_SECONDS = 6.0  # how long a pump waits for the lanes that the others give up for it
TICK = 0.25
FEED_SECONDS = 2.0  # between two looks at a lane's campaigns; a claim itself sees what was paused
TEND_SECONDS = 0.03  # of each round at most, for lanes that are new or have to be looked at again
FEED_SHARE = 0.05  # seconds more for each lane: with hundreds the looks would leave no time to send


def run() -> int:
    """Send what is due, each mailbox with its account, until the time ends or nothing is left; how many calls ended.

    Returns 0 at once when other pumps hold every due lane. It calls itself again while there is more to send.
    """
    pump = Pump()
    try:
        pump.loop()
    finally:
        pump.close()
    launch.complete()
    return pump.ended


class Pump:
    """One run of the pump: the lanes it holds, its threads, and what it has to write."""

    def __init__(self) -> None:
        self.holder = hosts.holder()
        self.lanes: dict[int, Lane] = {}
        self.taken: deque[int] = deque()
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.senders = Senders(self.events, threads=settings.SENDING_THREADS)
        self.pending = Pending()
        self.until = time.monotonic() + settings.SENDING_PUMP_SECONDS
        self.scan_at = self.renew_at = self.count_at = 0.0
        self.shares = False
        self.patient_until = 0.0
        self.ended = 0
        self.rang = False

    def loop(self) -> None:
        """Serve the lanes; returns when the time is over, or when they are empty."""
        while True:
            try:
                self._count_in()
                self._scan()
                self._tend()
                if not self.pending.done and not self._more():
                    return
            except Error as exc:
                database.wait_out(exc)
            if self._commit():
                self._part()
            self._dispatch()
            self._collect(timeout=0.001 if self.taken else turns.patience(self.lanes.values(), most=TICK))

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
            except Error as exc:
                if database.is_away(exc):
                    self.pending.done.append(done)
                    database.wait_out(exc)
                else:  # its lease ends, and it becomes a doubt or goes back to the queue
                    logger.exception("The end of attempt %s cannot be written down.", done.job.ref)

    def _release_idle(self) -> None:
        """Let other pumps have the lanes on which nothing is under way, and ring for the next one once."""
        if self.pending.is_waiting:
            return
        idle = [lane for lane in self.lanes.values() if not lane.in_flight and not lane.probing]
        try:
            self._stand_down()
            if not idle:
                return
            lanes.release(self.holder, idle)
            for lane in idle:
                del self.lanes[lane.mailbox_id]
            if not self.rang and sharing.needs_another(len(lanes.due_mailboxes())):
                enqueue("campaigns.tasks.pump")
                self.rang = True
        except Error as exc:
            database.wait_out(exc)

    def _stand_down(self) -> None:
        """Count no more as a pump, and let go of the lanes that were not even loaded."""
        while self.taken:
            lanes.drop(self.holder, self.taken[0])
            self.taken.popleft()
        if self.shares:
            sharing.leave(self.holder)
            self.shares = False

    def _part(self) -> None:
        """Let the other pumps have the lanes that this one gives up, once nothing of them is under way."""
        parting = [lane for lane in self.lanes.values() if lane.leaving and not lane.in_flight and not lane.probing]
        if not parting:
            return
        try:
            lanes.release(self.holder, parting)
            for lane in parting:
                del self.lanes[lane.mailbox_id]
        except Error as exc:
            database.wait_out(exc)

    def _give_up(self, surplus: int) -> None:
        """Begin to let go of so many lanes: those with the least under way."""
        staying = [lane for lane in self.lanes.values() if not lane.leaving and not lane.slots.shared]
        for lane in sorted(staying, key=lambda lane: lane.in_flight)[: max(surplus, 0)]:
            lane.leaving = True
            self.pending.done += [Done(job, aborted("Given to another worker.")) for job in lane.ready]
            lane.ready.clear()

    def _more(self) -> bool:
        """Whether there is, or may soon be, something to send."""
        now = time.monotonic()
        if now >= self.until:
            return False
        if now < self.patient_until or self.taken:
            return True
        if any(lane.ready or lane.in_flight or not lane.feed_at for lane in self.lanes.values()):
            return True
        return lanes.has_more(self.lanes.values(), until=self.until)

    def _scan(self) -> None:
        """Now and then: take free lanes, and look again at what each has to send."""
        now = time.monotonic()
        if now < self.scan_at or now >= self.until:
            return
        is_first, self.scan_at = not self.scan_at, now + 1.0
        if stopping.asked():
            self.until = 0.0
            return
        launch.begin_due()
        mine = [*self.lanes, *self.taken]
        self.taken.extend(lanes.acquire(self.holder, capped=is_first, held=mine, shares=self.shares))
        if self.shares:
            staying = [lane for lane in self.lanes.values() if not lane.leaving]
            self._give_up(len(staying) + len(self.taken) - sharing.share())

    def _count_in(self) -> None:
        """Be one of the pumps among which the lanes are shared out, and stay one, as long as the time is known."""
        now = time.monotonic()
        if now < self.count_at:
            return
        if not clocks.check():
            self.until = 0.0
            return
        if not self.count_at:
            self.shares = sharing.join(self.holder)
            self.patient_until = now + JOIN_SECONDS if self.shares and sharing.is_crowded(self.holder) else 0.0
        elif self.shares:
            sharing.renew(self.holder)
        hearing.keep()
        self.count_at = now + RENEW_SECONDS

    def _tend(self) -> None:
        """Load the lanes just taken, and look again at those whose time has come; a little each time, or all wait."""
        until = time.monotonic() + TEND_SECONDS
        while self.taken and time.monotonic() < until:
            self._load(self.taken[0])
            self.taken.popleft()
        now = time.monotonic()
        for lane in sorted(
            (lane for lane in self.lanes.values() if now >= lane.feed_at), key=lambda lane: lane.feed_at
        ):
            if time.monotonic() >= until:
                return
            self._feed(lane)
            lane.feed_at = now + max(FEED_SECONDS, FEED_SHARE * len(self.lanes))
            if lane.hold == Hold.CAP:
                lane.feed_at = min(lane.feed_at, max(lane.free_at, now + TICK))

    def _load(self, mailbox_id: int) -> None:
        lane = self._loaded(mailbox_id)
        if lane is None:
            lanes.drop(self.holder, mailbox_id)
            return
        self.lanes[mailbox_id] = lane
        self.pending.changed.add(mailbox_id)  # what held it up before may be over

    def _feed(self, lane: Lane) -> None:
        try:
            self.pending.stopped.update(feeding.feed(lane))
        except feeding.Regrouped:
            self._lose(lane.mailbox_id)
            lanes.release(self.holder, [lane])
            return
        except Unreadable:  # entered anew under a key that this process does not know
            logger.exception("The credentials of mailbox %s cannot be opened.", lane.mailbox_id)
            self._lose(lane.mailbox_id)
            lanes.drop(self.holder, lane.mailbox_id)
            return
        self._take_back(lane)
        if lane.obey_allowance():
            self.pending.changed.add(lane.mailbox_id)

    def _take_back(self, lane: Lane) -> None:
        """Give back what was claimed, and not handed over yet, of campaigns that are not to be sent any more."""
        fed = {feed.campaign_id for feed in lane.feeds}
        kept = [job for job in lane.ready if job.campaign_id in fed]
        if len(kept) != len(lane.ready):
            self.pending.done += [
                Done(job, aborted("It was stopped.")) for job in lane.ready if job.campaign_id not in fed
            ]
            lane.ready = deque(kept)

    def _loaded(self, mailbox_id: int) -> Lane | None:
        try:
            return lanes.load(mailbox_id, others=self.lanes.values())
        except Unreadable:  # its key is missing: the others must go on
            logger.exception("The credentials of mailbox %s cannot be opened.", mailbox_id)
            return None

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

    def _commit(self) -> bool:
        """Write what ended, commit marks, claim: one transaction. While the database is away, try again.

        A thread's next mark goes with its last ending, so that no more attempts are without a known end than there
        are threads, whenever we die. Returns whether nothing is left to write.
        """
        work, now = self.pending, time.monotonic()
        is_closing = now >= self.until - 1 or stopping.asked()
        wanted = {} if is_closing else turns.wanted(self.lanes, threads=self.senders.threads)
        if not (work.is_waiting or wanted or now >= self.renew_at):
            return True
        try:
            with transaction.atomic(durable=True):
                held = set(self.lanes)
                if wanted or now >= self.renew_at:
                    held = lanes.renew(self.holder, self.lanes, taken=len(self.taken))
                endings.finish([(d.job.message_id, d.job.attempt_id, d.ending) for d in work.done])
                granted = endings.mark([mark.job for mark in work.marks]) if work.marks else set()
                for mailbox_id in work.changed & held & set(self.lanes):
                    lanes.save(self.holder, self.lanes[mailbox_id])
                for mailbox_id, since in work.refused.items():
                    credentials.refused(mailbox_id, since=since)
                for campaign_id in work.stopped:
                    launch.halt(campaign_id)
                claimed = {pk: self._claim(pk, limit) for pk, limit in wanted.items() if pk in held}
        except Error as exc:
            database.wait_out(exc)
            return False
        self.pending = Pending()
        if wanted or now >= self.renew_at:
            self.renew_at = now + RENEW_SECONDS
        for mark in work.marks:
            mark.answer(granted=mark.job.attempt_id in granted)
        self._take_claims(claimed)
        for lost in set(self.lanes) - held:
            self._lose(lost)
        return not self.pending.is_waiting

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

    def _dispatch(self) -> None:
        """Hand over the messages whose turn has come."""
        now = time.monotonic()
        # the longest waiting first: with more lanes than threads, each has its turn
        for lane in sorted(self.lanes.values(), key=lambda lane: (lane.next_slot, lane.given_at)):
            if lane.breaker_level and not lane.probed and not lane.leaving:
                self._probe(lane, now)
                continue
            while lane.ready and self._may_send(lane, now):
                job = lane.ready.popleft()
                lane.in_flight += 1
                lane.given_at = now
                self.senders.give(job)

    def _may_send(self, lane: Lane, now: float) -> bool:
        if now < lane.blocked_until or lane.in_flight >= lane.limit or not self.senders.has_room:
            return False
        return not lane.interval or (lane.at_gate == 0 and now >= lane.next_slot - turns.PREPARE)

    def _probe(self, lane: Lane, now: float) -> None:
        if not lane.probing and now >= lane.blocked_until and lane.in_flight == 0:
            lane.probing = True
            self.senders.probe(lane)
