"""Background jobs: the only door to django-q2. A job is a nudge; the rows hold the truth."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import async_task


@dataclass(frozen=True, slots=True)
class Every:
    """One periodic job: the dotted name of a task without arguments, and its period in minutes."""

    minutes: int
    task: str


def enqueue(task: str, *ids: int | str) -> None:
    """Ask a worker to run `task` (a dotted name) with row ids, once the present transaction is committed.

    The job may run twice, late, or never: whatever it does is written in rows, and a periodic job finds what was left.
    """
    transaction.on_commit(partial(async_task, task, *ids))


def install(entries: tuple[Every, ...]) -> None:
    """Make the queue's periodic jobs be exactly `entries`; run again it changes nothing."""
    wanted = {entry.task: entry for entry in entries}
    Schedule.objects.exclude(name__in=wanted).delete()
    for task, entry in wanted.items():
        schedule, created = Schedule.objects.get_or_create(
            name=task,
            defaults={
                "func": task,
                "schedule_type": Schedule.MINUTES,
                "minutes": entry.minutes,
                "next_run": timezone.now(),
            },
        )
        stale = schedule.next_run is None or schedule.next_run > timezone.now() + timedelta(minutes=entry.minutes)
        if not created and (schedule.minutes != entry.minutes or schedule.func != task or stale):
            schedule.func, schedule.minutes, schedule.next_run = task, entry.minutes, timezone.now()
            schedule.save(update_fields=["func", "minutes", "next_run"])
