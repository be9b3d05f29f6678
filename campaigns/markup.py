"""The HTML of letters: what may leave in a certified message, and what a reader without HTML sees of it. Pure."""

import re
from html.parser import HTMLParser
from typing import Final

import nh3

_BLOCKS: Final = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"}
_LINES: Final = {"br", "div", "li", "tr"}
_WORDS: Final = {"a", "b", "code", "em", "i", "s", "small", "span", "strong", "sub", "sup", "u"}
_TABLES: Final = {"caption", "tbody", "td", "tfoot", "th", "thead"}
_CELLS: Final = {"align", "valign", "colspan", "rowspan", "style"}
_STYLES: Final = {"text-align", "font-weight", "font-style", "text-decoration", "color", "width"}

# no picture, no form, no style sheet: nothing that is fetched, runs, or looks like part of the reader's own program
_CLEANER: Final = nh3.Cleaner(
    tags=_BLOCKS | _LINES | _WORDS | _TABLES,
    attributes={
        "a": {"href", "title"},
        "ol": {"start"},
        "td": _CELLS,
        "th": _CELLS,
        "table": {"border", "cellpadding", "cellspacing", "style"},
        **{tag: {"style", "align"} for tag in ("p", "div", "span", "h1", "h2", "h3", "h4", "h5", "h6")},
    },
    url_schemes={"http", "https", "mailto", "tel"},
    url_relative="deny",
    link_rel=None,
    filter_style_properties=_STYLES,
)


def clean(text: str) -> str:
    """The HTML with what is harmless kept: no scripts, no pictures, no relative links, no comments."""
    return _CLEANER.clean(text)


def plain(text: str) -> str:
    """The words of cleaned HTML, one block after the other, with the addresses of links behind their text."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.words).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects words, and line breaks where a browser would show them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._links: list[str] = []
        self._since_link = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.words.append("\n\n")
        elif tag in _LINES:
            self.words.append("\n- " if tag == "li" else "\n")
        elif tag in ("td", "th"):
            self.words.append(" ")
        elif tag == "a":
            self._links.append(dict(attrs).get("href") or "")
            self._since_link = len(self.words)

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.words.append("\n\n")
        elif tag in ("div", "li", "tr"):
            self.words.append("\n")
        elif tag == "a" and self._links:
            self._end_link(self._links.pop())

    def _end_link(self, address: str) -> None:
        shown = "".join(self.words[self._since_link :]).strip()
        if address and shown not in (address, address.removeprefix("mailto:")):
            self.words.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        self.words.append(data.replace("\n", " "))
