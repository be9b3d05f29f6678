"""One signer's signature judged: is what it covers intact, was it made by its certificate, and who vouches for that.

Pure. Both doors, PDF and CMS, come through here, so that both give the same verdict for the same fault.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from pyhanko.sign.general import CMSStructuralError, match_issuer_serial
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import collect_timing_info, extract_self_reported_ts, validate_sig_integrity
from pyhanko.sign.validation.utils import DEFAULT_ALGORITHM_USAGE_POLICY
from pyhanko_certvalidator.util import get_pyca_cryptography_hash

from mailboxes.signatures import signers, standings, trust
from mailboxes.signatures.facts import Clock, Signature, Verdict
from mailboxes.signatures.standings import Standings

_FAULTS = (SignatureValidationError, CMSStructuralError, UnsupportedAlgorithm, ValueError, KeyError, TypeError)

_BY_PATH = {
    trust.Path.NONE: Verdict.UNKNOWN_ISSUER,
    trust.Path.REVOKED: Verdict.REVOKED,
    trust.Path.UNCHECKED: Verdict.VALID,
    trust.Path.SOUND: Verdict.VALID,
}


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signer's block is about: the content's digest by the name of its algorithm, and the content's type."""

    digest: Callable[[str], bytes]
    content_type: str
    told: Standings = field(default_factory=Standings)  # of certificates, for all signers


def judged(
    signer: Any, certificates: Iterable[x509.Certificate], about: Signed, authorities: trust.Authorities, now: datetime
) -> Signature:
    """The verdict on one `cms.SignerInfo`. Raises nothing for a bad one."""
    others = list(certificates)
    certificate = _certificate(signer["sid"], others)
    if certificate is None:
        return Signature(Verdict.UNREADABLE)
    beside = [each for each in others if each is not certificate]
    told = about.told + standings.of_signer(signer)
    facts = _Facts(signer, certificate, beside, authorities, now, _stamp(signer, authorities, now), told)
    return facts.signature(_integrity(signer, certificate, about))


def digest_of(content: bytes) -> Callable[[str], bytes]:
    """The digests of some bytes."""

    def digest(algorithm: str) -> bytes:
        maker = hashes.Hash(get_pyca_cryptography_hash(algorithm))
        maker.update(content)
        return maker.finalize()

    return digest


def _integrity(signer: Any, certificate: x509.Certificate, about: Signed) -> Verdict | None:
    """What is wrong with the mathematics, None for nothing."""
    try:
        algorithm = signer["digest_algorithm"]["algorithm"].native
        for attempt in _readings(signer):
            intact, made_by_it = validate_sig_integrity(
                attempt, certificate, about.content_type, about.digest(algorithm)
            )
            if made_by_it:
                break
    except _FAULTS:
        return Verdict.UNREADABLE
    if not intact:
        return Verdict.ALTERED
    return None if made_by_it else Verdict.WRONG


def _readings(signer: Any) -> Iterable[Any]:
    """The block as it stands, and with its attributes in the order that some signed: that of DER (RFC 5652, 5.4)."""
    yield signer
    if signer["signed_attrs"].native is not None:
        again = cms.SignerInfo.load(signer.dump())
        ordered = sorted(again["signed_attrs"], key=lambda attribute: attribute.dump())
        again["signed_attrs"] = cms.CMSAttributes(ordered)
        yield again


def _certificate(sid: Any, certificates: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """The signer's own certificate, by issuer and number or by its key's identifier."""
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            if match_issuer_serial(sid.chosen, certificate):
                return certificate
        elif certificate.key_identifier == sid.chosen.native:
            return certificate
    return None


@dataclass(frozen=True, slots=True)
class _Facts:
    """A signature whose certificate is there."""

    signer: Any
    certificate: x509.Certificate
    others: Sequence[x509.Certificate]
    authorities: trust.Authorities
    now: datetime
    stamp: Any
    told: Standings

    def signature(self, fault: Verdict | None) -> Signature:
        """What is known of it: its fault, or how it stands."""
        if fault is not None:
            return self._signature(fault)
        verdict = self._standing()
        if verdict != Verdict.VALID:
            return self._signature(verdict)
        path = self.authorities.path(self.certificate, self.others, moment=self._moment(), standings=self.told)
        since = self.told.oldest(self.certificate) if path == trust.Path.SOUND else None
        return self._signature(_BY_PATH[path], as_text(since))

    def _standing(self) -> Verdict:
        """How an intact signature stands, if a path leads to an authority."""
        if self._is_weak():
            return Verdict.WEAK
        moment = self._moment()
        if not self.certificate.not_valid_before <= moment <= self.certificate.not_valid_after:
            return Verdict.EXPIRED
        if not trust.may_sign(self.certificate):
            return Verdict.NOT_FOR_SIGNING
        if not self.authorities.were_given:
            return Verdict.INTACT
        return Verdict.VALID

    def _signature(self, verdict: Verdict, not_revoked_on: str = "") -> Signature:
        """The verdict with who, when and by what clock."""
        time, clock, stamped_by = self._time()
        return Signature(
            verdict=verdict,
            signer=signers.name(self.certificate.subject),
            tax_code=signers.tax_code(self.certificate.subject),
            issuer=signers.name(self.certificate.issuer),
            time=as_text(time),
            clock=clock,
            stamped_by=stamped_by,
            not_after=as_text(self.certificate.not_valid_after),
            not_revoked_on=not_revoked_on,
        )

    def _is_weak(self) -> bool:
        policy = DEFAULT_ALGORITHM_USAGE_POLICY
        made = policy.signature_algorithm_allowed(self.signer["signature_algorithm"], None, self.certificate.public_key)
        return not (made and policy.digest_algorithm_allowed(self.signer["digest_algorithm"], None))

    def _moment(self) -> datetime:
        """The time at which the certificate must have been in force: only a trusted stamp makes it an earlier one."""
        time, clock, _by = self._time()
        return time if time is not None and clock == Clock.TRUSTED else self.now

    def _time(self) -> tuple[datetime | None, Clock, str]:
        if self.stamp is not None:
            clock = Clock.TRUSTED if self.stamp.trusted else Clock.STAMPED
            return self.stamp.timestamp, clock, signers.name(self.stamp.signing_cert.subject)
        try:
            claimed = extract_self_reported_ts(self.signer)
        except ValueError:
            claimed = None
        return (claimed, Clock.CLAIMED, "") if isinstance(claimed, datetime) else (None, Clock.NONE, "")


def _stamp(signer: Any, authorities: trust.Authorities, now: datetime) -> Any:
    """The status of an intact time stamp on the signature; None where there is none."""
    try:
        found = asyncio.run(collect_timing_info(signer, authorities.context(now), raw_digest=_no_content_stamps))
    except _FAULTS:
        return None
    stamp = found.get("timestamp_validity")
    return stamp if stamp is not None and stamp.intact and stamp.valid else None


def _no_content_stamps(_algorithm: str) -> bytes:
    """A time stamp on the content says when the content was there, not when it was signed: none is looked at."""
    return b""


def as_text(moment: datetime | None) -> str:
    """ISO 8601 in UTC; one without a zone is taken for UTC."""
    if moment is None:
        return ""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="seconds")
