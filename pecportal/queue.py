"""Background jobs: the only door to django-q2. A job is a nudge; the rows hold the truth.

Work has three lanes, each with a queue and workers of its own, so that what is slow in one holds up no other. A job is
taken off its queue before it runs: a job that dies with its worker is lost, never run again by the queue, and found
again by the periodic jobs. (The library's own way ran jobs twice, and one that kills its worker for ever.)

Each machine has queues of its own besides, for the canaries that no other machine may answer.
"""

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from time import sleep
from typing import Any, Final, Protocol

import redis
from django.conf import settings
from django.db import Error, transaction
from django.db.models import Min
from django.utils import timezone
from django_q import signals
from django_q.brokers import get_broker
from django_q.brokers import orm as rows
from django_q.brokers import redis_broker as lists
from django_q.models import Failure, OrmQ, Schedule
from django_q.signing import BadSignature, SignedPackage
from django_q.tasks import async_task

from pecportal import database, hosts
from pecportal.operation.alerts import alert

logger = logging.getLogger(__name__)

SENDING: Final = "sending"
TRACKING: Final = "tracking"
REST: Final = "rest"
LANES: Final = (SENDING, TRACKING, REST)
ALL: Final = "all"  # a cluster that serves every lane, for small installations
# which lane a task belongs to; one that is not named belongs to the rest
TASKS: Final = {
    "campaigns.tasks.pump": SENDING,
    "campaigns.tasks.track": TRACKING,
    "campaigns.tasks.search": TRACKING,
    "campaigns.tasks.search_one": TRACKING,
    "campaigns.tasks.sweep": TRACKING,
}
TIMEOUTS: Final = {
    "campaigns.tasks.make_sheet": 3600,
    "campaigns.tasks.selfaudit": 7200,
    "campaigns.tasks.read_whole": 7200,
    "campaigns.tasks.read_list": 3600,
    "campaigns.tasks.clear_waste": 3600,
    "campaigns.tasks.make_package": 3600,
    "campaigns.tasks.check_domains": 3600,
    "campaigns.tasks.tidy_lists": 3600,
    "pecportal.journal.tasks.check": 3600,
    "pecportal.journal.tasks.nightly": 3600,
}  # seconds, where the usual time-out is too short
BOX: Final = 100.0  # seconds after which a job of many steps leaves the rest to another, well before its time-out
CANARY: Final = "pecportal.operation.tasks.canary"
# jobs that may pay for something: they are found by the periodic jobs, and never run by hand
PAYING: Final = frozenset({"mailboxes.tasks.register", "mailboxes.tasks.carry_out", "mailboxes.tasks.submit_documents"})
_OURS: Final = re.compile(r"(campaigns|mailboxes|pecportal\.(?:operation|webhooks))\.tasks\.\w+", re.ASCII)
_ERROR: Final = re.compile(r"([A-Za-z_][\w.]{0,100})(?=:|\Z| )", re.ASCII)
UNREACHABLE: Final = (Error, redis.RedisError)  # what asking for a job raises while the queue's place is away
FAILURES_KEPT: Final = timedelta(days=30)
GONE: Final = timedelta(hours=1)  # after which a machine that has not taken its own jobs does not come back for them


@dataclass(frozen=True, slots=True)
class Every:
    """One periodic job: the dotted name of a task, its arguments, and its period in minutes.

    `at` makes it a daily one (local time), `lane` is given where the task's name does not say it.
    """

    task: str
    minutes: int = 1
    arguments: tuple[str, ...] = ()
    lane: str = ""
    at: time | None = None

    @property
    def name(self) -> str:
        """What it is called among the schedules: the task, and its arguments if it has any."""
        return " ".join((self.task, *self.arguments))


class Watching(Protocol):
    """What looks after one worker, from within its process."""

    def begin(self, **kwargs: object) -> None:
        """A job begins."""

    def end(self, **kwargs: object) -> None:
        """The job has ended."""


def lane_of(task: str) -> str:
    """The lane that a task belongs to, by its dotted name."""
    return TASKS.get(task, REST)


def queue_of(lane: str) -> str:
    """The name of a lane's queue, which is its cluster's name, too; the rest has the library's main one."""
    name = str(settings.Q_CLUSTER["name"])
    return name if lane == REST else f"{name}-{lane}"


def workers_of(lane: str) -> int:
    """How many jobs a lane's cluster runs at once."""
    own = settings.Q_CLUSTER["ALT_CLUSTERS"].get(queue_of(lane), {})
    return int(own.get("workers", settings.Q_CLUSTER["workers"]))


