"""Papers: kept sealed under random names, opened for who may see them, erased when they are no longer needed."""

import hashlib
import io
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailboxes.examination import Examination
from mailboxes.models import HandIn, Mailbox, PagePicture, Paper
from mailboxes.models.papers import Erasure, Format, PaperKind
from pecportal import clock, encryption, stored
from pecportal.journal.record import record
from pecportal.organisations.models import User

TYPES = {
    Format.PDF: "application/pdf",
    Format.JPEG: "image/jpeg",
    Format.PNG: "image/png",
    Format.HEIC: "image/heic",
    Format.P7M: "application/pkcs7-mime",
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """Bytes that are stored, and that no row tells of yet; `pictures` are those of its pages, "" for none."""

    stored_as: str
    size: int
    sha256: str
    pictures: Sequence[str]


class Shelf:
    """What one act has stored so far."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def put(self, data: bytes, pictures: Sequence[bytes] = ()) -> Sealed:
        """Seal the bytes under random names. Raises `stored.Away`."""
        drawn = [self._store(each) if each else "" for each in pictures]
        return Sealed(self._store(data), len(data), hashlib.sha256(data).hexdigest(), drawn)

    def _store(self, data: bytes) -> str:
        stored_as = f"papers/{uuid.uuid4().hex}"
        self.names.append(stored_as)
        sealed = encryption.seal(data, context=stored_as)
        stored.keep(stored_as, io.BytesIO(sealed.encode()))
        return stored_as


@contextmanager
def shelf() -> Iterator[Shelf]:
    """Store bytes first, and tell of them in a transaction within the block, so that a slow bucket holds no lock.

    When the block ends, however it does, what no row tells of is removed.
    """
    filled = Shelf()
    try:
        yield filled
    finally:
        for name in _untold(filled.names):
            stored.discard(name)


def _untold(names: Sequence[str]) -> set[str]:
    told = Paper.objects.filter(stored_as__in=names).values_list("stored_as", flat=True)
    drawn = PagePicture.objects.filter(stored_as__in=names).values_list("stored_as", flat=True)
    return {*names} - {*told} - {*drawn}


def keep(
    mailbox: Mailbox,
    kind: PaperKind,
    sealed: Sealed,
    *,
    name: str,
    format_: Format = Format.PDF,
    by: User | None = None,
    hand_in: HandIn | None = None,
    facts: dict[str, Any] | None = None,
) -> Paper:
    """Write down what a `shelf` holds, in the caller's transaction."""
    paper = Paper.objects.create(
        mailbox=mailbox,
        hand_in=hand_in,
        kind=kind,
        format=format_,
        name=_clean(name),
        size=sealed.size,
        sha256=sealed.sha256,
        facts=facts or {},
        stored_as=sealed.stored_as,
        by=by,
        added_at=clock.now(),
    )
    drawn = [(page, stored_as) for page, stored_as in enumerate(sealed.pictures, 1) if stored_as]
    PagePicture.objects.bulk_create(
        PagePicture(paper=paper, page=page, stored_as=stored_as) for page, stored_as in drawn
    )
    return paper


def contents(paper: Paper) -> bytes:
    """The paper's bytes; raises `Unreadable` without its key, or when they are not those that were kept.

    FileNotFoundError when they are gone, `stored.Away` when they cannot be had just now.
    """
    data = _unseal(paper.stored_as)
    if hashlib.sha256(data).hexdigest() != paper.sha256:
        raise encryption.Unreadable("The paper is not what was kept.")
    return data


def picture(of: PagePicture) -> bytes:
    """A JPEG."""
    return _unseal(of.stored_as)


def seen(paper: Paper, *, by: User) -> None:
    """Record that somebody was given the paper's bytes."""
    facts: dict[str, Any] = {"paper": paper.pk, "kind": paper.kind, "sha256": paper.sha256}
    record("mailbox.paper_seen", actor=by, organisation=paper.mailbox.organisation, target=paper.mailbox, **facts)


def discard(rows: Sequence[Paper], because: Erasure) -> None:
    """Give the papers up, in the caller's transaction; `erase` them once it is committed."""
    Paper.objects.filter(pk__in=[row.pk for row in rows], erased_at=None).update(erase_because=because)


def erase(paper: Paper) -> None:
    """Erase a discarded paper's bytes, its name, and who is named in it; size, hash and verdicts stay. Again: nothing.

    Outside of any transaction: bytes that are gone do not come back with a rollback. A crash before the end, or files
    that cannot be reached, leave the row to be done again.
    """
    if not all(
        stored.discard(name) for name in [*(drawn.stored_as for drawn in paper.pictures.all()), paper.stored_as]
    ):
        return
    facts = Examination.from_json(paper.facts).without_people().as_json() if paper.facts else {}
    paper.pictures.all().delete()
    rows = Paper.objects.filter(pk=paper.pk, erased_at=None)
    if rows.update(erased_at=clock.now(), name="", facts=facts):
        told: dict[str, Any] = {"paper": paper.pk, "kind": paper.kind, "sha256": paper.sha256}
        told["because"] = paper.erase_because
        record("mailbox.paper_erased", organisation=paper.mailbox.organisation, target=paper.mailbox, **told)


@contextmanager
def on_disk(papers: Sequence[Paper]) -> Iterator[list[Path]]:
    """The papers in the clear, as files that are gone when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.pdf" for number in range(len(papers))]
        for path, paper in zip(paths, papers, strict=True):
            path.touch(mode=0o600)
            path.write_bytes(contents(paper))
        yield paths


def _unseal(stored_as: str) -> bytes:
    with stored.opened(stored_as) as file:
        return encryption.unseal(file.read().decode(), context=stored_as)


def _clean(name: str) -> str:
    """The user's name for a file, without what could mislead a reader."""
    return "".join(sign for sign in name if sign.isprintable())[-150:]
