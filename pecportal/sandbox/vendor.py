"""The simulated vendor as one object: a WSGI app, and the hands with which tests and demos move it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, unquote

from pecportal.sandbox import registration
from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.callbacks import Callbacks
from pecportal.sandbox.caselle import ACTIVE, Casella, Caselle
from pecportal.sandbox.company import CompanyApi
from pecportal.sandbox.control import Control
from pecportal.sandbox.fates import FATES, fate_of
from pecportal.sandbox.faults import Fault, InboxFaults, failure
from pecportal.sandbox.inboxes import Mail
from pecportal.sandbox.ledger import Sent
from pecportal.sandbox.page import Page
from pecportal.sandbox.pec import PecApi, record
from pecportal.sandbox.reading import Reading
from pecportal.sandbox.receipts import written
from pecportal.sandbox.routing import Answer, Request, Router, as_json, query_of, refused
from pecportal.sandbox.sending import UNAUTHORIZED, Sending
from pecportal.sandbox.signin import SignIn

StartResponse = Callable[[str, list[tuple[str, str]]], object]


@dataclass(kw_only=True, eq=False)
class Sandbox(Behaviour):
    """The vendor's four APIs under one address. Every switch of `Behaviour` may be set when it is made, and later.

    Give it to `serve`, or to any WSGI server (there, a lost answer is an error of the application, and the clock's
    `tick` is to be called by somebody). All methods may be called from any thread.
    """

    _tokens: SignIn = field(init=False, repr=False)
    _caselle: Caselle = field(init=False, repr=False)
    _sending: Sending = field(init=False, repr=False)
    _reading: Reading = field(init=False, repr=False)
    _callbacks: Callbacks = field(init=False, repr=False)
    _router: Router = field(init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._callbacks = Callbacks()
        self._caselle = Caselle(self, listener=self._told)
        self._tokens = SignIn(self)
        self._sending = Sending(self, self._caselle)
        self._reading = Reading(self, self._caselle, grow=self._grow)
        parts = (self._tokens, PecApi(self, self._caselle), self._sending, self._reading, CompanyApi(self))
        doors = (Control(self), Page(self))
        self._router = Router([route for part in (*parts, *doors) for route in part.routes()])

    # --- what it took

    @property
    def ledger(self) -> list[Sent]:
        """All messages taken so far, one entry per recipient, in their order."""
        with self.lock:
            return list(self._sending.ledger)

    @property
    def sent_count(self) -> int:
        """How many entries the ledger has."""
        return len(self._sending.ledger)

    def planned(self, recipient: str) -> str:
        """The status that a message to this address will have in the end."""
        return FATES[fate_of(recipient)].planned

    # --- its clock

    def advance(self, hours: float) -> None:
        """Move its clock on, and let happen what is due."""
        self.clock.advance(timedelta(hours=hours))
        self.tick()

    def tick(self) -> None:
        """Let happen what is due by now: documents are judged. Mail arrives by itself when an inbox is read."""
        self._caselle.settle()

    # --- faults

    def drop_next_answer(self, *, after_accepting: bool, later: int = 0) -> None:
        """Close the connection of the next good POST /send without an answer, after taking it or not.

        `later` as in `fail_next`.
        """
        self._sending.faults.add(Fault(taken=after_accepting, answer=None), later=later)

    def fail_next(
        self,
        status: int,
        *,
        after_accepting: bool = False,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        later: int = 0,
    ) -> None:
        """Answer the next good POST /send like this, after taking it or not. Called again: the one after, too.

        "Good" is one that would be taken: it is signed in, valid and not too early. So many `later` ones pass before.
        """
        self._sending.faults.add(failure(status, headers=headers, body=body, taken=after_accepting), later=later)

    @property
    def faults_waiting(self) -> int:
        """How many faults of POST /send have befallen nobody yet."""
        return self._sending.faults.waiting

    @property
    def inbox_faults(self) -> InboxFaults:
        """The faults of inboxes: put names into its `active`, the page they befall into its `page`."""
        return self._reading.faults

    def forget_tokens(self) -> None:
        """Make every token invalid, as if all had expired."""
        self._tokens.forget()

    # --- mailboxes

    def create_mailbox(self, address: str, password: str, *, state: str = ACTIVE) -> str:
        """A PECMASSIVA mailbox without the paperwork; one that exists gets password and state. Returns its id."""
        with self.lock:
            casella = self._caselle.at(address)
            if casella is None:
                casella = self._caselle.register(address, registration.sample(address, owner=self.email))
            casella.password = password
            self._caselle.enter(casella, state)
            return casella.id

    def set_state(self, address: str, state: str) -> None:
        """Put a mailbox into any of the vendor's states. Raises LookupError where there is none."""
        self._caselle.enter(self._at(address), state)

    def judge_documents(self, verdict: Literal["accept", "reject"], reason: str = "Documento non leggibile.") -> None:
        """Decide what the office says of coming hand-ins. What is formally wrong is always refused."""
        self._caselle.verdict, self._caselle.reason = verdict, reason

    def password_of(self, address: str) -> str:
        """The password in the letter to the holder. Raises LookupError for no mailbox, or none active yet."""
        casella = self._at(address)
        if not casella.password:
            raise LookupError(f"{address} has no password yet.")
        return casella.password

    def mailboxes(self) -> list[Casella]:
        """All mailboxes, in the order of registration."""
        return self._caselle.all()

    # --- inboxes

    def deliver_to_inbox(self, address: str, subject: str, body: str, sender: str, date: datetime | str) -> None:
        """Put any mail into an inbox now. `date` is only what its header says, in any words if it is text."""
        casella = self._at(address)
        mail = Mail(
            at=self.clock.now(),
            date=written(date) if isinstance(date, datetime) else date,
            sender=sender,
            recipient=casella.address,
            subject=subject,
            code="",
            size=len(body.encode("utf-8", "replace")) + 1024,
            text=lambda: body,
        )
        casella.inbox.schedule([mail])

    def quota(self, address: str) -> tuple[int, int]:
        """Storage of a mailbox, used and permitted, in KiB."""
        return self._at(address).inbox.usage(), self.quota_limit

    # --- the app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request. Raises AnswerLost where there shall be no answer."""
        answer = self._answer(environ)
        kind = [("Content-Type", answer.content_type)] if answer.body else []
        start_response(answer.status_line, [*kind, *answer.headers])
        return [answer.body]

    def close(self) -> None:
        """Make the last callbacks, and end their thread; it starts anew if there are more."""
        self._callbacks.close()

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path = environ.get("RAW_PATH") or quote(environ["PATH_INFO"].encode("latin-1"))
        found = self._router.find(environ["REQUEST_METHOD"], path)
        if found is None:
            return refused(404, None, "Not Found")
        route, arguments = found
        parts = tuple(unquote(part) for part in arguments)
        request = Request(environ["REQUEST_METHOD"], path, query_of(environ), environ, parts)
        if route.api and not self._tokens.permits(request, route.api):
            return self._not_signed_in(route.api)
        return route.handler(replace(request, account=self._tokens.owner_of(request)))

    def _not_signed_in(self, api: str) -> Answer:
        if api == "massiva":
            return as_json(401, {"success": False, "message": UNAUTHORIZED})
        return refused(401, 125, "Wrong Token")

    def _at(self, address: str) -> Casella:
        self.tick()
        casella = self._caselle.at(address)
        if casella is None:
            raise LookupError(f"There is no mailbox {address}.")
        return casella

    def _told(self, casella: Casella) -> None:
        self._callbacks.tell(casella.fields["callback"], record(casella))

    def _grow(self, casella: Casella) -> None:
        now = self.clock.now()
        subject = f"POSTA CERTIFICATA: Comunicazione {casella.inbox.total() + 1}"
        sender = '"Per conto di: qualcuno@prova.example" '
        self.deliver_to_inbox(casella.address, subject, "Una comunicazione qualunque.", sender, now)
