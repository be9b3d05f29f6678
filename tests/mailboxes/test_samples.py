"""Signed, broken and hostile files of others, uploaded as documents: a right verdict or a clear refusal, cheaply."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from mailboxes import examining
from mailboxes.examining import Examined
from mailboxes.models.papers import Format, PaperKind
from mailboxes.signatures.facts import Verdict
from pecportal.errors import Refusal
from tests.mailboxes import measuring

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "samples" / "signed"
SAMPLES = Path(os.environ.get("SIGNED_SAMPLES", _BESIDE))
NAMES = sorted(path.name for path in SAMPLES.glob("*")) if SAMPLES.is_dir() else ["none"]

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the signed samples are not at {SAMPLES}")

# pages, and the verdicts on its signatures (None: it has one that cannot be checked); or a part of the refusal
SIGNED_FORM: dict[str, tuple[int, list[Verdict] | None] | str] = {
    "doc-firmado.pdf": (1, [Verdict.EXPIRED, Verdict.INTACT]),
    "hide.pdf": (1, [Verdict.CHANGED]),
    "minimal.pdf": (1, []),
    "minimal-startxref-hopeless.pdf": (1, []),
    "minimal-two-fields-signed-twice.pdf": (1, [Verdict.INTACT, Verdict.INTACT]),
    "pades_infinite_loop.pdf": (1, None),
    "test-SHA256_RSA-signed-cms.pdf": (2, [Verdict.EXPIRED]),
    "circular-page-tree.pdf": "cannot be opened",
    "pdf-encrypted.pdf": "protected by a password",
    "BER_reordered_prova.txt.p7m": "is no PDF",
    "IT01234567890_FPR03.base64.xml.p7m": "is no PDF",
    "IT01234567890_FPR03.xml.p7m": "is no PDF",
    "Signature-C-BES-4.p7m": "is no PDF",
    "cades-bes-signeddata-enveloping.p7m": "is no PDF",
}
OTHER = "neither a PDF"  # what is not even a signed file
ENVELOPES = {name for name, wanted in SIGNED_FORM.items() if name.endswith(".p7m")}


def outcome(kind: PaperKind, name: str) -> Examined | str:
    """What the upload of a sample comes to: what was found, or the sentence of its refusal."""
    try:
        return examining.examined(kind, (SAMPLES / name).read_bytes())
    except Refusal as exc:
        return str(exc)


@pytest.mark.parametrize("name", NAMES)
def test_as_a_signed_form(name: str) -> None:
    wanted = SIGNED_FORM.get(name, OTHER)

    found = outcome(PaperKind.SIGNED_FORM, name)

    if isinstance(found, str):
        assert isinstance(wanted, str), found
        assert wanted in found
    else:
        facts = found.facts
        assert (len(facts.pages), [each.verdict for each in facts.signatures] if facts.was_checked else None) == wanted


@pytest.mark.parametrize("name", NAMES)
def test_as_an_identity_document(name: str) -> None:
    wanted = SIGNED_FORM.get(name, OTHER)

    found = outcome(PaperKind.IDENTITY, name)

    if isinstance(found, str):
        assert isinstance(wanted, str), found
        assert ("upload the identity document itself" if name in ENVELOPES else wanted) in found
    else:
        assert (found.format, len(found.facts.pages), found.pictures) == (Format.PDF, wanted[0], [])


@pytest.mark.parametrize("module", measuring.MODULES, ids=lambda module: module.__name__)
def test_each_is_done_within_the_limits(module: ModuleType) -> None:
    found = measuring.used(module, [SAMPLES / name for name in NAMES])

    assert {name: used for name, used in found.items() if not used.is_good or "too_heavy" in used.told} == {}
    assert sorted(found) == NAMES
