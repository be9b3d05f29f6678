"""Looks for signatures in a file that a stranger wrote: `python -m mailboxes.signatures.reader PATH SECONDS [FOLDER]`.

Runs in a process of its own, within its limits. SECONDS is the present time (Unix), FOLDER holds the authorities that
the operator trusts. Prints a line of JSON, `{"signatures": […]}` or `{"code": …}`, and after the line of a .p7m what
was signed. Imports no Django and no secrets.
"""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mailboxes.signatures.facts import Signature

SECONDS: Final = 3
MEGABYTES: Final = 200


def main(path: str, seconds: str, folder: str = "") -> None:
    """Print what was found."""
    logging.disable(logging.CRITICAL)  # pyHanko tells its own log of every oddity
    warnings.simplefilter("ignore")
    try:
        header, content = _found(Path(path).read_bytes(), datetime.fromtimestamp(float(seconds), tz=UTC), folder)
    except MemoryError:
        header, content = {"code": "too_heavy"}, b""
    except Exception:  # noqa: BLE001 (a parser may raise anything on a hostile file, and this process exists to contain it)
        header, content = {"code": "unreadable"}, b""
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + content)


def _found(data: bytes, now: datetime, folder: str) -> tuple[dict[str, object], bytes]:
    from mailboxes.signatures import envelopes, inp7m, inpdf, trust

    try:
        authorities = trust.authorities(Path(folder) if folder else None)
    except (ValueError, OSError):  # which the portal's check tells; no signature leads anywhere then
        authorities = trust.Authorities(were_given=True)
    if not envelopes.is_one(data):
        try:
            return _told(inpdf.signatures(data, authorities, now)), b""
        except inpdf.Unreadable:
            return {"code": "unreadable"}, b""
    try:
        opened = inp7m.opened(data, authorities, now)
    except inp7m.Detached:
        return {"code": "detached"}, b""
    except inp7m.Unreadable:
        return {"code": "unreadable"}, b""
    within = inpdf.signatures(opened.content, authorities, now) if b"/ByteRange" in opened.content else []
    return _told([*opened.signatures, *within]), opened.content


def without_network() -> None:
    """Have pyHanko load no client for HTTP: that is half of its start, and there is nothing to be fetched."""
    absent = ModuleType("aiohttp")
    absent.__dict__["__getattr__"] = lambda name: type(name, (), {})
    sys.modules["aiohttp"] = absent


def _told(found: "list[Signature]") -> dict[str, object]:
    return {"signatures": [each.as_json() for each in found]}


if __name__ == "__main__":
    from pecportal.confined import limit

    limit(seconds=SECONDS, megabytes=MEGABYTES)
    without_network()
    main(*sys.argv[1:])
