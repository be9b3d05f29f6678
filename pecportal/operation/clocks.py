"""Whether this host's clock is right: compared with the database's, corrected by it, and told when it is wrong."""

import logging
from datetime import timedelta
from typing import Final

from django.utils.translation import gettext as _

from pecportal import clock, hosts
from pecportal.operation.alerts import alert, all_clear, is_open
from pecportal.operation.models import Alert

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
    elif alert(ALERT, hosts.name(), seconds=round(-ahead.total_seconds())):
        logger.error("This machine's clock differs from the database's by %s s.", -ahead.total_seconds())
    return ahead is not None


def letter(alert: Alert) -> tuple[str, str]:
    """Subject and text of the letter about an alert, raised or over."""
    words = {"host": alert.key, "seconds": alert.facts.get("seconds", 0)}
    if alert.ended_at is None:
        subject = _("The clock of the machine %(host)s is wrong")
        text = _(
            "The clock of the machine %(host)s differs from the database's by %(seconds)s seconds. The portal corrects "
            "its own times by the difference, so that no allowance is exceeded. Jobs may begin at wrong times: please "
            "have the machine's clock set by a time server (NTP)."
        )
    else:
        subject = _("The clock of the machine %(host)s is right again")
        text = _("The clock of the machine %(host)s agrees with the database's again.")
    return subject % words, text % words
