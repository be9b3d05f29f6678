"""Whether this machine's processes were asked to stop: long jobs ask now and then, and end early."""

import mmap
import struct
import time
from pathlib import Path
from typing import Final

from django.conf import settings

GRACE: Final = 12.0  # seconds that what is under way gets after the asking; what then still runs is killed
_NEVER: Final = struct.pack("d", 0.0)
_until = mmap.mmap(-1, len(_NEVER))  # shared with every process that is forked from this one


def asked() -> bool:
    """True once we were told to stop, or whoever started us has left its mark (see `pecportal.processes`)."""
    if _until[:] != _NEVER:
        return True
    return bool(settings.PORTAL_STOP_FILE) and Path(settings.PORTAL_STOP_FILE).exists()


def note() -> None:
    """Ask this process, and all that were forked from it, to stop; asked again it changes nothing."""
    if _until[:] == _NEVER:
        _until[:] = struct.pack("d", time.monotonic() + GRACE)


def rest() -> float:
    """Seconds that are left until what still runs is killed; the whole grace while nobody has asked."""
    (until,) = struct.unpack("d", _until[:])
    return float(max(until - time.monotonic(), 0.0)) if until else GRACE


def forget() -> None:
    """As if nobody had asked: for whoever goes on with another life in the same process."""
    _until[:] = _NEVER
