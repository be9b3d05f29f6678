"""Which installation these rows belong to, and whether it may send.

The first start writes one mark into the database and into a file of the installation. A database that was restored
elsewhere, or copied from production, meets another mark there: sending is off until a person has made sure that nothing
is sent again that was sent after the copy was made. `manage.py restored` says the same of a restored backup.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pecportal import clock
from pecportal.journal.models import Entry
from pecportal.journal.record import record
from pecportal.operation.alerts import alert, all_clear
from pecportal.operation.models import Deployment
from pecportal.organisations.models import User

ALERT: Final = "sending.off"
RESTORED: Final = "restored"
ELSEWHERE: Final = "elsewhere"
SENTENCES: Final[dict[str, Promise]] = {
    RESTORED: _(
        "Sending is switched off, because the database was restored from a backup: the portal first looks in the "
        "mailboxes for what was sent meanwhile. An operator switches it on again."
    ),
    ELSEWHERE: _(
        "Sending is switched off, because the database belongs to another installation, or is a copy of it. "
        "An operator makes sure that nothing is sent twice, and switches it on."
    ),
}


def sentence(because: str) -> str:
    """Why sending is off, for people."""
    return str(SENTENCES.get(because, SENTENCES[ELSEWHERE]))


def why_off() -> str:
    """The reason why nothing may be sent, a key of SENTENCES; "" while sending is on.

    One query and one small file. The first time ever, both marks are made.
    """
    row = Deployment.objects.filter(pk=1).first()
    if row is None or not _belongs(row):
        row = _ensure()
    return row.sending_off_because if row.sending_off_since else ""


def is_off() -> bool:
    """Whether nothing may be sent."""
    return bool(why_off())


def off_since() -> datetime | None:
    """Since when nothing may be sent; None while sending is on."""
    why_off()
    return Deployment.objects.filter(pk=1).values_list("sending_off_since", flat=True).first()


def restored(*, actor: User | None = None) -> None:
    """Switch sending off, since the database was just restored from a backup; again it begins the checks anew."""
    _ensure()
    with transaction.atomic():
        was = "off" if Deployment.objects.filter(pk=1, sending_off_since__isnull=False).exists() else "on"
        _off(RESTORED)
        record("deployment.restored", actor=actor, before={"sending": was}, after={"sending": "off"})


def switch_on(*, actor: User, reason: str, forced: bool, unsearched: int, unknown: int) -> bool:
    """Let the portal send again, under this installation's mark; False when sending was on already.

    What has to be true before is judged by the caller (`campaigns.tracking.restoring`): how many mailboxes were not
    searched, and how many receipts speak of unknown messages, goes into the journal.
    """
    with transaction.atomic():
        mark = here() or uuid.UUID(int=0)
        rows = Deployment.objects.filter(pk=1, sending_off_since__isnull=False)
        if not rows.update(
            mark=mark, sending_off_since=None, sending_off_because="", lifted_by=actor, lifted_at=clock.now()
        ):
            return False
        all_clear(ALERT, "portal")
        facts: dict[str, Any] = {"reason": reason, "forced": forced, "unsearched": unsearched, "unknown": unknown}
        record("deployment.sending_on", actor=actor, before={"sending": "off"}, after={"sending": "on"}, **facts)
    return True


def here() -> uuid.UUID | None:
    """This installation's mark: the setting DEPLOYMENT_ID, or the file; None when there is neither."""
    if settings.DEPLOYMENT_ID:
        return uuid.UUID(settings.DEPLOYMENT_ID)
    return _read(_path())


def _belongs(row: Deployment) -> bool:
    return bool(row.sending_off_since) or row.mark == here()


def _ensure() -> Deployment:
    """Make the marks where neither is there; switch sending off where they differ. Again it changes nothing."""
    with _alone(), transaction.atomic():
        row = Deployment.objects.select_for_update().filter(pk=1).first()
        if row is None:
            row = _first()
        mark = here()
        if mark is None and _read(_unfinished()) == row.mark:  # we died between the row and the file
            _unfinished().rename(_path())
            mark = row.mark
        if mark != row.mark and not row.sending_off_since:
            if mark is None:
                _write(uuid.uuid4())
            _off(ELSEWHERE)
            record("deployment.elsewhere")
            row.refresh_from_db()
    if _unfinished().exists():
        _unfinished().rename(_path())
    return row


def _first() -> Deployment:
    """The database's first mark. One that has a past, beside a file that has one, was not made here."""
    mark = here()
    if mark is None:
        mark = uuid.uuid4()
        _write(mark)
        return Deployment.objects.create(pk=1, mark=mark)
    row = Deployment.objects.create(pk=1, mark=mark)
    if not settings.DEPLOYMENT_ID and Entry.objects.exists():
        _off(ELSEWHERE)
        row.refresh_from_db()
    return row


def _off(because: str) -> None:
    Deployment.objects.filter(pk=1).update(
        sending_off_since=clock.now(), sending_off_because=because, lifted_by=None, lifted_at=None
    )
    alert(ALERT, "portal", because=because)


def _path() -> Path:
    return Path(settings.PORTAL_DATA_DIR) / "deployment"


def _unfinished() -> Path:
    return _path().with_suffix(".new")


def _write(mark: uuid.UUID) -> None:
    """The file takes its name only after the row is committed."""
    _unfinished().write_text(f"{mark}\n")


def _read(path: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(path.read_text().strip())
    except FileNotFoundError:
        return None


@contextmanager
def _alone() -> Iterator[None]:
    """One process of this machine at a time."""
    _path().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _path().with_suffix(".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
