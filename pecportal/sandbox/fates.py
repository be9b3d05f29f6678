"""Magic recipients: the local part of an address under prova.example decides what becomes of a message to it."""

import enum
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAGIC_DOMAIN: Final = "prova.example"
HOUR: Final = 3600.0


class Kind(enum.Enum):
    """The kinds of mail that reach a sender's inbox (RFC 6109); the two notices differ in their texts alone."""

    ACCEPTANCE = enum.auto()
    ACCEPTANCE_ORDINARY = enum.auto()
    NON_ACCEPTANCE = enum.auto()
    NON_ACCEPTANCE_VIRUS = enum.auto()
    DELIVERY = enum.auto()
    NON_DELIVERY = enum.auto()
    NON_DELIVERY_VIRUS = enum.auto()
    NOTICE_12 = enum.auto()
    NOTICE_24 = enum.auto()
    TAKING_CHARGE = enum.auto()
    SECURITY = enum.auto()
    ENVELOPE = enum.auto()
    REPLY = enum.auto()
    ANOMALY = enum.auto()


class Treatment(enum.Enum):
    """What POST /send does with the request."""

    TAKEN = enum.auto()
    TAKEN_LOST = enum.auto()
    TAKEN_ERROR = enum.auto()
    BUSY_ONCE = enum.auto()
    ERROR = enum.auto()
    REFUSED = enum.auto()


