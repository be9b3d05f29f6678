"""One call to a receiver: signed, to the public network alone, ten seconds, and nothing kept but the answer's status.

It runs in threads that never touch the database.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from pecportal import outgoing
from pecportal.webhooks import signing

LONGEST_WISH: Final = 3600.0  # seconds that a receiver may ask us to wait


@dataclass(frozen=True, slots=True)
class Asked:
    """A call to be made: `tries` counts those before it, `key` is the event's id, which stays from try to try."""

    delivery_id: int
    webhook_id: int
    tries: int
    url: str
    key: str
    body: bytes
    secrets: Sequence[bytes] = field(repr=False)
    allowed: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """How it went: the status if one came, what was wrong ("" for nothing), how long it took, and a wish to wait."""

    asked: Asked
    status: int | None
    problem: str
    seconds: float
    wait: float | None = None

    @property
    def is_good(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver wants nothing any more."""
        return self.status == 410


def call(asked: Asked) -> Answered:
    """Make it. Raises nothing that the network, the name or the receiver can cause."""
    began = time.monotonic()
    told = signing.headers(asked.key, asked.body, timestamp=int(time.time()), secrets=asked.secrets)
    told["Content-Type"] = "application/json"
    status, problem, wait = None, "", None
    try:
        reply = outgoing.call(asked.url, asked.body, headers=told, allowed=asked.allowed)
    except (outgoing.Forbidden, outgoing.Failed) as exc:
        problem = str(exc)[:100]
    else:
        status = reply.status
        wait = min(reply.retry_after, LONGEST_WISH) if reply.retry_after is not None else None
        problem = "" if 200 <= status < 300 else f"status {status}"
    return Answered(asked, status, problem, time.monotonic() - began, wait)
