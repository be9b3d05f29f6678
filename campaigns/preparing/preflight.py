"""The check before sending: every row is put together, and what is found becomes one sheet that never changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns import carried, frozen, readiness, sheets, splitting, text
from campaigns.models import Campaign, Recipient, Sheet, history, news
from campaigns.preparing import drafts, merging
from campaigns.states import CampaignState, SheetState, Standing
from pecportal import clock
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue
from pecportal.told import say

BATCH = 1000
KIND = "check"  # as a job of the API
SILENT = timedelta(seconds=90)  # after which a job that was not heard of is regarded as lost


def ask(campaign: Campaign, *, actor: User) -> Sheet:
    """Have a draft checked in the background, and return the sheet in the making; while one is made, that one.

    Raises `Refusal` when it is not a draft any more, or has no list or text yet.
    """
    with transaction.atomic():
        draft = drafts.locked(campaign)
        making = draft.sheets.filter(state=SheetState.MAKING).first()
        if making is not None:
            return making
        if not draft.recipients_total or not draft.subject or not draft.body:
            raise Refusal(_("There is nothing to check yet: the list or the text is missing."))
        sheet = Sheet.objects.create(
            campaign=draft,
            asked_by=actor,
            asked_at=clock.now(),
            state_since=clock.now(),
            rows_total=draft.recipients_total,
        )
        record("campaign.check", actor=actor, organisation=draft.organisation, target=draft, sheet=sheet.pk)
        enqueue("campaigns.tasks.make_sheet", sheet.pk)
    return sheet


def make(sheet_id: int) -> None:
    """Make a sheet that was asked for; again it does nothing. If the campaign changes meanwhile there is none."""
    sheet = Sheet.objects.select_related("asked_by").get(pk=sheet_id)
    if sheet.state != SheetState.MAKING:
        return
    with translation.override(settings.LANGUAGE_CODE):
        making = Sheet.objects.filter(pk=sheet.pk, state=SheetState.MAKING)
        merging.run(sheet.campaign_id, alive=lambda: making.update(seen_at=clock.real_now()))
        campaign = _campaign(sheet)
        fingerprint = readiness.fingerprint(campaign)
        findings = readiness.check(campaign)
        reading = _read(sheet, campaign)
        if reading is None:
            return
        split = splitting.of(campaign, size=reading.bytes_in_all // max(reading.rows, 1))
        facts = sheets.facts(campaign, findings, reading.measures(), _warnings(campaign), split)
        _keep(sheet, fingerprint, reading, facts, split)


def make_lost() -> None:
    """Nudge every sheet whose job was not heard of for a while."""
    lost = Sheet.objects.filter(state=SheetState.MAKING, seen_at__lt=clock.real_now() - SILENT)
    for pk in lost.values_list("pk", flat=True):
        enqueue("campaigns.tasks.make_sheet", pk)


@dataclass(slots=True)
class _Reading:
    """What is known after the rows so far: their hash, their sizes, and which could not be put together."""

    content_sha256: str = ""
    rows: int = 0
    bytes_in_all: int = 0
    largest: int = 0
    largest_line: int = 0
    faulty: list[int] = field(default_factory=list)

    def measures(self) -> sheets.Measures:
        """The numbers for the sheet."""
        return sheets.Measures(self.rows, self.bytes_in_all, self.largest, self.largest_line, tuple(self.faulty))


def _campaign(sheet: Sheet) -> Campaign:
    return Campaign.objects.select_related("organisation", "mailbox__plan").get(pk=sheet.campaign_id)


def _read(sheet: Sheet, campaign: Campaign) -> _Reading | None:
    """Put every row together; None when somebody else has made the sheet meanwhile."""
    reading, files = _Reading(), carried.of(campaign.pk)
    try:
        letter = text.Letter.of(campaign.subject, campaign.body)
    except text.TextProblem:  # the findings name it
        return reading
    for batch in _batches(campaign):
        for row in batch:
            _take(reading, letter, files, row)
        mine = Sheet.objects.filter(pk=sheet.pk, state=SheetState.MAKING)
        if not mine.update(rows_done=reading.rows, seen_at=clock.real_now()):
            return None
    return reading


def _take(reading: _Reading, letter: text.Letter, files: carried.Carried, row: Recipient) -> None:
    reading.rows += 1
    try:
        subject, body = letter.render(row.values, line=row.line)
    except (text.TextProblem, text.MissingValue):
        reading.faulty.append(row.line)
        return
    payload = frozen.payload_hash(row.address, subject, body, files.hashes(row.line))
    reading.content_sha256 = frozen.chained(reading.content_sha256, payload)
    size = len(subject.encode()) + len(body.encode()) + files.weight(row.line)
    reading.bytes_in_all += size
    if size > reading.largest:
        reading.largest, reading.largest_line = size, row.line


def _batches(campaign: Campaign) -> Iterator[list[Recipient]]:
    """The rows by line, each batch a query of its own: no read stays open while they are put together."""
    after = 0
    while batch := list(campaign.recipients.filter(line__gt=after).order_by("line")[:BATCH]):
        yield batch
        after = batch[-1].line


def _warnings(campaign: Campaign) -> dict[str, list[int]]:
    """The lines of the list that have a warning, or a fault for which they are left out, by its code."""
    found: dict[str, list[int]] = {}
    rows = campaign.problems.order_by("line", "pk").values_list("code", "line")
    for code, line in rows.iterator(chunk_size=BATCH):
        found.setdefault(code, []).append(line)
    return found


def _keep(
    sheet: Sheet, fingerprint: str, reading: _Reading, facts: dict[str, Any], split: Mapping[int, int] | None = None
) -> None:
    shares = [[pk, count] for pk, count in (split or {}).items()]
    with transaction.atomic():
        locked = (
            Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=sheet.campaign_id)
        )
        mine = Sheet.objects.filter(pk=sheet.pk)
        if locked.state != CampaignState.DRAFT or readiness.fingerprint(locked) != fingerprint:
            changed = say(gettext_noop("The campaign was changed while it was checked: check it again."))
            if mine.move(SheetState.FAILED, problem=changed):
                news.tell_job(KIND, sheet.pk, locked.pk, is_good=False)
            return
        is_clean = not facts["blocking"] and not reading.faulty and reading.rows == locked.recipients_total
        made = {
            "fingerprint": fingerprint,
            "content_sha256": reading.content_sha256,
            "sha256": frozen.sheet_hash(fingerprint, reading.content_sha256, shares),
            "split": shares,
            "rows_done": reading.rows,
            "is_clean": is_clean,
            "facts": facts,
        }
        is_made = mine.move(SheetState.READY, **made)
        if is_made:
            news.tell_job(KIND, sheet.pk, locked.pk, is_good=True)
        if is_made and is_clean:
            history.note([locked.pk], Standing.CHECKED, by=sheet.asked_by)
            office = locked.organisation
            record("campaign.checked", organisation=office, target=locked, sheet=sheet.pk, sha256=made["sha256"])
