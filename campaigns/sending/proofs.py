"""Receipts that people hand in for a message in doubt: looked into, stored under random names, never taken for ours."""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns import files, sentences
from campaigns.models import Campaign
from pecportal import antivirus, stored
from pecportal.errors import Refusal
from pecportal.organisations.models import User

LARGEST: Final = 30 * 10**6  # bytes: a delivery receipt holds the whole message
TYPES: Final = {"application/pdf": ".pdf", "message/rfc822": ".eml"}


@dataclass(frozen=True, slots=True)
class Proof:
    """A receipt that a person handed in: its cleaned name, where it is stored, its SHA-256 (hex)."""

    name: str
    stored_as: str
    sha256: str


def keep(path: Path, *, name: str, campaign: Campaign, actor: User) -> Proof:
    """Store a copy of the file at `path`, called `name` by the person. Raises `Refusal` when it is no .eml or .pdf."""
    if path.stat().st_size > LARGEST:
        raise Refusal(_("The receipt is too large: at most 30 MB."), field="proof")
    try:
        found = files.sniff(path, name=name, seconds=settings.UPLOAD_SECONDS)
    except files.FileProblem as exc:
        words = _other_type() if exc.code == "type_not_allowed" else sentences.of_file(exc)
        raise Refusal(words, field="proof") from exc
    if found.content_type not in TYPES:
        raise Refusal(_other_type(), field="proof")
    whose = campaign.organisation
    antivirus.admit(path, name=found.name, field="proof", actor=actor, organisation=whose, target=campaign)
    stored_as = f"proofs/{uuid.uuid4().hex}"
    with path.open("rb") as source:
        stored.keep(stored_as, source)
    return Proof(found.name, stored_as, found.sha256)


def discard(proof: Proof | None) -> None:
    """Remove what was stored for a decision that did not come about."""
    if proof is not None:
        stored.discard(proof.stored_as)


def content_type(name: str) -> str:
    """The type under which a receipt that was handed in is given out again."""
    return next((kind for kind, ending in TYPES.items() if name.lower().endswith(ending)), "application/octet-stream")


def _other_type() -> str:
    return _("Hand the receipt in as the mailbox gave it: an .eml or .pdf file.")
