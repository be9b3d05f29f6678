"""Whether background work makes progress, lane by lane. That a process lives, or says so, proves nothing.

Each lane gets a canary now and then: a job that writes down that it ran. A lane whose canary is overdue is *late*, then
*frozen*, unless all its workers are seen to be at a job that is within its time. Jobs that wait too long, and what the
applications add by `add`, make it late.

Where several machines serve a lane, each has canaries of its own: one that is frozen cannot hide behind the others.
"""

import enum
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pecportal import clock, queue
from pecportal.operation.alerts import alert, all_clear
from pecportal.operation.models import Alert, Pulse

logger = logging.getLogger(__name__)
ALERT: Final = "liveness"
PASSING: Final = ("queue.dropped", "liveness.restart", "clock")
REMEMBERED: Final = timedelta(days=1)  # how long a machine that gives no sign of life is told of
WAITS: Final = {queue.SENDING: 60.0, queue.TRACKING: 120.0, queue.REST: 600.0}  # seconds that a job may wait


class Health(enum.Enum):
    """How a lane does, the best first."""

    FINE = "fine"
    LATE = "late"
    FROZEN = "frozen"

    @property
    def label(self) -> str | Promise:
        """Its word for people."""
        return _WORDS[self]

    @property
    def tone(self) -> str:
        """Its colour, beside the word."""
        return {Health.FINE: "success", Health.LATE: "warning", Health.FROZEN: "danger"}[self]


_WORDS: Final = {Health.FINE: _("In order"), Health.LATE: _("Late"), Health.FROZEN: _("At a standstill")}
LABELS: Final = {queue.SENDING: _("Sending"), queue.TRACKING: _("Tracking"), queue.REST: _("Everything else")}
SENTENCES: Final[dict[str, Promise]] = {
    "no_canary": _("It has never given a sign of life. Start the portal with “./portal run” or “supervise”."),
    "canary": _("It has given no sign of life for %(seconds)s seconds."),
    "host": _("One of its machines has given no sign of life for %(seconds)s seconds."),
    "busy": _("All its workers have long jobs in hand; others wait."),
    "waiting": _("A job has waited for %(seconds)s seconds."),
}

_OWN: Final = frozenset(SENTENCES)  # what is no probe's


@dataclass(frozen=True, slots=True)
class Sign:
    """One reason why a lane is not fine: a code with a sentence in `SENTENCES`, and how many seconds it is about."""

    code: str
    health: Health
    seconds: float = 0.0

    def __str__(self) -> str:
        return str(SENTENCES[self.code]) % {"seconds": round(self.seconds)}


@dataclass(frozen=True, slots=True)
class Lane:
    """How one lane does, why, and when it last gave a sign of life (real time; None: never)."""

    name: str
    health: Health
    signs: tuple[Sign, ...]
    beaten_at: datetime | None

    @property
    def label(self) -> str:
        """Its name for people."""
        return str(LABELS[self.name])


Probe = Callable[[], Iterable[Sign]]
_probes: dict[str, list[Probe]] = {lane: [] for lane in queue.LANES}
_errands: dict[str, list[Callable[[], object]]] = {lane: [] for lane in queue.LANES}


def add(lane: str, probe: Probe, sentences: dict[str, Promise]) -> None:
    """Have `probe` asked whenever the lane is looked at; added again it changes nothing."""
    if probe not in _probes[lane]:
        _probes[lane].append(probe)
    SENTENCES.update(sentences)


def send_along(lane: str, errand: Callable[[], object]) -> None:
    """Have `errand` run with each of the lane's canaries, several times a minute; added again it changes nothing."""
    if errand not in _errands[lane]:
        _errands[lane].append(errand)


def run_errands(lane: str) -> None:
    """Do what is to be done with each canary."""
    for errand in _errands[lane]:
        errand()


def beat(lane: str, *, host: str = "") -> None:
    """The lane's canary ran, on that machine if one is named."""
    for name in {lane, _on(host, lane)}:
        Pulse.objects.update_or_create(name=name, defaults={"beaten_at": clock.database_now()})


def expect() -> None:
    """From now on every lane is expected to give signs of life: those that never did begin to count."""
    for lane in queue.LANES:
        Pulse.objects.get_or_create(name=lane, defaults={"beaten_at": clock.database_now()})


def expect_on(host: str, lanes: Iterable[str]) -> None:
    """The same of one machine, which begins to serve these lanes now."""
    for lane in lanes:
        Pulse.objects.update_or_create(name=_on(host, lane), defaults={"beaten_at": clock.database_now()})


def forget_host(host: str, lanes: Iterable[str]) -> None:
    """The machine does not serve these lanes any more."""
    Pulse.objects.filter(name__in=[_on(host, lane) for lane in lanes]).delete()


def forget_gone() -> None:
    """Drop the signs of machines that were taken away and of workers that died: nobody waits for them any more."""
    past = Q(name__contains="@") | Q(name__contains=":")
    Pulse.objects.filter(past, beaten_at__lt=clock.database_now() - REMEMBERED).delete()
    queue.forget_gone_hosts()


