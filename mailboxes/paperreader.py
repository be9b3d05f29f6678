"""Looks at one paper of a stranger, in a process of its own: `python -m mailboxes.paperreader PATH [FORM] [--draw]`.

Prints a line of JSON, `{"format": …, "pages": […], "form": {…}, "pictures": […]}` or `{"code": …}`. With `--draw`
small pictures of the pages follow the line, `pictures` being the bytes of each (0: none). FORM is the form that was
given to be signed: what came back is compared with it. Imports no Django and no secrets.
"""

import io
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mailboxes import legibility
from mailboxes.papermaker import MOST_PAGES, BadPaper, allowed, format_of, picture_of, reader_of, written

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdf import PageObject, PdfReader

PATIENCE: Final = 1.5  # seconds of the processor for looking into pages; those after are not looked into
MOST_DRAWN: Final = 12
_WIDTH: Final = 480  # pixels of a small picture
_MOST_PIXELS: Final = 30_000_000  # of a scan's page
_MOST_WORDS: Final = 5_000
_PAINTS: Final = re.compile(rb"(?<![A-Za-z])(?:f\*?|F|B\*?|b\*?|S|s|Tj|TJ|'|\"|Do|sh|BI)(?![A-Za-z])")
_MM: Final = 25.4 / 72
_LEAST: Final = 300  # pixels of the shorter side of a page that was scanned
_SAME_SHAPE: Final = 0.2  # a picture that fills its page has its shape, but for margins
_ENOUGH_WORDS: Final = 10


def main(paths: list[str], *, draws: bool) -> None:
    """Print what is found."""
    pictures: list[bytes] = []
    try:
        files = [Path(path).read_bytes() for path in paths]
        header, pictures = _looked(files[0], files[1] if len(files) > 1 else b"", draws=draws)
    except BadPaper as exc:
        header = {"code": exc.code}
    except MemoryError:
        header = {"code": "too_heavy"}
    except Exception:  # noqa: BLE001 (a parser may raise anything on a hostile file, and this process exists to contain it)
        header = {"code": "broken"}
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + b"".join(pictures))


def _looked(data: bytes, form: bytes, *, draws: bool) -> tuple[dict[str, Any], list[bytes]]:
    kind = format_of(data)
    if kind in ("", "pdf"):
        reader = reader_of(data)
        if len(reader.pages) > MOST_PAGES:
            raise BadPaper("too_many_pages")
        _try_to_write(reader)
        pages, drawn = _pages(reader, draws=draws)
    else:
        reader = None
        picture = picture_of(data)
        pages = [{"mm": [], "remarks": legibility.remarks(picture), "pixels": list(picture.size)}]
        drawn = [_small(picture)] if draws else []
    header: dict[str, Any] = {"format": kind, "pages": pages, "pictures": [len(each) for each in drawn]}
    if form:
        header["form"] = _compared(data, reader, form)
    return header, drawn


def _try_to_write(reader: "PdfReader") -> None:
    """What cannot be copied page by page could not be handed in."""
    from pypdf import PdfWriter

    writer = PdfWriter()
    for page in reader.pages:
        writer.add_page(page)
    written(writer)


def _pages(reader: "PdfReader", *, draws: bool) -> tuple[list[dict[str, Any]], list[bytes]]:
    pages, drawn = [], []
    for number, page in enumerate(reader.pages):
        box = page.mediabox
        size = [round(float(box.width) * _MM), round(float(box.height) * _MM)]
        facts: dict[str, Any] = {"mm": size[::-1] if page.rotation % 180 else size, "remarks": []}
        scan = None
        if time.process_time() < PATIENCE:
            scan = _scan(page)
            facts["remarks"] = _remarks(page, scan)
        if draws and number < MOST_DRAWN:
            drawn.append(_small(scan.picture.rotate(-page.rotation, expand=True)) if scan else b"")
        pages.append(facts)
    return pages, drawn


