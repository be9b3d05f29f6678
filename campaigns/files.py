"""Attachments: what a file really is, before it is kept and sent to hundreds of people. Pure."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from campaigns import archives, contents
from pecportal import confined, filenames

ATTACHMENT_LIMIT: Final = 100 * 10**6  # bytes of base64 in one message, all attachments together
PATIENCE: Final = 20.0  # seconds for a look inside while nobody waits; its processor time has limits far below

_PROBLEMS: Final = {
    "empty": "The file is empty.",
    "too_big": "The file is too large for a message.",
    "type_not_allowed": "Files of this type may not be attached.",
    "type_mismatch": "The file is not what its name says.",
    "executable": "The file holds a program.",
    "encrypted": "The file is protected by a password.",
    "broken": "The file is damaged.",
    "slow": "The look into the file was not over in time.",
    "name": "The file's name cannot be used.",
}


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file that may be sent: its cleaned name, its type from our own list, its bytes, their SHA-256 (hex)."""

    name: str
    content_type: str
    size: int
    sha256: str


class FileProblem(ValueError):
    """Why a file may not be attached; `detail` names what is meant, or is ""."""

    def __init__(self, code: str, *, detail: str = "") -> None:
        self.code, self.detail = code, detail[:100]
        super().__init__(_PROBLEMS[code] + (f" ({self.detail})" if detail else ""))


@dataclass(frozen=True, slots=True)
class _Type:
    """A type that may be sent: how it is announced, whether a file's first bytes can be it, whether that is enough."""

    content_type: str
    can_be: Callable[[bytes], bool]
    look_inside: bool = False


def encoded_size(size: int) -> int:
    """Bytes that a file of `size` bytes takes as base64 in lines of 76 signs: 37 % more."""
    signs = -(-size // 3) * 4
    return signs + 2 * -(-signs // 76)


def clean_name(name: str) -> str:
    """See `filenames.cleaned`. Raises FileProblem when nothing is left."""
    cleaned = filenames.cleaned(name)
    if not cleaned:
        raise FileProblem("name", detail=filenames.seen(name))
    return cleaned


def sniff(path: Path, *, name: str, looked_into: bool = False, seconds: float = PATIENCE) -> Sniffed:
    """Look into the file at `path`, which its owner calls `name`. Raises FileProblem when it may not be attached.

    What it is must agree with the ending of its name. PDFs and archives are opened in processes of their own, unless
    that was done before (`open_pdfs`): `seconds` is how long that may take by the wall's clock.
    """
    cleaned = clean_name(name)
    size = path.stat().st_size
    if not size:
        raise FileProblem("empty")
    if encoded_size(size) > ATTACHMENT_LIMIT:
        raise FileProblem("too_big", detail=str(size))
    with path.open("rb") as file:
        start = file.read(contents.START)
        digest = digest_of(file)
    found = _type(cleaned, start)
    if found.look_inside and not looked_into:
        _look_inside(path, cleaned, seconds)
    return Sniffed(cleaned, found.content_type, size, digest)


def digest_of(file: IO[bytes]) -> str:
    """SHA-256 (hex) of an open file, from its beginning; it stands at its end then."""
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(2**20):
        digest.update(chunk)
    return digest.hexdigest()


def shown_name(name: str) -> str:
    """A name as it may be shown, however odd: nothing invisible, and not too long."""
    return filenames.seen(name)[: filenames.LONGEST]


def open_pdfs(paths: Sequence[Path]) -> set[Path]:
    """Those of many PDFs that open, looked at in one process; if that dies of one, none: then each is asked alone."""
    if not paths:
        return set()
    try:
        told = confined.ask("campaigns.pdfcheck", *(str(path.resolve()) for path in paths), seconds=PATIENCE * 3)
    except confined.Overrun:
        return set()
    return {path for path, verdict in zip(paths, told.splitlines(), strict=True) if verdict == "ok"}


def _type(name: str, start: bytes) -> _Type:
    """The type that name and first bytes agree on."""
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    if ending in archives.PROGRAMS or contents.is_program(start):
        raise FileProblem("executable", detail=name)
    found = _TYPES.get(ending)
    if found is None:
        raise FileProblem("type_not_allowed", detail=ending)
    if found.can_be is contents.is_zip and contents.is_locked_document(start):
        raise FileProblem("encrypted")
    if not found.can_be(start):
        raise FileProblem("type_mismatch", detail=ending)
    return found


def _look_inside(path: Path, name: str, seconds: float) -> None:
    """Open a PDF or an archive in a process of its own; one that is more than that can bear counts as broken.

    The wall's clock says nothing of a file: a busy machine is not the clerk's fault.
    """
    ending = name.lower().rpartition(".")[2]
    module, arguments = ("campaigns.pdfcheck", []) if ending == "pdf" else ("campaigns.archives", [ending])
    try:
        found = confined.ask(module, str(path.resolve()), *arguments, seconds=seconds)
    except confined.TooSlow as exc:
        raise FileProblem("slow") from exc
    except confined.Overrun as exc:
        raise FileProblem("broken") from exc
    if found not in ("", "ok"):
        raise FileProblem(_INSIDE.get(found, found), detail=found)


_INSIDE: Final = {"bomb": "broken", "unsafe": "broken", "nested": "type_not_allowed", "mismatch": "type_mismatch"}
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
_ODF: Final = "application/vnd.oasis.opendocument"
_TYPES: Final = {
    "pdf": _Type("application/pdf", contents.is_pdf, look_inside=True),
    "p7m": _Type("application/pkcs7-mime", contents.is_cms),
    "jpg": _Type("image/jpeg", contents.is_jpeg),
    "jpeg": _Type("image/jpeg", contents.is_jpeg),
    "png": _Type("image/png", contents.is_png),
    "xml": _Type("application/xml", contents.is_xml),
    "docx": _Type(f"{_OFFICE}.wordprocessingml.document", contents.is_zip, look_inside=True),
    "xlsx": _Type(f"{_OFFICE}.spreadsheetml.sheet", contents.is_zip, look_inside=True),
    "odt": _Type(f"{_ODF}.text", contents.is_zip, look_inside=True),
    "ods": _Type(f"{_ODF}.spreadsheet", contents.is_zip, look_inside=True),
    "csv": _Type("text/csv", contents.is_text),
    "txt": _Type("text/plain", contents.is_text),
    "eml": _Type("message/rfc822", contents.is_mail),
    "zip": _Type("application/zip", contents.is_zip, look_inside=True),
}
