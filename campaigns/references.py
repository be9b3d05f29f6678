"""The reference that a message carries in its subject, by which its receipts are told from all others."""

import re
import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I L O U: they are misread, or spell words
LENGTH: Final = 10
_CODE: Final = re.compile(r"(?:^| )([0-9]{14,18})\Z", re.ASCII)


def new() -> str:
    """A fresh reference: 10 signs of ALPHABET, 50 random bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def of_attempt(ref: str, n: int) -> str:
    """The reference of a message's `n`th attempt: the message's own for the first, then `REF-2`, `REF-3`, …

    Raises ValueError for an `n` below 1.
    """
    if n < 1:
        raise ValueError("Attempts count from 1.")
    return ref if n == 1 else f"{ref}-{n}"


def code_in(subject: str) -> str:
    """The vendor's code as the last whole token of a readable subject; "" without one."""
    found = _CODE.search(subject)
    return found[1] if found else ""