def _remarks(page: "PageObject", scan: "_Scan | None") -> list[str]:
    if scan is None:
        return [] if _shows_something(page) else ["blank"]
    inches = max(float(page.mediabox.width), float(page.mediabox.height)) / 72
    return legibility.remarks(scan.picture, dpi=round(scan.longest / inches))


def _shows_something(page: "PageObject") -> bool:
    try:
        contents = page.get_contents()
        return contents is not None and bool(_PAINTS.search(contents.get_data()))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (as in main: what cannot be told is not told)
        return True


@dataclass(frozen=True, slots=True)
class _Scan:
    """The picture that fills a page, perhaps made smaller, and how many pixels its longest side has in the file."""

    picture: "Image"
    longest: int


def _scan(page: "PageObject") -> _Scan | None:
    """The page as a scanner makes it; None where no picture fills it, or it cannot be unpacked."""
    try:
        found = max(_images(page), key=lambda image: image["/Width"] * image["/Height"], default=None)
        if found is None or not _fills(found, page) or found["/Width"] * found["/Height"] > _MOST_PIXELS:
            return None
        return _Scan(_unpacked(found), max(found["/Width"], found["/Height"]))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (as in main: what cannot be told is not told)
        return None


def _images(page: "PageObject") -> Iterator[Any]:
    resources: Any = page["/Resources"]
    objects = resources.get_object()["/XObject"].get_object()
    for each in objects.values():
        if (found := each.get_object()).get("/Subtype") == "/Image":
            yield found


def _fills(image: Mapping[str, Any], page: "PageObject") -> bool:
    """Whether its shape is the page's, whichever way it is turned."""
    sides = sorted((float(image["/Width"]), float(image["/Height"])))
    paper = sorted((float(page.mediabox.width), float(page.mediabox.height)))
    return sides[0] >= _LEAST and abs(sides[0] / sides[1] - paper[0] / paper[1]) <= _SAME_SHAPE


def _unpacked(image: Any) -> "Image":
    from PIL import Image

    if image.get("/Filter") in ("/DCTDecode", ["/DCTDecode"]):
        picture = Image.open(io.BytesIO(image._data), formats=("JPEG",))
        picture.draft("RGB", (legibility.SIDE, legibility.SIDE))  # a page at 600 dpi would take 100 MB
        return picture.convert("RGB")
    found: Image.Image = image.decode_as_image()
    return found.convert("RGB")


def _small(picture: "Image") -> bytes:
    """A JPEG of our own making: nothing of the file's bytes is in it."""
    copy, out = picture.convert("RGB"), io.BytesIO()
    copy.thumbnail((_WIDTH, 2 * _WIDTH))
    copy.info.clear()
    copy.save(out, "JPEG", quality=60)
    return out.getvalue()


def _compared(data: bytes, reader: "PdfReader | None", form: bytes) -> dict[str, Any]:
    """How it goes with the form that was given: the same bytes, begun with them (PAdES), its pages, its words."""
    given = reader_of(form)
    likeness = None
    if reader is not None and len(words := _words(reader)) >= _ENOUGH_WORDS:
        wanted = _words(given)
        likeness = round(len(words & wanted) / len(wanted), 2) if wanted else None
    begun = data.startswith(form)
    return {"pages": len(given.pages), "is_same": data == form, "begins_with_it": begun, "likeness": likeness}


def _words(reader: "PdfReader") -> set[str]:
    found: set[str] = set()
    for page in reader.pages:
        if time.process_time() > 2 * PATIENCE or len(found) > _MOST_WORDS:
            break
        found |= set(re.findall(r"\w{3,}", page.extract_text().casefold()))
    return found


if __name__ == "__main__":
    arguments = [each for each in sys.argv[1:] if each != "--draw"]
    allowed([Path(path).read_bytes() for path in arguments])
    main(arguments, draws="--draw" in sys.argv)
