"""Papers: checked and turned into PDF in a process of their own, kept sealed, given out only as attachments."""

import hashlib
import json
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from mailboxes import papermaker
from mailboxes.models import HandIn, Mailbox, Paper
from mailboxes.models.papers import PaperKind
from pecportal import clock, confined, encryption
from pecportal.errors import Refusal

LIMIT = 10 * 2**20  # bytes of one paper
SECONDS = 20.0


def merged(files: Sequence[tuple[str, bytes]]) -> bytes:
    """One PDF of these papers, given as (form field, bytes).

    Raises `Refusal` with the field of the one that cannot be taken; a hostile one costs 10 s and 1 GiB at most.
    """
    for field, data in files:
        if not data:
            raise Refusal(_("The file is empty."), field=field)
        if len(data) > LIMIT:
            raise Refusal(_("The file is larger than 10 MB."), field=field)
        if not papermaker.is_known(data):
            raise Refusal(_sentence("type_not_allowed"), field=field)
    header, pdf = _made([data for _field, data in files])
    if "code" in header:
        raise Refusal(_sentence(str(header["code"])), field=files[int(str(header["file"]))][0])
    return pdf


def read(upload: UploadedFile[bytes]) -> bytes:
    """The upload's bytes, no more than one byte above the limit, which `merged` then refuses."""
    data: bytes = upload.read(LIMIT + 1)
    return data


def keep(mailbox: Mailbox, kind: PaperKind, *, name: str, data: bytes, hand_in: HandIn | None = None) -> Paper:
    """Seal the bytes under a random name and write down what they are."""
    stored_as = f"papers/{uuid.uuid4().hex}"
    row = Paper.objects.create(
        mailbox=mailbox,
        hand_in=hand_in,
        kind=kind,
        name=_clean(name),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        stored_as=stored_as,
        added_at=clock.now(),
    )
    sealed = encryption.seal(data, context=stored_as)
    if default_storage.save(stored_as, ContentFile(sealed.encode())) != stored_as:
        raise RuntimeError("A random name was taken already.")
    return row


def contents(paper: Paper) -> bytes:
    """The paper's bytes; raises `Unreadable` without its key, or when they are not those that were kept."""
    with default_storage.open(paper.stored_as) as file:
        data = encryption.unseal(file.read().decode(), context=paper.stored_as)
    if hashlib.sha256(data).hexdigest() != paper.sha256:
        raise encryption.Unreadable("The paper is not what was kept.")
    return data


def _clean(name: str) -> str:
    """The user's name for a file, without what could mislead a reader."""
    return "".join(sign for sign in name if sign.isprintable())[-150:]


@contextmanager
def on_disk(papers: Sequence[Paper]) -> Iterator[list[Path]]:
    """The papers in the clear, as files that are gone when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.pdf" for number in range(len(papers))]
        for path, paper in zip(paths, papers, strict=True):
            path.touch(mode=0o600)
            path.write_bytes(contents(paper))
        yield paths


def _made(files: Sequence[bytes]) -> tuple[dict[str, object], bytes]:
    """The maker's last line, and the PDF; the file that it was at when it died is the one to blame."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        with confined.telling("mailboxes.papermaker", *map(str, paths)) as process:
            try:
                told, _errors = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired as exc:
                told = exc.stdout or b""
    at = 0
    while told:
        line, _newline, told = told.partition(b"\n")
        header: dict[str, object] = json.loads(line)
        if "at" not in header:
            return header, told
        at = int(str(header["at"]))
    return {"code": "too_heavy", "file": at}, b""


def _sentence(code: str) -> str:
    sentences = {
        "type_not_allowed": _("The file is neither a PDF nor a JPEG or PNG picture."),
        "encrypted": _("The PDF is protected by a password: save it without one and upload it again."),
        "too_many_pages": _("Both papers together have more than 50 pages: upload only the pages that are asked for."),
        "too_many_pixels": _("The picture is too large: make it smaller, for instance by a new photograph."),
        "too_small": _("The picture is too small to be read: photograph the document from nearer."),
        "too_heavy": _("The portal cannot cope with this file: scan the paper again, in black and white or coarser."),
    }
    return sentences.get(code, _("The file cannot be opened: it is damaged, or not what its name says."))
