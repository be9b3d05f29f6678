"""Whether this process can serve, for probes: each part in a word, and nothing that helps a stranger.

What is asked is what the portal knows already: nobody is called, and an answer serves for some seconds.
"""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import Error, connection

from pecportal import clock
from pecportal.operation import liveness, watching
from pecportal.operation.liveness import Health
from pecportal.operation.models import VendorCall

FRESH: Final = 5.0  # seconds
OK: Final = "ok"
WARNING: Final = "warning"
FAILING: Final = "failing"
_RANKS: Final = (OK, WARNING, FAILING)
_FULL: Final = 2**27  # bytes without which nothing can be written any more
_LANES: Final = {Health.FINE: OK, Health.LATE: WARNING, Health.FROZEN: FAILING}
_LONG_SKEW: Final = 60.0


@dataclass(frozen=True, slots=True)
class State:
    """How it stands: each part's word, and the worst of them."""

    checks: dict[str, str]

    @property
    def status(self) -> str:
        """The worst word of all."""
        return max(self.checks.values(), key=_RANKS.index, default=OK)


_lock = threading.Lock()
_kept: list[tuple[float, State]] = []


def now() -> State:
    """How it stands, as of at most five seconds ago."""
    with _lock:
        if _kept and time.monotonic() - _kept[0][0] < FRESH:
            return _kept[0][1]
        state = look()
        _kept[:] = [(time.monotonic(), state)]
        return state


def forget() -> None:
    """Look anew the next time."""
    _kept.clear()


def look() -> State:
    """Look at everything; without the database the rest that needs it is not asked."""
    checks = {"database": _asked(_database), "disk": _asked(_disk)}
    if checks["database"] != FAILING:
        checks |= {"clock": _asked(_clock), "vendor": _asked(_vendor)}
        checks |= {f"lane.{lane.name}": _LANES[lane.health] for lane in _lanes()}
    return State(checks)


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except (Error, OSError):
        return FAILING


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return OK


def _disk() -> str:
    room = shutil.disk_usage(settings.PORTAL_DATA_DIR)
    if room.free < _FULL:
        return FAILING
    return WARNING if room.free < watching.LEAST else OK


def _clock() -> str:
    skew = watching.skew()
    return OK if skew <= watching.SKEW else WARNING if skew <= _LONG_SKEW else FAILING


def _vendor() -> str:
    """A vendor that does not answer is no reason to send clerks away: at the worst a warning."""
    recent = VendorCall.objects.filter(bad_at__gt=clock.now() - timedelta(minutes=10))
    bad = [call for call in recent if call.bad_at and (call.good_at is None or call.good_at < call.bad_at)]
    return WARNING if bad else OK


def _lanes() -> list[liveness.Lane]:
    try:
        return liveness.all_lanes()
    except Error:
        return []
