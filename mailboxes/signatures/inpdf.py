"""The signatures in a PDF (PAdES and its forerunners): what each covers, and what came after it. Pure."""

import asyncio
import dataclasses
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from asn1crypto import core
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

from mailboxes.signatures import judging, signers, standings, trust
from mailboxes.signatures.facts import Clock, Signature, Verdict

MOST = 20  # signatures that are looked at: a form has one or two
_FAULTS = (PdfError, SignatureValidationError, ValueError, LookupError, TypeError, AttributeError, AssertionError)
_WHOLE = (SignatureCoverageLevel.ENTIRE_FILE, SignatureCoverageLevel.ENTIRE_REVISION)


class Unreadable(Exception):
    """The file is no PDF whose signatures could be looked for."""


def signatures(data: bytes, authorities: trust.Authorities, now: datetime) -> list[Signature]:
    """Those of a PDF, in the order in which they were made. Raises Unreadable."""
    try:
        reader = PdfFileReader(io.BytesIO(data), strict=False)
        if reader.encrypted:
            raise Unreadable
        fields = list(enumerate_sig_fields(reader, filled_status=True))[:MOST]
    except _FAULTS as exc:
        raise Unreadable from exc
    found = sorted(_embedded(reader, fields), key=lambda each: each[0])
    return [_judged(each, authorities, now) for _revision, each in found]


def _embedded(reader: PdfFileReader, fields: list[Any]) -> Iterator[tuple[int, EmbeddedPdfSignature | None]]:
    for name, _value, field in fields:
        try:
            each = EmbeddedPdfSignature(reader, field, name)
        except _FAULTS:
            yield 0, None
        else:
            yield each.signed_revision, each


def _judged(embedded: EmbeddedPdfSignature | None, authorities: trust.Authorities, now: datetime) -> Signature:
    if embedded is None:
        return Signature(Verdict.UNREADABLE)
    try:
        is_stamp = embedded.sig_object_type == "/DocTimeStamp"
        found = _stamp(embedded, authorities, now) if is_stamp else _signature(embedded, authorities, now)
        if not found.is_sound and found.verdict in (Verdict.UNREADABLE, Verdict.ALTERED, Verdict.WRONG):
            return found
        return _after(embedded, found)
    except _FAULTS:
        return Signature(Verdict.UNREADABLE)


def _signature(embedded: EmbeddedPdfSignature, authorities: trust.Authorities, now: datetime) -> Signature:
    certificates = [each.chosen for each in embedded.signed_data["certificates"] if each.name == "certificate"]
    content = embedded.signed_data["encap_content_info"]
    if content["content"] is not core.VOID:  # its signature would be about that, and not about the file
        return Signature(Verdict.UNREADABLE)
    told = _store(embedded) + standings.of_envelope(embedded.signed_data)
    about = judging.Signed(embedded.compute_digest, content["content_type"].native, told)
    found = judging.judged(embedded.signer_info, certificates, about, authorities, now)
    claimed = embedded.self_reported_timestamp if found.clock == Clock.NONE else None
    if claimed is None:
        return found
    return dataclasses.replace(found, time=judging.as_text(claimed), clock=Clock.CLAIMED)


def _store(embedded: EmbeddedPdfSignature) -> standings.Standings:
    try:
        return standings.of_store(embedded.reader.root)
    except _FAULTS:  # a bad store says nothing of the signature
        return standings.Standings()


def _stamp(embedded: EmbeddedPdfSignature, authorities: trust.Authorities, now: datetime) -> Signature:
    """A time stamp on the whole document: it attests that all before it was there by then."""
    status = asyncio.run(async_validate_pdf_timestamp(embedded, authorities.context(now), skip_diff=True))
    verdict = Verdict.ALTERED if not status.intact else Verdict.WRONG if not status.valid else Verdict.INTACT
    if verdict == Verdict.INTACT and authorities.were_given:
        verdict = Verdict.VALID if status.trusted else Verdict.UNKNOWN_ISSUER
    name = signers.name(status.signing_cert.subject)
    clock = Clock.TRUSTED if status.trusted else Clock.STAMPED
    return Signature(
        verdict,
        signer=name,
        issuer=signers.name(status.signing_cert.issuer),
        time=judging.as_text(status.timestamp),
        clock=clock,
        stamped_by=name,
        not_after=judging.as_text(status.signing_cert.not_valid_after),
        is_stamp=True,
    )


def _after(embedded: EmbeddedPdfSignature, found: Signature) -> Signature:
    """The same, unless the file goes on after it in a way that it does not allow."""
    coverage = embedded.evaluate_signature_coverage()
    if coverage not in _WHOLE:
        return dataclasses.replace(found, verdict=Verdict.PARTIAL)
    try:
        embedded.compute_integrity_info()  # type: ignore[no-untyped-call]
    except (PdfReadError, *_FAULTS):  # the file goes on in a way that cannot be followed
        return dataclasses.replace(found, verdict=Verdict.CHANGED)
    if not embedded.summarise_integrity_info()["docmdp_ok"]:
        return dataclasses.replace(found, verdict=Verdict.CHANGED)
    level = getattr(embedded.diff_result, "modification_level", ModificationLevel.OTHER)
    if level > ModificationLevel.FORM_FILLING:
        return dataclasses.replace(found, verdict=Verdict.CHANGED)
    return dataclasses.replace(found, was_added_to=level == ModificationLevel.FORM_FILLING)
