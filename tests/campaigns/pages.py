"""Pages as a test reads them."""

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    Answer = object

__all__ = ["Answer", "as_guessed", "words"]

_SELECT = re.compile(r'<select name="(column_\d+)".*?</select>', re.DOTALL)
_CHOSEN = re.compile(r'<option value="([a-z_]*)" selected>')


def words(response: Answer) -> str:
    """The page's text without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def as_guessed(response: Answer) -> dict[str, str]:
    """What the page of a list's columns would send if nothing was corrected."""
    found = {select[1]: _CHOSEN.search(select[0]) for select in _SELECT.finditer(response.content.decode())}
    return {name: chosen[1] if chosen else "" for name, chosen in found.items()}
