"""What time alone changes: a message without any outcome, long after it was sent."""

from django.db import transaction

from campaigns.models import Message
from campaigns.tracking import statuses
from pecportal import clock

BATCH = 500


def apply() -> int:
    """Judge anew the messages whose deadline has passed; return how many changed."""
    changed, after = 0, 0
    while True:
        with transaction.atomic():
            due = Message.objects.filter(deadline_at__lte=clock.now(), pk__gt=after).order_by("pk")
            ids = list(due.values_list("pk", flat=True)[:BATCH])
            changed += statuses.rejudge(ids)
        if len(ids) < BATCH:
            return changed
        after = ids[-1]
