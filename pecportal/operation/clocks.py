"""Whether this host's clock is right: compared with the database's, corrected by it, and told when it is wrong."""

import logging
from datetime import timedelta
from typing import Final

from pecportal import clock, hosts
from pecportal.operation.alerts import alert, all_clear, is_open

logger = logging.getLogger(__name__)
ALERT: Final = "clock"
TOLERATED: Final = timedelta(seconds=5)


def check() -> bool:
    """Compare the host's clock with the database's, and go by that from now on; an alert tells if it is wrong.

    False when it could not be found out: nothing that has its time may be begun then. Raises the database's errors.
    """
    ahead = clock.compare()
    if ahead is None:
        logger.error("The database answers too slowly to compare its clock with this machine's.")
    elif abs(ahead) <= TOLERATED:
        if is_open(ALERT, hosts.name()):
            all_clear(ALERT, hosts.name())
    elif alert(ALERT, hosts.name(), seconds=round(abs(ahead.total_seconds()))):
        logger.error("This machine's clock differs from the database's by %s s.", -ahead.total_seconds())
    return ahead is not None
