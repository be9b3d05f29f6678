"""One cluster of workers for one lane, `python -m pecportal.worker LANE`, that stops when asked and leaves no orphans.

The library by itself hangs for good when SIGTERM reaches its whole process group, and its children go on working when
their parent is killed. So here no signal reaches the library: SIGTERM and SIGINT are blocked in every process of the
cluster, and waited for. The first process passes the wish to stop on through shared memory, gives what is under way
`stopping.GRACE` seconds, and kills the rest. Whoever loses its parent ends: a worker after its job, the others at once.
"""

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from typing import Final

GUARDED: Final = frozenset({signal.SIGTERM, signal.SIGINT})
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)
_libc: Final = ctypes.CDLL(None)

logger = logging.getLogger(__name__)


class Lineage:
    """Binds every forked process to the life of its parent."""

    def __init__(self) -> None:
        self._parent = 0
        os.register_at_fork(before=self._note, after_in_child=self._bind)

    def _note(self) -> None:
        self._parent = os.getpid()

    def _bind(self) -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != self._parent:  # it died meanwhile
            os._exit(1)


class Watch:
    """A worker's second thread: hears that it shall stop, that its job is over time, that its parent died."""

    def __init__(self, lane: str) -> None:
        from pecportal import hosts

        self._mark = f"{lane}:{hosts.name()}:{os.getpid()}"
        self._is_busy = False
        self._parent = os.getppid()
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        threading.Thread(target=self._listen, name="watch", daemon=True).start()

    def begin(self, **kwargs: object) -> None:
        """A job begins; since when this worker is busy is written down, and the log names the job."""
        from django.db import Error

        from pecportal import logs
        from pecportal.operation import liveness

        task = kwargs.get("task")
        if isinstance(task, dict):
            logs.begin(job_id=task.get("id", ""), task=task.get("func", ""))
        self._is_busy = True
        try:
            liveness.busy(self._mark)
        except Error:  # the job has the same trouble, and will say so
            logger.warning("It could not be written down that %s is busy.", self._mark)

    def end(self, **kwargs: object) -> None:
        """The job ended; if it broke, what is kept of it names nobody."""
        from django.db import Error

        from pecportal import logs
        from pecportal.operation import hearing, liveness

        task = kwargs.get("task")
        if isinstance(task, dict) and isinstance(task.get("result"), str):
            task["result"] = logs.clean(task["result"])
        logs.begin()
        self._is_busy = False
        hearing.keep()
        try:
            liveness.idle(self._mark)
        except Error:  # it lapses by itself
            logger.warning("It could not be written down that %s is free.", self._mark)

    def _listen(self) -> None:
        from pecportal import stopping

        while True:
            told = signal.sigwaitinfo({signal.SIGTERM})
            is_orphan = os.getppid() != self._parent
            if told.si_pid == self._parent and not is_orphan:
                os._exit(1)  # the cluster ends a job that has outlived its time-out
            stopping.note()
            if is_orphan:
                while self._is_busy and stopping.rest():
                    time.sleep(0.05)
                os._exit(1)


def serve(lane: str) -> int:
    """Run the lane's cluster until SIGTERM or SIGINT; 0 when it was asked to stop, 1 when it ended by itself.

    The process must have been set up with the lane's name, as `main` does.
    """
    from pecportal import hosts, queue, stopping
    from pecportal.operation import liveness

    signal.pthread_sigmask(signal.SIG_BLOCK, GUARDED)
    liveness.forget_busy(f"{lane}:{hosts.name()}")
    Lineage()
    cluster = queue.cluster(lambda: Watch(lane))
    cluster.start()
    while signal.sigtimedwait(GUARDED, 0.5) is None:
        if not cluster.sentinel.is_alive():
            return 1
    stopping.note()
    # this call never returns when the sentinel dies in the middle of it
    threading.Thread(target=cluster.stop_event.set, daemon=True).start()
    cluster.sentinel.join(stopping.rest())
    if cluster.sentinel.is_alive():
        cluster.sentinel.kill()
        cluster.sentinel.join()
    return 0


def main(lane: str) -> int:
    """Set this process up as the lane's cluster, and serve: the library reads its name once, when it is imported."""
    import django
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
    os.environ.pop("Q_CLUSTER_NAME", None)
    if lane != "rest":
        os.environ["Q_CLUSTER_NAME"] = f"{settings.Q_CLUSTER['name']}-{lane}"
    django.setup()
    from pecportal import collector, queue

    if lane not in (*queue.LANES, queue.ALL):
        print(f"There is no lane {lane}: {', '.join((*queue.LANES, queue.ALL))}", file=sys.stderr)
        return 2
    collector.spare()
    return serve(lane)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
