"""What the first bytes of a file say that it is. Pure."""

import binascii
import codecs
import re
from base64 import b64decode
from typing import Final

START: Final = 64 * 1024  # bytes that are looked at

_LOCKED: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a password puts an office document into the old OLE container
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe")
_SIGNED_DATA: Final = bytes.fromhex("06092a864886f70d010702")  # OID 1.2.840.113549.1.7.2
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/\s]{0,100}")
_ARMOUR: Final = re.compile(rb"\A-----BEGIN [A-Z0-9 #]+-----\s*")
_HEADER: Final = re.compile(rb"(?:From [^\r\n]*\r?\n)?[A-Za-z][A-Za-z0-9-]{0,76}:[ \t\r\n]")
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_program(start: bytes) -> bool:
    """A program of any system, or a script that names its interpreter."""
    return start.startswith(_PROGRAMS)


def is_locked_document(start: bytes) -> bool:
    """An office document behind a password (or one of the old binary kind)."""
    return start.startswith(_LOCKED)


def is_pdf(start: bytes) -> bool:
    """The mark may stand anywhere in the first kilobyte."""
    return b"%PDF-" in start[:1024]


def is_jpeg(start: bytes) -> bool:
    """JPEG in any of its wrappings."""
    return start.startswith(b"\xff\xd8\xff")


def is_png(start: bytes) -> bool:
    """PNG."""
    return start.startswith(b"\x89PNG\r\n\x1a\n")


def is_zip(start: bytes) -> bool:
    """A ZIP file with at least one entry."""
    return start.startswith(b"PK\x03\x04")


def is_xml(start: bytes) -> bool:
    """Text that begins with an element, in any Unicode."""
    return is_text(start) and _decoded(start[:1024]).lstrip("\ufeff \t\r\n").startswith("<")


def is_text(start: bytes) -> bool:
    """Text in an encoding that knows no NUL, or in UTF-16 with its mark."""
    return start.startswith(_UTF16) or b"\x00" not in start


def is_mail(start: bytes) -> bool:
    """A mail with at least one header on top."""
    return is_text(start) and bool(_HEADER.match(start.removeprefix(codecs.BOM_UTF8).lstrip(b"\r\n")))


def is_cms(start: bytes) -> bool:
    """Signed data of CMS: DER or BER, as bytes, or bare or armoured base64 of them."""
    if _begins_cms(start):
        return True
    bare = _BASE64.match(_ARMOUR.sub(b"", start.removeprefix(codecs.BOM_UTF8).lstrip()))
    signs = b"".join(bare[0].split()) if bare else b""
    try:
        return _begins_cms(b64decode(signs[: len(signs) // 4 * 4]))
    except binascii.Error:
        return False


def _begins_cms(start: bytes) -> bool:
    """A sequence, its length in one to six bytes, and in it the name of signed data."""
    return start[:1] == b"\x30" and 2 <= start[:20].find(_SIGNED_DATA) <= 7


def _decoded(start: bytes) -> str:
    return start.decode("utf-16" if start.startswith(_UTF16) else "utf-8", "replace")
