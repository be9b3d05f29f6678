"""The mailboxes of the account, from registration to revocation, and the office that judges their documents."""

import hashlib
import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.inboxes import Inbox

REGISTERED: Final = "registrata"
IN_REVIEW: Final = "in_evasione"
ACTIVE: Final = "evasa"
WRONG_DOCUMENTS: Final = "documenti_errati"
REVOKED: Final = "revocata"
STATES: Final = frozenset(
    {REGISTERED, IN_REVIEW, ACTIVE, WRONG_DOCUMENTS, REVOKED, "chiusa", "registrazione_annullata"}
)
ONE_DOCUMENT: Final = frozenset({"PECMASSIVA", "DOMICILIODIGITALE"})
_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF that was handed in; `pages` is 0 where it cannot be read."""

    sha256: str
    size: int
    pages: int


@dataclass(slots=True)
class Casella:
    """One mailbox. `address` is what the vendor says, `asked` what was asked for; `reason` why documents were wrong,
    and `told_as` the field of its record that says so, if any.

    `password` exists once it is active: it reaches the holder by letter and is in no answer.
    """

    id: str
    number: int
    address: str
    asked: str
    fields: dict[str, Any]
    inbox: Inbox
    state: str = REGISTERED
    password: str = ""
    reason: str = ""
    told_as: str = ""
    documents: list[Document] = field(default_factory=list)
    judged_at: datetime | None = None
    rejection: str = ""
    times: dict[str, datetime] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The vendor's tipo_casella."""
        return str(self.fields["tipo_casella"])

    @property
    def may_send(self) -> bool:
        """Whether the sending API knows it: only active PEC Massiva mailboxes."""
        return self.state == ACTIVE and self.kind == "PECMASSIVA"


Listener = Callable[[Casella], None]


class Caselle:
    """All mailboxes; `listener` is told of each change of state. What is due by the clock happens when asked."""

    def __init__(self, behaviour: Behaviour, listener: Listener) -> None:
        self.verdict, self.reason = "accept", ""
        self._behaviour = behaviour
        self._listener = listener
        self._by_id: dict[str, Casella] = {}
        self._by_address: dict[str, Casella] = {}

    def all(self) -> list[Casella]:
        """Every mailbox, in the order of registration."""
        self.settle()
        with self._behaviour.lock:
            return list(self._by_id.values())

    def get(self, casella_id: str) -> Casella | None:
        """The mailbox with this id."""
        self.settle()
        return self._by_id.get(casella_id)

    def at(self, address: str) -> Casella | None:
        """The mailbox at this address, the vendor's or the asked one."""
        return self._by_address.get(address.strip().lower())

    def sign_in(self, username: str, password: str) -> Casella | None:
        """The sending mailbox with these credentials."""
        casella = self._by_address.get(username.strip().lower())
        if casella is None or not casella.may_send or not password:
            return None
        same = secrets.compare_digest(casella.password.encode(), password.encode("utf-8", "replace"))
        return casella if same and casella.address == username.strip().lower() else None

    def register(self, address: str, fields: dict[str, Any]) -> Casella:
        """A new mailbox at `address`, which must be free."""
        asked = address.lower()
        local, _, domain = asked.rpartition("@")
        given = f"{local}@{self._behaviour.answered_domain or domain}"
        with self._behaviour.lock:
            number = len(self._by_id) + 1
            casella = Casella(
                id=f"{int(self._now().timestamp()):08x}{secrets.token_hex(5)}{number:06x}",
                number=number,
                address=given,
                asked=asked,
                fields=fields,
                inbox=Inbox(self._behaviour),
            )
            self._by_id[casella.id] = self._by_address[given] = self._by_address[asked] = casella
            self._enter(casella, REGISTERED)
        return casella

    def hand_in(self, casella: Casella, documents: list[Document]) -> None:
        """Take the documents; the office looks at them some hours later."""
        with self._behaviour.lock:
            casella.documents = documents
            casella.judged_at = self._now() + timedelta(hours=self._behaviour.office_hours)
            casella.rejection = _fault(casella.kind, documents)
            if self.verdict == "reject" and not casella.rejection:
                casella.rejection = self.reason
            self._enter(casella, IN_REVIEW)

    def renew(self, casella: Casella, years: int) -> None:
        """Make it active for `years` more."""
        with self._behaviour.lock:
            self._enter(casella, ACTIVE)
            casella.times.pop("revoca", None)
            start = max(casella.times.get("scadenza", self._now()), self._now())
            casella.times["scadenza"] = start + _YEAR * years

    def enter(self, casella: Casella, state: str) -> None:
        """Put it into any state. Raises ValueError for a word that is none."""
        if state not in STATES:
            raise ValueError(f"{state!r} is none of {', '.join(sorted(STATES))}.")
        with self._behaviour.lock:
            self._enter(casella, state)

    def settle(self) -> None:
        """Let the office judge what is due."""
        now = self._now()
        with self._behaviour.lock:
            for casella in self._by_id.values():
                if casella.state == IN_REVIEW and casella.judged_at and casella.judged_at <= now:
                    casella.reason, casella.told_as = casella.rejection, self._behaviour.reason_field
                    self._enter(casella, WRONG_DOCUMENTS if casella.rejection else ACTIVE)

    def _enter(self, casella: Casella, state: str) -> None:
        now = self._now()
        casella.state = state
        casella.times["ultima_modifica"] = now
        if state == REGISTERED:
            casella.times["registrazione"] = now
        elif state == ACTIVE:
            casella.times.setdefault("evasione", now)
            casella.times.setdefault("scadenza", now + _YEAR)
            casella.password = casella.password or secrets.token_urlsafe(9)
        elif state == REVOKED:
            casella.times["revoca"] = now
        self._listener(casella)

    def _now(self) -> datetime:
        return self._behaviour.clock.now()


def document(content: bytes) -> Document:
    """What the office will see of a PDF."""
    return Document(hashlib.sha256(content).hexdigest(), len(content), _pages(content))


def _fault(kind: str, documents: list[Document]) -> str:
    """Why the office will refuse the documents, "" if it will not: some kinds want form and identity in ONE PDF, the
    others take them in two, or in one."""
    if any(not each.pages for each in documents):
        return "Un documento non si può leggere."
    if kind in ONE_DOCUMENT and len(documents) > 1:
        return "Il modulo firmato e il documento d'identità devono essere in un unico PDF."
    if sum(each.pages for each in documents) < 2:
        return "C'è una sola pagina: manca il modulo firmato o il documento d'identità."
    return ""


def _pages(content: bytes) -> int:
    from pypdf import PdfReader  # takes a while to load, and every process of the portal loads this module
    from pypdf.errors import PyPdfError

    try:
        return len(PdfReader(io.BytesIO(content)).pages)
    except (PyPdfError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OSError):
        return 0  # a broken PDF breaks its reader in many ways