def enqueue(task: str, *ids: int | str, lane: str = "", host: str = "") -> None:
    """Ask a worker, of that `host` if one is named, to run `task` (a dotted name) with row ids, once the present
    transaction is committed; where the queue is in the database, it is a row of that transaction.

    The job may run twice, late, or never: whatever it does is written in rows, and a periodic job finds what was left.
    """
    options: dict[str, Any] = {"cluster": _at(host, queue_of(lane or lane_of(task)))}
    if task in TIMEOUTS:
        options["timeout"] = TIMEOUTS[task]
    ask = partial(async_task, task, *ids, q_options=options)
    if settings.Q_CLUSTER.get("orm") is None:
        transaction.on_commit(ask)
    else:
        ask()


def ring_canary(lane: str, *, host: str = "") -> None:
    """Ask the lane for a sign of life, on that `host` if one is named."""
    enqueue(CANARY, lane, host, lane=lane, host=host)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits: its task, the ids that go with it, its queue, and since when."""

    task: str
    arguments: tuple[object, ...]
    queue: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that failed: `problem` is the error's name; its words may hold what is nobody's business."""

    key: str
    task: str
    arguments: tuple[object, ...]
    at: datetime
    problem: str

    @property
    def may_repeat(self) -> bool:
        """Whether an operator may have it run again: it is one of ours, does nothing twice, and pays for nothing."""
        plain = all(isinstance(each, int | str) for each in self.arguments)
        return plain and self.task not in PAYING and bool(_OURS.fullmatch(self.task))


def waiting(most: int = 100) -> list[Waiting] | None:
    """The jobs that wait longest; None where the queue is not in the database, and cannot be looked through."""
    if settings.Q_CLUSTER.get("orm") is None:
        return None
    found = []
    for row in OrmQ.objects.order_by("pk")[:most]:
        try:
            job = SignedPackage.loads(row.payload)
        except BadSignature:
            job = {}
        found.append(Waiting(str(job.get("func", "?")), tuple(job.get("args", ())), row.key, row.lock))
    return found


def failed(most: int = 100) -> list[Failed]:
    """The jobs that failed last."""
    return [_failed(row) for row in Failure.objects.order_by("-stopped")[:most]]


def run_again(key: str) -> Failed | None:
    """Ask for a failed job once more, and strike it from the failures; None when that was done, or may not be.

    Asked for twice, and at once, it is rung for once.
    """
    row = Failure.objects.filter(pk=key).first()
    job = _failed(row) if row is not None else None
    if job is None or not job.may_repeat:
        return None
    with transaction.atomic():
        if not Failure.objects.filter(pk=key).delete()[0]:
            return None
        enqueue(job.task, *[each for each in job.arguments if isinstance(each, int | str)])
    return job


def scheduled() -> list[tuple[str, str, datetime | None]]:
    """The periodic jobs: what each is called, its cluster, and when it is due next."""
    return list(Schedule.objects.order_by("name").values_list("name", "cluster", "next_run"))


def _failed(row: Any) -> Failed:
    lines = str(row.result or "").strip().splitlines()
    found = _ERROR.match(lines[-1]) if lines else None
    arguments = row.args if isinstance(row.args, tuple | list) else ()
    return Failed(row.pk, row.func, tuple(arguments), row.stopped, found[1] if found else "?")


def forget_old_failures() -> None:
    """Drop how jobs failed long ago: the library limits the successes alone."""
    Failure.objects.filter(stopped__lt=timezone.now() - FAILURES_KEPT).delete()


def forget_gone_hosts() -> None:
    """Drop what machines that are gone for good were asked for."""
    OrmQ.objects.filter(key__contains="@", lock__lt=timezone.now() - GONE).delete()


def oldest_wait(lane: str) -> float | None:
    """Seconds that the lane's oldest waiting job has waited; None when none waits, or when that cannot be told."""
    since = get_broker(queue_of(lane)).oldest()
    return (timezone.now() - since).total_seconds() if since else None


def cluster(spawned: Callable[[], Watching]) -> Any:
    """The library's cluster for the queue that this process is named after, not started.

    `spawned` is called in each of its workers, as that begins; what it returns is told of every job there.
    """
    from django_q.cluster import Cluster  # only a worker needs it: it prepares forks

    def watch(**kwargs: object) -> None:
        watching = spawned()
        signals.pre_execute.connect(watching.begin, weak=False)
        signals.post_execute_in_worker.connect(watching.end, weak=False)

    signals.post_spawn.connect(watch, weak=False)
    return Cluster()


def install(entries: Sequence[Every]) -> None:
    """Make the queue's periodic jobs be exactly `entries`; run again it changes nothing.

    Each is there twice: for its lane's own cluster, and for the one that serves all lanes. A cluster looks after its
    own alone, so that those of a cluster that does not run are never due.
    """
    wanted = {}
    for entry in entries:
        lane = entry.lane or lane_of(entry.task)
        wanted[f"{entry.name} @ {lane}"] = (entry, queue_of(lane))
        wanted[f"{entry.name} @ {ALL}"] = (entry, queue_of(ALL))
    Schedule.objects.exclude(name__in=wanted).delete()
    for name, (entry, cluster) in wanted.items():
        _install(name, entry, cluster)


