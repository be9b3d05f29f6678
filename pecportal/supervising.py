"""One cluster of workers for each lane, kept alive: a dead one is started again at once, a frozen one within two
minutes. Frozen is what makes no progress (`pecportal.operation.liveness`), whatever it says of itself.

Each machine has a supervisor of its own, which judges its own clusters by canaries that no other machine may answer.
"""

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db import Error, connection

from pecportal import hosts, processes, queue
from pecportal.operation import liveness
from pecportal.operation.alerts import alert
from pecportal.processes import Child, Children

logger = logging.getLogger(__name__)
PATIENCE: Final = 14.0  # seconds that the clusters have to end: a little more than they give themselves
TICK: Final = 0.5
LOOK: Final = 2.0
RINGS: Final = 5  # so many canaries within the time after which a silent lane is frozen
SHORT_LIFE: Final = 10.0  # seconds: what dies younger waits before it is started again, longer each time
LONGEST_WAIT: Final = 30.0
_chimes: list[Callable[[], object]] = []


def chime(ring: Callable[[], object]) -> None:
    """Have `ring` asked every two seconds, for what has to begin at its time; added again it changes nothing.

    It must be cheap, and do nothing when it is asked twice at once: each machine's supervisor asks it.
    """
    if ring not in _chimes:
        _chimes.append(ring)


@dataclass(slots=True)
class Cluster:
    """One lane's cluster: its process, since when it runs, and how often it died young. Monotonic seconds."""

    lane: str
    child: Child
    since: float
    early_deaths: int = 0
    start_at: float = 0.0


class Supervisor:
    """The clusters of these lanes, as children of this process."""

    def __init__(self, lanes: Sequence[str]) -> None:
        self.children = Children(patience=PATIENCE)
        self.children.heed_signals()
        self._host = hosts.name()
        self._served = {served for lane in lanes for served in _served_by(lane)}
        liveness.expect()
        liveness.expect_on(self._host, self._served)
        self.clusters = [self._begin(lane) for lane in lanes]
        self._look_at = self._ring_at = self._blind_at = 0.0

    def run(self) -> None:
        """Keep them alive until SIGTERM or SIGINT, then end them all."""
        try:
            while not self.children.asked_to_stop.wait(TICK):
                self._step()
        finally:
            self.children.stop()
            with suppress(Error):  # then it is missed for a day
                liveness.forget_host(self._host, self._served)

    def _step(self) -> None:
        now = time.monotonic()
        for cluster in self.clusters:
            self._keep(cluster, now)
        if now < self._look_at:
            return
        self._look_at = now + LOOK
        try:
            for ring in _chimes:
                ring()
            self._look(now)
        except queue.UNREACHABLE:  # nothing can be said of progress; the clusters have the same trouble
            logger.exception("The database or the queue does not answer.")
            self._blind_at = now
            connection.close()

    def _begin(self, lane: str) -> Cluster:
        child = self.children.start(f"cluster {lane}", processes.worker(lane))
        return Cluster(lane, child, time.monotonic())

    def _keep(self, cluster: Cluster, now: float) -> None:
        """Start it again if it died: at once, unless it dies young again and again."""
        if cluster.child.process.poll() is None:
            return
        if not cluster.start_at:
            is_young = now - cluster.since < SHORT_LIFE
            cluster.early_deaths = cluster.early_deaths + 1 if is_young else 0
            rest = min(2.0**cluster.early_deaths, LONGEST_WAIT) if cluster.early_deaths > 1 else 0.0
            cluster.start_at = now + rest
            logger.error("The %s ended with %s.", cluster.child.name, cluster.child.process.returncode)
        if now >= cluster.start_at:
            self._restart(cluster)

    def _restart(self, cluster: Cluster) -> None:
        self.children.kill(cluster.child)
        anew = self._begin(cluster.lane)
        cluster.child, cluster.since, cluster.start_at = anew.child, anew.since, 0.0

    def _look(self, now: float) -> None:
        """Ask for signs of life, and replace what gives none."""
        if now >= self._ring_at:
            for lane in self._served:
                queue.ring_canary(lane, host=self._host)
            self._ring_at = now + settings.LIVENESS_FROZEN_SECONDS / RINGS
        liveness.tell()
        for cluster in self.clusters:
            # what was not heard while nothing could be said does not count against it
            has_had_time = now - max(cluster.since, self._blind_at) > settings.LIVENESS_FROZEN_SECONDS
            if has_had_time and self._is_frozen(cluster):
                logger.error("The %s makes no progress: it is started anew.", cluster.child.name)
                alert("liveness.restart", cluster.lane)
                self._restart(cluster)

    def _is_frozen(self, cluster: Cluster) -> bool:
        lanes = _served_by(cluster.lane)
        return any(liveness.is_frozen_on(self._host, lane, cluster=cluster.lane) for lane in lanes)


def _served_by(cluster: str) -> tuple[str, ...]:
    """The lanes whose canaries the cluster of this name answers."""
    return queue.LANES if cluster == queue.ALL else (cluster,)
