"""A template becomes a PDF/A, made by a press in a process of its own, which reaches no file and no address."""

from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from pecportal import press


def render(template: str, context: dict[str, Any], *, style: str) -> bytes:
    """A template with one of our static styles, such as `css/sheet.css`. Raises `press.Unprintable`."""
    with press.pressing(style_of(style), {}) as printer:
        return printer.print(render_to_string(template, context))


def style_of(name: str) -> str:
    """One of our static files of styles. Raises `FileNotFoundError`."""
    found = finders.find(name)
    if not isinstance(found, str):
        raise FileNotFoundError(name)
    return Path(found).read_text(encoding="utf-8")
