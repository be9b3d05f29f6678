"""When receipts will have filled a mailbox, told from how full it was lately. Pure.

The vendor's unit is unknown, so only shares of the whole count: 1.0 is full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SHORTEST: Final = timedelta(minutes=20)  # readings closer together than this say nothing of a trend
FARTHEST: Final = timedelta(days=365)
FEWEST: Final = 10  # messages sent between two readings: fewer say nothing of what one brings


@dataclass(frozen=True, slots=True)
class Reading:
    """How full it was at a moment (aware)."""

    at: datetime
    used: int
    limit: int

    @property
    def share(self) -> float:
        """The part in use."""
        return self.used / self.limit if self.limit else 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a share will be reached, and after how many more messages, as far as each can be told."""

    at: datetime | None = None
    messages: int | None = None


def forecast(
    readings: Sequence[Reading], *, share: float, sent: int = 0, to_send: int = 0, per_hour: float = 0.0
) -> Forecast:
    """When the mailbox will be full up to `share`, by the trend of its readings or by the messages still to be sent.

    The sooner of the two counts. `sent` messages left between the first and the last reading, `to_send` still wait,
    and `per_hour` of them leave in an hour. A mailbox that was emptied is looked at from then on. Empty where nothing
    points there; at once where it is full already.
    """
    known = since_emptied(sorted(readings, key=lambda reading: reading.at))
    if not known:
        return Forecast()
    last = known[-1]
    if last.share >= share:
        return Forecast(last.at, 0)
    by_trend = _by_trend(known, share)
    messages = _messages(known, share, sent)
    if messages is None or messages > to_send or per_hour <= 0:
        return Forecast(by_trend, messages)
    by_sending = last.at + timedelta(hours=min(messages / per_hour, FARTHEST / timedelta(hours=1)))
    return Forecast(min(by_sending, by_trend) if by_trend else by_sending, messages)


def since_emptied(readings: Sequence[Reading]) -> Sequence[Reading]:
    """The readings, oldest first, from the last one on at which somebody had made space or the limit had changed."""
    start = 0
    for position in range(1, len(readings)):
        before, after = readings[position - 1], readings[position]
        if after.used < before.used or after.limit != before.limit:
            start = position
    return readings[start:]


def _by_trend(readings: Sequence[Reading], share: float) -> datetime | None:
    first, last = readings[0], readings[-1]
    span, growth = last.at - first.at, last.share - first.share
    if span < SHORTEST or growth <= 0:
        return None
    wait = (share - last.share) / growth
    return last.at + span * wait if span * wait < FARTHEST else None


def _messages(readings: Sequence[Reading], share: float, sent: int) -> int | None:
    """How many more messages may leave before the share is reached, by what each brought so far."""
    growth = readings[-1].share - readings[0].share
    if sent < FEWEST or growth <= 0:
        return None
    return int((share - readings[-1].share) * sent / growth)