def _install(name: str, entry: Every, cluster: str) -> None:
    values = {
        "func": entry.task,
        "args": ", ".join(map(repr, entry.arguments)) + ("," if entry.arguments else ""),
        "kwargs": repr({"q_options": {"timeout": TIMEOUTS[entry.task]}}) if entry.task in TIMEOUTS else None,
        "schedule_type": Schedule.DAILY if entry.at else Schedule.MINUTES,
        "minutes": entry.minutes,
        "cluster": cluster,
    }
    schedule, created = Schedule.objects.get_or_create(name=name, defaults={**values, "next_run": _first(entry)})
    latest = timezone.now() + (timedelta(days=1, hours=2) if entry.at else timedelta(minutes=entry.minutes))
    stale = schedule.next_run is None or schedule.next_run > latest
    if not created and (stale or any(getattr(schedule, field) != value for field, value in values.items())):
        Schedule.objects.filter(pk=schedule.pk).update(**values, next_run=_first(entry))


def _first(entry: Every) -> datetime:
    now = timezone.localtime()
    if entry.at is None:
        return now
    today = now.replace(hour=entry.at.hour, minute=entry.at.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def _at(host: str, queue: str) -> str:
    """The name of a machine's own part of a queue; of everybody's without a `host`."""
    return f"{queue}@{host}" if host else queue


def _served(queue: str) -> list[str]:
    """The queues whose jobs a cluster of this name runs on this machine, the most urgent first."""
    names = [*map(queue_of, LANES), queue] if queue == queue_of(ALL) else [queue]
    return [*names, *(_at(hosts.name(), name) for name in names)]


def _dropped(queue: str) -> None:
    """A job could not be read: it was signed with another SECRET_KEY, or damaged. The library drops it silently."""
    try:
        alert("queue.dropped", queue)
    except Error:
        logger.exception("A job of the queue %s was dropped, and no alert could be raised.", queue)


class Rows(rows.ORM):  # type: ignore[misc]
    """The database as queue: whoever deletes a job's row runs it."""

    def dequeue(self) -> list[tuple[None, str]] | None:
        """Take the next job off, if there is one. A database that is away is waited for."""
        try:
            return self._take()
        except Error as exc:  # else the library would end the process that asks, and rest for ten seconds
            database.wait_out(exc)
            return None

    def _take(self) -> list[tuple[None, str]] | None:
        waiting = self.get_connection().filter(key__in=_served(self.list_key)).order_by("pk")
        row = waiting.first()
        if row is not None and self.get_connection().filter(pk=row.pk).delete()[0]:
            return [(None, row.payload)]
        if row is None:
            sleep(settings.Q_CLUSTER["poll"])
        return None

    def queue_size(self) -> int:
        """How many jobs wait."""
        return int(self.get_connection().filter(key=self.list_key).count())

    def lock_size(self) -> int:
        """None is ever locked."""
        return 0

    def oldest(self) -> datetime | None:
        """When the oldest waiting job was asked for."""
        found: datetime | None = OrmQ.objects.filter(key=self.list_key).aggregate(at=Min("lock"))["at"]
        return found

    def fail(self, task_id: object) -> None:
        """What cannot be read is told."""
        _dropped(self.list_key)


class Lists(lists.Redis):  # type: ignore[misc]
    """Redis as queue, which takes jobs off before they run by its nature."""

    def enqueue(self, task: bytes) -> int:
        """Put a job on; what is for one machine alone is gone with it."""
        place: int = super().enqueue(task)
        if "@" in self.list_key:
            self.connection.expire(self.list_key, GONE)
        return place

    def dequeue(self) -> list[tuple[None, bytes]] | None:
        """Take the next job off, waiting a second for one. A server that is away is waited for."""
        queue = self.list_key.removeprefix("django_q:").removesuffix(":q")
        try:
            taken = self.connection.blpop([f"django_q:{name}:q" for name in _served(queue)], 1)
        except redis.RedisError as exc:
            logger.warning("Redis does not answer: %s", exc)
            sleep(1)
            return None
        return [(None, taken[1])] if taken else None

    def oldest(self) -> datetime | None:
        """When the oldest waiting job was asked for; None where Redis does not answer, or a job cannot be read."""
        try:
            first = self.connection.lindex(self.list_key, 0)
            found: datetime | None = SignedPackage.loads(first.decode())["started"] if first else None
        except (redis.RedisError, BadSignature):
            logger.warning("The oldest job of %s cannot be read.", self.list_key)
            return None
        return found

    def fail(self, task_id: object) -> None:
        """What cannot be read is told."""
        _dropped(self.list_key)
