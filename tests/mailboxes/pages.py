"""Pages as a test reads them."""

import re
from html import unescape
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import SimpleUploadedFile

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Answer
else:
    Answer = object

__all__ = ["Answer", "file", "same", "words"]


def words(response: Answer) -> str:
    """The page's text without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def same(response: Answer, url: str) -> str:
    """The page without what differs by itself: the token against forged forms, and the address that was asked."""
    page = response.content.decode().replace(url, "HERE")
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", page)


def file(name: str, content: bytes) -> SimpleUploadedFile:
    """An upload."""
    return SimpleUploadedFile(name, content)
