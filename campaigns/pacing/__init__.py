"""When a mailbox may send: its limits, its pace, the hours of a campaign. Pure: instants and numbers in, numbers out.

The pump, the forecast and the pages ask the same functions, so that none of them can have a rule of its own.
"""

from campaigns.pacing.hours import ROME, Hours
from campaigns.pacing.limits import History, Limit, Span, instant, is_exceeded, limits, minute_of, next_free, room
from campaigns.pacing.turns import next_turn
from pecportal.holidays import is_holiday

__all__ = [
    "ROME",
    "History",
    "Hours",
    "Limit",
    "Span",
    "instant",
    "interval",
    "is_exceeded",
    "is_holiday",
    "limits",
    "minute_of",
    "next_free",
    "next_turn",
    "room",
]

SLOT_MARGIN = 1.004  # slots this much further apart than the limit: two clocks are never quite alike


def interval(rate: float) -> float:
    """Seconds between two messages at `rate` messages a second; 0 without a pace (a rate of 0)."""
    return SLOT_MARGIN / rate if rate else 0.0
