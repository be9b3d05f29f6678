"""Whether a certificate leads to an authority that the operator trusts. Pure; run in a process of its own."""

import asyncio
import pathlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from asn1crypto import pem, x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    CRLValidationError,
    OCSPValidationError,
    PathError,
    RevokedError,
    ValidationError,
)
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    FreshnessReqType,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)

from mailboxes.signatures.standings import Standings

SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})
_SIGNING = frozenset({"non_repudiation", "digital_signature"})
_FAULTS = (PathError, ValidationError, CRLValidationError, OCSPValidationError, ValueError, KeyError, TypeError)
_EITHER = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
# however old a list is: one that names a certificate stays true, and the age of the others is told
_ALL_STANDINGS = CertRevTrustPolicy(
    RevocationCheckingPolicy(_EITHER, _EITHER),
    freshness=timedelta(days=36_500),
    freshness_req_type=FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION,
)


class Path(Enum):
    """Whether a path leads from a certificate to a trusted authority."""

    NONE = auto()
    REVOKED = auto()  # it led there, until a certificate on it was revoked
    UNCHECKED = auto()  # it leads there; whether a certificate on it was revoked is not known
    SOUND = auto()  # it leads there, and for each certificate on it there is a word that it was not revoked


@dataclass(frozen=True, slots=True)
class Authorities:
    """The certificates of a folder; none of them trusted if there is no folder (`were_given` is False)."""

    certificates: Sequence[x509.Certificate] = field(default_factory=list)
    were_given: bool = False

    def context(self, moment: datetime, others: Iterable[x509.Certificate] = ()) -> ValidationContext:
        """What pyHanko needs to judge at `moment`: these authorities alone, never the system's, and no network."""
        return ValidationContext(
            trust_roots=list(self.certificates), other_certs=list(others), moment=moment, allow_fetching=False
        )

    def path(
        self,
        certificate: x509.Certificate,
        others: Iterable[x509.Certificate],
        *,
        moment: datetime,
        standings: Standings,
    ) -> Path:
        """How a path that holds at `moment` leads from `certificate` to one of them."""
        if not self.certificates:
            return Path.NONE
        beside = list(others)
        if standings:
            context = self._demanding(moment, beside, standings)
            try:
                asyncio.run(CertificateValidator(certificate, validation_context=context).async_validate_path())
            except RevokedError:
                return Path.REVOKED
            except _FAULTS:
                pass  # something is missing: perhaps no more than a word on each certificate
            else:
                return Path.SOUND
        checker = CertificateValidator(certificate, validation_context=self.context(moment, beside))
        try:
            asyncio.run(checker.async_validate_path())
        except _FAULTS:
            return Path.NONE
        return Path.UNCHECKED

    def _demanding(self, moment: datetime, others: list[x509.Certificate], standings: Standings) -> ValidationContext:
        """As `context`, with the lists of the file, and content with nothing less than a word on each certificate."""
        return ValidationContext(
            trust_roots=list(self.certificates),
            other_certs=others,
            moment=moment,
            allow_fetching=False,
            crls=list(standings.crls),
            ocsps=list(standings.ocsps),
            revinfo_policy=_ALL_STANDINGS,
        )


def authorities(folder: pathlib.Path | None) -> Authorities:
    """The CA certificates in a folder's .pem, .crt, .cer and .der files (PEM with any number in it, or DER).

    Raises `ValueError` with the file's name for one that holds none, `OSError` for a folder that is not there.
    """
    if folder is None:
        return Authorities()
    found: list[x509.Certificate] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            found += _certificates(path)
    return Authorities(found, were_given=True)


def _certificates(path: pathlib.Path) -> list[x509.Certificate]:
    data = path.read_bytes()
    try:
        blocks = [der for kind, _headers, der in pem.unarmor(data, multiple=True) if kind == "CERTIFICATE"]
    except ValueError:
        blocks = [data]
    try:
        found = [x509.Certificate.load(der, strict=True) for der in blocks]
        for certificate in found:
            certificate.subject.dump()  # the loading is lazy: look into it
    except (ValueError, TypeError) as exc:
        raise ValueError(f"{path.name} holds no certificate") from exc
    if not found:
        raise ValueError(f"{path.name} holds no certificate")
    return found


def may_sign(certificate: x509.Certificate) -> bool:
    """Whether it was issued for signatures; one that says nothing of its use was."""
    usage = certificate.key_usage_value
    return usage is None or bool(_SIGNING & usage.native)
