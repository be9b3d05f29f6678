"""A JSON body of known length that is never whole in memory: files become base64 on their way out."""

import os
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Final, Self

BLOCK: Final = 3 * 32 * 1024  # a multiple of 3, so that base64 blocks join without padding between them


class FileChanged(Exception):
    """A file is not what it was when its size was taken: the body cannot be completed."""


@dataclass(frozen=True, slots=True)
class Base64File:
    """A file to be written as base64; `size` is its length in bytes as known to the caller."""

    path: Path
    size: int

    @property
    def encoded_size(self) -> int:
        """Length of the base64 text (RFC 4648: four characters for each three bytes begun)."""
        return 4 * ((self.size + 2) // 3)


class Body:
    """The request's body: byte strings and files in their order, of an exact `length`.

    Entered, it opens every file and compares sizes: FileChanged or OSError then mean that nothing was sent.
    Iterated, it calls `before` right before the first chunk. `started` says that this was done, `finished`
    that the last byte was handed over.
    """

    def __init__(self, parts: Sequence[bytes | Base64File]) -> None:
        self._parts = parts
        self._files: list[FileIO] = []
        self._open = ExitStack()
        self.length = sum(part.encoded_size if isinstance(part, Base64File) else len(part) for part in parts)
        self.before: Callable[[], None] | None = None
        self.started = False
        self.finished = False

    def __repr__(self) -> str:
        return f"<Body of {self.length} bytes>"

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            for part in self._parts:
                if isinstance(part, Base64File):
                    self._files.append(opened.enter_context(_opened(part)))
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[bytes]:
        if self.before is not None:
            self.before()
        self.started = True
        files = iter(self._files)
        for part in self._parts:
            if isinstance(part, Base64File):
                yield from _encoded(part, next(files))
            else:
                yield part
        self.finished = True


def _opened(part: Base64File) -> FileIO:
    file = part.path.open("rb", buffering=0)
    size = os.fstat(file.fileno()).st_size
    if size != part.size:
        file.close()
        raise FileChanged(f"{part.path.name} has {size} bytes, not {part.size}")
    return file


def _encoded(part: Base64File, file: FileIO) -> Iterator[bytes]:
    left = part.size
    while left:
        block = _read(file, min(BLOCK, left))
        if not block:
            raise FileChanged(f"{part.path.name} became shorter while it was sent")
        left -= len(block)
        yield b64encode(block)
    if file.read(1):
        raise FileChanged(f"{part.path.name} became longer while it was sent")


def _read(file: FileIO, size: int) -> bytes:
    """Exactly `size` bytes, or b"" if the file ends before."""
    block = file.read(size)
    while 0 < len(block) < size:
        more = file.read(size - len(block))
        if not more:
            return b""
        block += more
    return block