def is_frozen_on(host: str, lane: str, *, cluster: str) -> bool:
    """Whether a machine's `cluster`, which serves the lane, makes no progress."""
    pulse = Pulse.objects.filter(name=_on(host, lane)).first()
    if pulse is None or _silence(pulse) <= settings.LIVENESS_FROZEN_SECONDS:
        return False
    return not _is_full(f"{cluster}:{host}", queue.workers_of(cluster))


def busy(worker: str) -> None:
    """A worker, named `lane:…`, has begun a job."""
    Pulse.objects.update_or_create(name=worker[:60], defaults={"beaten_at": clock.database_now()})


def idle(worker: str) -> None:
    """Its job ended."""
    Pulse.objects.filter(name=worker[:60]).delete()


def forget_busy(cluster: str) -> None:
    """The cluster starts anew: what its workers did before is over."""
    Pulse.objects.filter(name__startswith=f"{cluster}:").delete()


def of(lane: str) -> Lane:
    """How the lane does just now."""
    pulse = Pulse.objects.filter(name=lane).first()
    signs = [*_canary(lane, pulse), *_hosts(lane), *_waiting(lane)]
    for probe in _probes[lane]:
        signs += probe()
    return _lane(lane, pulse, signs)


def all_lanes() -> list[Lane]:
    """How every lane does."""
    return [of(lane) for lane in queue.LANES]


def glance() -> list[Lane]:
    """How every lane does, for a page: what the applications' probes found is taken from the last canary's alert."""
    told = {alert.key: alert.facts for alert in Alert.objects.filter(kind=ALERT, ended_at=None)}
    pulses = {pulse.name: pulse for pulse in Pulse.objects.filter(name__in=queue.LANES)}
    found = []
    for lane in queue.LANES:
        pulse = pulses.get(lane)
        signs = [*_canary(lane, pulse), *_hosts(lane), *_waiting(lane)]
        reasons = told.get(lane, {}).get("reasons", [])
        probed = [each for each in reasons if each["code"] in SENTENCES and each["code"] not in _OWN]
        signs += [Sign(each["code"], Health.LATE, each["seconds"]) for each in probed]
        found.append(_lane(lane, pulse, signs))
    return found


def tell() -> list[Lane]:
    """Raise an alert for each lane that is not fine, end those of lanes that are, and return all lanes."""
    lanes = all_lanes()
    for lane in lanes:
        if lane.health is Health.FINE:
            all_clear(ALERT, lane.name)
        else:
            reasons = [{"code": sign.code, "seconds": round(sign.seconds)} for sign in lane.signs]
            alert(ALERT, lane.name, health=lane.health.value, reasons=reasons)
    if all(lane.health is Health.FINE for lane in lanes):
        _forgive()
    return lanes


def _lane(name: str, pulse: Pulse | None, signs: Iterable[Sign]) -> Lane:
    ranks = list(Health)
    health = max((sign.health for sign in signs), key=ranks.index, default=Health.FINE)
    return Lane(name, health, tuple(signs), pulse.beaten_at if pulse else None)


def _forgive() -> None:
    """End what happened an hour ago or more and left no trace, since every lane works: lost bells, new clusters."""
    past = Alert.objects.filter(kind__in=PASSING, ended_at=None, seen_at__lt=clock.now() - timedelta(hours=1))
    past.update(ended_at=clock.now())


def _canary(lane: str, pulse: Pulse | None) -> list[Sign]:
    if pulse is None:
        return [Sign("no_canary", Health.FROZEN)]
    silent = _silence(pulse)
    if silent <= settings.LIVENESS_LATE_SECONDS:
        return []
    if any(_is_full(cluster, queue.workers_of(cluster)) for cluster in (lane, queue.ALL)):
        return [Sign("busy", Health.LATE, silent)]
    return [Sign("canary", Health.FROZEN if silent > settings.LIVENESS_FROZEN_SECONDS else Health.LATE, silent)]


def _hosts(lane: str) -> list[Sign]:
    """That a machine which serves the lane is silent while another is not."""
    silent = max(map(_silence, Pulse.objects.filter(name__startswith=f"{lane}@")), default=0.0)
    return [Sign("host", Health.LATE, silent)] if silent > settings.LIVENESS_LATE_SECONDS else []


def _on(host: str, lane: str) -> str:
    """The name of a machine's pulse of the lane; without a `host`, that of the lane itself."""
    return f"{lane}@{host}" if host else lane


def _silence(pulse: Pulse) -> float:
    return (clock.database_now() - pulse.beaten_at).total_seconds()


def _is_full(cluster: str, workers: int) -> bool:
    """Whether so many workers of a cluster, named `lane` or `lane:host`, are at a job that is within its time."""
    since = clock.database_now() - timedelta(seconds=settings.Q_CLUSTER["timeout"] + 5)
    return Pulse.objects.filter(name__startswith=f"{cluster}:", beaten_at__gt=since).count() >= workers


def _waiting(lane: str) -> list[Sign]:
    waited = queue.oldest_wait(lane)
    return [Sign("waiting", Health.LATE, waited)] if waited is not None and waited > WAITS[lane] else []
