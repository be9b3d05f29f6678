"""Names of files as people and programs give them, made fit to be kept, shown and told in a header. Pure."""

import re
import unicodedata
from typing import Final

LONGEST: Final = 150  # signs

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]"
)
_RESERVED: Final = re.compile(r'[<>:"|?*]')
_DEVICES: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)", re.IGNORECASE)


def seen(name: str) -> str:
    """The name without what cannot be seen: controls, marks that turn the direction of reading, lone surrogates."""
    return _UNSEEN.sub("", name)


def cleaned(name: str) -> str:
    """The name alone, at most 150 characters: no folders, nothing unseen, nothing that a system forbids.

    "" when nothing is left.
    """
    base = unicodedata.normalize("NFC", seen(name)).replace("\\", "/").rpartition("/")[2]
    base = " ".join(_RESERVED.sub("_", base).split()).lstrip(".").strip(" ")
    base = base.rstrip(". ")
    if not base.strip("._- "):
        return ""
    if _DEVICES.match(base):
        base = f"_{base}"
    stem, dot, ending = base.rpartition(".")
    if not dot or len(ending) > 20:
        return base[:LONGEST].rstrip(". ")
    return f"{stem[: LONGEST - len(ending) - 1].rstrip('. ')}.{ending}"
