"""A list on its way in: the file is kept, its columns are confirmed, and a job reads it while the old list stays.

Rows come in short transactions, under a version of their own; one last one makes that version the campaign's list.
What is cancelled, fails or is lost leaves rows that nobody sees, and `tidy` removes them.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from django.db import models, transaction
from django.db.models import F, Q
from django.utils.functional import Promise
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from campaigns import files, sentences, tables, text
from campaigns.models import (
    Campaign,
    ListDomain,
    ListProblem,
    ListReading,
    Merging,
    ReadingState,
    Recipient,
    Role,
    news,
)
from campaigns.models.lists import OPEN
from campaigns.preparing import columns, drafts, judging, letters, merging, own
from campaigns.states import CampaignState
from pecportal import antivirus, clock, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue

BATCH: Final = 10_000  # rows that are in memory, and in one transaction
SMALL: Final = 2_000  # rows that are read at once
SAMPLE: Final = 50  # rows looked at to guess what the columns are
SHOWN: Final = 3  # values of each column that the clerk sees
LONGEST_SHOWN: Final = 60
LOST: Final = timedelta(minutes=10)  # without a sign of life
KEPT: Final = timedelta(days=30)  # the file, for the table of its faults to be fetched
DELETED: Final = 5_000  # rows of one transaction
TASK: Final = "campaigns.tasks.read_list"
KIND: Final = "list-reading"  # as a job of the API
TIDY: Final = "campaigns.tasks.tidy_lists"


class _Overtaken(Exception):
    """The reading was cancelled, or another job has taken it over."""


@dataclass(frozen=True, slots=True)
class _Glance:
    """What a look at a list's beginning tells."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    sheets: tuple[str, ...]
    is_small: bool


def take(
    campaign: Campaign, path: Path, *, name: str, actor: User, sheet: int = 0, is_bare: bool = False
) -> ListReading:
    """Keep a copy of the file at `path`, called `name` by the clerk, with a guess at what its columns are.

    Other readings of the draft that are not over are cancelled; its list stays. Raises `Refusal`, and keeps nothing,
    when the file cannot be used as far as can be seen at once, or the campaign is not a draft any more.
    """
    glance = _look(path, name=name, sheet=sheet, is_bare=is_bare)
    shown, whose = files.shown_name(name), campaign.organisation
    antivirus.admit(path, name=shown, field="file", actor=actor, organisation=whose, target=campaign)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        stored_as = f"lists/{uuid.uuid4().hex}"
        stored.keep(stored_as, file)
    with stored.discarded_on_failure(stored_as), transaction.atomic():
        draft = drafts.locked(campaign)
        _withdraw(draft)
        return ListReading.objects.create(
            campaign=draft,
            organisation=draft.organisation,
            by=actor,
            name=name[:255],
            stored_as=stored_as,
            sha256=digest,
            is_bare=is_bare,
            lines=0 if glance.sheets else _lines(path),
            **_told(glance, sheet, draft.organisation_id),
        )


def turn_to(reading: ListReading, sheet: int) -> ListReading:
    """Look at another sheet of the workbook instead. Raises `Refusal` when there is none, or nothing on it."""
    if not 0 <= sheet < len(reading.sheets):
        raise Refusal(_("The workbook has no such sheet."), field="sheet")
    glance = _look(_path(reading), name=reading.name, sheet=sheet, is_bare=reading.is_bare)
    told = _told(glance, sheet, reading.organisation_id)
    ListReading.objects.filter(pk=reading.pk, state=ReadingState.CHOOSING).update(**told)
    reading.refresh_from_db()
    return reading


