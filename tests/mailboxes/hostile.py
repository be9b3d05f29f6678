"""Files that nobody means well with: small ones that ask for much time or memory, broken ones, circles."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable

import pillow_heif
from asn1crypto import cms
from PIL import Image

from tests.mailboxes import build, signing

_HEAD = b"%PDF-1.7\n"
_MARK = b"% /ByteRange\n"  # the signatures in it are looked for
_PAGES = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"


def _pdf(*objects: bytes, trailer: bytes = b"/Root 1 0 R", mark: bytes = _MARK) -> bytes:
    """A PDF of these objects, the first of which has the number 1, with a table that is right."""
    out, places = bytearray(_HEAD + mark), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + each + b"endobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = trailer.replace(b"@START", b"%d" % start)
    return bytes(out + b"trailer<</Size %d%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start))


def _stream(data: bytes, more: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n" % (more, len(data)) + data + b"\nendstream "


def _zeros(megabytes: int) -> bytes:
    """So many, packed."""
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(2**20)) for _ in range(megabytes)) + packer.flush()


_CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
_ONE_PAGE = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"


def circular_pages() -> bytes:
    """A page tree whose first branch is the tree."""
    return _pdf(_CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1>>")


def many_circles() -> bytes:
    """The same, at each of twenty branches: a walk that remembers its way only doubles at each."""
    kids = b"".join(b" 2 0 R" for _ in range(20))
    return _pdf(_CATALOGUE, b"<</Type/Pages/Kids[" + kids + b"]/Count 20>>")


def deep_pages() -> bytes:
    """A page at the end of thousands of branches."""
    depth = 5_000
    branches = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (number + 3) for number in range(depth)]
    return _pdf(_CATALOGUE, *branches, b"<</Type/Page/MediaBox[0 0 595 842]>>")


def shared_branches() -> bytes:
    """Thirty levels, each of which holds the next one twice: a thousand million pages."""
    branches = [b"<</Type/Pages/Kids[%d 0 R %d 0 R]/Count 2>>" % (n + 3, n + 3) for n in range(30)]
    return _pdf(_CATALOGUE, *branches, b"<</Type/Page/MediaBox[0 0 595 842]>>")


def deep_arrays() -> bytes:
    """An array in an array in an array."""
    depth = 200_000
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 2 0 R/X" + b"[" * depth + b"]" * depth + b">>"
    return _pdf(_CATALOGUE, _ONE_PAGE, page)


def endless_tables() -> bytes:
    """A table whose earlier one is itself."""
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 2 0 R>>"
    return _pdf(_CATALOGUE, _ONE_PAGE, page, trailer=b"/Root 1 0 R/Prev @START")


def huge_table() -> bytes:
    """A table that says that it has a thousand million entries."""
    return (
        _HEAD + _MARK + _PAGES + b"xref\n0 999999999\n0000000000 65535 f \ntrailer<</Root 1 0 R>>\nstartxref\n63\n%%EOF"
    )


def huge_table_stream() -> bytes:
    """The same as a stream, of entries that unpack from nearly nothing."""
    packed = _zeros(40)
    more = b"/Type/XRef/W[1 4 2]/Size 999999999/Index[0 999999999]/Root 1 0 R/Filter/FlateDecode"
    start = len(_HEAD + _MARK + _PAGES)
    return _HEAD + _MARK + _PAGES + b"9 0 obj" + _stream(packed, more) + b"endobj\nstartxref\n%d\n%%%%EOF" % start


def bomb() -> bytes:
    """A page whose contents unpack, twice, to 300 MB, from less than a kilobyte."""
    packed = zlib.compress(_zeros(300), 9)
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 2 0 R/Contents 4 0 R>>"
    return _pdf(_CATALOGUE, _ONE_PAGE, page, _stream(packed, b"/Filter[/FlateDecode/FlateDecode]"))


def length_of_itself() -> bytes:
    """A stream whose length is the stream."""
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 2 0 R/Contents 4 0 R>>"
    return _pdf(_CATALOGUE, _ONE_PAGE, page, b"<</Length 4 0 R>>stream\nabc\nendstream ")


def circular_fields() -> bytes:
    """Form fields that are their own children, as in files that keep some readers of signatures busy for ever."""
    catalogue = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/SigFlags 3>>>>"
    field = b"<</FT/Sig/T(a)/Kids[4 0 R]/Parent 4 0 R/V 5 0 R>>"
    value = b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange[0 1 2 3]/Contents<00>>>"
    page = b"<</Type/Page/MediaBox[0 0 595 842]/Parent 2 0 R>>"
    return _pdf(catalogue, _ONE_PAGE, page, field, value)


def picture_in_page() -> bytes:
    """A scan of 25 megapixels that unpacks from nearly nothing."""
    packed = _zeros(72)
    image = b"/Type/XObject/Subtype/Image/Width 5000/Height 5000/BitsPerComponent 8/ColorSpace/DeviceRGB"
    page = b"<</Type/Page/MediaBox[0 0 595 595]/Parent 2 0 R/Resources<</XObject<</I 4 0 R>>>>>>"
    return _pdf(_CATALOGUE, _ONE_PAGE, page, _stream(packed, image + b"/Filter/FlateDecode"), mark=b"")


def png(width: int, height: int, *, whole: bool = False, more: bytes = b"") -> bytes:
    """A PNG that says that it is so large; `whole` if it is."""
    row = zlib.compressobj(9)
    rows = b"".join(row.compress(bytes(1 + 4 * width)) for _ in range(height)) if whole else row.compress(b"\0")
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = [(b"IHDR", head), *([(more[:4], more[4:])] if more else []), (b"IDAT", rows + row.flush()), (b"IEND", b"")]
    found = b"".join(struct.pack(">I", len(data)) + kind + data + _check(kind + data) for kind, data in chunks)
    return b"\x89PNG\r\n\x1a\n" + found


def _check(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def words_in_png() -> bytes:
    """A PNG with a word of 300 MB."""
    return png(400, 400, whole=True, more=b"zTXtword\0\0" + _zeros(300))


def jpeg(width: int, height: int) -> bytes:
    """A JPEG whose head says another size."""
    found = bytearray(build.picture(400, 400))
    at = found.index(b"\xff\xc0")
    found[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(found)


def large_jpeg() -> bytes:
    """A picture of 59 megapixels that must be unpacked whole, since its parts come one after another."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        Image.new("RGB", (7700, 7700), (200, 10, 10)).save(out, "JPEG", progressive=True, subsampling=0, quality=20)
    return out.getvalue()


