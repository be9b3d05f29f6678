"""How long a delivery, or its receiver, rests after failures. Pure arithmetic."""

import random
from datetime import timedelta
from typing import Final

# after the first call, the second …: together with the calls just below three days
OF_DELIVERIES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 16 * 3600, 24 * 3600)
)
# of one whose calls all fail, after the third in a row: one call tells whether it is back
OF_WEBHOOKS: Final = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 60, 300, 900, 1800, 3600))
PATIENCE: Final = 3  # failures in a row that make no rest
GIVEN_UP: Final = timedelta(days=3)  # a webhook that took nothing for so long is switched off
JITTER: Final = 0.1  # of a rest, more or less: what failed together is not tried again together


def of_delivery(tries: int) -> timedelta | None:
    """The rest after so many calls; None when it is given up."""
    return spread(OF_DELIVERIES[tries - 1]) if 0 < tries <= len(OF_DELIVERIES) else None


def of_webhook(failures: int) -> timedelta:
    """The rest of a receiver after so many failures in a row; none for the first ones."""
    if failures < PATIENCE:
        return timedelta(0)
    return spread(OF_WEBHOOKS[min(failures - PATIENCE, len(OF_WEBHOOKS) - 1)])


def spread(rest: timedelta) -> timedelta:
    """About so long."""
    return rest * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 (spread, not secrecy)
