"""Archives of own files: stored at once, unpacked in the background, gone on with where a worker stopped."""

import tempfile
import time
import uuid
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from campaigns import archives, files, sentences
from campaigns.models import Campaign, Intake, news
from campaigns.preparing import drafts, own
from campaigns.states import IntakeState
from pecportal import antivirus, clock, confined, queue, stored, told
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.told import say

TASK: Final = "campaigns.tasks.unpack"
KIND: Final = "archive"  # as a job of the API
LARGEST: Final = archives.LARGEST
BATCH: Final = 25  # files that are looked into by one process
LEASE: Final = timedelta(minutes=3)
AGAIN: Final = timedelta(minutes=1)  # until a file that could not be scanned is tried again
PATIENCE: Final = 60.0  # seconds for the look over an archive
UNDER_WAY: Final = (IntakeState.WAITING, IntakeState.READING)
_LITTER: Final = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def receive(campaign: Campaign, path: Path, *, name: str, actor: User) -> Intake:
    """Keep a ZIP of own files; they come in one by one, in the background. While they do, the same again is that one.

    Raises `Refusal`, and keeps nothing, for one that is damaged, locked, or made to do harm.
    """
    size = path.stat().st_size
    if size > LARGEST:
        raise Refusal(_("The archive is larger than 512 MiB: make several of it."), field="upload")
    try:
        cleaned = files.clean_name(name)
    except files.FileProblem as exc:
        raise Refusal(sentences.of_file(exc), field="upload") from exc
    _look_over(path)
    with path.open("rb") as source:
        digest = files.digest_of(source)
        stored_as = f"intakes/{uuid.uuid4().hex}"
        stored.keep(stored_as, source)
    with stored.discarded_on_failure(stored_as), transaction.atomic():
        intake = _insert(campaign, name=cleaned, size=size, sha256=digest, stored_as=stored_as, by=actor)
    if intake.stored_as != stored_as:  # it is on its way already
        stored.discard(stored_as)
    return intake


def _insert(campaign: Campaign, *, by: User, sha256: str, **fields: Any) -> Intake:
    draft = drafts.locked(campaign)
    same: Intake | None = draft.intakes.filter(sha256=sha256, state__in=UNDER_WAY).first()
    if same is not None:
        return same
    intake: Intake = Intake.objects.create(campaign=draft, by=by, sha256=sha256, **fields)
    record("campaign.receive_archive", actor=by, organisation=draft.organisation, target=draft, sha256=sha256)
    queue.enqueue(TASK, intake.pk)
    return intake


def _look_over(path: Path) -> None:
    try:
        found = confined.ask("campaigns.archives", str(path.resolve()), "zip", "20", seconds=PATIENCE)
    except confined.TooSlow as exc:
        raise Refusal(sentences.FILES["slow"], field="upload") from exc
    except confined.Overrun as exc:
        raise Refusal(sentences.ARCHIVES["broken"], field="upload") from exc
    if found:
        raise Refusal(sentences.ARCHIVES[found], field="upload")


def unpack(intake_id: int) -> None:
    """Take an archive's files in, batch by batch. Run again, or by two workers, it goes on where it was, once.

    What it does not reach in its time is left to another job.
    """
    until = time.monotonic() + queue.BOX
    intake = _leased(intake_id)
    if intake is None:
        return
    try:
        path = stored.local(intake.stored_as, sha256=intake.sha256)
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not _is_litter(entry)]
            Intake.objects.filter(pk=intake.pk).update(entries=len(entries))
            left = iter(entries[intake.taken :])
            while batch := list(islice(left, BATCH)):
                if not _take(intake, archive, batch):
                    return
                if time.monotonic() > until:
                    _leave(intake)
                    return
        own.match(intake.campaign)
    except antivirus.Unchecked as refusal:
        _wait(intake, refusal.sentence)
    except Refusal as refusal:  # it is no draft any more
        _end(intake, IntakeState.CANCELLED, problem=refusal.sentence)
    except (FileNotFoundError, stored.Changed):
        lost = say(gettext_noop("The archive got lost meanwhile: please upload it again."))
        _end(intake, IntakeState.REFUSED, problem=lost)
    else:
        _end(intake, IntakeState.DONE)