@dataclass(frozen=True, slots=True)
class Step:
    """A mail to the sender `after` seconds of the sandbox's clock, up to `within` more; `cause` as its text says."""

    kind: Kind
    after: float
    within: float = 0.0
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a message: the status it will have in the end, and the way there. `words` are for people."""

    planned: str
    words: str
    steps: tuple[Step, ...] = ()
    treatment: Treatment = Treatment.TAKEN


_ACCEPTED: Final = Step(Kind.ACCEPTANCE, 2, 3)
_DELIVERED: Final = Step(Kind.DELIVERY, 10, 50)
_NOTICE_12: Final = Step(Kind.NOTICE_12, 12 * HOUR, 60)
_NOTICE_24: Final = Step(Kind.NOTICE_24, 24 * HOUR, 60)
_HAPPY: Final = (_ACCEPTED, _DELIVERED)
_UNKNOWN: Final = "5.1.1 - indirizzo non valido"
_FULL: Final = "5.2.2 - casella di destinazione piena"
_VIRUS: Final = "virus rilevato: EICAR-Test-File"
_FORMAL: Final = "mancato superamento dei controlli formali: destinatario non ammesso"

ORDINARY_FATE: Final = "consegnata"
FATES: Final = {
    "consegnata": Fate("delivered", "accettata dopo 2–5 secondi, consegnata dopo 10–60", _HAPPY),
    "in-ritardo": Fate(
        "delivered",
        "avvisi a 12 e a 24 ore, poi consegnata a 26 ore",
        (_ACCEPTED, _NOTICE_12, _NOTICE_24, Step(Kind.DELIVERY, 26 * HOUR, 60)),
    ),
    "inesistente": Fate(
        "undelivered",
        "mancata consegna: indirizzo inesistente",
        (_ACCEPTED, Step(Kind.NON_DELIVERY, 10, 50, _UNKNOWN)),
    ),
    "casella-piena": Fate(
        "undelivered", "mancata consegna: casella piena", (_ACCEPTED, Step(Kind.NON_DELIVERY, 10, 50, _FULL))
    ),
    "virus": Fate(
        "undelivered", "mancata consegna per virus", (_ACCEPTED, Step(Kind.NON_DELIVERY_VIRUS, 10, 50, _VIRUS))
    ),
    "non-accettata": Fate("not_accepted", "avviso di non accettazione", (Step(Kind.NON_ACCEPTANCE, 2, 3, _FORMAL),)),
    "non-accettata-virus": Fate(
        "not_accepted", "avviso di non accettazione per virus", (Step(Kind.NON_ACCEPTANCE_VIRUS, 2, 3, _VIRUS),)
    ),
    "preavviso-12h": Fate(
        "delivered",
        "avviso a 12 ore, consegnata a 14 ore",
        (_ACCEPTED, _NOTICE_12, Step(Kind.DELIVERY, 14 * HOUR, 60)),
    ),
    "preavviso-24h": Fate("expired", "avvisi a 12 e a 24 ore, mai consegnata", (_ACCEPTED, _NOTICE_12, _NOTICE_24)),
    "silenziosa": Fate("no_outcome", "solo accettata, poi più nulla", (_ACCEPTED,)),
    "posta-ordinaria": Fate(
        "ordinary_mail",
        "il destinatario ha posta ordinaria: accettata, nessuna consegna",
        (Step(Kind.ACCEPTANCE_ORDINARY, 2, 3),),
    ),
    "risposta-persa": Fate("delivered", "presa, poi la connessione cade senza risposta", _HAPPY, Treatment.TAKEN_LOST),
    "troppe-richieste": Fate(
        "delivered", "la prima volta 429 con Retry-After: 1, poi presa", _HAPPY, Treatment.BUSY_ONCE
    ),
    "errore-500": Fate("uncertain", "500 «MySQL Error …», non presa", (), Treatment.ERROR),
    "errore-500-presa": Fate("delivered", "presa, poi 500 «MySQL Error …»", _HAPPY, Treatment.TAKEN_ERROR),
    "rifiutata": Fate("failed", "400 «Post parameter is not valid»", (), Treatment.REFUSED),
    "ricevute-doppie": Fate(
        "delivered",
        "ogni ricevuta due volte, la consegna prima dell'accettazione",
        (Step(Kind.DELIVERY, 2), Step(Kind.DELIVERY, 2), Step(Kind.ACCEPTANCE, 9), Step(Kind.ACCEPTANCE, 9)),
    ),
    "presa-in-carico": Fate(
        "delivered",
        "con una presa in carico prima della consegna",
        (_ACCEPTED, Step(Kind.TAKING_CHARGE, 6), _DELIVERED),
    ),
    "problema-di-sicurezza": Fate(
        "undelivered",
        "problema di sicurezza, poi mancata consegna per virus",
        (_ACCEPTED, Step(Kind.SECURITY, 6, 0, _VIRUS), Step(Kind.NON_DELIVERY_VIRUS, 10, 50, _VIRUS)),
    ),
    "risponde": Fate("delivered", "consegnata, poi una risposta via PEC", (*_HAPPY, Step(Kind.REPLY, 120, 60))),
    "risponde-ordinaria": Fate(
        "delivered", "consegnata, poi una risposta in busta di anomalia", (*_HAPPY, Step(Kind.ANOMALY, 120, 60))
    ),
}


def fate_of(recipient: str) -> str:
    """The name of the fate that a message to `recipient` will have; everybody outside prova.example is delivered."""
    local, _, domain = recipient.strip().lower().rpartition("@")
    if domain != MAGIC_DOMAIN and not domain.endswith(f".{MAGIC_DOMAIN}"):
        return ORDINARY_FATE
    name = local.split(".")[0].split("+")[0]
    return name if name in FATES else ORDINARY_FATE


def treatment_of(recipients: Sequence[str]) -> tuple[Treatment, str]:
    """How POST /send treats a message to these, and the recipient who decides it: the first not simply taken."""
    for recipient in recipients:
        treatment = FATES[fate_of(recipient)].treatment
        if treatment is not Treatment.TAKEN:
            return treatment, recipient
    return Treatment.TAKEN, recipients[0]


def delay(step: Step, *, seed: str) -> float:
    """Seconds from the acceptance to this step's mail: the same for the same message, differing between messages."""
    share = zlib.crc32(f"{seed} {step.kind.name}".encode()) % 1000 / 1000
    return step.after + step.within * share
