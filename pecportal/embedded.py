"""JSON with files in it as base64, read as it comes: the files are decoded and hashed on the way, and never in memory.

Each string under a key `file` is a file, as in the vendor's POST /send (pecmassiva.openapi.json).
"""

import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import IO, Final, Generic, TypeVar

KEPT_LIMIT: Final = 8 * 2**20
_BEFORE_A_FILE: Final = re.compile(rb'(?<!\\)"file"\s*:\s*"\Z')
_ESCAPES: Final = ((rb"\/", b"/"), (rb"\r", b""), (rb"\n", b""))
_LONGEST_SCHEME: Final = 1024
_TAIL: Final = 64
_BACKSLASH: Final = 0x5C


class BadBody(ValueError):
    """The body cannot be JSON, or a file in it is no base64."""


class File:
    """A file while it comes in: `size` in bytes and `sha256` in hex of what the base64 stands for.

    It may be plain or in a data URI. Its bytes go to `into`, if there is one.
    """

    def __init__(self, into: IO[bytes] | None = None) -> None:
        self.into = into
        self.size = 0
        self._hash = hashlib.sha256()
        self._text = b""
        self._in_content = False
        self._padded = False

    @property
    def sha256(self) -> str:
        """The file's hash, once all of it came."""
        return self._hash.hexdigest()

    def take(self, text: bytes) -> None:
        """More of the JSON string."""
        self._text += text
        if b"\\" in self._text:
            self._unescape()
        if not self._in_content and not self._skip_scheme():
            return
        usable = len(self._text) - len(self._text) % 4
        self._decode(self._text[:usable])
        self._text = self._text[usable:]

    def close(self) -> None:
        """The string has ended."""
        self._decode(self._text)
        self._text = b""

    def _unescape(self) -> None:
        for escape, plain in _ESCAPES:
            self._text = self._text.replace(escape, plain)

    def _skip_scheme(self) -> bool:
        if len(self._text) < len(b"data:"):
            return False
        if self._text.startswith(b"data:"):
            scheme, comma, content = self._text.partition(b",")
            if not comma:
                if len(self._text) > _LONGEST_SCHEME:
                    raise BadBody("A data URI has no comma.")
                return False
            if not scheme.endswith(b";base64"):
                raise BadBody("A data URI is not base64.")
            self._text = content
        self._in_content = True
        return True

    def _decode(self, text: bytes) -> None:
        if not text:
            return
        if self._padded:
            raise BadBody("Something follows the end of the base64.")
        try:
            content = binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error as exc:
            raise BadBody("A file is not base64.") from exc
        self._padded = text.endswith(b"=")
        self._hash.update(content)
        if self.into is not None:
            self.into.write(content)
        self.size += len(content)


F = TypeVar("F", bound=File)


class _Reader(Generic[F]):
    """Splits the text into what is kept and the contents of strings under a key `file`, which become their numbers."""

    def __init__(self, make: Callable[[], F], most: int) -> None:
        self.files: list[F] = []
        self._make, self._most = make, most
        self._kept = bytearray()
        self._in_string = False
        self._in_file = False
        self._rest = b""

    def take(self, block: bytes) -> None:
        text, self._rest = self._rest + block, b""
        if text.endswith(b"\\"):  # an escape is not cut in two
            odd = (len(text) - len(text.rstrip(b"\\"))) % 2
            text, self._rest = text[: len(text) - odd], text[len(text) - odd :]
        position = 0
        while position < len(text):
            position = self._string(text, position) if self._in_string else self._between(text, position)
        if len(self._kept) > KEPT_LIMIT:
            raise BadBody("There is too much beside the files.")

    def finish(self) -> bytes:
        if self._rest or self._in_string:
            raise BadBody("The body ends within a text.")
        return bytes(self._kept)

    def _between(self, text: bytes, start: int) -> int:
        end = text.find(b'"', start) + 1
        if not end:
            self._kept += text[start:]
            return len(text)
        self._kept += text[start:end]
        self._in_string = True
        self._in_file = bool(_BEFORE_A_FILE.search(self._kept, max(len(self._kept) - _TAIL, 0)))
        if self._in_file:
            self._kept += str(len(self.files)).encode()
            if len(self.files) == self._most:
                raise BadBody("There are too many files.")
            self.files.append(self._make())
        return end

    def _string(self, text: bytes, start: int) -> int:
        end = _end_of_string(text, start)
        content = text[start:end]
        if self._in_file:
            self.files[-1].take(content)
        else:
            self._kept += content
        if end == len(text):
            return end
        self._kept += b'"'
        self._in_string = False
        if self._in_file:
            self.files[-1].close()
        return end + 1


def split(blocks: Iterable[bytes], make: Callable[[], F], *, most: int = 1000) -> tuple[bytes, list[F]]:
    """The body without its files, and the files, each made by `make`; in its place is its number in the list.

    Raises BadBody, in the middle of it if need be: for more than `most` files, too.
    """
    reader = _Reader(make, most)
    for block in blocks:
        reader.take(block)
    return reader.finish(), reader.files


def _end_of_string(text: bytes, start: int) -> int:
    """Where the string's closing quote is; the end of `text` if it is not in it."""
    end = text.find(b'"', start)
    while end > start and _is_escaped(text, start, end):
        end = text.find(b'"', end + 1)
    return len(text) if end < 0 else end


def _is_escaped(text: bytes, start: int, position: int) -> bool:
    slashes = 0
    while position - slashes > start and text[position - slashes - 1] == _BACKSLASH:
        slashes += 1
    return slashes % 2 == 1