def choose(reading: ListReading, roles: Mapping[str, int], *, at_once: bool | None = None) -> ListReading:
    """Have the list read with its columns as the clerk confirmed them: `roles` are positions, `address` among them.

    A small list, or any when `at_once`, is read before this returns, else by a job. Again it changes nothing.
    Raises `Refusal` when no column holds the addresses, or one column would be two things.
    """
    _check(reading, roles)
    soon = reading.is_small if at_once is None else at_once
    with transaction.atomic():
        drafts.locked(reading.campaign)
        rows = ListReading.objects.filter(pk=reading.pk, state=ReadingState.CHOOSING)
        moved = rows.move(ReadingState.WAITING, roles=dict(roles), alive_at=clock.real_now())
        if moved and not soon:
            enqueue(TASK, reading.pk)
    if moved and soon:
        run(reading.pk)
    reading.refresh_from_db()
    return reading


def run(reading_id: int) -> None:
    """Read a list that waits for it: the job of `choose`. Again, or for one that is read already, it does nothing."""
    reading = _claim(reading_id)
    if reading is None:
        return
    try:
        with tables.open_table(
            _path(reading), name=reading.name, sheet=reading.sheet, is_bare=reading.is_bare
        ) as table:
            _finish(reading, _read(reading, table))
    except tables.TableProblem as exc:
        _fail(reading, sentences.of_table(exc))
    except Refusal as exc:
        _fail(reading, exc.sentence)
    except stored.Away:  # the sweep has it tried again
        ListReading.objects.filter(pk=reading.pk, version=reading.version).move(ReadingState.WAITING)
    except _Overtaken:
        return


def cancel(reading: ListReading) -> bool:
    """Stop a reading; the list that was there stays. False when it was over already."""
    with transaction.atomic():
        moved = ListReading.objects.filter(pk=reading.pk).move(ReadingState.CANCELLED)
        Campaign.objects.filter(pk=reading.campaign_id).update(has_litter=True)
    return bool(moved)


def of(campaign: Campaign) -> ListReading | None:
    """The reading that is of interest on the list's page: one that is not over, or the last, if that failed."""
    last = campaign.readings.order_by("-pk").first()
    return last if last and (last.state in OPEN or last.state == ReadingState.FAILED) else None


def file_of(campaign: Campaign) -> ListReading | None:
    """The reading whose file the present list is, while that file is kept."""
    rows = campaign.readings.exclude(stored_as="").filter(state=ReadingState.DONE)
    return rows.filter(version=campaign.list_version).first()


def sweep() -> None:
    """Have read what a lost job left behind, and removed what nobody sees any more."""
    late = clock.real_now() - LOST
    ListReading.objects.filter(state=ReadingState.READING, alive_at__lt=late).move(ReadingState.WAITING, alive_at=late)
    waiting = ListReading.objects.filter(state=ReadingState.WAITING, alive_at__lte=late)
    for pk in list(waiting.values_list("pk", flat=True)):
        if ListReading.objects.filter(pk=pk, alive_at__lte=late).update(alive_at=clock.real_now()):
            enqueue(TASK, pk)
    if Campaign.objects.filter(has_litter=True).exists() or _stale_files().exists():
        enqueue(TIDY)


def tidy() -> None:
    """Remove rows of lists that were replaced or never became one, and files that are kept no longer."""
    for pk in list(Campaign.objects.filter(has_litter=True).values_list("pk", flat=True)):
        _tidy(pk)
    for reading in _stale_files()[:500]:
        if stored.discard(reading.stored_as):
            ListReading.objects.filter(pk=reading.pk).update(stored_as="")


def _look(path: Path, *, name: str, sheet: int, is_bare: bool) -> _Glance:
    try:
        with tables.open_table(path, name=name, sheet=sheet, is_bare=is_bare) as table:
            rows = [row.values for row in islice(table.rows, SMALL + 1)]
    except tables.TableProblem as exc:
        raise Refusal(sentences.of_table(exc), field="file") from exc
    if not rows:
        raise Refusal(sentences.TABLES["empty"], field="file")
    return _Glance(table.columns, rows, table.sheets, len(rows) <= SMALL)


