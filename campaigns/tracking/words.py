"""The words of receipts: when, whether it is the end, why. Every provider words them in its own way. Pure."""

import html
import re
from typing import Final
from urllib.parse import unquote_plus

LONGEST_TEXT: Final = 50_000  # characters: the provider's own words stand at the top
LONGEST_REASON: Final = 1000

_FLAGS: Final = re.IGNORECASE | re.ASCII
_BREAK: Final = re.compile(r"<(?:br|hr|/?p|/?div|/?h[1-6]|/?tr|/?td|/?li|/title)\b[^<>]*>", _FLAGS)
_TAG: Final = re.compile(r"</?[a-z!][^<>@]*>", _FLAGS)  # "<mario@pec.example>" is none
_EXTENDED: Final = re.compile(r"<errore-esteso>([^<>]*)</errore-esteso>", _FLAGS)
_URLENCODED: Final = re.compile(r"giorno(?:\+|%20)[0-9]", _FLAGS)
_QUOTED: Final = re.compile(r'"[^"]*"')
_ADDRESS: Final = re.compile(r"[^\s@]{1,100}@[^\s@]{1,255}")

_TIME: Final = re.compile(
    r"giorno ([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}) alle ore ([0-9]{1,2}):([0-9]{2}):([0-9]{2})"
    r"(?: ?\(?([+-][0-9]{2}:?[0-9]{2}))?",
    _FLAGS,
)

_END_CODE: Final = re.compile(r"(?<![\d.])5\.4\.1(?!\.?\d)", _FLAGS)
_END_WORDS: Final = re.compile(r"\b(?:ventiquattro|24) ?ore\b", _FLAGS)
_DELAY_WORDS: Final = re.compile(r"\b(?:dodici|12) ?ore\b", _FLAGS)

_TO_WHOM: Final = re.compile(r"(?:indirizzat|destinat)o a(?:l|ll)?\b", _FLAGS)
_ORDINARY: Final = re.compile(r"posta ordinaria|\bestern[oi]\b|non certificat", _FLAGS)
_CERTIFIED: Final = re.compile(r"posta certificata|\bcertificat[oi]\b", _FLAGS)

_CAUSES: Final = {
    "virus": (r"\bvirus\b", r"problema di sicurezza", r"\bmalware\b"),
    "mailbox_full": (
        r"(?<![\d.])[45]\.2\.2(?!\.?\d)",
        r"casella (?:\S+ ){0,3}piena",
        r"spazio (?:\S+ ){0,3}(?:esaurito|insufficiente)",
        r"quota (?:\S+ ){0,3}(?:superata|esaurita|exceeded)",
        r"mailbox (?:\S+ ){0,2}full",
        r"over ?quota",
    ),
    "not_certified": (r"non (?:\S+ ){0,4}(?:posta certificata|pec\b|certificat)", r"posta ordinaria"),
    "unknown_address": (
        r"(?<![\d.])5\.1\.[0-3](?!\.?\d)",
        r"indirizzo (?:\S+ ){0,2}(?:non valido|errato|sconosciuto)",
        r"(?:utente|destinatario|casella|dominio) (?:\S+ ){0,2}sconosciut",
        r"inesistente",
        r"invalid address",
        r"unknown (?:user|recipient|mailbox)",
        r"(?:user|recipient|mailbox) (?:\S+ ){0,2}(?:unknown|not found)",
        r"\bno-(?:dest|dominio)\b",
    ),
}
_BY_CAUSE: Final = {name: re.compile("|".join(told), _FLAGS) for name, told in _CAUSES.items()}

_FOUND: Final = re.compile(
    r"(?:rilevat|riscontrat|verificat)o (?:il seguente |un )?(?:errore|problema)"
    r"(?: di sicurezza| che ne impedisce l.{1,3}accettazione)?(?: a causa di)?",
    _FLAGS,
)
_NOT_DELIVERED: Final = re.compile(r"(?:il messaggio )?non \S{1,9} stato consegnat", _FLAGS)
_REASON_ENDS: Final = re.compile(
    r"il messaggio (?:non )?\S{1,9} stato (?:rifiutat|accettat|consegnat)|identificativo|-{5}", _FLAGS
)


def of(body: str, *, subject: str = "") -> str:
    """The body as one line of plain text, without HTML and without the original subject, which anybody may write."""
    text = body[:LONGEST_TEXT]
    if _URLENCODED.search(text):
        text = unquote_plus(text)
    extended = _EXTENDED.search(text)
    text = html.unescape(_TAG.sub("", _BREAK.sub(" ", text)))
    if extended:
        text += f" errore-esteso: {html.unescape(extended[1])}"
    text = " ".join(text.replace("\x00", " ").split())
    return text.replace(f'"{subject}"', '""') if subject else text


def certified_time(text: str) -> tuple[tuple[int, ...], str] | None:
    """Day, month, year, hour, minute, second, and the zone as ±hhmm or ""; None when the text certifies no moment."""
    found = _TIME.search(text)
    if found is None:
        return None
    *numbers, zone = found.groups(default="")
    return tuple(int(number) for number in numbers), zone.replace(":", "")


def is_final(text: str) -> bool | None:
    """Whether a time-out notice is the last one (5.4.1, 24 hours) or the warning (12 hours); None when it hides it."""
    told = _QUOTED.sub('""', text)
    if _END_CODE.search(told):
        return True
    end, delay = bool(_END_WORDS.search(told)), bool(_DELAY_WORDS.search(told))
    return None if end == delay else end


def is_certified(text: str) -> bool | None:
    """Whether an acceptance calls its one recipient certified (True) or ordinary, `esterno` (False)."""
    mentions = list(_TO_WHOM.finditer(text))
    if not mentions:
        return None
    told = _ADDRESS.sub("", text[mentions[-1].end() :]).lower().partition("accettato")[0]
    if _ORDINARY.search(told):
        return False
    return True if _CERTIFIED.search(told) else None


def cause(text: str) -> str:
    """Why a message failed, as one of a few causes that have a next step; "other" when it is none of them."""
    told = _ADDRESS.sub("", _QUOTED.sub('""', reason(text)))
    return next((name for name, pattern in _BY_CAUSE.items() if pattern.search(told)), "other")


def reason(text: str) -> str:
    """The provider's own words on what went wrong, at most 1000 characters; all of the text when they stand nowhere."""
    found, undelivered = _FOUND.search(text), _NOT_DELIVERED.search(text)
    begin = found.end() if found else undelivered.start() if undelivered else 0
    end = _REASON_ENDS.search(text, begin + 1)
    return text[begin : end.start() if end else None].strip(" .:-")[:LONGEST_REASON].strip()
