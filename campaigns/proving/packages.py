"""A campaign's evidence as a ZIP: what was sent to whom, each attempt, each receipt with its bytes, and all hashes.

`manifest.json` names the SHA-256 of every other file in it. `messages.jsonl` has a message on each line.
"""

import hashlib
import io
import json
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import IO, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import translation
from django.utils.translation import gettext as _

from campaigns import carried, enclosures
from campaigns.models import Approval, Attempt, Campaign, Message, Package, PackageState, Receipt, news
from campaigns.models.packages import UNDER_WAY
from campaigns.proving import results
from campaigns.states import SubmissionState
from pecportal import clock, stored
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.organisations.models import User
from pecportal.queue import enqueue

TASK: Final = "campaigns.tasks.make_package"
KIND: Final = "evidence"  # as a job of the API
VERSION: Final = 1  # of the files' form
BATCH: Final = 500  # messages between two signs of life
BEAT: Final = 20.0  # seconds between two signs of life where nothing is counted
LOST: Final = timedelta(minutes=3)  # without a sign of life
MOST_TRIES: Final = 5
KEPT: Final = timedelta(days=7)


class _Overtaken(Exception):
    """Another job has made the package, or makes it now."""


class _Pulse:
    """The signs of life of the job that makes a package. They raise `_Overtaken` once it is not that job's any more."""

    def __init__(self, package: Package) -> None:
        self._ours = Package.objects.filter(pk=package.pk, state=PackageState.MAKING, tries=package.tries)
        self._last = time.monotonic()

    def beat(self) -> None:
        """Give one if the last is some time ago."""
        if time.monotonic() - self._last >= BEAT:
            self.give()

    def give(self, **changes: int) -> None:
        """Give one now, and write down how far it is."""
        if not self._ours.update(alive_at=clock.real_now(), **changes):
            raise _Overtaken
        self._last = time.monotonic()


class _Watched(io.RawIOBase):
    """A file whose every reading may be a sign of life."""

    def __init__(self, file: io.BufferedRandom, pulse: _Pulse) -> None:
        self._file, self._pulse = file, pulse

    def readable(self) -> bool:
        """It is read."""
        return True

    def seekable(self) -> bool:
        """Whoever stores it begins anew."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go there."""
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        """Read on."""
        self._pulse.beat()
        return self._file.readinto(buffer)


def order(campaign: Campaign, *, actor: User) -> Package:
    """Have the evidence gathered in the background; while that is done, return the package under way.

    Raises `Refusal` when nothing was sent yet.
    """
    with transaction.atomic():
        locked = Campaign.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=campaign.pk)
        if locked.is_prepared:
            raise Refusal(_("The campaign was not started yet: there is nothing to be proven."))
        under_way = locked.packages.filter(state__in=UNDER_WAY).first()
        if under_way is not None:
            return under_way
        total = Message.objects.filter(campaign=locked).count()
        package = Package.objects.create(campaign=locked, by=actor, at=clock.now(), total=total)
        record("campaign.gather_evidence", actor=actor, organisation=locked.organisation, target=locked)
        enqueue(TASK, package.pk)
    return package


def make(package_id: int) -> None:
    """Make a package that waits for it: the job of `order`. Again, or while another job makes it, it does nothing."""
    package = _claimed(package_id)
    if package is None:
        return
    stored_as = f"packages/{uuid.uuid4().hex}"
    try:
        with stored.discarded_on_failure(stored_as), translation.override(settings.LANGUAGE_CODE):
            _make(package, stored_as)
    except _Overtaken:
        return
    except stored.Away:  # the sweep has it tried again
        Package.objects.filter(pk=package.pk, tries=package.tries).move(PackageState.WAITING)


def _claimed(package_id: int) -> Package | None:
    """The package, which no other job makes; None when it does not wait for one."""
    rows = Package.objects.filter(pk=package_id)
    if not rows.move(PackageState.MAKING, tries=F("tries") + 1, done=0, alive_at=clock.real_now()):
        return None
    return rows.select_related("campaign__organisation", "campaign__sheet").get()


def _make(package: Package, stored_as: str) -> None:
    pulse = _Pulse(package)
    with tempfile.TemporaryFile() as file:
        _write(file, package, pulse)
        size, watched = file.tell(), _Watched(file, pulse)
        watched.seek(0)
        digest = hashlib.file_digest(watched, "sha256").hexdigest()
        stored.keep(stored_as, watched)  # type: ignore[arg-type]
    with transaction.atomic():
        made = {"stored_as": stored_as, "size": size, "sha256": digest, "alive_at": clock.real_now()}
        if not Package.objects.filter(pk=package.pk, tries=package.tries).move(PackageState.MADE, **made):
            raise _Overtaken
        news.tell_job(KIND, package.pk, package.campaign_id, is_good=True)


def why_none(package: Package) -> str:
    """Why there is nothing to download, as a sentence; "" when there is."""
    if package.state in UNDER_WAY:
        return _("The package is still being made: ask its job how far it is.")
    if package.state == PackageState.FAILED:
        return _(
            "The package could not be made, though it was tried several times: order another one. If that fails, too, "
            "please tell whoever looks after the portal."
        )
    if package.state == PackageState.GONE:
        return _("The package was removed after some days: order another one.")
    return ""


