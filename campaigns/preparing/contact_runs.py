"""Many contacts at once, left to a job: begun here, watched, cancelled, and taken up again when it was lost."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from django.db import transaction

from campaigns.models import Campaign, ContactGroup, ContactRun, RunKind, RunState
from pecportal import clock, stored
from pecportal.organisations.models import Organisation, User
from pecportal.queue import enqueue

TASK: Final = "campaigns.tasks.work_contacts"
LOST: Final = timedelta(seconds=90)  # without a sign of life


def of_file(
    organisation: Organisation,
    path: Path,
    *,
    name: str,
    roles: Mapping[str, int],
    group: ContactGroup | None,
    actor: User,
) -> ContactRun:
    """Have a file's contacts taken in, its columns being `roles`, and put into `group` if given."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        stored_as = f"contacts/{uuid.uuid4().hex}"
        stored.keep(stored_as, file)
    with stored.discarded_on_failure(stored_as), transaction.atomic():
        told = {"name": name[:255], "group": group, "roles": dict(roles), "stored_as": stored_as, "sha256": digest}
        return _begin(organisation, RunKind.FILE, actor=actor, **told)


def of_list(campaign: Campaign, group: ContactGroup, *, actor: User) -> ContactRun:
    """Have a campaign's list put into a new group."""
    told = {"name": group.name, "version": campaign.list_version, "total": campaign.recipients_total}
    return _begin(campaign.organisation, RunKind.GROUP, actor=actor, campaign=campaign, group=group, **told)


def of_groups(campaign: Campaign, groups: Sequence[ContactGroup], *, name: str, actor: User) -> ContactRun:
    """Have groups made the list of a draft."""
    ids = [group.pk for group in groups if group.organisation_id == campaign.organisation_id]
    return _begin(campaign.organisation, RunKind.LIST, actor=actor, campaign=campaign, name=name, groups=ids)


def cancel(run: ContactRun) -> bool:
    """Stop a job; what it has done so far stays. False when it was over already."""
    return bool(ContactRun.objects.filter(pk=run.pk).move(RunState.CANCELLED))


def is_ours(run: ContactRun, **changes: object) -> bool:
    """Go on from the place at which `run` was read, with a sign of life; False when another job did, or it is over."""
    rows = ContactRun.objects.filter(pk=run.pk, state=RunState.WAITING, place=run.place)
    return bool(rows.update(alive_at=clock.real_now(), **changes))


def sweep() -> None:
    """Nudge the jobs that were not heard of for a while, and remove the files of those that are over."""
    late = clock.real_now() - LOST
    for pk in list(ContactRun.objects.filter(state=RunState.WAITING, alive_at__lt=late).values_list("pk", flat=True)):
        enqueue(TASK, pk)
    for run in ContactRun.objects.exclude(stored_as="").exclude(state=RunState.WAITING)[:100]:
        if stored.discard(run.stored_as):
            ContactRun.objects.filter(pk=run.pk).update(stored_as="")


@transaction.atomic
def _begin(organisation: Organisation, kind: RunKind, *, actor: User, **told: object) -> ContactRun:
    run = ContactRun.objects.create(organisation=organisation, kind=kind, by=actor, **told)
    enqueue(TASK, run.pk)
    return run
