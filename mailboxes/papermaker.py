"""Makes one PDF of papers that strangers wrote, in a process of its own: `python -m mailboxes.papermaker PATH …`.

Prints a line of JSON, `{"pages": n}` or `{"code": …, "file": i}`, and then the PDF. Imports no Django and no secrets.
"""

import io
import json
import sys
from pathlib import Path
from typing import Final, NoReturn

MOST_PAGES: Final = 50
MOST_PIXELS: Final = 60_000_000
SECONDS: Final = 10
MEGABYTES: Final = 1024
A4: Final = (595, 842)  # points
_IMAGES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


class BadPaper(Exception):
    """A paper that cannot be taken: `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def main(paths: list[str]) -> None:
    """Print the merged PDF of the files, or which of them is bad and why."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for number, path in enumerate(paths):
        try:
            _append(writer, Path(path).read_bytes())
        except BadPaper as exc:
            _tell({"code": exc.code, "file": number})
        except Exception:  # noqa: BLE001 (a parser may raise anything on a hostile file, and this process exists to contain it)
            _tell({"code": "broken", "file": number})
    if len(writer.pages) > MOST_PAGES:
        _tell({"code": "too_many_pages", "file": len(paths) - 1})
    out = io.BytesIO()
    writer.write(out)
    _tell({"pages": len(writer.pages)}, out.getvalue())


def _append(writer: object, data: bytes) -> None:
    from pypdf import PdfReader, PdfWriter

    if not isinstance(writer, PdfWriter):
        raise TypeError
    if data.startswith(_IMAGES):
        data = _image_as_pdf(data)
    elif b"%PDF-" not in data[:1024]:
        raise BadPaper("type_not_allowed")
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        raise BadPaper("encrypted")
    if not reader.pages:
        raise BadPaper("broken")
    if len(reader.pages) > MOST_PAGES:
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
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except Image.DecompressionBombError as exc:
        raise BadPaper("too_many_pixels") from exc
    upright.thumbnail((2480, 3508))  # A4 at 300 dpi
    if min(upright.size) < 300:
        raise BadPaper("too_small")
    width, height = A4 if upright.height >= upright.width else A4[::-1]
    dpi = max(upright.width / (width - 40), upright.height / (height - 40)) * 72
    out = io.BytesIO()
    upright.save(out, "PDF", resolution=dpi, quality=85)
    return out.getvalue()


def _tell(header: dict[str, object], data: bytes = b"") -> NoReturn:
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + data)
    sys.stdout.buffer.flush()
    sys.exit(0)


if __name__ == "__main__":
    from pecportal.confined import limit

    limit(seconds=SECONDS, megabytes=MEGABYTES)
    main(sys.argv[1:])
