"""Telling that a job of the API ended."""

from pecportal.api.models import Job
from pecportal.webhooks import events
from pecportal.webhooks.events import Fact
from pecportal.webhooks.models import EventType


def ended(kind: str, target: int, *, is_good: bool) -> int:
    """Write down, in the caller's transaction, that the jobs of this kind about the row `target` ended; how many."""
    facts = []
    for job in Job.objects.filter(kind=kind, target=target).order_by("pk"):
        outcome = "done" if is_good else "failed"
        data = {"job": str(job.public_id), "kind": kind, "campaign": None, "outcome": outcome}
        facts.append(
            Fact(job.organisation_id, EventType.JOB_COMPLETED, job.public_id, data, made_by_id=job.created_by_id)
        )
    return events.record_all(facts)
