"""The PEC API: mailboxes (pec.openapi.json)."""

import base64
import binascii
import re
from datetime import datetime
from typing import Any, Final

from pecportal.sandbox import registration
from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.caselle import (
    ACTIVE,
    REGISTERED,
    REVOKED,
    WRONG_DOCUMENTS,
    Casella,
    Caselle,
    Document,
    document,
)
from pecportal.sandbox.clock import ROME
from pecportal.sandbox.modulo import activation_form
from pecportal.sandbox.routing import Answer, Request, Route, done, refused

_ID: Final = re.compile("[0-9a-f]{24}", re.IGNORECASE)
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
_CERTIFIED: Final = frozenset(
    {"legalmail.it", "testcert.legalmail.it", "pecmassiva.com", "domiciliodigitale.com", "pec.it", "arubapec.it"}
)
_TAKEN: Final = "occupata"  # this name is somebody else's under every domain
_ONE_DAY: Final = "%d/%m/%Y"


class PecApi:
    """Answers the calls on the account's mailboxes."""

    def __init__(self, behaviour: Behaviour, caselle: Caselle) -> None:
        self._behaviour = behaviour
        self._caselle = caselle

    def routes(self) -> list[Route]:
        """The paths of this API."""
        return [
            Route("GET", "/verifica_pec/{}", self._check, "pec"),
            Route("GET", "/verifica_pec", self._check, "pec"),
            Route("GET", "/domini_pec/{}", self._domain, "pec"),
            Route("GET", "/domini_pec", self._domain, "pec"),
            Route("GET", "/pec", self._list, "pec"),
            Route("POST", "/pec", self._register, "pec"),
            Route("GET", "/pec/{}", self._detail, "pec"),
            Route("DELETE", "/pec/{}", self._revoke, "pec"),
            Route("GET", "/pec/{}/modulo_attivazione", self._form, "pec"),
            Route("PATCH", "/pec/{}/attivazione", self._hand_in, "pec"),
            Route("GET", "/pec/{}/rinnovo", self._renew, "pec"),
        ]

    def _check(self, request: Request) -> Answer:
        address = "".join(request.arguments).strip().lower()
        if not address:
            return refused(428, 207, "casella_pec required")
        if not registration.is_address(address):
            return refused(406, 208, "invalid casella_pec")
        if self._is_free(address):
            return done({"available": True})
        return self._not_available() if self._behaviour.taken_as_error else done({"available": False})

    def _is_free(self, address: str) -> bool:
        return self._caselle.at(address) is None and not address.startswith(f"{_TAKEN}@")

    def _not_available(self) -> Answer:
        return refused(406, 209, "casella_pec not available")

    def _domain(self, request: Request) -> Answer:
        domain = "".join(request.arguments).strip().lower()
        if not domain:
            return refused(428, 400, "domain required")
        if not _DOMAIN.fullmatch(domain):
            return refused(406, 401, "domain not valid")
        if not self._behaviour.pay(self._behaviour.price_domain, request.account):
            return refused(402, 403, self._credit(request))
        if domain in _CERTIFIED or self._behaviour.is_own_domain(domain):
            return done([], f"{domain} found!")
        return Answer(204)

    def _list(self, request: Request) -> Answer:
        caselle = self._caselle.all()
        if not caselle:
            return refused(404, 200, "no pec linked to this account")
        return done([summary(casella) for casella in caselle])

    def _register(self, request: Request) -> Answer:
        body = request.json()
        fault = registration.fault_of(body, self._behaviour)
        if fault:
            return refused(fault.status, fault.error, fault.message)
        address = str(body["casella_pec"]).strip().lower()
        with self._behaviour.lock:  # two at once must not get the same address
            if not self._is_free(address):
                return self._not_available()
            if not self._behaviour.pay(self._behaviour.price_registration, request.account):
                return refused(402, 262, self._credit(request))
            fields = registration.normal(body, owner=self._behaviour.email)
            return done(record(self._caselle.register(address, fields)))

    def _detail(self, request: Request) -> Answer:
        casella = self._find(request, malformed=201, missing=202)
        return casella if isinstance(casella, Answer) else done(record(casella))

    def _revoke(self, request: Request) -> Answer:
        with self._behaviour.lock:
            casella = self._find(request, malformed=301, missing=302)
            if isinstance(casella, Answer):
                return casella
            if casella.state == REVOKED:
                return refused(406, 303, "your pec has already been revoked")
            if casella.state != ACTIVE:
                return refused(428, 304, "you can revoke the pec only if it is active")
            self._caselle.enter(casella, REVOKED)
            return done(record(casella))

    def _form(self, request: Request) -> Answer:
        casella = self._find(request, malformed=0, missing=0)
        if not isinstance(casella, Answer):
            pdf = activation_form(casella.address, casella.fields, code=_activation_code(casella))
            return Answer(200, pdf, "application/pdf")
        words = "Invalid id" if casella.status == 400 else f"no request matches this id: {request.arguments[0]}"
        return Answer(casella.status, words.encode("utf-8", "replace"), "text/plain; charset=utf-8")

    def _hand_in(self, request: Request) -> Answer:
        casella = self._find(request, malformed=265, missing=266)
        if isinstance(casella, Answer):
            return casella
        documents = _documents(request.json().get("documenti"))
        with self._behaviour.lock:
            if casella.state not in (REGISTERED, WRONG_DOCUMENTS):
                states = f"'{REGISTERED}|{WRONG_DOCUMENTS}'"
                return refused(428, 267, f"you can activate the pec only when it is in the {states} state")
            if documents == []:
                return refused(428, 268, "documenti required")
            if documents is None:
                return refused(406, 296, "wrong file format, pdf required")
            self._caselle.hand_in(casella, documents)
            return done(record(casella))

    def _renew(self, request: Request) -> Answer:
        years = request.query.get("anni") or "1"
        with self._behaviour.lock:
            casella = self._find(request, malformed=201, missing=202)
            if isinstance(casella, Answer):
                return casella
            if casella.state not in (ACTIVE, REVOKED):
                return refused(428, 203, "you can renew only evaded or revoked pec")
            if not years.isdecimal() or not 1 <= int(years) <= 10:
                return refused(406, 204, "anni not valid")
            if not self._behaviour.pay(self._behaviour.price_year * int(years), request.account):
                return refused(402, 205, self._credit(request))
            self._caselle.renew(casella, int(years))
            return done(record(casella))

    def _find(self, request: Request, *, malformed: int, missing: int) -> Casella | Answer:
        casella_id = request.arguments[0]
        if not _ID.fullmatch(casella_id):
            return refused(400, malformed, "Wrong id")
        return self._caselle.get(casella_id.lower()) or refused(404, missing, "no pec found")

    def _credit(self, request: Request) -> str:
        return f"Insufficient Credit in Wallet: {self._behaviour.credit_of(request.account)}"