def sweep() -> None:
    """Nudge the packages whose job was not heard of for a while, up to some tries, and remove those that are old."""
    now = clock.real_now()
    silent = Package.objects.filter(alive_at__lt=now - LOST)
    silent.move(PackageState.WAITING)
    for package in silent.filter(state=PackageState.WAITING):
        if package.tries >= MOST_TRIES:
            _fail(package)
        elif silent.filter(pk=package.pk, state=PackageState.WAITING).update(alive_at=now):
            enqueue(TASK, package.pk)
    for package in Package.objects.filter(state=PackageState.MADE, alive_at__lt=now - KEPT)[:100]:
        if stored.discard(package.stored_as):
            Package.objects.filter(pk=package.pk).move(PackageState.GONE, stored_as="")


def _fail(package: Package) -> None:
    with transaction.atomic():
        if Package.objects.filter(pk=package.pk, tries=package.tries).move(PackageState.FAILED):
            news.tell_job(KIND, package.pk, package.campaign_id, is_good=False)


def _write(file: IO[bytes], package: Package, pulse: _Pulse) -> None:
    campaign = package.campaign
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = {
            "campaign.json": [_as_json(_campaign(campaign), indent=1)],
            "report.csv": results.as_csv(campaign),
            "messages.jsonl": _messages(package, pulse),
        }
        hashes = {name: _add(archive, name, pieces, pulse) for name, pieces in parts.items()}
        manifest = {
            "version": VERSION,
            "campaign": str(campaign.public_id),
            "made_at": _iso(clock.now()),
            "sha256": hashes,
        }
        _add(archive, "manifest.json", [_as_json(manifest, indent=1)], pulse)
    file.seek(0, 2)


def _add(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes], pulse: _Pulse) -> str:
    """Write one file into the archive, piece by piece, and return its SHA-256 (hex)."""
    digest = hashlib.sha256()
    with archive.open(name, "w", force_zip64=True) as entry:
        for piece in pieces:
            digest.update(piece)
            entry.write(piece)
            pulse.beat()
    return digest.hexdigest()


def _campaign(campaign: Campaign) -> dict[str, Any]:
    sheet = campaign.sheet
    approvals = Approval.objects.filter(
        submission__campaign=campaign, submission__sheet=campaign.sheet_id, submission__state=SubmissionState.APPROVED
    )
    return {
        "id": str(campaign.public_id),
        "organisation": campaign.organisation.name,
        "name": campaign.name,
        "protocol": campaign.protocol,
        "reference": campaign.reference,
        "mailboxes": [box.address for box in campaign.senders],
        "state": campaign.state,
        "started_at": _iso(campaign.launched_at),
        "check_sha256": sheet.sha256 if sheet else "",
        "approved_at": [_iso(each.at) for each in approvals],
        "files": [_file(each) for each in enclosures.common(campaign.pk)],
        "history": [{"state": each.state, "at": _iso(each.at)} for each in campaign.history.order_by("pk")],
    }


def _messages(package: Package, pulse: _Pulse) -> Iterator[bytes]:
    files, after, done = carried.of(package.campaign_id), 0, 0
    while True:
        rows = Message.objects.filter(campaign=package.campaign_id, line__gt=after).order_by("line")
        batch = list(rows.select_related("content", "mailbox")[:BATCH])
        if not batch:
            return
        attempts = _by_message(Attempt.objects.filter(message__in=batch).order_by("message", "n"), _attempt)
        receipts = _by_message(Receipt.objects.filter(message__in=batch).order_by("message", "pk"), _receipt)
        for message in batch:
            told = _message(message) | {
                "files": [_file(each) for each in files.of(message.line)],
                "attempts": attempts.get(message.pk, []),
                "receipts": receipts.get(message.pk, []),
            }
            yield _as_json(told) + b"\n"
        after, done = batch[-1].line, done + len(batch)
        pulse.give(done=done)


def _by_message(rows: Iterable[Any], tell: Callable[[Any], dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.message_id, []).append(tell(row))
    return found


def _message(row: Message) -> dict[str, Any]:
    return {
        "id": str(row.public_id),
        "line": row.line,
        "from": row.mailbox.address,
        "to": row.recipient,
        "reference": row.ref,
        "status": row.status,
        "sent_at": _iso(row.sent_at),
        "accepted_at": _iso(row.accepted_at),
        "decided_at": _iso(row.decided_at),
        "subject": row.content.subject,
        "body": row.content.body,
        "payload_sha256": row.content.payload_sha256,
    }


def _file(file: enclosures.Enclosure) -> dict[str, Any]:
    return {"name": file.name, "size": file.size, "sha256": file.sha256}


def _attempt(row: Attempt) -> dict[str, Any]:
    return {
        "number": row.n,
        "reference": row.ref,
        "outcome": row.outcome or row.phase,
        "marked_at": _iso(row.marked_at),
        "ended_at": _iso(row.ended_at),
        "provider_code": row.code,
        "provider_status": row.answer_status,
        "provider_words": row.answer,
    }


def _receipt(row: Receipt) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "at": _iso(row.at),
        "subject": row.subject,
        "read_at": _iso(row.seen_at),
        "sha256": hashlib.sha256(row.raw.encode()).hexdigest(),
        "raw": row.raw,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _as_json(told: dict[str, Any], *, indent: int | None = None) -> bytes:
    return json.dumps(told, ensure_ascii=False, indent=indent).encode()
