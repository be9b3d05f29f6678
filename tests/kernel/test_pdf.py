"""Templates become PDFs with our own styles, in a process of its own that is not waited for without end."""

import io

import pytest
from pypdf import PdfReader

from pecportal import pdf, press


def test_it_is_a_pdf_with_our_style() -> None:
    made = pdf.render("400.html", {}, style="css/sheet.css")

    page = PdfReader(io.BytesIO(made)).pages[0]
    assert "1 / 1" in page.extract_text()  # the style numbers the pages


def test_a_style_that_is_not_ours_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        pdf.style_of("css/none.css")


def test_what_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "SECONDS", 0.0)
    monkeypatch.setattr(press, "START_SECONDS", 0.0)

    with pytest.raises(press.Unprintable):
        pdf.render("400.html", {}, style="css/sheet.css")