def summary(casella: Casella) -> dict[str, Any]:
    """A mailbox in the list of all."""
    return {
        "id": casella.id,
        "casella_pec": casella.address,
        "tipo_casella": casella.kind,
        "stato": casella.state,
        "data_scadenza": _day(casella.times.get("scadenza")),
        "timestamp": _timestamp(casella),
        "owner": casella.fields["owner"],
    }


def record(casella: Casella) -> dict[str, Any]:
    """All that the vendor says of a mailbox: never its password."""
    was_active = "evasione" in casella.times
    space = 1024 if was_active else 0
    found = casella.fields | {
        "casella_pec": casella.address,
        "dominio": casella.address.rpartition("@")[2],
        "timestamp": _timestamp(casella),
        "cod_attivazione": _activation_code(casella),
        "uid": f"MA{177_000 + casella.number}",
        "conservazione": False,
        "data_scadenza": _day(casella.times.get("scadenza")),
        "descrizione": casella.address,
        "sms": False,
        "spazio_conservazione": 0,
        "spazio_disco": space,
        "spazio_storico": space,
        "stato": casella.state,
        "storico": was_active,
        "id": casella.id,
    }
    if casella.documents:
        names = [f"{casella.id}_{number}_attivazione.pdf" for number in range(len(casella.documents))]
        found["documenti_attivazione"] = names
    if casella.told_as and casella.state == WRONG_DOCUMENTS:
        found[casella.told_as] = casella.reason
    if was_active:
        found["data_attivazione"] = _day(casella.times["evasione"])
    return found


def _documents(wish: object) -> list[Document] | None:
    """The PDFs handed in, [] if there are none; None when one is no PDF in base64."""
    found = []
    for text in wish if isinstance(wish, list) else [wish] if wish else []:
        content = _content(text)
        if not content.startswith(b"%PDF"):
            return None
        found.append(document(content))
    return found


def _content(text: object) -> bytes:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return b""


def _timestamp(casella: Casella) -> dict[str, int]:
    order = ("registrazione", "ultima_modifica", "evasione", "scadenza", "revoca")
    return {name: int(casella.times[name].timestamp()) for name in order if name in casella.times}


def _day(moment: datetime | None) -> str:
    return f"{moment.astimezone(ROME):{_ONE_DAY}}" if moment else ""


def _activation_code(casella: Casella) -> str:
    return str(10_173_000 + casella.number)
