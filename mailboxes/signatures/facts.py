"""What was found of one signature, as it is told between processes and kept. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Verdict(StrEnum):
    """How a signature stands; the first that applies, from worst to best.

    No revocation list is asked for: the process that looks has no network, and knows those alone that the file brings.
    VALID therefore means: intact, made with a certificate that leads to an authority the operator trusts and that was
    in force at the time that counts; whether it was revoked, `not_revoked_on` tells.
    """

    UNREADABLE = "unreadable"  # it cannot be read, or the signer's certificate is not in it
    ALTERED = "altered"  # what was signed is not what the file holds
    WRONG = "wrong"  # it was not made with the certificate that it names
    PARTIAL = "partial"  # it does not cover the file from its beginning
    CHANGED = "changed"  # something was added or changed after it, beyond further signatures and form fields
    WEAK = "weak"  # its algorithms can be forged today
    REVOKED = "revoked"  # a list in the file names it, or the certificate of its issuer
    EXPIRED = "expired"  # the certificate was not in force at the time that counts
    NOT_FOR_SIGNING = "not_for_signing"  # the certificate was issued for something else
    UNKNOWN_ISSUER = "unknown_issuer"  # it leads to no authority that the operator trusts
    INTACT = "intact"  # intact and in force; the operator gave no authorities, so the issuer was not checked
    VALID = "valid"


SOUND = frozenset({Verdict.INTACT, Verdict.VALID})


class Clock(StrEnum):
    """What a signature's time rests on."""

    CLAIMED = "claimed"  # the signer's own computer
    STAMPED = "stamped"  # an intact time stamp; `stamped_by` made it
    TRUSTED = "trusted"  # the same, by an authority that the operator trusts
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, or a document time stamp (`is_stamp`).

    `time` and `not_after` (the certificate's end) are ISO 8601 in UTC, "" where there is none; `tax_code` is the
    signer's, "" where the certificate holds none; `was_added_to` says that form fields were filled in, or signatures
    added, after it, which it allows. `not_revoked_on` is the time of the lists in the file by which it was not revoked,
    "" where there are none.
    """

    verdict: Verdict
    signer: str = ""
    tax_code: str = ""
    issuer: str = ""
    time: str = ""
    clock: Clock = Clock.NONE
    stamped_by: str = ""
    not_after: str = ""
    is_stamp: bool = False
    was_added_to: bool = False
    not_revoked_on: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing speaks against it, as far as it was checked."""
        return self.verdict in SOUND

    def as_json(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Self:
        """From JSON; raises `KeyError` or `ValueError` for what is none."""
        known = {name: found[name] for name in cls.__dataclass_fields__ if name in found}
        return cls(**known | {"verdict": Verdict(found["verdict"]), "clock": Clock(found.get("clock", Clock.NONE))})