def large_heic() -> bytes:
    """A telephone's picture of 48 megapixels."""
    out = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (8000, 6000), (200, 10, 10))).save(out, quality=10)
    return out.getvalue()


def cut_heic() -> bytes:
    """A telephone's picture of which the second half did not come."""
    found = build.heic()
    return found[: len(found) // 2]


def heic_of_another_size() -> bytes:
    """One whose head says a size that it has not."""
    found = bytearray(build.heic())
    at = found.index(b"ispe")
    found[at + 8 : at + 16] = struct.pack(">II", 60_000, 60_000)
    return bytes(found)


def ber_envelope() -> bytes:
    """An envelope in BER: lengths that are not said before, contents in pieces, attributes not in DER's order."""
    info = cms.ContentInfo.load(signing.p7m(build.pdf(), signing.person()))
    signed = info["content"]
    content = bytes(signed["encap_content_info"]["content"])
    pieces = b"".join(_der(0x04, content[at : at + 1000]) for at in range(0, len(content), 1000))
    inner = _open(0x30, signed["encap_content_info"]["content_type"].dump() + _open(0xA0, _open(0x24, pieces)))
    attributes = [each.dump() for each in signed["signer_infos"][0]["signed_attrs"]]
    signers = signed["signer_infos"].dump().replace(b"".join(attributes), b"".join(reversed(attributes)))
    parts = signed["version"].dump() + signed["digest_algorithms"].dump() + inner + signed["certificates"].dump()
    return _open(0x30, info["content_type"].dump() + _open(0xA0, _open(0x30, parts + signers)))


def _der(tag: int, data: bytes) -> bytes:
    size = len(data)
    length = bytes([size]) if size < 128 else b"\x82" + struct.pack(">H", size)
    return bytes([tag]) + length + data


def _open(tag: int, data: bytes) -> bytes:
    return bytes([tag]) + b"\x80" + data + b"\0\0"


def deep_envelope() -> bytes:
    """Signed data whose lengths are never said, thousands of levels deep."""
    return b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" + b"\xa0\x80\x30\x80" * 50_000


def nested_envelopes() -> bytes:
    """An envelope in an envelope, more often than anybody signs."""
    found = build.pdf()
    for _ in range(8):
        found = signing.p7m(found, signing.person())
    return found


def malformed_envelope() -> bytes:
    """An envelope whose signer's block is of another kind than it says."""
    found = bytearray(signing.p7m(build.pdf(), signing.person()))
    at = found.rindex(b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01")  # SHA-256, in the signer's block
    found[at : at + 2] = b"\x04\x09"
    return bytes(found)


def bomb_in_envelope() -> bytes:
    """A PDF that unpacks to very much, well signed."""
    return signing.p7m(bomb(), signing.person())


FILES: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        circular_pages,
        many_circles,
        deep_pages,
        shared_branches,
        deep_arrays,
        endless_tables,
        huge_table,
        huge_table_stream,
        bomb,
        length_of_itself,
        circular_fields,
        picture_in_page,
        words_in_png,
        large_jpeg,
        large_heic,
        cut_heic,
        heic_of_another_size,
        ber_envelope,
        deep_envelope,
        nested_envelopes,
        malformed_envelope,
        bomb_in_envelope,
    )
} | {
    "png of 60,000 x 60,000": lambda: png(60_000, 60_000),
    "png of 7,700 x 7,700": lambda: png(7_700, 7_700, whole=True),
    "jpeg of 60,000 x 60,000": lambda: jpeg(60_000, 60_000),
    "encrypted": lambda: build.pdf(password="segreto"),
}
