"""Makes one PDF of papers that strangers wrote, in a process of its own: `python -m mailboxes.papermaker PATH …`.

Prints lines of JSON, `{"at": i}` before it looks at a file, at last `{"pages": n}` and then the PDF, or
`{"code": …, "file": i}`. Imports no Django and no secrets.
"""

import io
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PdfReader, PdfWriter

MOST_PAGES: Final = 50
MOST_PIXELS: Final = 60_000_000
MOST_UNPACKED: Final = 130_000_000  # bytes of a picture at its largest, before it is made smaller
MOST_BYTES: Final = 30 * 2**20
LEAST_SIDE: Final = 300  # pixels: less of a document cannot be read
SECONDS, MEGABYTES = 4, 200
PICTURES_SECONDS, PICTURES_MEGABYTES = 4, 340  # of addresses, a fifth of which are never memory
A4: Final = (595, 842)  # points
MARGIN: Final = 20  # points
A4_AT_300_DPI: Final = (2480, 3508)
_BEGINNINGS: Final = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
# the brands of HEIF pictures coded with HEVC, as telephones make them (ISO/IEC 23008-12)
_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


class BadPaper(Exception):
    """A paper that cannot be taken: `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def main(files: Sequence[bytes]) -> None:
    """Print the merged PDF of the files, or which of them is bad and why."""
    number = 0
    try:
        from pypdf import PdfWriter

        writer = PdfWriter()
        for number, data in enumerate(files):
            _print({"at": number})
            _append(writer, data)
        pdf = written(writer)
    except BadPaper as exc:
        _print({"code": exc.code, "file": number})
    except MemoryError:
        _print({"code": "too_heavy", "file": number})
    except Exception:  # noqa: BLE001 (a parser may raise anything on a hostile file, and this process exists to contain it)
        _print({"code": "broken", "file": number})
    else:
        _print({"pages": len(writer.pages)}, pdf)


def format_of(data: bytes) -> str:
    """pdf (some write a few bytes before it), jpeg, png or heic, by the first bytes; "" for anything else."""
    for name, beginning in _BEGINNINGS.items():
        if data.startswith(beginning):
            return name
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC:
        return "heic"
    return "pdf" if b"%PDF-" in data[:1024] else ""


def reader_of(data: bytes) -> "PdfReader":
    """A reader of the paper, a picture made a page. Raises BadPaper for what opens to nobody, or has no pages."""
    from pypdf import PdfReader

    kind = format_of(data)
    if not kind:
        raise BadPaper("type_not_allowed")
    reader = PdfReader(io.BytesIO(data if kind == "pdf" else _on_a4(picture_of(data))))
    if reader.is_encrypted and not reader.decrypt(""):  # many forms are locked against changes, and open to all
        raise BadPaper("encrypted")
    if not reader.pages:
        raise BadPaper("broken")
    return reader


def picture_of(data: bytes) -> "Image":
    """The picture, turned as its camera says, no larger than A4 at 300 dpi. Raises BadPaper."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    if format_of(data) == "heic":
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, decode_threads=1)  # a thread's memory counts, too
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "HEIF")) as opened:
            pixels = opened.width * opened.height
            share = min(1.0, max(A4_AT_300_DPI) / max(opened.size))
            smaller = round(opened.width * share), round(opened.height * share)
            opened.draft("RGB", smaller)  # a JPEG is unpacked no larger than needed
            if pixels > MOST_PIXELS or _unpacked(opened, pixels) > MOST_UNPACKED:
                raise BadPaper("too_many_pixels")
            opened.thumbnail(smaller, reducing_gap=None)
            ImageOps.exif_transpose(opened, in_place=True)
    except Image.DecompressionBombError as exc:
        raise BadPaper("too_many_pixels") from exc
    if min(opened.size) < LEAST_SIDE:
        raise BadPaper("too_small")
    return _opaque(opened)


def allowed(files: Sequence[bytes]) -> None:
    """Called first: processor time and memory, less where there is no picture to unpack."""
    from pecportal.confined import limit

    if any(format_of(data) not in ("", "pdf") for data in files):
        limit(seconds=PICTURES_SECONDS, megabytes=PICTURES_MEGABYTES)
    else:
        limit(seconds=SECONDS, megabytes=MEGABYTES)


def _append(writer: "PdfWriter", data: bytes) -> None:
    reader = reader_of(data)
    if len(writer.pages) + len(reader.pages) > MOST_PAGES:
        raise BadPaper("too_many_pages")
    for page in reader.pages:
        writer.add_page(page)


def _unpacked(picture: "Image", pixels: int) -> float:
    """Bytes that unpacking it takes at its worst; `pixels` are those in the file."""
    bands = picture.getbands()
    found = float(picture.width * picture.height * len(bands))
    if picture.format == "HEIF":
        return found + 1.5 * pixels  # as the camera coded it
    if picture.info.get("progressive"):
        return found + 2 * len(bands) * pixels  # all its parts, before there is a pixel
    return 2 * found if "A" in bands else found


def _opaque(picture: "Image") -> "Image":
    """On white paper where it lets light through."""
    from PIL import Image

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture if picture.mode == "RGB" else picture.convert("RGB")
    above = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")


def _on_a4(picture: "Image") -> bytes:
    from pypdf import PageObject, PdfReader, PdfWriter, Transformation

    width, height = A4 if picture.height >= picture.width else A4[::-1]
    scale = min((width - 2 * MARGIN) / picture.width, (height - 2 * MARGIN) / picture.height)
    drawn = io.BytesIO()
    picture.save(drawn, "PDF", resolution=72, quality=85)  # a point for each pixel
    page = PageObject.create_blank_page(width=width, height=height)
    left, below = (width - picture.width * scale) / 2, (height - picture.height * scale) / 2
    page.merge_transformed_page(
        PdfReader(drawn).pages[0], Transformation().scale(scale).translate(left, below), expand=False
    )
    writer = PdfWriter()
    writer.add_page(page)
    return written(writer)


def written(writer: "PdfWriter") -> bytes:
    """The file. Raises BadPaper for one that is too heavy to hand in."""
    out = io.BytesIO()
    writer.write(out)
    if out.tell() > MOST_BYTES:
        raise BadPaper("too_heavy")
    return out.getvalue()


def _print(line: dict[str, object], data: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    given = [Path(path).read_bytes() for path in sys.argv[1:]]
    allowed(given)
    main(given)
