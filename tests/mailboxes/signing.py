"""Signatures of a test's own making: an authority, certificates, PDF files (PAdES) and envelopes (.p7m)."""

import asyncio
import io
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from asn1crypto import cms, core, crl, keys, pdf, pem, x509
from cryptography import x509 as certificates
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign import signers, timestamps
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator.registry import SimpleCertificateStore

APPLICANT = "RSSMRA82D51H501H"  # the tax code in `build.APPLICANT`
_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Identity:
    """A certificate with its key, and those above it."""

    certificate: certificates.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    above: "Identity | None" = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def signer(self) -> signers.SimpleSigner:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
        if self.above:
            store.register(x509.Certificate.load(self.above.der))
        private = self.key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return signers.SimpleSigner(
            signing_cert=x509.Certificate.load(self.der),
            signing_key=keys.PrivateKeyInfo.load(private),
            cert_registry=store,
        )

    def stamper(self) -> timestamps.DummyTimeStamper:
        signer = self.signer()
        return timestamps.DummyTimeStamper(
            tsa_cert=x509.Certificate.load(self.der),
            tsa_key=signer.signing_key,
            certs_to_embed=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
        )


@cache
def authority(name: str = "Autorità di prova") -> Identity:
    """One that issues certificates."""
    return _issued({NameOID.COMMON_NAME: name}, is_authority=True)


def person(
    *,
    name: tuple[str, str] = ("Maria", "Rossi"),
    tax_code: str = APPLICANT,
    ends: timedelta = _YEAR,
    by: Identity | None = None,
    usage: str = "content_commitment",
) -> Identity:
    """A signer; `ends` from now (negative: expired)."""
    names = {NameOID.GIVEN_NAME: name[0], NameOID.SURNAME: name[1], NameOID.COMMON_NAME: " ".join(name)}
    if tax_code:
        names[NameOID.SERIAL_NUMBER] = f"TINIT-{tax_code}"
    return _issued(names, by=by or authority(), ends=ends, usage=usage)


def stamping(by: Identity | None = None) -> Identity:
    """One that makes time stamps."""
    return _issued({NameOID.COMMON_NAME: "Marche di prova"}, by=by or authority(), stamps=True)


def _issued(
    names: dict[Any, str],
    *,
    by: Identity | None = None,
    ends: timedelta = _YEAR,
    is_authority: bool = False,
    stamps: bool = False,
    usage: str = "content_commitment",
) -> Identity:
    key, now = _rsa() if stamps else ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = certificates.Name([certificates.NameAttribute(kind, text) for kind, text in names.items()])
    wanted = {"key_cert_sign", "crl_sign"} if is_authority else {"digital_signature"} if stamps else {usage}
    builder = (
        certificates.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(certificates.random_serial_number())
        .not_valid_before(now - 3 * _YEAR)
        .not_valid_after(now + (4 * _YEAR if is_authority else ends))
        .add_extension(certificates.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(certificates.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_usage(wanted), critical=True)
    )
    if by:
        above = certificates.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
        builder = builder.add_extension(above, critical=False)
    if stamps:
        use = certificates.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(use, critical=True)
    return Identity(builder.sign(by.key if by else key, hashes.SHA256()), key, by)


@cache
def _rsa() -> rsa.RSAPrivateKey:
    """The kind of key that pyHanko's time stamper for tests knows."""
    return rsa.generate_private_key(65537, 2048)


def _usage(wanted: set[str]) -> certificates.KeyUsage:
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return certificates.KeyUsage(**{kind: kind in wanted for kind in kinds})


def pades(data: bytes, who: Identity, *, field: str = "Firma1", stamper: Identity | None = None) -> bytes:
    """The PDF with a signature added."""
    out = io.BytesIO()
    _apart(
        lambda: signers.async_sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(data), strict=False),
            signers.PdfSignatureMetadata(field_name=field, subfilter=SigSeedSubFilter.PADES, md_algorithm="sha256"),
            signer=who.signer(),
            timestamper=stamper.stamper() if stamper else None,
            new_field_spec=SigFieldSpec(field),
            output=out,
        )
    )
    return out.getvalue()


