"""Keeps passwords, keys and tokens out of everything that is stored or shown of an answer."""

import html
import json
from urllib.parse import quote, quote_plus

_MASK = b"***"
_SHORTEST = 4  # a shorter secret would mask half of every text


class Secrets:
    """The secrets of one call, hidden in its answer however the vendor may have escaped them."""

    __slots__ = ("_values",)

    def __init__(self, *values: str) -> None:
        self._values = tuple(value for value in values if len(value) >= _SHORTEST)

    def __repr__(self) -> str:
        return f"<Secrets: {len(self._values)}>"

    def hide(self, data: bytes) -> bytes:
        """The same bytes with every form of every secret replaced by `***`."""
        for value in self._values:
            for form in _forms(value):
                if form in data:
                    data = data.replace(form, _MASK)
        return data

    def hide_text(self, text: str) -> str:
        """The same text with every form of every secret replaced by `***`."""
        return self.hide(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _forms(value: str) -> list[bytes]:
    escaped = json.dumps(value)[1:-1]
    spellings = {
        value,
        escaped,
        escaped.replace("/", "\\/"),  # PHP's json_encode
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote_plus(value),
        html.escape(value),
    }
    return [spelling.encode("utf-8", "replace") for spelling in sorted(spellings, key=len, reverse=True)]