def _told(glance: _Glance, sheet: int, organisation_id: int) -> dict[str, object]:
    known = hashlib.sha256("\x1f".join(map(text.normalise, glance.columns)).encode()).hexdigest()
    return {
        "columns": list(glance.columns),
        "columns_sha256": known,
        "samples": [_sample(position, glance.rows) for position in range(len(glance.columns))],
        "sheets": list(glance.sheets),
        "sheet": sheet,
        "is_small": glance.is_small,
        "roles": _remembered(organisation_id, known) or columns.guess(glance.columns, glance.rows[:SAMPLE]),
    }


def _sample(position: int, rows: Sequence[Sequence[str]]) -> list[str]:
    values = (Truncator(row[position].strip()).chars(LONGEST_SHOWN) for row in rows[: SAMPLE * 4])
    return list(islice(dict.fromkeys(value for value in values if value), SHOWN))


def _remembered(organisation_id: int, known: str) -> dict[str, int]:
    """What the organisation chose when the same columns came the last time."""
    rows = ListReading.objects.filter(organisation=organisation_id, columns_sha256=known, state=ReadingState.DONE)
    return rows.order_by("-pk").values_list("roles", flat=True).first() or {}


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(2**20), b""))


def _check(reading: ListReading, roles: Mapping[str, int]) -> None:
    if Role.ADDRESS not in roles:
        raise Refusal(_("Say which column holds the certified addresses."), field="address")
    positions = list(roles.values())
    if len(set(positions)) < len(positions):
        raise Refusal(_("A column can be one thing only."))
    if not set(roles) <= set(Role.values) or not set(positions) <= set(range(len(reading.columns))):
        raise Refusal(_("The list has no such column."))


def _withdraw(draft: Campaign) -> None:
    """Cancel what is not over, of a draft that is locked."""
    rows = ListReading.objects.filter(campaign=draft, state__in=OPEN)
    if rows.move(ReadingState.CANCELLED):
        Campaign.objects.filter(pk=draft.pk).update(has_litter=True)


def _path(reading: ListReading) -> Path:
    try:
        return stored.local(reading.stored_as, sha256=reading.sha256)
    except (FileNotFoundError, stored.Changed) as exc:
        raise Refusal(_("The file is not there any more: upload it again."), field="file") from exc


def _claim(reading_id: int) -> ListReading | None:
    """Take the reading on, under a version that no other job has; None when it does not wait."""
    with transaction.atomic():
        found = ListReading.objects.filter(pk=reading_id).first()
        if found is None:
            return None
        campaign = Campaign.objects.select_for_update().get(pk=found.campaign_id)
        version = campaign.list_versions + 1
        started = {"version": version, "rows": 0, "alive_at": clock.real_now()}
        if not ListReading.objects.filter(pk=reading_id, state=ReadingState.WAITING).move(
            ReadingState.READING, **started
        ):
            return None
        litter = campaign.has_litter or bool(campaign.list_name) or campaign.list_versions > 0
        Campaign.objects.filter(pk=campaign.pk).update(list_versions=version, has_litter=litter)
        return ListReading.objects.select_related("campaign", "by").get(pk=reading_id)


def _read(reading: ListReading, table: tables.Table) -> judging.Judge:
    campaign = reading.campaign
    if list(table.columns) != reading.columns:
        raise Refusal(_("The file is not as it was uploaded: upload it again."))
    judge = judging.Judge(
        campaign.pk, reading.version, table.columns, reading.roles, letter=merging.letter_of(campaign)
    )
    for batch in _batches(table.rows):
        judge.judge(batch)
        with transaction.atomic():
            _still(reading, rows=judge.rows)
            judge.store()
    return judge


