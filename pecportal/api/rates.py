"""How many requests a key, or a person, has left: counted in windows of a minute.

With Redis all web servers count together. Without, each of their processes counts for itself: a row in the database for
each request would cost more than what it protects.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.core.cache import cache

WINDOW: Final = 60  # seconds
_MOST: Final = 10_000  # whoever is counted at once in one process

_counts: dict[str, tuple[int, int]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Standing:
    """`left` of `quota` requests in this window, which ends in `reset` seconds; `left` is -1 for one too many."""

    quota: int
    left: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 writes it."""
        policy = f'"minute";q={self.quota};w={WINDOW}'
        return {"RateLimit-Policy": policy, "RateLimit": f'"minute";r={max(0, self.left)};t={self.reset}'}


def count(who: str) -> Standing | None:
    """Count one request; None where nothing is limited (`API_REQUESTS_A_MINUTE` is 0)."""
    quota = int(settings.API_REQUESTS_A_MINUTE)
    if not quota:
        return None
    now = time.time()
    window = int(now // WINDOW)
    used = _in_redis(f"api.rate:{who}:{window}") if settings.REDIS_URL else _here(who, window)
    return Standing(quota, max(-1, quota - used), max(1, int((window + 1) * WINDOW - now) + 1))


def forget() -> None:
    """Begin anew in this process."""
    with _lock:
        _counts.clear()


def _in_redis(name: str) -> int:
    if cache.add(name, 1, timeout=2 * WINDOW):
        return 1
    try:
        return int(cache.incr(name))
    except ValueError:  # it went between the two
        return 1


def _here(who: str, window: int) -> int:
    with _lock:
        before, used = _counts.get(who, (window, 0))
        used = used + 1 if before == window else 1
        if len(_counts) >= _MOST:
            for each in [name for name, (at, _n) in _counts.items() if at != window]:
                del _counts[each]
        _counts[who] = (window, used)
        return used
