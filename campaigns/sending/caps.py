"""How many messages a mailbox may still send under its plan, counted from the reservations.

The rules are those of `campaigns.pacing`; here is only how a pump, which asks every two seconds, is told cheaply.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime

from campaigns import pacing, timing
from campaigns.pacing import History, Limit
from mailboxes.models import Mailbox, Plan

WHOLE_SECONDS = 300.0  # how long what was counted is only added to
DOUBT_SECONDS = 30.0  # and how long once it leaves nothing


@dataclass(frozen=True, slots=True)
class Allowance:
    """Units that may still go; None without limit. `free_at` says when the next one may, if none may now."""

    units: int | None
    free_at: datetime | None = None


@dataclass(slots=True)
class Usage:
    """What a mailbox used, kept by the pump that holds its lane: nobody else reserves meanwhile.

    Between two whole counts only the latest minutes are counted again. An older reservation that was given back in
    between is noticed late: too little is sent for some minutes, never too much.
    """

    mailbox_id: int
    history: History = field(default_factory=History)
    rules: tuple[tuple[Limit, ...], str] | None = None
    counted_to: int = 0
    whole_at: float = float("-inf")

    def allowance(self, plan: Plan | None, *, now: datetime) -> Allowance:
        """What the plan leaves at `now`, an instant of the portal's clock."""
        limits = timing.limits_of(plan)
        if not limits:
            return Allowance(None)
        minute = pacing.minute_of(now)
        self._count(plan, limits, now=now, patience=WHOLE_SECONDS)
        if not pacing.room(limits, self.history, minute):
            self._count(plan, limits, now=now, patience=DOUBT_SECONDS)
        units = pacing.room(limits, self.history, minute)
        if units:
            return Allowance(units)
        free = pacing.next_free(limits, self.history, minute)
        return Allowance(0, None if free is None else pacing.instant(free))

    def _count(self, plan: Plan | None, limits: tuple[Limit, ...], *, now: datetime, patience: float) -> None:
        """Bring the history up to date: as a whole when that was not done for `patience` real seconds."""
        rules = (limits, plan.counts if plan else "")
        minute = pacing.minute_of(now)
        if rules != self.rules or time.monotonic() - self.whole_at > patience:
            self.history = timing.history_of(self.mailbox_id, plan, limits, now=now)
            self.rules, self.whole_at = rules, time.monotonic()
        else:
            first = min(self.counted_to, minute) - 1
            self.history.cut(first)
            for at, units in timing.history_of(self.mailbox_id, plan, limits, now=now, since=first).cut(first):
                self.history.add(at, units)
        self.counted_to = minute


def allowance(mailbox: Mailbox, *, now: datetime) -> Allowance:
    """What the plan of a mailbox leaves at `now`, counted as a whole."""
    return Usage(mailbox.pk).allowance(mailbox.plan, now=now)
