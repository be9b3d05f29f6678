"""Which attempt a receipt speaks of: told by the reference and the code that end its subject, both whole."""

import re
from dataclasses import dataclass
from typing import Final

from campaigns import references
from campaigns.tracking import receipts
from campaigns.tracking.receipts import Kind

_NOT_RECEIPTS: Final = frozenset({Kind.UNKNOWN, Kind.INCOMING, Kind.ANOMALY})
_QUOTING: Final = frozenset({Kind.INCOMING, Kind.ANOMALY})
_TOKEN: Final = re.compile(
    rf"(?<![^\W_])([{references.ALPHABET}]{{{references.LENGTH}}})(?:-([1-9][0-9]{{0,4}}))?(?![^\W_])",
    re.IGNORECASE,
)
_MOST_QUOTED: Final = 10
_ENDING: Final = re.compile(
    rf"(?:^| )Rif\. ?([{references.ALPHABET}]{{{references.LENGTH}}})(?:-([1-9][0-9]{{0,4}}))?(?: ([0-9]{{14,18}}))?\Z",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Match:
    """The reference of a message, the number of its attempt, and the vendor's code ("" if the subject has none)."""

    ref: str
    n: int
    code: str


def reference_in(subject: str) -> Match | None:
    """What the subject of a receipt ends in: `Rif. REF[-n]`, and behind it the vendor's code as one whole token.

    None when it does not start with a receipt's prefix: a mail that somebody sent us proves nothing, whatever it
    quotes.
    """
    kind, original = receipts.split(subject)
    found = None if kind in _NOT_RECEIPTS else _ENDING.search(original)
    if found is None or found[2] == "1":  # the first attempt carries no number
        return None
    return Match(found[1].upper(), int(found[2] or 1), found[3] or "")


def references_quoted(subject: str) -> tuple[str, ...]:
    """The references of messages that a mail which somebody sent us quotes, anywhere in its subject, each once.

    Empty for receipts: theirs stands at the end, see `reference_in`. What merely looks like a reference is among
    them: only a message that has it says that it is one. At most ten.
    """
    kind, original = receipts.split(subject)
    if kind not in _QUOTING:
        return ()
    found = dict.fromkeys(match[1].upper() for match in _TOKEN.finditer(original))
    return tuple(found)[:_MOST_QUOTED]


def is_own_copy(subject: str, *, sent_subject: str, ref: str) -> bool:
    """Whether a mail is the very message that we sent, in its envelope: its subject word for word, and no reply's."""
    _kind, original = receipts.split(subject)
    return original.casefold().startswith(f"{receipts.readable(sent_subject)} Rif. {ref}".casefold())


def code_in(subject: str) -> str:
    """The vendor's code as the last whole token of a subject; "" without one."""
    return references.code_in(receipts.readable(subject))


def attempt_ref(match: Match) -> str:
    """The reference of the attempt, as it stands in its subject."""
    return references.of_attempt(match.ref, match.n)


def agrees(match: Match, *, attempt_ref: str, code: str | None) -> bool:
    """Whether it is this attempt: the same reference, and the same code where both sides know one."""
    if references.of_attempt(match.ref, match.n) != attempt_ref:
        return False
    return not match.code or not code or match.code == code
