"""Files that only some recipients get: taken in, given to their rows by name or by hand, or left out by a person."""

import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns import assigning, enclosures, files, sentences
from campaigns.models import Campaign, Origin, OwnFile, OwnLink, OwnWaiver
from campaigns.preparing import drafts, merging, waste
from pecportal import antivirus, bulk, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.told import say

SAMPLE: Final = 500  # rows by which the column is guessed
BATCH: Final = 5_000
LINK: Final = ("campaign_id", "line", "file_id", "by_hand")


def add(
    campaign: Campaign,
    path: Path,
    *,
    name: str,
    actor: User,
    line: int | None = None,
    of_archive: bool = False,
    looked_into: bool = False,
) -> OwnFile:
    """Keep a copy of the file at `path` for the row at `line`, or the one of its name. The same again is kept once.

    Without a line `match` finds the row. The journal tells of it, unless it is one `of_archive`: then of all at the
    end. Raises `Refusal`, and keeps nothing, when it may not be sent, another file has its name, or there is no such
    row.
    """
    try:
        seconds = files.PATIENCE if of_archive else settings.UPLOAD_SECONDS
        found = files.sniff(path, name=name, looked_into=looked_into, seconds=seconds)
    except files.FileProblem as exc:
        raise Refusal(sentences.of_file(exc), field="upload") from exc
    whose = campaign.organisation
    antivirus.admit(path, name=found.name, field="upload", actor=actor, organisation=whose, target=campaign)
    stored_as = f"own/{uuid.uuid4().hex}"
    with path.open("rb") as source:
        stored.keep(stored_as, source)
    with stored.discarded_on_failure(stored_as), transaction.atomic():
        file = _insert(campaign, found, stored_as, actor=None if of_archive else actor)
        if line is not None:
            place(campaign, file.pk, line=line, actor=actor)
    if file.stored_as != stored_as:  # it was there already
        stored.discard(stored_as)
    return file


def _insert(campaign: Campaign, found: files.Sniffed, stored_as: str, *, actor: User | None) -> OwnFile:
    draft = drafts.locked(campaign)
    other = enclosures.uploads(draft).filter(name__iexact=found.name).first()
    if other is not None:
        if other.sha256 == found.sha256:
            return other
        raise Refusal(say(gettext_noop("There is another file of this name: remove it first.")), field="upload")
    file: OwnFile = OwnFile.objects.create(
        campaign=draft,
        name=found.name,
        content_type=found.content_type,
        size=found.size,
        sha256=found.sha256,
        stored_as=stored_as,
    )
    if actor is not None:
        record("campaign.add_own_file", actor=actor, organisation=draft.organisation, target=draft, sha256=found.sha256)
    return file


def match(campaign: Campaign, *, column: str = "") -> None:
    """Give every file that nobody placed by hand to the rows whose cell in the column names it.

    `column` is a merge field of the list; without it the one chosen before counts, or the one that fits best. Raises
    `Refusal` when the list has no such column.
    """
    with transaction.atomic():
        draft = drafts.locked(campaign)
        known = merging.fields(draft)
        if column and column not in known:
            raise Refusal(_("The list has no such column."), field="column")
        names = _names(draft)
        chosen = column or (draft.own_column if draft.own_column in known else "") or _guess(draft, list(names))
        draft.own_column = chosen
        draft.save(update_fields=["own_column"])
        draft.own_links.filter(by_hand=False, file__origin=Origin.UPLOAD).delete()
        if chosen and names:
            _place(draft, names)


def _names(draft: Campaign) -> dict[str, int]:
    """The files whose rows are to be found by their names."""
    placed = draft.own_links.filter(by_hand=True).values("file")
    free = enclosures.uploads(draft).filter(waived_by=None).exclude(pk__in=placed)
    return dict(free.values_list("name", "pk"))


def _guess(draft: Campaign, names: list[str]) -> str:
    sample = draft.recipients.order_by("line").values_list("values", flat=True)[:SAMPLE]
    return assigning.best_column(names, merging.fields(draft), sample) if names else ""


