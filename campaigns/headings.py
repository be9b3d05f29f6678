"""Headings of lists as merge fields. Pure, and quick to load: each spreadsheet is read by a new process."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[^0-9a-z]+")


@lru_cache(maxsize=4096)
def normalise(name: str) -> str:
    """A column's heading as a merge field: lower case, accents taken off, all else `_`; "" where nothing is left."""
    plain_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return _WORD.sub("_", plain_name).strip("_")
