"""The job that takes many contacts in or hands them out: some rows in each transaction, from where it was."""

from itertools import islice
from pathlib import Path
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from campaigns import sentences, tables
from campaigns.models import Campaign, ContactGroup, ContactRun, RunKind, RunState
from campaigns.preparing import contact_runs, contacts
from pecportal import stored
from pecportal.errors import Refusal

PART: Final = 1_000  # rows of one transaction


class _Over(Exception):
    """It was cancelled, or another job has gone on with it."""


def run(run_id: int) -> None:
    """Do the rest of a job. It may be killed anywhere and repeated; for one that is over it does nothing."""
    found = ContactRun.objects.filter(pk=run_id, state=RunState.WAITING).select_related("organisation", "by").first()
    if found is None:
        return
    work = {RunKind.FILE: _file, RunKind.GROUP: _group, RunKind.LIST: _list}[RunKind(found.kind)]
    try:
        work(found)
    except tables.TableProblem as exc:
        _fail(found, sentences.of_table(exc))
    except Refusal as exc:
        _fail(found, str(exc))
    except (_Over, stored.Away):  # those that are away are tried again by the sweep
        return


def _file(this: ContactRun) -> None:
    with tables.open_table(_path(this), name=this.name) as table:
        rows = islice(table.rows, this.place, None)
        while part := list(islice(rows, PART)):
            with transaction.atomic():
                _still(this, place=this.place + len(part), rows=this.rows + len(part))
                group = ContactGroup.objects.filter(pk=this.group_id or 0).first()
                added, changed, faults = contacts.store_rows(
                    this.organisation, table.columns, this.roles, part, group=group
                )
                _count(this, added=added, changed=changed, faults=faults)
            this.refresh_from_db(fields=["place", "rows", "added", "changed", "faulty", "faults"])
    with transaction.atomic():
        _end(this)
        facts = {"added": this.added, "changed": this.changed, "faulty": this.faulty}
        contacts.note_imported(this.organisation, this.name, facts, actor=this.by)


def _group(this: ContactRun) -> None:
    while True:
        campaign = Campaign.objects.get(pk=this.campaign_id or 0)
        group = ContactGroup.objects.select_related("organisation").filter(pk=this.group_id or 0).first()
        if group is None:
            raise Refusal(_("The group was removed."))
        if campaign.list_version != this.version:
            raise Refusal(_("The list was replaced meanwhile: the group has only a part of it."))
        part = list(campaign.recipients.filter(line__gt=this.place).order_by("line")[:PART])
        if not part:
            break
        with transaction.atomic():
            _still(this, place=part[-1].line, rows=this.rows + len(part))
            added = contacts.fill(group, campaign.roles, part)
            _count(this, added=added)
        this.refresh_from_db(fields=["place", "rows", "added"])
    with transaction.atomic():
        _end(this)
        contacts.note_filled(group, recipients=this.rows, added=this.added, actor=this.by)


def _list(this: ContactRun) -> None:
    groups = list(ContactGroup.objects.filter(pk__in=this.groups, organisation=this.organisation).order_by("name"))
    if not groups:
        raise Refusal(_("Choose a group."))

    campaign = Campaign.objects.get(pk=this.campaign_id or 0)
    contacts.write_list(campaign, groups, actor=this.by, alive=lambda number: _still(this, rows=number))
    with transaction.atomic():
        _end(this)


def _path(this: ContactRun) -> Path:
    try:
        return stored.local(this.stored_as, sha256=this.sha256)
    except (FileNotFoundError, stored.Changed) as exc:
        raise Refusal(_("The file is not there any more: upload it again.")) from exc


def _still(this: ContactRun, **changes: int) -> None:
    """Go on, if nobody else did and nobody cancelled."""
    if not contact_runs.is_ours(this, **changes):
        raise _Over


def _count(this: ContactRun, *, added: int, changed: int = 0, faults: list[tuple[int, str]] | None = None) -> None:
    found = faults or []
    ContactRun.objects.filter(pk=this.pk).update(
        added=this.added + added,
        changed=this.changed + changed,
        faulty=this.faulty + len(found),
        faults=[*this.faults, *map(list, found)][: contacts.FAULTS_NAMED],
    )


def _end(this: ContactRun) -> None:
    """It is done, unless somebody cancelled it at the last moment, or another job was quicker."""
    if not ContactRun.objects.filter(pk=this.pk, place=this.place).move(RunState.DONE):
        raise _Over


def _fail(this: ContactRun, sentence: str) -> None:
    ContactRun.objects.filter(pk=this.pk, state=RunState.WAITING).move(RunState.FAILED, problem=sentence)
