"""Papers in numbers: each a PDF/A of its own, made by a process that reaches nothing and outlives no trouble."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from pecportal import press
from pecportal.press import Press, Unprintable
from tests.upstream.servers import Server, answer

STYLE = "@page { size: A4; @bottom-right { content: counter(page) ' / ' counter(pages) } } p { font-size: 11pt }"


@pytest.fixture(scope="module")
def printer() -> Iterator[Press]:
    picture = BytesIO()
    Image.new("RGB", (20, 10), "red").save(picture, "PNG")
    with press.pressing(STYLE, {"logo": picture.getvalue()}) as found:
        yield found


def words(pdf: bytes) -> str:
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_each_paper_is_its_own(printer: Press) -> None:
    first = printer.print("<p>Gentile Ditta Rossi</p>")
    second = printer.print("<p>Gentile Ditta Niccolò</p>")

    assert "Ditta Rossi" in words(first)
    assert "Niccolò" in words(second)
    assert "Rossi" not in words(second)


def test_it_says_that_it_is_pdf_a(printer: Press) -> None:
    pdf = printer.print("<html lang='it'><title>Avviso</title><p>x</p></html>")

    metadata = PdfReader(BytesIO(pdf)).xmp_metadata
    assert metadata is not None
    assert b"pdfaid" in metadata.stream.get_data()


def test_the_letterheads_picture_is_reached(printer: Press) -> None:
    pdf = printer.print("<img src='picture:logo'>")

    assert len(PdfReader(BytesIO(pdf)).pages[0].images) == 1


@pytest.mark.parametrize(
    "html",
    [
        "<img src='{url}'>",
        "<link rel=stylesheet href='{url}'>",
        "<style>@import '{url}'; p {{ background: url({url}) }}</style><p>x</p>",
        "<style>@font-face {{ font-family: x; src: url({url}) }} p {{ font-family: x }}</style><p>x</p>",
        "<img src=\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}'/></svg>\">",
        "<a rel=attachment href='{url}'>x</a><link rel=attachment href='{url}'>",
        "<object data='{url}'></object><embed src='{url}'>",
    ],
)
def test_it_reaches_no_address_and_no_file(printer: Press, html: str) -> None:
    with Server(answer(200, b"x")) as server:
        pdf = printer.print(html.format(url=server.url))
        assert server.connections == 0
    secret = printer.print(html.format(url="file:///etc/passwd"))

    assert b"root:" not in secret
    assert not PdfReader(BytesIO(secret)).attachments
    assert pdf.startswith(b"%PDF-")


def test_after_a_paper_that_it_did_not_survive_the_next_one_is_made(
    printer: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer.print("<p>x</p>")
    assert printer._process is not None
    printer._process.kill()

    with pytest.raises(Unprintable):
        printer.print("<p>eins</p>")

    assert "zwei" in words(printer.print("<p>zwei</p>"))
