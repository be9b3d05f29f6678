"""The Italian words of receipts, notices and envelopes, in the form that RFC 6109 gives them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pecportal.sandbox.clock import ROME
from pecportal.sandbox.fates import Kind

PREFIXES: Final = {
    Kind.ACCEPTANCE: "ACCETTAZIONE",
    Kind.ACCEPTANCE_ORDINARY: "ACCETTAZIONE",
    Kind.NON_ACCEPTANCE: "AVVISO DI NON ACCETTAZIONE",
    Kind.NON_ACCEPTANCE_VIRUS: "AVVISO DI NON ACCETTAZIONE PER VIRUS",
    Kind.DELIVERY: "CONSEGNA",
    Kind.NON_DELIVERY: "AVVISO DI MANCATA CONSEGNA",
    Kind.NON_DELIVERY_VIRUS: "AVVISO DI MANCATA CONSEGNA PER VIRUS",
    Kind.NOTICE_12: "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO",
    Kind.NOTICE_24: "AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO",
    Kind.TAKING_CHARGE: "PRESA IN CARICO",
    Kind.SECURITY: "PROBLEMA DI SICUREZZA",
    Kind.ENVELOPE: "POSTA CERTIFICATA",
    Kind.REPLY: "POSTA CERTIFICATA: Re",
    Kind.ANOMALY: "ANOMALIA MESSAGGIO: Re",
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a receipt speaks of. `subject` ends with the code; `recipients` are all of the message, `recipient` the one
    this mail is about, `cause` the provider's words for a failure; `ordinary` says that theirs is ordinary mail."""

    kind: Kind
    subject: str
    sender: str
    recipients: tuple[str, ...]
    recipient: str
    at: datetime
    identifier: str
    cause: str = ""
    ordinary: frozenset[str] = frozenset()

    @property
    def headline(self) -> str:
        """The subject of the mail itself."""
        return f"{PREFIXES[self.kind]}: {self.subject}"


def body(notice: Notice) -> str:
    """The text of the mail."""
    title, words = _TEXTS[notice.kind](notice)
    return f"-- {title} --\n\n{words}\nIdentificativo messaggio: {notice.identifier}\n"


def _opening(notice: Notice, link: str = "il messaggio") -> str:
    at = notice.at.astimezone(ROME)
    moment = f"Il giorno {at:%d/%m/%Y} alle ore {at:%H:%M:%S} ({at:%z}) {link}"
    return f'{moment}\n"{notice.subject}" proveniente da "{notice.sender}"\n'


def _addressed(notice: Notice) -> str:
    kinds = {who: "posta ordinaria" if who in notice.ordinary else "posta certificata" for who in notice.recipients}
    return "ed indirizzato a:\n" + "".join(f'{who} ("{kind}")\n' for who, kind in kinds.items())


def _acceptance(notice: Notice) -> tuple[str, str]:
    words = _opening(notice) + _addressed(notice) + "è stato accettato dal sistema ed inoltrato."
    return "Ricevuta di accettazione", words


def _non_acceptance(notice: Notice) -> tuple[str, str]:
    words = (
        _opening(notice, "nel messaggio")
        + _addressed(notice)
        + f"è stato rilevato un problema che ne impedisce l'accettazione a causa di\n{notice.cause}.\n"
        + "Il messaggio non è stato accettato."
    )
    return "Avviso di non accettazione", words


def _non_acceptance_virus(notice: Notice) -> tuple[str, str]:
    words = (
        _opening(notice, "nel messaggio")
        + _addressed(notice)
        + f"è stato rilevato un problema di sicurezza: {notice.cause}.\n"
        + "Il messaggio non è stato accettato."
    )
    return "Avviso di non accettazione per virus informatico", words


def _delivery(notice: Notice) -> tuple[str, str]:
    words = (
        f'{_opening(notice)}ed indirizzato a "{notice.recipient}"\n'
        "è stato consegnato nella casella di destinazione.\n"
        "Il messaggio originale è incluso in allegato."
    )
    return "Ricevuta di avvenuta consegna", words


