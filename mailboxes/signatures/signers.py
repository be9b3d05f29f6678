"""Who signed: the names that a certificate holds. Pure."""

import re

from asn1crypto import x509

_MOST = 200  # signs of a name
# ETSI EN 319 412-1 writes TINIT-…, older Italian certificates IT:…; letters may stand for digits (omocodia)
_DIGIT = "[0-9LMNPQRSTUV]"
_CODE = rf"[A-Z]{{6}}{_DIGIT}{{2}}[ABCDEHLMPRST]{_DIGIT}{{2}}[A-Z]{_DIGIT}{{3}}[A-Z]"
_TAX_CODE = re.compile(rf"(?<![A-Z0-9])({_CODE})(?![A-Z0-9])")


def name(holder: x509.Name) -> str:
    """A person's given name and surname, else the common name, else the organisation's; cleaned and cut."""
    told = _fields(holder)
    person = " ".join(told[each] for each in ("given_name", "surname") if told.get(each))
    found = person if "surname" in told else told.get("common_name") or told.get("organization_name") or person
    return found or clean(holder.human_friendly)


def tax_code(holder: x509.Name) -> str:
    """The Italian tax code of a natural person in a certificate's subject; "" where there is none."""
    told = _fields(holder)
    for each in ("serial_number", "dn_qualifier", "common_name"):
        found = _TAX_CODE.search(told.get(each, "").upper())
        if found:
            return found.group(1)
    return ""


def clean(text: str) -> str:
    """In one line, without signs that mislead a reader, and not longer than fits."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:_MOST]


def _fields(holder: x509.Name) -> dict[str, str]:
    """The first value of each kind in it."""
    told: dict[str, str] = {}
    for part in holder.chosen:
        for each in part:
            value = each["value"].native
            if isinstance(value, str) and clean(value):
                told.setdefault(each["type"].native, clean(value))
    return told
