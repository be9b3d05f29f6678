"""Files that the portal keeps under random names: in a folder, one that hosts share, or a bucket (see settings).

What is gone, or not what was kept, is told from what cannot be had just now: only the first is damage. Bytes are
compared with their hash before they are used; nothing is ever renamed or written over.
"""

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

logger = logging.getLogger(__name__)
ALERT: Final = "files.away"  # the kind of the alert that files cannot be had just now; its key is ""
CHUNK: Final = 2**20
LASTS: Final = 86_400.0  # seconds after its last use: no sending may lose a copy
LASTS_IN_NEED: Final = 3600.0
MOST_COPIES: Final = 20 * 2**30  # bytes; beyond them the older copies go sooner


class Away(OSError):
    """The files cannot be reached just now, which says nothing of the file itself. To be tried again."""


class Changed(Exception):
    """The file is there, and is not what was kept."""


def keep(name: str, content: IO[bytes]) -> None:
    """Store the bytes, from the beginning, under exactly this name. Raises `Away`."""
    content.seek(0)
    with _reached(name):
        stored_as = default_storage.save(name, File(content))
    if stored_as != name:
        discard(stored_as)
        raise RuntimeError("A random name was taken already.")


def discard(name: str) -> bool:
    """Remove a file, if it is there; False, and a line in the log, when that cannot be done now."""
    try:
        with _reached(name):
            if is_on_this_machine() and not _has_entries(Path(default_storage.path(""))):
                raise FileNotFoundError(name)  # to delete what is not there raises nothing
            default_storage.delete(name)
    except Away:
        logger.exception("The file %s could not be removed, and stays.", name)
        return False
    return True


@contextmanager
def discarded_on_failure(*names: str) -> Iterator[None]:
    """Remove these files again when the block fails, in whatever way: no row tells of them."""
    try:
        yield
    except BaseException:
        for name in names:
            discard(name)
        raise


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The file, to be read. Raises FileNotFoundError when it is gone, `Away` when that cannot be known."""
    with _reached(name), default_storage.open(name) as file:
        yield file


def size(name: str) -> int:
    """Its bytes, as the storage counts them. Raises as `opened`."""
    with _reached(name):
        return int(default_storage.size(name))


def is_whole(name: str, *, sha256: str) -> bool:
    """Whether the file is there, byte for byte as its hash (hex) says. Raises `Away`."""
    try:
        with opened(name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256  # type: ignore[arg-type]
    except FileNotFoundError:
        return False


def verified(name: str, *, sha256: str) -> IO[bytes]:
    """The file, open at its beginning, its bytes compared. Raises as `opened`, and `Changed`."""
    with _reached(name):
        file: IO[bytes] = default_storage.open(name)
        try:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:  # type: ignore[arg-type]
                raise Changed(f"{name} is not what was kept.")
            file.seek(0)
        except BaseException:
            file.close()
            raise
    return file


def is_on_this_machine() -> bool:
    """Whether files are in a folder, of this machine or shared, and no copies are made of them."""
    return isinstance(default_storage, FileSystemStorage)


def local(name: str, *, sha256: str) -> Path:
    """A path under which these very bytes are, compared just now. Raises as `verified`.

    Of a file in a bucket it is a copy, made once for many uses; it stays for an hour at least after the last of them.
    """
    if is_on_this_machine():
        verified(name, sha256=sha256).close()
        return Path(default_storage.path(name))
    copy = _copies() / sha256
    if not _is_sound(copy, sha256):
        _copy(name, copy, sha256=sha256)
    os.utime(copy)
    return copy


def _is_sound(copy: Path, sha256: str) -> bool:
    try:
        with copy.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _copy(name: str, copy: Path, *, sha256: str) -> None:
    """Fetch the file; the copy has its name only once it is whole. A full disk is told as `Away`, too."""
    _make_room()
    found = hashlib.sha256()
    with opened(name) as source, tempfile.NamedTemporaryFile(dir=copy.parent, delete=False) as target:
        try:
            while chunk := source.read(CHUNK):
                found.update(chunk)
                target.write(chunk)
            target.close()
            if found.hexdigest() != sha256:
                raise Changed(f"{name} is not what was kept.")
            Path(target.name).replace(copy)
        except BaseException:
            Path(target.name).unlink(missing_ok=True)
            raise


def _copies() -> Path:
    folder = Path(settings.PORTAL_DATA_DIR) / "copies"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _make_room() -> None:
    """Remove copies that nobody used for a day; beyond the limit those that nobody used for an hour, oldest first."""
    found = sorted((stat.st_mtime, stat.st_size, path) for path in _copies().iterdir() if (stat := _stat(path)))
    total, now = sum(size for _at, size, _path in found), time.time()
    for at, length, path in found:
        if now - at > (LASTS_IN_NEED if total > MOST_COPIES else LASTS):
            with suppress(FileNotFoundError):  # another process was quicker
                path.unlink()
            total -= length


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


@contextmanager
def _reached(name: str) -> Iterator[None]:
    """Turn what a storage raises into what it means for the file of this name."""
    try:
        yield
    except Away:
        raise
    except FileNotFoundError as exc:
        if is_on_this_machine() and not _has_entries(Path(default_storage.path(""))):
            raise Away("The folder of the files is not there, or empty.") from exc  # a shared one that is not mounted
        raise
    except OSError as exc:
        raise Away(f"The files cannot be reached: {exc}") from exc


def _has_entries(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())