def _batches(rows: Iterator[tables.Row]) -> Iterator[list[tables.Row]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _still(reading: ListReading, *, rows: int) -> None:
    """Give a sign of life, in the transaction of what it covers. Raises `_Overtaken` when the reading is not ours."""
    ours = ListReading.objects.filter(pk=reading.pk, version=reading.version, state=ReadingState.READING)
    if not ours.update(rows=rows, alive_at=clock.real_now()):
        raise _Overtaken


@transaction.atomic
def _finish(reading: ListReading, judge: judging.Judge) -> None:
    """Make what was read the campaign's list."""
    if not judge.rows:
        raise Refusal(sentences.TABLES["empty"], field="file")
    draft = drafts.locked(reading.campaign)
    ours = ListReading.objects.filter(pk=reading.pk, version=reading.version)
    if not ours.move(ReadingState.DONE, rows=judge.rows):
        raise _Overtaken
    judge.store_domains()
    _become(draft, reading, judge)
    Merging.objects.filter(campaign=draft).delete()  # it was about the rows that were replaced
    if merging.written(draft) != merging.written(reading.campaign):  # the text was changed meanwhile
        merging.begin(draft)
    letters.begin_anew(draft)
    own.begin_anew(draft)
    news.tell_job(KIND, reading.pk, draft.pk, is_good=True)
    facts = {"sha256": reading.sha256, "recipients": draft.recipients_total, "faulty": draft.problems_total}
    record("campaign.upload_list", actor=reading.by, organisation=draft.organisation, target=draft, **facts)


def _become(draft: Campaign, reading: ListReading, judge: judging.Judge) -> None:
    headings = judge.headings
    told = {
        "list_name": reading.name,
        "list_sha256": reading.sha256,
        "list_version": reading.version,
        "columns": list(headings),
        "address_column": headings[judge.roles["address"]][:255],
        "roles": {role: text.normalise(headings[position]) for role, position in judge.roles.items()},
        "recipients_total": judge.good,
        "recipients_sha256": judge.fingerprint(),
        "problems_total": judge.faulty,
        "skip_problems": False,
        "problem": "",
    }
    for name, value in told.items():
        setattr(draft, name, value)
    draft.save(update_fields=list(told))


def _fail(reading: ListReading, sentence: str | Promise) -> None:
    with transaction.atomic():
        rows = ListReading.objects.filter(pk=reading.pk, version=reading.version)
        if rows.move(ReadingState.FAILED, problem=sentence):
            news.tell_job(KIND, reading.pk, reading.campaign_id, is_good=False)
            Campaign.objects.filter(pk=reading.campaign_id).update(has_litter=True)


def _stale_files() -> "models.QuerySet[ListReading]":
    """Readings whose file is of no use any more."""
    now = clock.real_now()
    over = Q(state__in=[ReadingState.CANCELLED, ReadingState.FAILED], alive_at__lt=now - timedelta(days=1))
    replaced = Q(state=ReadingState.DONE) & ~Q(version=F("campaign__list_version"))
    started = Q(state=ReadingState.DONE) & ~Q(campaign__state=CampaignState.DRAFT)
    rows = ListReading.objects.exclude(stored_as="")
    return rows.filter(over | replaced | started | Q(alive_at__lt=now - KEPT))


def _tidy(campaign_id: int) -> None:
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
        reading = ListReading.objects.filter(campaign=campaign, state=ReadingState.READING)
        growing = set(reading.values_list("version", flat=True))
    for version in set(range(campaign.list_versions + 1)) - growing - {campaign.list_version}:
        for model in (Recipient, ListProblem, ListDomain):
            while _delete(model, campaign_id, version):
                continue
    if not growing:
        untouched = Campaign.objects.filter(pk=campaign_id, list_versions=campaign.list_versions)
        untouched.update(has_litter=False)


def _delete(model: type[models.Model], campaign_id: int, version: int) -> int:
    """Remove some rows of a version: with many at once nobody else could write meanwhile."""
    rows = model._default_manager.filter(campaign_id=campaign_id, version=version)
    ids = list(rows.order_by().values_list("pk", flat=True)[:DELETED])
    return model._default_manager.filter(pk__in=ids).delete()[0] if ids else 0
