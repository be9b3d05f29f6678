"""What a signed file (.p7m) looks like from outside: DER, base64 or PEM. Pure, and parses nothing."""

import base64
import binascii
import re

_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the OID id-signedData, which stands at the beginning
_ARMOUR = re.compile(rb"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")
_BASE64 = re.compile(rb"[A-Za-z0-9+/=]+\Z")
_BEGINNING = 4096  # bytes


def is_one(data: bytes) -> bool:
    """Whether it begins as CMS signed data does."""
    return _SIGNED_DATA in der(data[:_BEGINNING], is_cut=len(data) > _BEGINNING)[:40]


def der(data: bytes, *, is_cut: bool = False) -> bytes:
    """The bytes behind base64 or PEM, else the same ones; `is_cut`: a beginning, whose last signs may be torn off."""
    if data[:1] == b"\x30":
        return data
    text = b"".join(_ARMOUR.sub(b"", data).split())
    if not text or not _BASE64.match(text):
        return data
    try:
        return base64.b64decode(text[: len(text) // 4 * 4] if is_cut else text)
    except binascii.Error:
        return data
