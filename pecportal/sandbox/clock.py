"""The sandbox's own clock, which can run faster than the real one and be moved on."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ROME: Final = ZoneInfo("Europe/Rome")


class Clock:
    """Time from `origin` (Unix seconds; default: now) on, at `speed` times the real pace, plus what it was moved by."""

    def __init__(self, *, speed: float = 1.0, origin: float | None = None) -> None:
        self.speed = speed
        self._origin = time.time() if origin is None else origin
        self._moved = timedelta()

    def now(self) -> datetime:
        """The present of the sandbox, aware and in UTC."""
        seconds = self._origin + (time.time() - self._origin) * self.speed
        return datetime.fromtimestamp(seconds, UTC) + self._moved

    def advance(self, span: timedelta) -> None:
        """Move on by `span`. Raises ValueError for what would turn time back."""
        if span < timedelta():
            raise ValueError("The sandbox's clock only moves on.")
        self._moved += span
