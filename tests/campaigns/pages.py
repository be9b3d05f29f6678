"""Pages as a test reads them."""

import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    Answer = object

__all__ = ["Answer", "words"]


def words(response: Answer) -> str:
    """The page's text without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())
