"""The signatures around a file (.p7m, CAdES): in DER, base64 or PEM, one within another. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from asn1crypto import cms, core, x509

from mailboxes.signatures import envelopes, judging, standings, trust
from mailboxes.signatures.facts import Signature, Verdict

DEEPEST = 4  # signatures around signatures
MOST = 20  # signers of one envelope


class Unreadable(Exception):
    """It is no signed file, or a damaged one."""


class Detached(Exception):
    """It holds the signature alone, without what was signed."""


class _Encapsulated(core.Sequence):  # type: ignore[misc]
    """EncapsulatedContentInfo whose content stays bytes, whatever its type says it is."""

    _fields: ClassVar = [
        ("content_type", cms.ContentType),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


@dataclass(frozen=True, slots=True)
class Opened:
    """What was signed, and the signatures around it, the outermost first."""

    content: bytes
    signatures: Sequence[Signature]


def opened(data: bytes, authorities: trust.Authorities, now: datetime) -> Opened:
    """Take the envelopes off. Raises Unreadable, Detached."""
    found: list[Signature] = []
    for _depth in range(DEEPEST):
        if not envelopes.is_one(data):
            break
        data, around = _envelope(envelopes.der(data), authorities, now)
        found += around
    if not found or envelopes.is_one(data):  # none at all, or more than anybody needs
        raise Unreadable
    return Opened(data, found)


def _envelope(der: bytes, authorities: trust.Authorities, now: datetime) -> tuple[bytes, list[Signature]]:
    try:
        info = cms.ContentInfo.load(der)
        if info["content_type"].native != "signed_data":
            raise Unreadable
        signed = info["content"]
        inner = _Encapsulated.load(signed["encap_content_info"].dump())
        content, kind = inner["content"], inner["content_type"].native
        signers = list(signed["signer_infos"])[:MOST]
        certificates = _certificates(signed)
    except (ValueError, TypeError, KeyError) as exc:
        raise Unreadable from exc
    if content.native is None:
        raise Detached
    data = bytes(content)
    about = judging.Signed(judging.digest_of(data), kind, standings.of_envelope(signed))
    return data, [_judged(each, certificates, about, authorities, now) for each in signers]


def _certificates(signed: Any) -> list[x509.Certificate]:
    if signed["certificates"].native is None:
        return []
    return [each.chosen for each in signed["certificates"] if each.name == "certificate"]


def _judged(
    signer: Any,
    certificates: list[x509.Certificate],
    about: judging.Signed,
    authorities: trust.Authorities,
    now: datetime,
) -> Signature:
    try:
        return judging.judged(signer, certificates, about, authorities, now)
    except (ValueError, TypeError, KeyError):  # its parts are read only when they are asked for
        return Signature(Verdict.UNREADABLE)
