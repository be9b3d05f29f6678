"""A template becomes a PDF: the only door to WeasyPrint, which here can read our static files and nothing else."""

from pathlib import Path, PurePosixPath
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from weasyprint import HTML
from weasyprint.urls import URLFetcher, URLFetcherResponse


class Unreachable(ValueError):
    """A template named something that is not one of our static files."""


class _StaticFiles(URLFetcher):  # type: ignore[misc]
    """Answers `static:css/letter.css` from our own static files, and refuses every other address."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        scheme, _, name = url.partition(":")
        if scheme != "static" or ".." in PurePosixPath(name).parts:
            raise Unreachable(f"Not one of our static files: {url[:200]}")
        found = finders.find(name.lstrip("/"))
        if not isinstance(found, str):
            raise Unreachable(f"No static file of that name: {name[:200]}")
        return URLFetcherResponse(url, body=Path(found).open("rb"))


def render(template: str, context: dict[str, Any]) -> bytes:
    """Render a template to PDF bytes; addresses in it are of the form `static:path/in/static`."""
    html = render_to_string(template, context)
    pdf: bytes = HTML(string=html, base_url="static:", url_fetcher=_StaticFiles()).write_pdf()
    return pdf
