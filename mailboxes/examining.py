"""Papers that strangers wrote are looked at in processes of their own: taken, with what was found, or refused."""

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from mailboxes.examination import Comparison, Examination, Page
from mailboxes.models.papers import Format, PaperKind
from mailboxes.papermaker import format_of
from mailboxes.signatures import envelopes
from mailboxes.signatures.facts import Signature
from pecportal import clock, confined
from pecportal.errors import Refusal

LIMIT = 10 * 2**20  # bytes of one paper
_MARK = b"/ByteRange"  # in every PDF that holds a signature, in the clear: its place is fixed before it is made


@dataclass(frozen=True, slots=True)
class Examined:
    """A paper that can be taken: its format, what goes into the PDF (of a .p7m what was signed), small pictures of
    its pages (empty where there is none), and what was found."""

    format: Format
    content: bytes
    pictures: Sequence[bytes]
    facts: Examination


def examined(kind: PaperKind, data: bytes, *, form: bytes = b"") -> Examined:
    """Look at an upload; a signed form is compared with `form`, the one that was given.

    Raises `Refusal` with the kind as its field for what cannot be taken. A hostile file costs the processes' limits,
    and the wall's clock never more than UPLOAD_SECONDS.
    """
    _refuse_by_size(data, kind)
    until = _deadline()
    if envelopes.is_one(data):
        inside, around = _opened(data, kind, until)
        looked, pictures = _looked(inside, kind, form, until)
        return Examined(Format.P7M, inside, pictures, _facts(looked, around))
    if not format_of(data):
        raise _refusal("type_not_allowed", kind)
    looked, pictures, signatures = _looked_and_checked(data, kind, form, until)
    return Examined(Format(str(looked["format"])), data, pictures, _facts(looked, signatures))


