"""The page at the root: what the magic recipients do, whose mailboxes there are, and what was received."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final

from pecportal.sandbox.caselle import Casella
from pecportal.sandbox.clock import ROME
from pecportal.sandbox.fates import FATES, MAGIC_DOMAIN
from pecportal.sandbox.ledger import Sent
from pecportal.sandbox.routing import Answer, Request, Route

if TYPE_CHECKING:
    from pecportal.sandbox.vendor import Sandbox

_SHOWN: Final = 100
_STATUSES: Final = {
    "delivered": "consegnata",
    "undelivered": "mancata consegna",
    "expired": "scaduta",
    "not_accepted": "non accettata",
    "ordinary_mail": "accettata, posta ordinaria",
    "no_outcome": "senza esito",
    "uncertain": "esito incerto",
    "failed": "rifiutata",
}
_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem; color: #17324d; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #c5c7c9; }
td { overflow-wrap: break-word; } code { background: #eef2f6; padding: .1rem .3rem; }
.notice { border-left: .3rem solid #a66300; background: #fff8ec; padding: .6rem 1rem; }
.scroll { overflow-x: auto; }
"""
_HEADING: Final = (
    "<h1>Fornitore PEC simulato</h1>"
    '<p class="notice">Questo non è il fornitore: nessun messaggio lascia questo computer e nulla ha valore '
    "legale. Caselle, messaggi e ricevute spariscono quando il programma si ferma.</p>"
)


class Page:
    """Answers GET /."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """The one path."""
        return [Route("GET", "/", self._page)]

    def _page(self, request: Request) -> Answer:
        now = self._sandbox.clock.now().astimezone(ROME)
        ledger = self._sandbox.ledger
        clock = (
            f"<p>Orologio del simulatore: <strong>{now:%d/%m/%Y %H:%M:%S}</strong>"
            f" (velocità {self._sandbox.clock.speed:g}×). Credito: {_euros(self._sandbox.wallet)} €. "
            f"Messaggi ricevuti: {len(ledger)}.</p>"
        )
        parts = [_HEADING, clock, _recipients(), self._mailboxes(), self._messages(ledger)]
        return Answer(200, _document("".join(parts)).encode("utf-8", "replace"), "text/html; charset=utf-8")

    def _mailboxes(self) -> str:
        rows = [_mailbox(casella) for casella in self._sandbox.mailboxes()]
        words = "La lettera al titolare contiene la password: nessuna chiamata del fornitore la comunica."
        return _section("Caselle e lettere ai titolari", words, ("Casella", "Stato", "Lettera al titolare"), rows)

    def _messages(self, ledger: list[Sent]) -> str:
        boxes = {casella.address: casella for casella in self._sandbox.mailboxes()}
        rows = [_message(sent, boxes.get(sent.sender)) for sent in reversed(ledger[-_SHOWN:])]
        heads = ("Ricevuto", "Codice", "Destinatario", "Oggetto", "Esito previsto", "Ricevute finora")
        words = f"Gli ultimi {_SHOWN}, il più recente in alto; gli orari sono quelli del simulatore."
        return _section("Messaggi ricevuti", words, heads, rows)


def _recipients() -> str:
    words = (
        f"L'indirizzo decide la sorte del messaggio: conta ciò che sta prima di «.», «+» o «@», sotto {MAGIC_DOMAIN} "
        "(o un suo sottodominio). Ogni altro indirizzo riceve il messaggio come «consegnata»."
    )
    rows = [
        (f"<code>{name}@{MAGIC_DOMAIN}</code>", escape(fate.words), _STATUSES[fate.planned])
        for name, fate in FATES.items()
    ]
    return _section("Destinatari speciali", words, ("Destinatario", "Che cosa succede", "Esito finale"), rows)


def _mailbox(casella: Casella) -> tuple[str, ...]:
    letter = "Non ancora spedita."
    if casella.password:
        letter = f"Nome utente <code>{escape(casella.address)}</code>, password <code>{escape(casella.password)}</code>"
    if casella.reason:
        letter += f" Documenti non accettati: {escape(casella.reason)}"
    asked = "" if casella.asked == casella.address else f" (chiesta: {escape(casella.asked)})"
    return escape(casella.address) + asked, escape(casella.state), letter


def _message(sent: Sent, casella: Casella | None) -> tuple[str, ...]:
    items = casella.inbox.of_code(sent.code) if casella else []
    receipts = [f"{item.mail.subject.partition(':')[0]} ({_time(item.mail.at)})" for item in items]
    return (
        _time(sent.at),
        escape(sent.code),
        escape(sent.recipient),
        escape(sent.subject),
        _STATUSES[sent.planned],
        "<br>".join(map(escape, receipts)) or "nessuna",
    )


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(ROME):%d/%m/%Y %H:%M:%S}"


def _euros(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _section(title: str, words: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    body = body or f'<tr><td colspan="{len(heads)}">Ancora nulla.</td></tr>'
    table = f"<table><caption>{escape(words)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<section><h2>{title}</h2><div class="scroll">{table}</div></section>'


def _document(body: str) -> str:
    return (
        '<!doctype html><html lang="it"><head><meta charset="utf-8"><title>Fornitore PEC simulato</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
