"""Other addresses to propose where the one that was wanted is taken. Pure: nobody knows whether they are free."""

import re
import unicodedata
from typing import Final

MOST: Final = 4
_LONGEST: Final = 64  # signs before the @ (RFC 5321)
_SMALL: Final = frozenset(
    {"a", "al", "con", "da", "dei", "del", "della", "delle", "di", "e", "in", "la", "per", "spa", "srl"}
)


def proposals(address: str, organisation: str) -> list[str]:
    """Addresses of the same domain, made from the name that was wanted and the organisation's; none equals it."""
    name, _at, domain = address.rpartition("@")
    words = [word for word in _plain(organisation).split() if word not in _SMALL]
    whole, last = "".join(words), words[-1] if words else ""
    candidates = [f"{name}.{last}", f"{name}.{whole}", f"{last}.{name}", f"pec.{name}", f"{name}.pec", f"{name}1"]
    found = dict.fromkeys(_tidy(candidate) for candidate in candidates)
    return [f"{each}@{domain}" for each in found if each and each != name and len(each) <= _LONGEST][:MOST]


def _plain(text: str) -> str:
    signs = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", " ", "".join(sign for sign in signs if not unicodedata.combining(sign)))


def _tidy(name: str) -> str:
    """Without dots at its ends, and none where a part was empty; "" where nothing was added."""
    return re.sub(r"\.+", ".", name).strip(".")
