"""Names as they are compared: whatever their case, accents, apostrophes and hyphens."""

import re
import unicodedata
from typing import Final

_PARTICLES: Final = frozenset({"a", "con", "d", "da", "de", "di", "e", "ed", "in", "l", "la", "le", "lo"}) | {
    start + end for start in ("a", "da", "de", "ne", "su") for end in ("l", "ll", "lla", "lle", "llo", "i", "gli")
}


def folded(name: str) -> str:
    """Small letters without accents, words parted by one blank: "Reggio nell'Emilia" is `reggio nell emilia`."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(re.findall(r"\w+", "".join(sign for sign in plain if not unicodedata.combining(sign))))


def bare(key: str) -> str:
    """A folded name without its particles, as many people write it: `reggio emilia`."""
    return " ".join(word for word in key.split() if word not in _PARTICLES) or key


def titled(name: str) -> str:
    """A name whose words all begin with a capital, with its particles small: `Casola di Napoli`."""
    first, *others = re.split(r"(?<=[ '-])", name)
    small = [part.lower() if part.rstrip(" '").lower() in _PARTICLES else part for part in others]
    return first + "".join(small)