def joined(kind: PaperKind, files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Name and bytes of one paper out of several photographs or scans, in their order; a single one stays as it is.

    Raises `Refusal` with the kind as its field for what cannot be taken, and where a signature would be lost.
    """
    if len(files) == 1:
        return files[0]
    if any(envelopes.is_one(data) or _MARK in data for _name, data in files):
        raise _refusal("signed_among_others", kind)
    data, _pages = merged([(kind, data) for _name, data in files])
    return f"{Path(files[0][0]).stem}.pdf", data


def content(format_: str, data: bytes, kind: PaperKind) -> bytes:
    """What goes into the PDF of a paper that was taken before."""
    return _opened(data, kind, _deadline())[0] if format_ == Format.P7M else data


def merged(files: Sequence[tuple[str, bytes]]) -> tuple[bytes, int]:
    """One PDF of these papers, given as (form field, content), and how many pages it has.

    Raises `Refusal` with the field of the one that cannot be taken.
    """
    for field, data in files:
        _refuse_by_size(data, field)
        if not format_of(data):
            raise _refusal("type_not_allowed", field)
    with _on_disk([data for _field, data in files]) as paths:
        told = _told("mailboxes.papermaker", *paths, field=files[0][0], until=_deadline())
    at = 0
    while told:
        line, _newline, told = told.partition(b"\n")
        header = json.loads(line)
        if "code" in header:
            raise _refusal(header["code"], files[header["file"]][0])
        if "pages" in header:
            return told, header["pages"]
        at = header["at"]
    raise _refusal("too_heavy", files[at][0])  # it died of the file that it was at


def read(upload: UploadedFile[bytes]) -> bytes:
    """The upload's bytes, no more than one byte above the limit, which is then refused."""
    data: bytes = upload.read(LIMIT + 1)
    return data


def _refuse_by_size(data: bytes, field: str) -> None:
    if not data:
        raise Refusal(_("The file is empty."), field=field)
    if len(data) > LIMIT:
        raise Refusal(_("The file is larger than 10 MB."), field=field)


def _opened(data: bytes, kind: PaperKind, until: float) -> tuple[bytes, list[Signature]]:
    """What a .p7m holds, and its signatures. Raises `Refusal` for one that holds no PDF."""
    if kind != PaperKind.SIGNED_FORM:
        raise _refusal("signed_identity", kind)
    with _on_disk([data]) as paths:
        told = _told("mailboxes.signatures.reader", *paths, *_for_signatures(), field=kind, until=until)
    line, _newline, inside = told.partition(b"\n")
    header = _header(line)
    if "code" in header:
        raise _refusal(f"signed_{header['code']}", kind)
    if format_of(inside) != Format.PDF:
        raise _refusal("signed_no_pdf", kind)
    return inside, [Signature.from_json(each) for each in header["signatures"]]


def _looked_and_checked(
    data: bytes, kind: PaperKind, form: bytes, until: float
) -> tuple[dict[str, Any], list[bytes], list[Signature] | None]:
    """Both at once: most of the time of each is its start."""
    if kind != PaperKind.SIGNED_FORM or _MARK not in data:
        return *_looked(data, kind, form, until), []
    with _on_disk([data]) as paths, ExitStack() as stack:
        checker = stack.enter_context(confined.telling("mailboxes.signatures.reader", *paths, *_for_signatures()))
        looked, pictures = _looked(data, kind, form, until)
        line, _newline, _inside = _answer(checker, kind, until).partition(b"\n")
    found = _header(line).get("signatures")
    return looked, pictures, None if found is None else [Signature.from_json(each) for each in found]


def _looked(data: bytes, kind: PaperKind, form: bytes, until: float) -> tuple[dict[str, Any], list[bytes]]:
    draws = kind == PaperKind.SIGNED_FORM  # an identity document is drawn nowhere
    with _on_disk([data, form] if form else [data]) as paths:
        told = _told("mailboxes.paperreader", *paths, *["--draw"] * draws, field=kind, until=until)
    line, _newline, drawn = told.partition(b"\n")
    header = _header(line)
    if "code" in header:
        raise _refusal(header["code"], kind)
    pictures = []
    for length in header["pictures"]:
        pictures.append(drawn[:length])
        drawn = drawn[length:]
    return header, pictures


def _facts(looked: dict[str, Any], signatures: list[Signature] | None) -> Examination:
    form = looked.get("form")
    return Examination(
        pages=[Page(**page) for page in looked["pages"]],
        signatures=signatures or [],
        was_checked=signatures is not None,
        form=Comparison(**form) if form else None,
    )


def _for_signatures() -> list[str]:
    return [str(clock.now().timestamp()), str(settings.SIGNATURE_TRUST_DIR)]


def _deadline() -> float:
    return time.monotonic() + float(settings.UPLOAD_SECONDS)


def _told(module: str, *arguments: str, field: str, until: float) -> bytes:
    with confined.telling(module, *arguments) as process:
        return _answer(process, field, until)


def _header(line: bytes) -> dict[str, Any]:
    """What the process told; of one that died before it said anything the file was too much for it."""
    found: dict[str, Any] = json.loads(line) if line else {"code": "too_heavy"}
    return found


def _answer(process: confined.Process, field: str, until: float) -> bytes:
    """All that the process printed, whatever its end. Raises `Refusal` when the wall's clock is over."""
    try:
        return confined.heard(process, until=until)
    except confined.TooSlow as exc:
        raise _refusal("slow", field) from exc
    except confined.Overrun:
        return b""


@contextmanager
def _on_disk(files: Sequence[bytes]) -> Iterator[list[str]]:
    """The files in the clear, in a folder of nobody else's, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / str(number) for number in range(len(files))]
        for path, data in zip(paths, files, strict=True):
            path.write_bytes(data)
        yield [str(path) for path in paths]


def _refusal(code: str, field: str) -> Refusal:
    sentences = {
        "type_not_allowed": (
            _("The file is neither a PDF, a JPEG, PNG or HEIC picture, nor a signed file (.p7m).")
            if field == PaperKind.SIGNED_FORM
            else _("The file is neither a PDF nor a JPEG, PNG or HEIC picture.")
        ),
        "encrypted": _("The PDF is protected by a password: save it without one and upload it again."),
        "too_many_pages": _("Both papers together have more than 50 pages: upload only the pages that are asked for."),
        "too_many_pixels": _("The picture is too large: make it smaller, for instance by a new photograph."),
        "too_small": _("The picture is too small to be read: photograph the document from nearer."),
        "too_heavy": _("The portal cannot cope with this file: scan the paper again, in black and white or coarser."),
        "slow": _("The portal could not look into the file in time, since it is busy just now: please try once more."),
        "signed_identity": _("This is a signed file (.p7m): upload the identity document itself, as PDF or picture."),
        "signed_among_others": _("One of the files is digitally signed: upload it alone, or its signature is lost."),
        "signed_detached": _("This .p7m holds the signature alone: sign the form again so that it is inside."),
        "signed_no_pdf": _("What was signed in this .p7m is no PDF, so it is not the activation form."),
        "signed_unreadable": _("This signed file (.p7m) cannot be opened: it is damaged, or was cut off on its way."),
        "signed_too_heavy": _("The portal cannot cope with this signed file (.p7m): sign the form again, as a PDF."),
    }
    sentence = sentences.get(code, _("The file cannot be opened: it is damaged, or not what its name says."))
    return Refusal(sentence, field=field)