def _non_delivery(notice: Notice) -> tuple[str, str]:
    words = (
        f'{_opening(notice, "nel messaggio")}e destinato all\'utente "{notice.recipient}"\n'
        f"è stato rilevato un errore {notice.cause}.\n"
        "Il messaggio è stato rifiutato dal sistema."
    )
    return "Avviso di mancata consegna", words


def _non_delivery_virus(notice: Notice) -> tuple[str, str]:
    words = (
        f'{_opening(notice, "nel messaggio")}e destinato all\'utente "{notice.recipient}"\n'
        f"è stato rilevato un problema di sicurezza: {notice.cause}.\n"
        "Il messaggio non è stato consegnato."
    )
    return "Avviso di mancata consegna per virus informatico", words


def _notice_12(notice: Notice) -> tuple[str, str]:
    words = (
        f'{_opening(notice)}e destinato all\'utente "{notice.recipient}"\n'
        "non è stato consegnato nelle prime dodici ore dal suo invio. Non si esclude che possa avvenire in seguito;\n"
        "se nelle prossime dodici ore non vi sarà la conferma della consegna, il sistema invierà un ulteriore avviso."
    )
    return "Avviso di mancata consegna per superamento dei tempi massimi previsti", words


def _notice_24(notice: Notice) -> tuple[str, str]:
    words = (
        f'{_opening(notice)}e destinato all\'utente "{notice.recipient}"\n'
        "non è stato consegnato nelle ventiquattro ore successive al suo invio.\n"
        "La spedizione deve considerarsi non andata a buon fine: 5.4.1 - tempo massimo superato."
    )
    return "Avviso di mancata consegna per superamento dei tempi massimi previsti", words


def _taking_charge(notice: Notice) -> tuple[str, str]:
    return "Ricevuta di presa in carico", _opening(notice) + _addressed(notice) + "è stato accettato dal sistema."


def _security(notice: Notice) -> tuple[str, str]:
    words = _opening(notice, "nel messaggio") + _addressed(notice)
    return "Avviso di rilevazione virus", f"{words}è stato rilevato un problema di sicurezza: {notice.cause}."


def _envelope(notice: Notice) -> tuple[str, str]:
    words = f"{_opening(notice)}{_listed(notice)}Il messaggio originale è incluso in allegato."
    return "Messaggio di posta certificata", words


def _anomaly(notice: Notice) -> tuple[str, str]:
    words = (
        f"{_opening(notice)}{_listed(notice)}è stato ricevuto.\n"
        "Tali dati non sono stati certificati per il seguente errore: messaggio di posta ordinaria.\n"
        "Il messaggio originale è incluso in allegato."
    )
    return "Anomalia messaggio", words


def _listed(notice: Notice) -> str:
    return "ed indirizzato a:\n" + "".join(f"{who}\n" for who in notice.recipients)


_TEXTS: Final[dict[Kind, Callable[[Notice], tuple[str, str]]]] = {
    Kind.ACCEPTANCE: _acceptance,
    Kind.ACCEPTANCE_ORDINARY: _acceptance,
    Kind.NON_ACCEPTANCE: _non_acceptance,
    Kind.NON_ACCEPTANCE_VIRUS: _non_acceptance_virus,
    Kind.DELIVERY: _delivery,
    Kind.NON_DELIVERY: _non_delivery,
    Kind.NON_DELIVERY_VIRUS: _non_delivery_virus,
    Kind.NOTICE_12: _notice_12,
    Kind.NOTICE_24: _notice_24,
    Kind.TAKING_CHARGE: _taking_charge,
    Kind.SECURITY: _security,
    Kind.ENVELOPE: _envelope,
    Kind.REPLY: _envelope,
    Kind.ANOMALY: _anomaly,
}
