"""Makes one PDF of papers that strangers wrote, in a process of its own: `python -m mailboxes.papermaker PATH …`.

Prints lines of JSON, `{"at": i}` before it looks at a file, at last `{"pages": n}` and then the PDF, or
`{"code": …, "file": i}`. Imports no Django and no secrets.
"""

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PdfWriter

MOST_PAGES: Final = 50
MOST_PIXELS: Final = 60_000_000
MOST_BYTES: Final = 30 * 2**20
LEAST_SIDE: Final = 300  # pixels: less of a document cannot be read
SECONDS: Final = 10
MEGABYTES: Final = 1024
A4: Final = (595, 842)  # points
MARGIN: Final = 20  # points
A4_AT_300_DPI: Final = (2480, 3508)
_IMAGES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class BadPaper(Exception):
    """A paper that cannot be taken: `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def main(paths: list[str]) -> None:
    """Print the merged PDF of the files, or which of them is bad and why."""
    number = 0
    try:
        from pypdf import PdfWriter

        writer = PdfWriter()
        for number, path in enumerate(paths):
            _print({"at": number})
            _append(writer, Path(path).read_bytes())
        pdf = _written(writer)
    except BadPaper as exc:
        _print({"code": exc.code, "file": number})
    except MemoryError:
        _print({"code": "too_heavy", "file": number})
    except Exception:  # noqa: BLE001 (a parser may raise anything on a hostile file, and this process exists to contain it)
        _print({"code": "broken", "file": number})
    else:
        _print({"pages": len(writer.pages)}, pdf)


def is_known(data: bytes) -> bool:
    """Whether these bytes begin as a PDF (some write a few bytes before it), a JPEG or a PNG does."""
    return data.startswith(_IMAGES) or b"%PDF-" in data[:1024]


def _append(writer: "PdfWriter", data: bytes) -> None:
    from pypdf import PdfReader

    if not is_known(data):
        raise BadPaper("type_not_allowed")
    if data.startswith(_IMAGES):
        data = _image_as_pdf(data)
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):  # many forms are locked against changes, and open to all
        raise BadPaper("encrypted")
    if not reader.pages:
        raise BadPaper("broken")
    if len(writer.pages) + len(reader.pages) > MOST_PAGES:
        raise BadPaper("too_many_pages")
    for page in reader.pages:
        writer.add_page(page)


def _image_as_pdf(data: bytes) -> bytes:
    """The picture, turned as its camera says, made anew on an A4 page."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise BadPaper("too_many_pixels")
            opened.thumbnail((max(A4_AT_300_DPI), max(A4_AT_300_DPI)))
            upright = ImageOps.exif_transpose(opened)
    except Image.DecompressionBombError as exc:
        raise BadPaper("too_many_pixels") from exc
    if min(upright.size) < LEAST_SIDE:
        raise BadPaper("too_small")
    return _on_a4(_opaque(upright))


def _opaque(picture: "Image") -> "Image":
    """On white paper where it lets light through."""
    from PIL import Image

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
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
    return _written(writer)


def _written(writer: "PdfWriter") -> bytes:
    out = io.BytesIO()
    writer.write(out)
    if out.tell() > MOST_BYTES:
        raise BadPaper("too_heavy")
    return out.getvalue()


def _print(line: dict[str, object], data: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps(line).encode() + b"\n" + data)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    from pecportal.confined import limit

    limit(seconds=SECONDS, megabytes=MEGABYTES)
    main(sys.argv[1:])