def _place(draft: Campaign, names: dict[str, int]) -> None:
    column = draft.own_column

    def rows() -> Iterator[assigning.Row]:
        for line, values in draft.recipients.order_by("line").values_list("line", "values").iterator(chunk_size=BATCH):
            yield line, values.get(column, "")

    found = assigning.assign(list(names), rows)
    by_hand = set(draft.own_links.filter(by_hand=True).values_list("line", "file"))
    links = [(draft.pk, line, names[name], False) for line, given in found.files.items() for name in given]
    bulk.insert(OwnLink, LINK, [link for link in links if (link[1], link[2]) not in by_hand])
    enclosures.uploads(draft).exclude(candidates=[]).update(candidates=[])
    for name, lines in found.ambiguous.items():
        OwnFile.objects.filter(pk=names[name]).update(candidates=list(lines))


@transaction.atomic
def begin_anew(draft: Campaign) -> None:
    """After another list came: what people said of rows counted for the old ones. In the transaction of the list."""
    draft.own_links.all().delete()
    draft.own_waivers.all().delete()
    waste.throw_away(draft.own_files.filter(origin=Origin.LETTER))  # of another campaign's letters, for its rows
    if draft.own_files.exists():
        match(draft)


@transaction.atomic
def place(campaign: Campaign, file_id: int, *, line: int, actor: User) -> None:
    """Give a file to the row at `line` by hand; again it does nothing. Raises `Refusal` when there is no such row."""
    draft = drafts.locked(campaign)
    file = _file(draft, file_id)
    if not draft.recipients.filter(line=line).exists():
        raise Refusal(_("The list has no recipient in line %(line)s.") % {"line": line}, field="line")
    link, is_new = OwnLink.objects.get_or_create(campaign=draft, line=line, file=file, defaults={"by_hand": True})
    if not is_new and link.by_hand:
        return
    OwnLink.objects.filter(pk=link.pk).update(by_hand=True)
    OwnFile.objects.filter(pk=file.pk).update(waived_by=None, candidates=[])
    draft.own_waivers.filter(line=line).delete()
    facts = {"line": line, "sha256": file.sha256}
    record("campaign.place_own_file", actor=actor, organisation=draft.organisation, target=draft, **facts)


def remove(campaign: Campaign, file_ids: Collection[int], *, actor: User) -> int:
    """Take files off a draft, bytes and all, and return how many; those that are not there any more are passed over."""
    with transaction.atomic():
        draft = drafts.locked(campaign)
        found = list(enclosures.uploads(draft).filter(pk__in=file_ids))
        waste.throw_away(OwnFile.objects.filter(pk__in=[file.pk for file in found]))
        for file in found:
            facts = {"sha256": file.sha256}
            record("campaign.remove_own_file", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return len(found)


@transaction.atomic
def leave_out(campaign: Campaign, file_ids: Collection[int], *, actor: User) -> int:
    """Say of files that no row has that nobody is to get them, and return how many those are."""
    draft = drafts.locked(campaign)
    count = enclosures.files_without(draft).filter(pk__in=file_ids).update(waived_by=actor, candidates=[])
    if count:
        facts = {"files": sorted(file_ids)}
        record("campaign.leave_out_own_files", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return count


@transaction.atomic
def go_without(campaign: Campaign, lines: Collection[int], *, actor: User) -> int:
    """Say of rows that have no file that they go without one, and return how many those are. Each is recorded."""
    draft = drafts.locked(campaign)
    found = list(enclosures.rows_without(draft).filter(line__in=lines).values_list("line", flat=True))
    OwnWaiver.objects.bulk_create(OwnWaiver(campaign=draft, line=line, by=actor) for line in found)
    if found:
        facts = {"lines": sorted(found)}
        record("campaign.go_without_own_files", actor=actor, organisation=draft.organisation, target=draft, **facts)
    return len(found)


def all_go_without(campaign: Campaign, *, seen: int, actor: User) -> int:
    """Say it of every row that has no file, if they are as many as the person saw; how many. Raises `Refusal` else."""
    lines = list(enclosures.rows_without(campaign).values_list("line", flat=True))
    if len(lines) != seen:
        raise Refusal(_("Their number has changed meanwhile: look at them once more."))
    return go_without(campaign, lines, actor=actor)


def _file(draft: Campaign, file_id: int) -> OwnFile:
    file = enclosures.uploads(draft).filter(pk=file_id).first()
    if file is None:
        raise Refusal(_("This file is not there any more."))
    return file
