"""What a dead worker left behind: attempts whose lease ended without an outcome."""

from django.db import transaction

from campaigns.models import Attempt
from campaigns.sending import endings, outcomes
from campaigns.states import Phase
from pecportal import clock

BATCH = 500


def settle() -> int:
    """Give back what never reached the wire, call uncertain what may have; return how many attempts were settled.

    A worker that only slept cannot pass its mark any more; what it still learns of an uncertain one is taken in.
    """
    total = 0
    while True:
        with transaction.atomic(durable=True):
            rows = Attempt.objects.filter(outcome__isnull=True, leased_until__lt=clock.database_now())
            found = list(rows.select_for_update().order_by("leased_until")[:BATCH])
            endings.finish([(row.message_id, row.pk, _ending(row)) for row in found])
        total += len(found)
        if len(found) < BATCH:
            return total


def _ending(attempt: Attempt) -> outcomes.Ending:
    if attempt.phase == Phase.INTENT:
        return outcomes.aborted("The worker stopped before anything was sent.")
    return outcomes.interrupted("The worker stopped while the message was on the wire.")
