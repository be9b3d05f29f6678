"""What a request began and what goes on after its answer: one resource for all kinds, each told by its application.

An application registers its kinds when it is ready, see `kinds_of_jobs`.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from pecportal.api.kinds_of_jobs import KINDS
from pecportal.api.models import Job
from pecportal.organisations.models import Organisation, User


class JobState(models.TextChoices):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` where they are counted, `words` for people, `result` a path of the API."""

    state: JobState
    done: int | None = None
    total: int | None = None
    words: str = ""
    result: str | None = None


def begin(kind: str, row: models.Model, *, organisation: Organisation, actor: User) -> Job:
    """Keep, in the caller's transaction, that somebody's request began what `row` stands for; once for each row."""
    if kind not in KINDS:
        raise LookupError(f"Nobody registered jobs of the kind {kind}.")
    found, _made = Job.objects.get_or_create(
        kind=kind, target=row.pk, created_by=actor, defaults={"organisation": organisation}
    )
    return found


def progress(job: Job) -> Progress:
    """How far it is now."""
    model, describe = KINDS[job.kind]
    row = apps.get_model(model)._default_manager.filter(pk=job.target).first()
    if row is None:
        return Progress(JobState.FAILED, words=_("What it was about is not there any more."))
    found: Progress = import_string(describe)(row)
    return found
