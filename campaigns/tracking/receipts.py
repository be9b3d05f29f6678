"""What one mail of the sender's inbox is, told by its subject, its date and its words (domain: RFC 6109, DPR 68/2005).

Pure reading: anything that cannot be read is left unknown, never a reason to stop.
"""

import binascii
import enum
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.tracking import words

ROME: Final = ZoneInfo("Europe/Rome")
LONGEST_SUBJECT: Final = 4000


class Kind(enum.Enum):
    """The kinds of mail that reach a sender's inbox; UNKNOWN is kept and shown like the others."""

    ACCEPTANCE = "acceptance"
    NON_ACCEPTANCE = "non_acceptance"
    NON_ACCEPTANCE_VIRUS = "non_acceptance_virus"
    DELIVERY = "delivery"
    NON_DELIVERY = "non_delivery"
    NON_DELIVERY_VIRUS = "non_delivery_virus"
    TIMEOUT_NOTICE = "timeout_notice"
    TAKING_CHARGE = "taking_charge"
    VIRUS_NOTICE = "virus_notice"
    INCOMING = "incoming"
    ANOMALY = "anomaly"
    UNKNOWN = "unknown"


_PREFIXES: Final = {
    "ACCETTAZIONE": Kind.ACCEPTANCE,
    "AVVISO DI NON ACCETTAZIONE": Kind.NON_ACCEPTANCE,
    "AVVISO DI NON ACCETTAZIONE PER VIRUS": Kind.NON_ACCEPTANCE_VIRUS,
    "CONSEGNA": Kind.DELIVERY,
    "AVVISO DI MANCATA CONSEGNA": Kind.NON_DELIVERY,
    "AVVISO DI MANCATA CONSEGNA PER VIRUS": Kind.NON_DELIVERY_VIRUS,
    "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO": Kind.TIMEOUT_NOTICE,
    "PRESA IN CARICO": Kind.TAKING_CHARGE,
    "PROBLEMA DI SICUREZZA": Kind.VIRUS_NOTICE,
    "POSTA CERTIFICATA": Kind.INCOMING,
    "ANOMALIA MESSAGGIO": Kind.ANOMALY,
}
_LONGEST_FIRST: Final = tuple(
    (re.compile(r"\s*".join(re.escape(word) for word in prefix.split()) + r"\s*:\s*", re.IGNORECASE | re.ASCII), kind)
    for prefix, kind in sorted(_PREFIXES.items(), key=lambda item: -len(item[0]))
)
_REFUSED: Final = frozenset({Kind.NON_ACCEPTANCE, Kind.NON_ACCEPTANCE_VIRUS})
_FAILED: Final = frozenset({Kind.NON_DELIVERY, Kind.NON_DELIVERY_VIRUS})
_VIRUS: Final = frozenset({Kind.NON_ACCEPTANCE_VIRUS, Kind.NON_DELIVERY_VIRUS})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one mail says. Times are aware, in UTC; None means that it does not say.

    `when` is the header's date, `certified_at` the moment that the text itself certifies. `final` is told of
    time-out notices only, `certified` (the recipient has certified mail) of acceptances only. `cause` is "" or one of
    mailbox_full, unknown_address, virus, not_certified, other; `reason` the provider's words, at most 1000 characters.
    """

    kind: Kind
    original_subject: str
    when: datetime | None
    certified_at: datetime | None
    final: bool | None
    certified: bool | None
    cause: str
    reason: str


def read(subject: str, *, sender: str, date: str, body: str) -> Receipt:
    """The mail with this subject, sender, date and text (plain or HTML, as the vendor gave them). Never raises."""
    kind, original = split(subject)
    text = words.of(body, subject=original)
    failed = kind in _REFUSED | _FAILED
    return Receipt(
        kind=kind,
        original_subject=original,
        when=moment(date),
        certified_at=_certified_at(text),
        final=words.is_final(text) if kind is Kind.TIMEOUT_NOTICE else None,
        certified=words.is_certified(text) if kind is Kind.ACCEPTANCE else None,
        cause=("virus" if kind in _VIRUS else words.cause(text)) if failed else "",
        reason=words.reason(text) if failed or kind is Kind.TIMEOUT_NOTICE else "",
    )


@lru_cache(maxsize=256)
def split(subject: str) -> tuple[Kind, str]:
    """The kind that a subject's prefix names, and the original subject behind it (all of it for UNKNOWN).

    Only the first prefix counts: what follows POSTA CERTIFICATA was written by somebody else.
    """
    text = readable(subject)
    for prefix, kind in _LONGEST_FIRST:
        found = prefix.match(text)
        if found:
            return kind, text[found.end() :]
    return Kind.UNKNOWN, text


@lru_cache(maxsize=256)
def readable(subject: str) -> str:
    """The subject with its encoded words decoded and all white space folded to single blanks."""
    text = subject[:LONGEST_SUBJECT]
    if "=?" in text:
        text = _decoded(text)
    return " ".join(text.replace("\x00", " ").split())


def _decoded(text: str) -> str:
    try:
        parts = decode_header(" ".join(text.split()))
    except (HeaderParseError, binascii.Error, ValueError):
        return text
    return "".join(part if isinstance(part, str) else _characters(part, charset) for part, charset in parts)


def _characters(octets: bytes, charset: str | None) -> str:
    try:
        return octets.decode(charset or "latin-1", "replace")
    except (LookupError, ValueError):  # a character set that nobody knows
        return octets.decode("utf-8", "replace")


def identity(sender: str, date: str, subject: str) -> str:
    """SHA-256 (hex) of what makes a mail this one and no other: the same mail told again gives the same.

    The date belongs to it: the notices after 12 and after 24 hours have one subject.
    """
    at = moment(date)
    told = at.isoformat() if at else " ".join(date.split())
    content = "\n".join((" ".join(sender.casefold().split()), told, readable(subject)))
    return hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()


@lru_cache(maxsize=256)
def moment(date: str) -> datetime | None:
    """The time in a header's date (RFC 5322, or ISO 8601), in UTC; Rome's time where no zone is given."""
    text = date.strip()[:100]
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _utc(parse(text))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def _certified_at(text: str) -> datetime | None:
    """The moment in "Il giorno 26/08/2020 alle ore 10:00:35 (+0200)"; its own zone decides."""
    told = words.certified_time(text)
    if told is None:
        return None
    (day, month, year, hour, minute, second), zone = told
    try:
        return _utc(datetime(year, month, day, hour, minute, second, tzinfo=_zone(zone)))
    except (ValueError, OverflowError):
        return None


def _zone(text: str) -> timezone | ZoneInfo:
    if not text:
        return ROME
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-offset if text[0] == "-" else offset)


def _utc(at: datetime) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=ROME)).astimezone(UTC)
