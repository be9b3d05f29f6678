"""Work that nobody does: mailboxes that are due while no pump holds their lanes, attempts whose worker died."""

from campaigns.models import Attempt, SendingLane
from campaigns.sending import lanes
from pecportal import clock
from pecportal.queue import enqueue


def ring() -> bool:
    """Ring for a pump if there is such work; whether it did.

    Asked with each canary, so that another host goes on soon after the leases of a dead one have ended. The minutely
    job alone may come right before they end, and would leave them for a minute more.
    """
    now = clock.database_now()
    due = lanes.due_mailboxes()
    served = SendingLane.objects.filter(pk__in=due, leased_until__gt=now).count()
    if len(due) == served and not Attempt.objects.filter(outcome__isnull=True, leased_until__lt=now).exists():
        return False
    enqueue("campaigns.tasks.pump")
    return True
