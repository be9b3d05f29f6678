"""What strangers upload: taken, or refused in one sentence, quickly, and never by a crash."""

import io
import time
import warnings
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader

from mailboxes import examining
from mailboxes.models.papers import Format, PaperKind
from pecportal.errors import Refusal
from tests.mailboxes import build

SECONDS = 15


def reader(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data))


def picture_on(data: bytes, page: int) -> Image.Image:
    image = reader(data).pages[page].images[0].image
    assert image is not None
    return image


# --- taken


def test_two_photographs_become_one_pdf_of_two_pages() -> None:
    pages = reader(build.merged(build.picture(), build.picture(1200, 900))).pages

    assert len(pages) == 2
    assert [(float(page.mediabox.width), float(page.mediabox.height)) for page in pages] == [(595, 842), (842, 595)]


def test_a_photograph_taken_on_its_side_is_turned_upright() -> None:
    merged = build.merged(build.picture(1600, 1000, turn=6))

    assert picture_on(merged, 0).size == (1000, 1600)
    assert float(reader(merged).pages[0].mediabox.height) == 842


def test_what_the_camera_wrote_into_a_photograph_is_left_out() -> None:
    picture = build.picture(turn=6)
    assert b"Exif" in picture

    assert b"Exif" not in build.merged(picture)


def test_a_see_through_picture_is_shown_on_white_paper() -> None:
    merged = build.merged(build.picture(kind="PNG", mode="RGBA", colour=(0, 0, 0, 0)))

    shown = picture_on(merged, 0).convert("L").getpixel((100, 100))
    assert isinstance(shown, int | float)
    assert shown > 250


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "1"), ("PNG", "P"), ("PNG", "I;16"), ("JPEG", "CMYK"), ("JPEG", "L")]
)
def test_scanners_colours_are_all_taken(kind: str, mode: str) -> None:
    colour = (0, 0, 0, 0) if mode == "CMYK" else 1

    assert len(reader(build.merged(build.picture(kind=kind, mode=mode, colour=colour))).pages) == 1


def test_a_telephones_picture_is_taken() -> None:
    pages = reader(build.merged(build.heic())).pages

    assert len(pages) == 1
    assert examining.examined(PaperKind.IDENTITY, build.heic()).format == Format.HEIC


def test_a_large_photograph_is_made_smaller() -> None:
    merged = build.merged(build.picture(4800, 3600))

    assert max(picture_on(merged, 0).size) <= 3508


def test_a_pdf_keeps_its_pages_and_its_text() -> None:
    assert len(reader(build.merged(build.pdf(3), build.pdf(2))).pages) == 5


def test_a_pdf_that_is_only_locked_against_changes_is_taken() -> None:
    assert len(reader(build.merged(build.pdf(2, owner="proprietario"))).pages) == 2


def test_bytes_before_a_pdfs_beginning_do_no_harm() -> None:
    assert len(reader(build.merged(b"\xef\xbb\xbf\r\n" + build.pdf())).pages) == 1


# --- refused


def cyclic_pdf() -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n"
    )


def picture_bomb() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return build.picture(12_000, 12_000, kind="PNG", mode="1", colour=1)


def stream_bomb() -> bytes:
    """Objects that unpack to 300 MB, in a file of 300 KB."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(b"0" * 2**20) for _mebibyte in range(300)) + packer.flush()
    head = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    page = b"3 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>stream\n" % len(packed)
    xref = b"\nendstream endobj\ntrailer<</Root 1 0 R>>\n"
    return head + page + packed + xref


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "The file is empty."),
    "not a PDF": (lambda: b"Gentile ufficio", "neither a PDF"),
    "a name of a PDF only": (lambda: b"%PDF-1.7 rubbish", "cannot be opened"),
    "half a PDF": (lambda: build.pdf(2)[:300], "cannot be opened"),
    "half a picture": (lambda: build.picture()[:400], "cannot be opened"),
    "a GIF": (lambda: build.picture(kind="GIF", mode="P", colour=1), "neither a PDF"),
    "a ZIP": (lambda: b"PK\x03\x04" + b"\0" * 100, "neither a PDF"),
    "with a password": (lambda: build.pdf(password="segreto"), "protected by a password"),
    "too large": (lambda: b"%PDF-1.7\n" + b"0" * examining.LIMIT, "larger than 10 MB"),
    "60 pages": (lambda: build.pdf(60), "more than 50 pages"),
    "a tiny picture": (lambda: build.picture(200, 280), "too small to be read"),
    "a picture bomb": (lambda: picture_bomb(), "too large: make it smaller"),
    "a circle of pages": (lambda: cyclic_pdf(), "cannot be opened"),
    "half a telephone's picture": (lambda: build.heic()[:500], "cannot be opened"),
    "a film": (lambda: b"\0\0\0\x18ftypmp42" + b"\0" * 100, "neither a PDF"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_paper_is_refused_in_one_sentence_that_names_its_field(case: str) -> None:
    make, sentence = BAD[case]
    data = make()

    with pytest.raises(Refusal) as merging:
        examining.merged([("signed_form", build.picture()), ("identity", data)])
    with pytest.raises(Refusal) as looking:
        examining.examined(PaperKind.IDENTITY, data)

    for caught in (merging, looking):
        assert caught.value.field == "identity"
        assert sentence in str(caught.value)


def test_pages_are_counted_together() -> None:
    with pytest.raises(Refusal, match="more than 50 pages"):
        build.merged(build.pdf(30), build.pdf(21))


def test_a_file_that_eats_memory_or_time_costs_its_own_process_only() -> None:
    bomb, begun = stream_bomb(), time.monotonic()

    with pytest.raises(Refusal) as caught:
        examining.merged([("signed_form", build.pdf()), ("identity", bomb)])

    assert caught.value.field == "identity"
    assert time.monotonic() - begun < SECONDS


# --- can it be read?


def remarks_of(data: bytes) -> list[Sequence[str]]:
    return [page.remarks for page in examining.examined(PaperKind.IDENTITY, data).facts.pages]


READABLE: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "sharp": (lambda: build.text_picture(), []),
    "blurred": (lambda: build.text_picture(blur=14), ["blurred"]),
    "slightly blurred": (lambda: build.text_picture(blur=2), []),
    "dark": (lambda: build.text_picture(paper="#303030"), ["dark"]),
    "blank": (lambda: build.picture(1700, 2300), ["blank"]),
    "few pixels": (lambda: build.text_picture(600, 800), ["coarse"]),
}


@pytest.mark.parametrize("case", READABLE)
def test_what_makes_a_picture_hard_to_read_is_found_in_photographs_and_in_scans(case: str) -> None:
    make, wanted = READABLE[case]

    assert remarks_of(make()) == [wanted]
    assert remarks_of(build.merged(make())) == [wanted]


def test_a_page_of_text_is_not_blank_and_an_empty_one_is() -> None:
    letter = (Path(__file__).parents[2] / "docs" / "examples" / "informazioni.pdf").read_bytes()

    assert remarks_of(build.merged(letter, build.pdf())) == [[], ["blank"]]


def test_pages_tell_their_size_and_how_they_lie() -> None:
    pages = examining.examined(PaperKind.IDENTITY, build.merged(build.picture(), build.picture(1200, 900))).facts.pages

    assert [(page.mm, page.is_lying) for page in pages] == [([210, 297], False), ([297, 210], True)]
