"""The files of campaigns, brought to this machine before anything of them is claimed.

From a bucket they come in threads of their own: the pump's loop, which all mailboxes share, waits for none of them.
"""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from campaigns import models
from campaigns.enclosures import Enclosure
from pecportal import stored
from pecportal.operation.alerts import alert, all_clear
from pecportal.upstream.errors import FileAway, Unbuildable
from pecportal.upstream.massiva import Attachment

logger = logging.getLogger(__name__)
PATIENCE: Final = 0.1  # seconds that a file just asked for is waited for: small ones are there by then
AGAIN: Final = 5.0  # seconds until what could not be had is asked for again
FRESH: Final = 60.0  # seconds that a comparison counts, while the campaign's other files are on their way
AT_ONCE: Final = 4


class Unsound(Exception):
    """A file is gone, or is not what was frozen."""


@dataclass(slots=True)
class _Fetch:
    """One file on its way; when it has ended, its path, or what was wrong. Times are `time.monotonic()` seconds."""

    ended: threading.Event = field(default_factory=threading.Event)
    ended_at: float = 0.0
    path: Path | None = None
    problem: Exception | None = None

    @property
    def is_old(self) -> bool:
        """Whether it has to be asked for anew."""
        lasts = AGAIN if isinstance(self.problem, stored.Away) else FRESH
        return self.ended.is_set() and time.monotonic() - self.ended_at > lasts


_fetches: dict[str, _Fetch] = {}
_room = threading.BoundedSemaphore(AT_ONCE)


def bring(campaign_id: int) -> tuple[Attachment, ...] | None:
    """The campaign's files as the client takes them, or None while one is on its way or cannot be had.

    Raises `Unsound`. An alert tells that files cannot be had, until they can.
    """
    files = list(models.Attachment.objects.filter(campaign=campaign_id).order_by("pk"))
    try:
        paths = [_path(file) for file in files]
    except stored.Away as exc:
        logger.warning("The files of campaign %s cannot be had just now: %s", campaign_id, exc)
        alert(stored.ALERT, "", campaign=campaign_id)
        return None
    except (FileNotFoundError, stored.Changed) as exc:
        logger.warning("The files of campaign %s are not what was frozen: %s", campaign_id, exc)
        _forget(files)
        raise Unsound(str(exc)) from exc
    found = [_attachment(file, path) for file, path in zip(files, paths, strict=True) if path is not None]
    if len(found) < len(files):
        return None
    if files:
        all_clear(stored.ALERT, "")
        _forget(files)
    return tuple(found)


def own(files: Sequence[Enclosure]) -> list[Attachment]:
    """The files that one message alone carries, fetched and compared by the thread that is about to send it.

    Raises `FileAway` while one cannot be had, `Unbuildable` when one is gone, or is not what was frozen.
    """
    found = []
    for file in files:
        try:
            path = stored.local(file.stored_as, sha256=file.sha256)
        except stored.Away as exc:
            raise FileAway(f"A file cannot be had: {exc}", call="own files") from exc
        except (FileNotFoundError, stored.Changed) as exc:
            raise Unbuildable(f"A file is not what was frozen: {exc}", call="own files") from exc
        found.append(Attachment(name=file.name, path=path, content_type=file.content_type, size=file.size))
    return found


def are_there(attachments: Sequence[Attachment]) -> bool:
    """Whether files that were brought still are where they were, as far as can be seen without reading them."""
    try:
        return all(attachment.path.stat().st_size == attachment.size for attachment in attachments)
    except OSError:
        return False


def _path(file: models.Attachment) -> Path | None:
    """Where the file is, or None while it comes. Raises what was wrong with it."""
    if stored.is_on_this_machine():
        return stored.local(file.stored_as, sha256=file.sha256)
    fetch = _fetches.get(file.stored_as)
    if fetch is None or fetch.is_old:
        fetch = _fetches[file.stored_as] = _Fetch()
        threading.Thread(target=_fetch, args=(fetch, file.stored_as, file.sha256), daemon=True).start()
        fetch.ended.wait(PATIENCE)
    if fetch.ended.is_set() and fetch.problem is not None:
        raise fetch.problem
    return fetch.path if fetch.ended.is_set() else None


def _fetch(fetch: _Fetch, stored_as: str, sha256: str) -> None:
    try:
        with _room:
            fetch.path = stored.local(stored_as, sha256=sha256)
    except (FileNotFoundError, stored.Away, stored.Changed) as exc:  # told to whoever asks for the file
        fetch.problem = exc
    except Exception as exc:  # the other files, and the other mailboxes, must go on
        logger.exception("Fetching a file broke.")
        fetch.problem = stored.Away(f"Fetching it broke: {type(exc).__name__}.")
    fetch.ended_at = time.monotonic()
    fetch.ended.set()


def _forget(files: Sequence[models.Attachment]) -> None:
    for file in files:
        _fetches.pop(file.stored_as, None)


def _attachment(file: models.Attachment, path: Path) -> Attachment:
    return Attachment(name=file.name, path=path, content_type=file.content_type, size=file.size)
