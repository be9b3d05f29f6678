"""How often something may be done within some time, counted for all processes in the shared cache."""

import time

from django.core.cache import cache


def is_within(key: str, *, most: int, seconds: int) -> bool:
    """Count one more of `key`, and whether it is among the first `most` of this window of `seconds` of the clock.

    The window is part of the name: where the database is the cache, counting on prolongs what is counted, and a window
    that only its own end would close stays open as long as somebody knocks. There, two that come at the very same time
    may count as one.
    """
    name = f"{key}:{int(time.time() // seconds)}"
    cache.add(name, 0, timeout=2 * seconds)
    try:
        return cache.incr(name) <= most
    except ValueError:  # it was pushed out of the cache between the two lines
        return True
