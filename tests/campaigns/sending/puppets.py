"""A pump taken apart: what it does to the rows, step by step, with a vendor of one page whose ledger says the truth."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from django.db import transaction

from campaigns.models import Attempt, SendingLane
from campaigns.sending import claims, endings, feeding, lanes, outcomes
from campaigns.sending.lanes import Job, Lane
from campaigns.sending.outcomes import Ending
from pecportal import clock
from pecportal.upstream.errors import OutcomeUnknown, Rejected, Unavailable
from pecportal.upstream.massiva import Accepted

SECOND = timedelta(seconds=1)
CODES = count(2020082610003492)

# what may become of a call: whether the vendor takes the message, and how we learn it
FATES: dict[str, tuple[bool, Callable[[], Ending]]] = {
    "taken": (True, lambda: outcomes.accepted(Accepted(str(next(CODES)), b"{}"))),
    "taken, answer lost": (True, lambda: outcomes.interrupted("no answer")),
    "taken, server error": (True, lambda: outcomes.failed(OutcomeUnknown("?", status=500), failures=0)),
    "lost on its way": (False, lambda: outcomes.interrupted("no answer")),
    "server error": (False, lambda: outcomes.failed(OutcomeUnknown("?", status=500), failures=0)),
    "unreachable": (False, lambda: outcomes.failed(Unavailable("no connection"), failures=0)),
    "refused": (False, lambda: outcomes.failed(Rejected("no", status=400), failures=0)),
    "later": (False, lambda: outcomes.failed(Rejected("wait", status=429, retry_after=1.0), failures=0)),
}


@dataclass(slots=True)
class Call:
    """A claimed message in a pump's memory: not yet marked, on the wire, or answered."""

    job: Job
    may_leave: bool = False
    ending: Ending | None = None


@dataclass(slots=True)
class Pump:
    """A pump that does one thing at a time. One that was taken for dead goes on as if it knew of nothing."""

    name: str
    lane: Lane
    calls: list[Call] = field(default_factory=list)

    def claim(self, most: int) -> int:
        """What the real one does in one transaction: only while the lane is still its own."""
        with transaction.atomic():
            if self.lane.mailbox_id not in lanes.renew(self.name, {self.lane.mailbox_id: self.lane}):
                return 0
            feeding.feed(self.lane)
            jobs = claims.claim(self.lane, limit=most)
        self.calls += map(Call, jobs)
        return len(jobs)

    def mark(self, call: Call) -> None:
        """Ask whether it may leave; one that may not is forgotten: others look after it."""
        if call.job.attempt_id in endings.mark([call.job]):
            call.may_leave = True
        else:
            self.calls.remove(call)

    def call(self, call: Call, fate: str, ledger: Counter[str]) -> None:
        """Make the call; the vendor's ledger counts what it takes by reference."""
        is_taken, ending = FATES[fate]
        ledger[call.job.ref] += is_taken
        call.ending = ending()

    def write_down(self, call: Call, *, times: int = 1) -> None:
        """Say how it ended, as often as a pump does that lost the answer of its commit."""
        assert call.ending is not None
        for _ in range(times):
            endings.finish([(call.job.message_id, call.job.attempt_id, call.ending)])
        self.calls.remove(call)


def take_lane(name: str, mailbox_id: int) -> Pump | None:
    """A pump that holds the mailbox's lane; None while another does, or there is nothing to send."""
    if mailbox_id not in lanes.acquire(name):
        return None
    lane = lanes.load(mailbox_id)
    return Pump(name, lane) if lane is not None else None


def take_for_dead(mailbox_id: int) -> None:
    """The lane's holder gave no sign of life for too long."""
    SendingLane.objects.filter(pk=mailbox_id).update(leased_until=clock.database_now() - SECOND)


def end_leases(mailbox_id: int) -> None:
    """So much time goes by that every attempt under way is given up."""
    rows = Attempt.objects.filter(mailbox=mailbox_id, outcome__isnull=True)
    rows.update(leased_until=clock.database_now() - SECOND)
