"""The chain's head, told to the outside each night: whoever rewrites the whole chain contradicts what was told.

A line names the moment, the last entry and its hash, signed with a key that SECRET_KEY gives. `JOURNAL_ANCHOR` says
where it goes: "mail" to the operators, a path to the end of that file (best one that this machine can only add to, or
that another one looks after). Told by rows: what cannot be delivered is tried again, at growing intervals.
"""

import hashlib
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from pecportal import clock
from pecportal.journal.models import Anchor, Entry, Head

logger = logging.getLogger(__name__)
MAIL: Final = "mail"
TITLE: Final = "pecportal-journal"
RESTS: Final = tuple(timedelta(minutes=minutes) for minutes in (2, 10, 30, 60, 360))


@dataclass(frozen=True, slots=True)
class Told:
    """What one line says: at `at` (ISO 8601) the entry `number` was the last one, with this hash."""

    at: str
    number: int
    digest: str


def drop() -> Anchor | None:
    """Write down where the head is now, to be told; None where nothing was ever recorded."""
    head = Head.objects.filter(pk=1).first()
    if head is None or not head.number:
        return None
    at = clock.now()
    line = signed(Told(at.isoformat(timespec="seconds"), head.number, head.digest))
    return Anchor.objects.create(at=at, number=head.number, digest=head.digest, line=line)


def deliver() -> int:
    """Tell what is due; how many anchors are at all their places now. Again it tells nothing twice that arrived."""
    done = 0
    for anchor in _due().order_by("pk"):
        rest = RESTS[min(anchor.tries, len(RESTS) - 1)]
        if anchor.tried_at is not None and anchor.tried_at > clock.now() - rest:
            continue
        Anchor.objects.filter(pk=anchor.pk).update(tries=F("tries") + 1, tried_at=clock.now())
        done += _told(anchor)
    return done


def is_due() -> bool:
    """Whether something waits to be told."""
    return _due().exists()


def paths() -> list[Path]:
    """The files that the anchors go to."""
    return [Path(place) for place in settings.JOURNAL_ANCHOR if place != MAIL]


def signed(told: Told) -> str:
    """The line that tells it: words apart by spaces, the last two our public key and the signature, in hex."""
    key = _key()
    text = f"{TITLE} 1 {told.at} {told.number} {told.digest} {key.public_key().public_bytes_raw().hex()}"
    return f"{text} {key.sign(text.encode()).hex()}"


def read(line: str) -> Told | None:
    """What a line tells, if it was signed by this installation; None otherwise."""
    text, _space, signature = line.strip().rpartition(" ")
    words = text.split(" ")
    if len(words) != 6 or words[:2] != [TITLE, "1"] or words[5] != _key().public_key().public_bytes_raw().hex():
        return None
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(words[5])).verify(bytes.fromhex(signature), text.encode())
    except (ValueError, InvalidSignature):
        return None
    return Told(words[2], int(words[3]), words[4])


def contradicted(told: Iterable[Told]) -> Told | None:
    """The first of what was told that the journal as it is now contradicts."""
    for each in told:
        if not Entry.objects.filter(number=each.number, digest=each.digest).exists():
            return each
    return None


def all_told() -> Iterator[Told]:
    """Whatever this installation told: by its rows, and by the files that it can read. Foreign lines are passed."""
    for anchor in Anchor.objects.order_by("pk").iterator():
        yield Told(anchor.at.isoformat(timespec="seconds"), anchor.number, anchor.digest)
    for path in paths():
        if path.exists():
            yield from of_file(path)


def of_file(path: Path) -> Iterator[Told]:
    """What the file's lines tell; those that were not signed here are passed over."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            if (told := read(line)) is not None:
                yield told


def _due() -> QuerySet[Anchor]:
    waiting = Q(pk__in=[])
    if MAIL in settings.JOURNAL_ANCHOR:
        waiting |= Q(mailed_at=None)
    if paths():
        waiting |= Q(filed_at=None)
    return Anchor.objects.filter(waiting, at__gt=clock.now() - timedelta(days=30))


def _told(anchor: Anchor) -> bool:
    if MAIL in settings.JOURNAL_ANCHOR and anchor.mailed_at is None and _mailed(anchor):
        Anchor.objects.filter(pk=anchor.pk).update(mailed_at=clock.now())
    if paths() and anchor.filed_at is None and sum(_filed(anchor, path) for path in paths()) == len(paths()):
        Anchor.objects.filter(pk=anchor.pk).update(filed_at=clock.now())
    return not _due().filter(pk=anchor.pk).exists()


def _mailed(anchor: Anchor) -> bool:
    from pecportal.operation.letters import operators  # it imports what records

    to = [person.email for person in operators()]
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("Journal: entry %(number)s") % {"number": anchor.number}
        text = _(
            "This was the last entry of the portal's journal tonight. Please keep this letter: if the journal is ever "
            "rewritten, it will contradict this line, and “verify_journal --anchors” says so."
        )
    try:
        return bool(to) and bool(EmailMessage(subject, f"{text}\n\n{anchor.line}\n", to=to).send())
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The journal's anchor %s could not be mailed: %s", anchor.pk, type(exc).__name__)
        return False


def _filed(anchor: Anchor, path: Path) -> bool:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        with os.fdopen(handle, "a", encoding="utf-8") as file:
            file.write(f"{anchor.line}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as exc:
        logger.warning("The journal's anchor %s could not be written: %s", anchor.pk, type(exc).__name__)
        return False
    return True


def _key() -> Ed25519PrivateKey:
    seed = hashlib.sha256(b"pecportal: anchors of the journal\0" + settings.SECRET_KEY.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)