def _apart(begin: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """What comes of it, in a thread of its own: a browser's test has a loop running in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(begin())).result()


def revocation_list(
    *whom: Identity, by: Identity | None = None, made: timedelta = -timedelta(days=30)
) -> crl.CertificateList:
    """An authority's list of the certificates that it revoked a day before; `made` from now, and over after a week."""
    issuer, at = by or authority(), datetime.now(UTC) + made
    builder = (
        certificates.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + timedelta(days=7))
        .add_extension(
            certificates.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False
        )
        .add_extension(certificates.CRLNumber(1), critical=False)
    )
    for each in whom:
        entry = certificates.RevokedCertificateBuilder().serial_number(each.certificate.serial_number)
        builder = builder.add_revoked_certificate(entry.revocation_date(at - timedelta(days=1)).build())
    made_list = builder.sign(issuer.key, hashes.SHA256())
    return crl.CertificateList.load(made_list.public_bytes(serialization.Encoding.DER))


def with_lists(data: bytes, *lists: crl.CertificateList) -> bytes:
    """A signed PDF, or an envelope, with revocation lists added to it."""
    if data.startswith(b"%PDF"):
        out = io.BytesIO(data)
        DocumentSecurityStore.add_dss(out, None, crls=list(lists))
        return out.getvalue()
    info = cms.ContentInfo.load(data)
    info["content"]["crls"] = cms.RevocationInfoChoices([cms.RevocationInfoChoice("crl", each) for each in lists])
    found: bytes = info.dump(force=True)
    return found


def with_list_of_signer(data: bytes, made: crl.CertificateList) -> bytes:
    """An envelope whose signer brings a revocation list in an attribute of his own (CAdES-XL)."""
    info = cms.ContentInfo.load(data)
    lists = pdf.SequenceOfCertificateList([made]).dump()
    values = b"\xa0" + _length(lists) + lists
    attribute = core.ObjectIdentifier("1.2.840.113549.1.9.16.2.24").dump() + _wrapped(
        b"\x31", _wrapped(b"\x30", values)
    )
    signer = info["content"]["signer_infos"][0]
    signer["unsigned_attrs"] = cms.CMSAttributes([cms.CMSAttribute.load(_wrapped(b"\x30", attribute))])
    found: bytes = info.dump(force=True)
    return found


def _wrapped(tag: bytes, data: bytes) -> bytes:
    return tag + _length(data) + data


def _length(data: bytes) -> bytes:
    return b"\x82" + len(data).to_bytes(2, "big")


def p7m(data: bytes, *who: Identity, detached: bool = False) -> bytes:
    """An envelope around the data, signed by one or more at once."""
    signed = [_around(data, each, detached=detached) for each in who]
    whole = cms.ContentInfo.load(signed[0].dump())
    for other in signed[1:]:
        whole["content"]["signer_infos"].append(other["content"]["signer_infos"][0])
        for each in other["content"]["certificates"]:
            whole["content"]["certificates"].append(each)
    found: bytes = whole.dump(force=True) if len(signed) > 1 else whole.dump()
    return found


def _around(data: bytes, who: Identity, *, detached: bool) -> cms.ContentInfo:
    signer = who.signer()
    return _apart(lambda: signer.async_sign_general_data(data, "sha256", detached=detached, use_cades=True))


def armoured(data: bytes) -> bytes:
    """The same in PEM."""
    found: bytes = pem.armor("PKCS7", data)
    return found


def changed_after(data: bytes) -> bytes:
    """A signed PDF to which a page was added, as an update after the signature."""
    writer = IncrementalPdfFileWriter(io.BytesIO(data), strict=False)
    contents = writer.add_object(generic.StreamObject(stream_data=b"0 0 100 100 re f"))
    page = PageObject(contents=contents, media_box=(0, 0, 595, 842))  # type: ignore[no-untyped-call]
    writer.insert_page(page)  # type: ignore[no-untyped-call]
    out = io.BytesIO()
    writer.write(out)  # type: ignore[no-untyped-call]
    return out.getvalue()


def folder(path: Path, *whom: Identity) -> Path:
    """A folder of trusted authorities."""
    path.mkdir(exist_ok=True)
    for number, each in enumerate(whom):
        (path / f"{number}.pem").write_bytes(each.pem)
    return path
