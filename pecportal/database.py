"""When the database is away: what it raises then, told from a statement that is wrong, and how it is waited for.

A server that restarts, is full, takes no more clients, or was made read-only by a fail-over is back before long, and
what was to be written is written then. A constraint that forbids a row forbids it tomorrow, too.
"""

import logging
import time
from typing import Final

from django.db import Error, InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)
PAUSE: Final = 0.25  # seconds
TOLD_EVERY: Final = 10.0
# class 25 of SQL's states: the session may not write now (25006), or was ended since it slept in a transaction (25P03)
_SESSION_STATES: Final = "25"

_told_at = float("-inf")


def is_away(error: BaseException) -> bool:
    """Whether an error of the database tells of its own state, not of the statement."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None)
    return isinstance(error, Error) and isinstance(state, str) and state.startswith(_SESSION_STATES)


def wait_out(error: Error) -> None:
    """Rest a moment because the database is away; the next statement has a new connection. Raises any other error."""
    global _told_at
    if not is_away(error):
        raise error
    if time.monotonic() > _told_at + TOLD_EVERY:  # an outage of an hour is no reason to fill the disk
        logger.error("The database is away; it is tried again.", exc_info=error)
        _told_at = time.monotonic()
    connection.close()
    time.sleep(PAUSE)