def _leased(intake_id: int) -> Intake | None:
    """The archive, which no other worker unpacks now; None when there is nothing to do."""
    now = clock.database_now()
    free = Intake.objects.filter(Q(leased_until=None) | Q(leased_until__lt=now), pk=intake_id)
    under_way = free.filter(state__in=UNDER_WAY)
    if not under_way.update(leased_until=now + LEASE):
        return None
    Intake.objects.filter(pk=intake_id).move(IntakeState.READING)
    return Intake.objects.select_related("campaign", "by").get(pk=intake_id)


def _take(intake: Intake, archive: zipfile.ZipFile, batch: Sequence[zipfile.ZipInfo]) -> bool:
    """Take some files in, and note how far it came; False when somebody cancelled it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {entry: Path(folder) / str(number) for number, entry in enumerate(batch)}
        for entry, path in paths.items():
            with archive.open(entry) as source, path.open("wb") as target:
                while chunk := source.read(2**20):
                    target.write(chunk)
        fine = files.open_pdfs([path for entry, path in paths.items() if entry.filename.lower().endswith(".pdf")])
        for entry, path in paths.items():
            _add(intake, path, name=entry.filename, looked_into=path in fine)
    intake.taken += len(batch)
    mine = Intake.objects.filter(pk=intake.pk, state=IntakeState.READING)
    facts = {"taken": intake.taken, "faults": intake.faults, "leased_until": clock.database_now() + LEASE}
    return bool(mine.update(**facts, problem=""))


def _add(intake: Intake, path: Path, *, name: str, looked_into: bool) -> None:
    try:
        own.add(intake.campaign, path, name=name, actor=intake.by, of_archive=True, looked_into=looked_into)
    except antivirus.Unchecked:  # it may be fine: the whole archive waits
        raise
    except Refusal as refusal:
        if refusal.field != "upload":
            raise
        intake.faults.append([files.shown_name(name), told.stored(refusal.sentence)])


def _leave(intake: Intake) -> None:
    """Let another job go on at once."""
    Intake.objects.filter(pk=intake.pk, state=IntakeState.READING).update(leased_until=None)
    queue.enqueue(TASK, intake.pk)


def _wait(intake: Intake, why: str | Promise) -> None:
    """Try it again in a minute, and say why it waits."""
    under_way = Intake.objects.filter(pk=intake.pk, state=IntakeState.READING)
    under_way.update(problem=why, leased_until=clock.database_now() + AGAIN)


def _end(intake: Intake, state: IntakeState, *, problem: str | Promise = "") -> None:
    with transaction.atomic():
        if not Intake.objects.filter(pk=intake.pk).move(state, problem=problem, leased_until=None):
            return
        facts = _counts(intake) | {"state": state.value}
        campaign = intake.campaign
        news.tell_job(KIND, intake.pk, campaign.pk, is_good=state == IntakeState.DONE)
        record("campaign.unpack_archive", actor=intake.by, organisation=campaign.organisation, target=campaign, **facts)
    stored.discard(intake.stored_as)


def _counts(intake: Intake) -> dict[str, Any]:
    """What the journal tells of an archive: one entry for all its files, whose names may be people's."""
    refused = len(intake.faults)
    return {"sha256": intake.sha256, "files": intake.taken - refused, "refused": refused}


def cancel(intake: Intake, *, actor: User) -> None:
    """Take in no more of an archive; what came stays. Again it does nothing."""
    with transaction.atomic():
        campaign = intake.campaign
        if not Intake.objects.filter(pk=intake.pk).move(IntakeState.CANCELLED, leased_until=None):
            return
        intake.refresh_from_db(fields=["taken", "faults"])
        facts = _counts(intake)
        record("campaign.cancel_archive", actor=actor, organisation=campaign.organisation, target=campaign, **facts)
    stored.discard(intake.stored_as)
    own.match(campaign)


def resume_lost() -> None:
    """Nudge every archive that no worker unpacks: its job was lost, or died with its worker."""
    now = clock.database_now()
    lost = Intake.objects.filter(state__in=UNDER_WAY)
    waited = Q(leased_until=None, state_since__lt=clock.now() - LEASE) | Q(leased_until__lt=now)
    for pk in lost.filter(waited).values_list("pk", flat=True):
        queue.enqueue(TASK, pk)


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    return entry.is_dir() or any(part in entry.filename for part in _LITTER)
