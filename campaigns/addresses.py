"""The address of one recipient: strict, ASCII, exactly one; anything else is refused, never repaired by guessing."""

import re
from typing import Final

LONGEST: Final = 254  # RFC 5321, 4.5.3.1.3

_LOCAL: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.IGNORECASE | re.ASCII)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,58}}[a-z0-9])", re.ASCII)
_AROUND: Final = " \t\r\n\x0b\x0c\xa0\u2007\u202f\u200b\ufeff"  # what spreadsheets and web pages leave at the ends
_LINE_BREAK: Final = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]")
_CONTROL: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)
_SEPARATOR: Final = re.compile(r"[,;|\s]+")

_PROBLEMS: Final = {
    "empty": "There is no address.",
    "several": "There is more than one address.",
    "line_break": "The address has a line break in it.",
    "control": "The address has an invisible character in it.",
    "syntax": "This is no address of the form name@domain.",
    "too_long": f"The address has more than {LONGEST} characters.",
    "not_ascii_local": "The part before the @ has a letter that no certified address has.",
    "domain": "The part after the @ is no domain.",
}

# ordinary, uncertified mail that Italians use most: no delivery receipt ever comes from there
_ORDINARY: Final = frozenset(
    {
        *("alice.it", "aol.com", "blu.it", "email.it", "fastwebnet.it", "giallo.it", "gmail.com", "gmx.com", "gmx.net"),
        *("googlemail.com", "hotmail.com", "hotmail.it", "icloud.com", "inwind.it", "iol.it", "katamail.com"),
        *("libero.it", "live.com", "live.it", "mac.com", "mail.com", "me.com", "msn.com", "outlook.com", "outlook.it"),
        *("poste.it", "proton.me", "protonmail.com", "supereva.it", "teletu.it", "tim.it", "tin.it", "tiscali.it"),
        *("tiscalinet.it", "virgilio.it", "vodafone.it", "yahoo.com", "yahoo.it", "ymail.com", "zoho.com"),
    }
)


class AddressProblem(ValueError):
    """Why a text is no address one may send to: `code` is one of _PROBLEMS."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(_PROBLEMS[code])


def spellings(text: str) -> set[str]:
    """How an address that somebody looks for may be kept: as `parse` takes it, and all in small letters."""
    try:
        told = parse(text)
    except AddressProblem:
        told = text
    return {told, told.lower()}


def parse(text: str) -> str:
    """The one address in `text`: at most 254 ASCII characters, its domain in lower case and, if IDN, as punycode.

    White space around it is taken off. Raises AddressProblem.
    """
    told = text.strip(_AROUND)
    _check_characters(told)
    local, _at, domain = told.rpartition("@")
    if not local or not domain or "@" in local:
        raise AddressProblem("several" if _is_several(told) else "syntax")
    if not local.isascii():
        raise AddressProblem("not_ascii_local")
    if len(local) > 64 or not _LOCAL.fullmatch(local):
        raise AddressProblem("too_long" if _LOCAL.fullmatch(local) else "syntax")
    address = f"{local}@{_domain(domain)}"
    if len(address) > LONGEST:
        raise AddressProblem("too_long")
    return address


def is_ordinary(address: str) -> bool:
    """Whether the address belongs to a provider known for ordinary mail; False says nothing."""
    return address.rpartition("@")[2].lower() in _ORDINARY


def _check_characters(text: str) -> None:
    if not text:
        raise AddressProblem("empty")
    if _LINE_BREAK.search(text):
        raise AddressProblem("line_break")
    if _CONTROL.search(text):
        raise AddressProblem("control")
    if len(text) > 4 * LONGEST:
        raise AddressProblem("several" if _is_several(text) else "too_long")


def _is_several(text: str) -> bool:
    return sum("@" in part for part in _SEPARATOR.split(text)) > 1


def _domain(text: str) -> str:
    lower = text.lower()
    domain = lower if lower.isascii() else _punycode(lower)
    if len(domain) > LONGEST or not _DOMAIN.fullmatch(domain):
        raise AddressProblem("domain")
    return domain


def _punycode(domain: str) -> str:
    """An international domain as ASCII, by IDNA 2008."""
    from email_validator import EmailNotValidError, validate_email  # slow to load, and seldom needed

    try:
        found = validate_email(f"x@{domain}", check_deliverability=False, allow_smtputf8=False)
    except (EmailNotValidError, UnicodeError) as exc:
        raise AddressProblem("domain") from exc
    return found.ascii_domain.lower()
