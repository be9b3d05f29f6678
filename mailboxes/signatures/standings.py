"""What a file tells of its certificates' standing: revocation lists (CRL) and answers of an authority (OCSP). Pure.

They come in a PDF's store (DSS), in an envelope, or in a signer's block. Nothing is asked for over the network.
"""

import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from asn1crypto import cms, core, crl, ocsp, pdf, x509

MOST = 20  # of each kind
LARGEST = 2**18  # bytes of a list: a larger one takes too long to read, and is passed over
_ADOBE = "1.2.840.113583.1.1.8"
_ETSI = "1.2.840.113549.1.9.16.2.24"  # id-aa-ets-revocationValues (ETSI TS 101 733, 6.3.4)
_FAULTS = (ValueError, TypeError, KeyError, AttributeError)


class _BasicAnswers(core.SequenceOf):  # type: ignore[misc]
    _child_spec = ocsp.BasicOCSPResponse


class _RevocationValues(core.Sequence):  # type: ignore[misc]
    _fields: ClassVar = [
        ("crl", pdf.SequenceOfCertificateList, {"explicit": 0, "optional": True}),
        ("ocsp", _BasicAnswers, {"explicit": 1, "optional": True}),
        ("other", core.Any, {"explicit": 2, "optional": True}),
    ]


@dataclasses.dataclass(frozen=True, slots=True)
class Standings:
    """Lists and answers, in no order."""

    crls: Sequence[crl.CertificateList] = ()
    ocsps: Sequence[ocsp.OCSPResponse] = ()

    def __bool__(self) -> bool:
        return bool(self.crls or self.ocsps)

    def __add__(self, other: Self) -> "Standings":
        return Standings([*self.crls, *other.crls][:MOST], [*self.ocsps, *other.ocsps][:MOST])

    def oldest(self, certificate: x509.Certificate) -> datetime | None:
        """When the oldest of those that may tell of the certificate was made: what they tell is true of then."""
        lists = [each["tbs_cert_list"] for each in self.crls]
        times = [each["this_update"].native for each in lists if each["issuer"] == certificate.issuer]
        for each in self.ocsps:
            times += [
                answer["this_update"].native
                for answer in each.response_data["responses"]
                if answer["cert_id"]["serial_number"].native == certificate.serial_number
            ]
        return min(times, default=None)


def of_store(root: Any) -> Standings:
    """Those in the store of a PDF, given its catalogue."""
    try:
        store = root["/DSS"]
    except KeyError:
        return Standings()
    return Standings(
        list(_loaded(crl.CertificateList, _streams(store, "/CRLs"))),
        list(_loaded(ocsp.OCSPResponse, _streams(store, "/OCSPs"))),
    )


def of_envelope(signed: Any) -> Standings:
    """Those beside the signers, given the `cms.SignedData`."""
    try:
        choices = list(signed["crls"] or ())[:MOST]
        lists = [each.chosen for each in choices if each.name == "crl"]
        others = [each.chosen for each in choices if each.name == "other"]
        answers = [each["other_rev_info"] for each in others if each["other_rev_info_format"].native == "ocsp_response"]
    except _FAULTS:
        return Standings()
    return Standings(
        list(_loaded(crl.CertificateList, (each.dump() for each in lists))),
        list(_loaded(ocsp.OCSPResponse, (each.dump() for each in answers))),
    )


def of_signer(signer: Any) -> Standings:
    """Those in a signer's own block, given the `cms.SignerInfo`."""
    found = Standings()
    for attributes in ("signed_attrs", "unsigned_attrs"):
        try:
            for attribute in signer[attributes] or ():
                found += _of_attribute(attribute)
        except _FAULTS:
            continue
    return found


def _of_attribute(attribute: cms.CMSAttribute) -> Standings:
    kind = attribute["type"].dotted
    if kind not in (_ADOBE, _ETSI):
        return Standings()
    spec = pdf.RevocationInfoArchival if kind == _ADOBE else _RevocationValues
    values = spec.load(attribute["values"][0].dump())
    answers = [each if kind == _ADOBE else _whole(each) for each in values["ocsp"] or ()]
    return Standings(
        list(_loaded(crl.CertificateList, (each.dump() for each in values["crl"] or ()))),
        list(_loaded(ocsp.OCSPResponse, (each.dump() for each in answers))),
    )


def _whole(basic: ocsp.BasicOCSPResponse) -> ocsp.OCSPResponse:
    content = {"response_type": "basic_ocsp_response", "response": basic}
    return ocsp.OCSPResponse({"response_status": "successful", "response_bytes": content})


def _streams(store: Any, name: str) -> Iterator[bytes]:
    for each in list(store.get(name, ()))[:MOST]:
        yield each.get_object().data


def _loaded(spec: Any, found: Iterator[bytes]) -> Iterator[Any]:
    """Those that can be read, up to the limits."""
    for data in itertools.islice(found, MOST):
        if len(data) > LARGEST:
            continue
        try:
            each = spec.load(data, strict=True)
            if spec is crl.CertificateList:
                _ = each["tbs_cert_list"]["this_update"].native, each["tbs_cert_list"]["issuer"].native
            elif not each.response_data["responses"].native:
                continue
        except _FAULTS:
            continue
        yield each
