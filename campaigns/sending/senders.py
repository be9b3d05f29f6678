"""The pump's threads: each takes a job, opens its connection, waits for slot and mark, and sends."""

import logging
import queue
import threading
import time
from dataclasses import dataclass, field

from campaigns.sending import bringing, outcomes
from campaigns.sending.lanes import Job, Lane
from campaigns.sending.outcomes import Ending
from pecportal import logs
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.massiva import Outgoing

logger = logging.getLogger(__name__)
LEAD = 0.02  # seconds before the slot at which the mark is asked for, so that its commit delays nothing
MARK_PATIENCE = 30.0


class NotMarked(Exception):
    """The attempt may not go on the wire: nothing of it was sent."""


@dataclass(slots=True)
class MarkAsked:
    """A thread asks for its attempt's mark, and waits for the answer."""

    job: Job
    granted: bool = False
    answered: threading.Event = field(default_factory=threading.Event)

    def answer(self, *, granted: bool) -> None:
        """Let the thread go on, or stop it."""
        self.granted = granted
        self.answered.set()


@dataclass(frozen=True, slots=True)
class Done:
    """A call ended."""

    job: Job
    ending: Ending


@dataclass(frozen=True, slots=True)
class Probed:
    """A harmless question to the vendor was answered, or not."""

    lane: Lane
    started: float
    problem: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """A body is out: the lane's next slot is known."""


Event = MarkAsked | Done | Probed | Written


class Senders:
    """A fixed number of threads, started when first needed."""

    def __init__(self, events: "queue.SimpleQueue[Event]", *, threads: int) -> None:
        self.threads = threads
        self._events = events
        self._jobs: queue.SimpleQueue[Job | Lane | None] = queue.SimpleQueue()
        self._started: list[threading.Thread] = []
        self._given = 0
        self._ended = 0
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether a job was given whose end was not posted yet, or not all events were taken."""
        return self._given > self._ended or not self._events.empty()

    @property
    def has_room(self) -> bool:
        """Whether a thread is free, or will be soon: a few jobs wait, so that none has to wait for the next one."""
        return self._given - self._ended < self.threads + self.threads // 2

    def give(self, job: Job) -> None:
        """Have a message sent."""
        with self._lock:
            job.lane.at_gate += 1
        self._put(job)

    def probe(self, lane: Lane) -> None:
        """Ask the vendor something harmless for a lane that rests."""
        self._put(lane)

    def stop(self) -> None:
        """Let every thread end after its present job."""
        for _ in self._started:
            self._jobs.put(None)

    def _put(self, work: Job | Lane) -> None:
        self._given += 1
        if len(self._started) < min(self.threads, self._given - self._ended):
            thread = threading.Thread(target=self._run, name=f"sender-{len(self._started)}", daemon=True)
            self._started.append(thread)
            thread.start()
        self._jobs.put(work)

    def _run(self) -> None:
        while (work := self._jobs.get()) is not None:
            event = self._probe(work) if isinstance(work, Lane) else self._send(work)
            with self._lock:
                self._events.put(event)
                self._ended += 1

    def _probe(self, lane: Lane) -> Probed:
        started = time.monotonic()
        try:
            lane.client.massiva.quota(lane.credentials)
        except UpstreamError as exc:
            is_alive = exc.status is not None and exc.status < 500 and exc.status not in (408, 429)
            return Probed(lane, started, None if is_alive else exc.message or str(exc))
        except Exception as exc:  # the thread must go on
            logger.exception("A question to the vendor broke.")
            return Probed(lane, started, type(exc).__name__)
        return Probed(lane, started, None)

    def _send(self, job: Job) -> Done:
        with logs.about(message_id=job.message_id, attempt=job.ref):
            return self._sent(job)

    def _sent(self, job: Job) -> Done:
        job.started = time.monotonic()
        try:
            ending = self._call(job)
        except NotMarked as exc:
            ending = outcomes.aborted(str(exc))
        except UpstreamError as exc:
            ending = outcomes.failed(exc, failures=job.failures)
        except Exception as exc:  # the loop must go on, and the message must not be left behind
            logger.exception("Sending %s broke.", job.ref)
            ending = outcomes.broken(type(exc).__name__, marked=job.marked, failures=job.failures)
        finally:
            self._leave_gate(job)
        return Done(job, ending)

    def _call(self, job: Job) -> Ending:
        outgoing = Outgoing(
            sender=job.lane.sender,
            recipient=job.recipient,
            subject=f"{job.subject} Rif. {job.ref}",
            body=job.body,
            attachments=(*job.attachments, *bringing.own(job.own)),
        )
        answer = job.lane.client.massiva.send(
            outgoing,
            credentials=job.lane.credentials,
            on_connected=lambda: self._take_turn(job),
            on_wire=lambda: self._gate(job),
            on_written=lambda: self._leave_gate(job),
        )
        return outcomes.accepted(answer)

    def _take_turn(self, job: Job) -> None:
        """Wait for the lane's slot before even the headers leave: a vendor may count those."""
        lane = job.lane
        if lane.interval:
            lane.turn.acquire()
            job.holds_turn = True
            _sleep_until(max(lane.next_slot - LEAD, lane.headers_at + lane.interval))
            lane.headers_at = time.monotonic()

    def _gate(self, job: Job) -> None:
        """Wait for the attempt's mark, and for the slot itself; called right before the body's first byte."""
        asked = MarkAsked(job)
        self._events.put(asked)
        if not asked.answered.wait(MARK_PATIENCE) or not asked.granted:
            raise NotMarked("The attempt was given to somebody else, or the database did not answer.")
        job.marked = True
        if job.lane.interval:
            _sleep_until(job.lane.next_slot)

    def _leave_gate(self, job: Job) -> None:
        """Let the lane's next message come: its slot begins an interval after this body's last byte."""
        if job.at_gate:
            job.at_gate = False
            with self._lock:
                job.lane.at_gate -= 1
        if job.holds_turn:
            job.holds_turn = False
            if job.marked:
                job.lane.next_slot = time.monotonic() + job.lane.interval
            job.lane.turn.release()
            self._events.put(Written())


def _sleep_until(moment: float) -> None:
    while (rest := moment - time.monotonic()) > 0:
        time.sleep(rest)
