"""Named points between the engine's durable steps, at which a process of a fault test dies or falls asleep.

The engine knows nothing of them: they are wrapped around its functions in the worker's own process.
"""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from campaigns.sending import claims, endings, expired, lanes, launch, pump, senders
from campaigns.sending.outcomes import Ending
from campaigns.tracking import intake, statuses
from pecportal.upstream import streaming

# one worker killed, or its whole group, or its cluster's first process; the group asked to end; a worker that sleeps
HOWS = ("worker", "group", "parent", "term", "sleep")
Hook = Callable[[str], None]


class Trap:
    """Springs once at the `nth` passing of `point`, in one of the ways of `HOWS`; `sleep` in seconds."""

    def __init__(self, point: str, *, nth: int, how: str, folder: Path, sleep: float) -> None:
        self._point, self._nth, self._how, self._sleep = point, nth, how, sleep
        self._folder = folder
        self._passed = 0

    def __call__(self, point: str) -> None:
        """A point was reached."""
        if point != self._point:
            return
        self._passed += 1
        if self._passed < self._nth or not self._is_first():
            return
        me = os.getpid()
        if self._how == "sleep":
            subprocess.Popen(["sh", "-c", f"sleep {self._sleep}; kill -CONT {me}"], start_new_session=True)
            os.kill(me, signal.SIGSTOP)
        elif self._how == "term":
            os.killpg(os.getpgrp(), signal.SIGTERM)
        elif self._how == "group":
            os.killpg(os.getpgrp(), signal.SIGKILL)
        else:
            os.kill(os.getpgrp() if self._how == "parent" else me, signal.SIGKILL)

    def _is_first(self) -> bool:
        """Whether no other process of this world has sprung the trap: once is enough."""
        with suppress(FileExistsError):
            (self._folder / "sprung").touch(exist_ok=False)
            return True
        return False


def _after(place: Any, name: str, point: str, reached: Hook, *, when: Callable[[Any], bool] = bool) -> None:
    """Reach `point` each time that the function has returned something that counts."""
    original = getattr(place, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if when(result):
            reached(point)
        return result

    setattr(place, name, wrapped)


def _before(place: Any, name: str, point: str, reached: Hook, *, when: Callable[..., bool] | None = None) -> None:
    original = getattr(place, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if when is None or when(*args, **kwargs):
            reached(point)
        return original(*args, **kwargs)

    setattr(place, name, wrapped)


def _always(result: Any) -> bool:
    return True


def _claims(reached: Hook) -> None:
    _after(lanes, "acquire", "lanes held", reached)
    _after(claims, "_begin", "claimed, not committed", reached)
    _before(pump.Pump, "_take_claims", "claim committed", reached, when=lambda _self, claimed: any(claimed.values()))
    _after(expired, "settle", "leases settled", reached, when=_always)


def _wire(reached: Hook) -> None:
    _before(senders.Senders, "_call", "before the connection", reached)
    _before(senders.Senders, "_take_turn", "connected", reached)
    _before(senders.Senders, "_gate", "headers out", reached)
    _after(endings, "mark", "marked, not committed", reached)
    _before(senders.MarkAsked, "answer", "mark committed", reached, when=lambda _self, granted: granted)
    _after(senders.Senders, "_gate", "before the body", reached, when=_always)
    _before(senders.Senders, "_leave_gate", "body out", reached, when=lambda _self, job: job.marked)
    _after(senders.Senders, "_send", "answered, not recorded", reached)
    original = streaming.Body.__iter__

    def halved(self: streaming.Body) -> Iterator[bytes]:
        for chunk in original(self):
            half = len(chunk) // 2
            yield chunk[:half]
            reached("half of the body out")
            yield chunk[half:]

    streaming.Body.__iter__ = halved  # type: ignore[method-assign]


def _endings(reached: Hook) -> None:
    ended = endings.finish

    def finish(items: Sequence[tuple[int, int, Ending]]) -> None:
        ended(items)
        if items:
            reached("ended, not committed")

    endings.finish = finish  # type: ignore[assignment]
    _before(pump.Pump, "_dispatch", "everything committed", reached)
    _before(lanes, "release", "before the lanes are let go", reached)


def _tracking(reached: Hook) -> None:
    _after(statuses, "rejudge", "page judged, not committed", reached)
    _after(intake, "take", "page committed", reached)


def _freezing(reached: Hook) -> None:
    _after(launch, "_insert", "frozen, not committed", reached, when=_always)
    _after(launch, "_freeze_batch", "batch committed", reached)


GROUPS: dict[str, Callable[[Hook], None]] = {
    "lanes held|claimed, not committed|claim committed|leases settled": _claims,
    "before the connection|connected|headers out|marked, not committed|mark committed|before the body"
    "|half of the body out|body out|answered, not recorded": _wire,
    "ended, not committed|everything committed|before the lanes are let go": _endings,
    "page judged, not committed|page committed": _tracking,
    "frozen, not committed|batch committed": _freezing,
}
POINTS = tuple(point for names in GROUPS for point in names.split("|"))
# how often a point is surely reached in a run, if not once for nearly every message
FEW = {
    "lanes held": 1,
    "claimed, not committed": 1,
    "claim committed": 1,
    "leases settled": 1,
    "before the lanes are let go": 1,
    "frozen, not committed": 1,
    "batch committed": 1,
    "page judged, not committed": 2,
    "page committed": 2,
    "marked, not committed": 2,
    "ended, not committed": 2,
}
OFTEN = 15


def install(reached: Hook) -> None:
    """Wrap the engine's functions in this process, before it has any threads."""
    for wrap in GROUPS.values():
        wrap(reached)
