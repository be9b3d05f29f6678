"""Checks the fields of POST /pec. The numbers 224, 242 and 326 are the vendor's, those between are made up alike."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pecportal.sandbox.behaviour import Behaviour

KINDS: Final = ("STANDARD", "BRONZE", "SILVER", "GOLD", "DOMICILIODIGITALE", "PECMASSIVA")
CUSTOMERS: Final = ("IM", "PS", "PL", "PC", "A", "PV", "X")
PAPERS: Final = ("CARTA_D_IDENTITA", "PATENTE", "PASSAPORTO")
_LEGALMAIL: Final = ("legalmail.it", "testcert.legalmail.it")
_DOMAINS: Final = {
    "DOMICILIODIGITALE": ("domiciliodigitale.com", "test.domiciliodigitale.com"),
    "PECMASSIVA": ("pecmassiva.com", "test.pecmassiva.com"),
}
_ADDRESS: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_DEFAULTS: Final = (
    "sottotipo_cliente",
    "sottotipo_cliente_altro",
    "cellulare",
    "comune_nascita_richiedente",
    "provincia_nascita_richiedente",
    "denominazione_titolare",
    "cf_piva_titolare",
)
_OPTIONAL: Final = ("numero_documento", "documento_rilasciato_da")
_DATES: Final = ("data_rilascio_documento", "data_scadenza_documento")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a registration is refused."""

    status: int
    error: int
    message: str


@dataclass(frozen=True, slots=True)
class _Field:
    """A required field: the number when it is missing, a check, the number when that fails and what is accepted."""

    name: str
    required: int
    check: Callable[[str], bool] = bool
    invalid: int = 0
    accepted: str = ""


def is_address(text: str) -> bool:
    """Whether this can be the address of a mailbox."""
    return len(text) <= 100 and ".." not in text and bool(_ADDRESS.fullmatch(text.lower()))


def _one_of(*words: str) -> Callable[[str], bool]:
    return lambda text: text.upper() in words


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE | re.ASCII)
    return lambda text: bool(compiled.fullmatch(text))


def _is_date(text: str) -> bool:
    try:
        datetime.strptime(text, "%d/%m/%Y")  # noqa: DTZ007 - a day, no moment
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{2}/\d{2}/\d{4}", text, re.ASCII))


_COUNTRY: Final = _matches("[A-Z]{2}")
_DATE_WORDS: Final = "accepted format: dd/mm/yyyy"
_FIELDS: Final = (
    _Field("casella_pec", 222, is_address, 223),
    _Field("tipo_casella", 224, _one_of(*KINDS), 225, "|".join(KINDS)),
    _Field("tipo_cliente", 226, _one_of(*CUSTOMERS), 227, "|".join(CUSTOMERS)),
    _Field("nome_richiedente", 230),
    _Field("cognome_richiedente", 231),
    _Field("email", 232, _matches(r"[^@\s]+@[^@\s]+\.[^@\s]+"), 233),
    _Field("telefono", 234, _matches(r"\+?[0-9 ./-]{5,20}"), 235),
    _Field("codice_fiscale_richiedente", 238, _matches("[A-Z0-9]{11,16}"), 239),
    _Field("data_nascita_richiedente", 241, _is_date, 242, _DATE_WORDS),
    _Field("sesso_richiedente", 243, _one_of("M", "F"), 244, "M|F"),
    _Field("nazione_nascita_richiedente", 245, _COUNTRY, 246),
    _Field("indirizzo_titolare", 248),
    _Field("comune_titolare", 249),
    _Field("cap_titolare", 250, _matches("[0-9A-Z -]{3,10}"), 251),
    _Field("nazione_titolare", 252, _COUNTRY, 253),
    _Field("provincia_titolare", 254, _matches("[A-Z]{2,5}"), 255),
)


def fault_of(body: Mapping[str, Any], behaviour: Behaviour) -> Fault | None:
    """The first thing wrong with these fields, None if they can be registered."""
    for field in _FIELDS:
        text = _text(body.get(field.name))
        if not text:
            return Fault(428, field.required, f"{field.name} required")
        if not field.check(text):
            accepted = f", {field.accepted}" if field.accepted == _DATE_WORDS else ""
            accepted = accepted or (f", accepted values: {field.accepted}" if field.accepted else "")
            return Fault(406, field.invalid, f"{field.name} not valid{accepted}")
    return _papers_fault(body) or _domain_fault(body, behaviour)


def normal(body: Mapping[str, Any], *, owner: str) -> dict[str, Any]:
    """The fields as the vendor keeps them."""
    fields: dict[str, Any] = {name: _text(body.get(name)) for name in (*_names(), *_DEFAULTS)}
    for name in ("tipo_casella", "tipo_cliente", "nazione_nascita_richiedente", "nazione_titolare"):
        fields[name] = fields[name].upper()
    for name in ("tipo_documento", *_OPTIONAL, *_DATES):
        if name in body:
            fields[name] = _text(body[name])
    return fields | {"callback": _callback(body.get("callback")), "owner": owner, "autorinnovo": _is_yes(body)}


def sample(address: str, *, owner: str) -> dict[str, Any]:
    """The fields of a mailbox that nobody registered: invented people."""
    texts = dict.fromkeys((*_names(), *_DEFAULTS), "")
    known = {
        "casella_pec": address,
        "tipo_casella": "PECMASSIVA",
        "tipo_cliente": "PV",
        "nome_richiedente": "Maria",
        "cognome_richiedente": "Esempi",
        "email": owner,
        "telefono": "0600000000",
        "codice_fiscale_richiedente": "SMPMRA80A41H501X",
        "data_nascita_richiedente": "01/01/1980",
        "sesso_richiedente": "F",
        "nazione_nascita_richiedente": "IT",
        "indirizzo_titolare": "Via di Prova 1",
        "comune_titolare": "Roma",
        "cap_titolare": "00100",
        "nazione_titolare": "IT",
        "provincia_titolare": "RM",
    }
    return texts | known | {"callback": False, "owner": owner, "autorinnovo": False}


def _callback(wish: object) -> object:
    """An object with all its parts, or false where none was given."""
    if not isinstance(wish, dict) or not wish.get("url"):
        return False
    return {
        "url": wish["url"],
        "field": wish.get("field") or "data",
        "method": wish.get("method") or "POST",
        "data": wish.get("data") or {},
    }


def _papers_fault(body: Mapping[str, Any]) -> Fault | None:
    kind = _text(body.get("tipo_documento"))
    if kind and kind not in PAPERS:
        return Fault(406, 256, f"tipo_documento not valid, accepted values: {'|'.join(PAPERS)}")
    for name, number in zip(_DATES, (257, 258), strict=True):
        date = _text(body.get(name))
        if date and not _is_date(date):
            return Fault(406, number, f"{name} not valid, {_DATE_WORDS}")
    return None


def _domain_fault(body: Mapping[str, Any], behaviour: Behaviour) -> Fault | None:
    domain = _text(body.get("casella_pec")).lower().rpartition("@")[2]
    if domain in _DOMAINS.get(_text(body.get("tipo_casella")).upper(), _LEGALMAIL) or behaviour.is_own_domain(domain):
        return None
    return Fault(404, 326, f"the domain {domain} is non-existent in the system or belongs to someone else")


def _names() -> tuple[str, ...]:
    return tuple(field.name for field in _FIELDS)


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_yes(body: Mapping[str, Any]) -> bool:
    return body.get("autorinnovo") in (True, "true", 1, "1")
