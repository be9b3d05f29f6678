"""POST /send: checks a message, takes it into the ledger, and lets its receipts come (pecmassiva.openapi.json)."""

import hashlib
import json
import math
import time
from dataclasses import dataclass
from typing import Any, Final

from pecportal import embedded
from pecportal.embedded import BadBody, File
from pecportal.sandbox import receipts
from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.caselle import Casella, Caselle
from pecportal.sandbox.fates import FATES, Treatment, fate_of, treatment_of
from pecportal.sandbox.faults import Fault, SendFaults, failure
from pecportal.sandbox.ledger import Codes, Sent
from pecportal.sandbox.receipts import Shipment
from pecportal.sandbox.routing import BODY_LIMIT, Answer, AnswerLost, Request, Route, as_json

UNAUTHORIZED: Final = "Authorization is not valid or empty"
_NOT_VALID: Final = "Post parameter is not valid"
_TOLERANCE: Final = 0.02  # seconds that a request may seem early, since threads are woken late


@dataclass(frozen=True, slots=True)
class _Message:
    sender: str
    recipients: tuple[str, ...]
    subject: str
    body: str
    username: str
    password: str
    attachments: tuple[tuple[str, int, str], ...]

    @property
    def size(self) -> int:
        return len(self.body.encode("utf-8", "replace")) + sum(size for _, size, _ in self.attachments)


class Sending:
    """Takes messages. `ledger` only grows, under the lock; it holds one entry per recipient."""

    def __init__(self, behaviour: Behaviour, caselle: Caselle) -> None:
        self.ledger: list[Sent] = []
        self.faults = SendFaults()
        self._behaviour = behaviour
        self._caselle = caselle
        self._codes = Codes()
        self._told_busy: set[str] = set()
        self._last_of: dict[str, float] = {}  # when the last request of each mailbox or account was permitted

    def routes(self) -> list[Route]:
        """The one path."""
        return [Route("POST", "/send", self._send, "massiva")]

    def _send(self, request: Request) -> Answer:
        if request.length > BODY_LIMIT:
            return _refusal(413, "Request Entity Too Large")
        try:
            message = _message(*_read(request))
        except BadBody:
            return self._late(_refusal(400, _NOT_VALID))
        came = time.monotonic()
        casella = self._caselle.sign_in(message.username, message.password)
        if casella is None:
            return self._late(_refusal(401, UNAUTHORIZED))
        if casella.address != message.sender.lower():
            return self._late(_refusal(400, _NOT_VALID))
        wait = self._too_early(casella, request.account, came)
        if wait:
            return self._late(_busy(wait))
        return self._treat(casella, message, request.account)

    def _treat(self, casella: Casella, message: _Message, account: str) -> Answer:
        fault = self.faults.next()
        if fault is None:
            fault = self._magic(message)
        if fault is not None and not fault.taken:
            return self._ended(fault)
        if not self._behaviour.pay(self._behaviour.price_send * len(message.recipients), account):
            credit = self._behaviour.credit_of(account)
            return self._late(_refusal(402, f"Insufficient Credit in Wallet: {credit}"))
        code = self._take(casella, message, account)
        if fault is not None:
            return self._ended(fault)
        sent = len(message.recipients)
        return self._late(as_json(201, {"success": True, "sent": sent, "message": "", "message_id": code}))

    def _magic(self, message: _Message) -> Fault | None:
        """What the recipient's name makes of the request."""
        treatment, recipient = treatment_of(message.recipients)
        if treatment is Treatment.REFUSED:
            return failure(400, headers=None, body=None, taken=False)
        if treatment in (Treatment.ERROR, Treatment.TAKEN_ERROR):
            return failure(500, headers=None, body=None, taken=treatment is Treatment.TAKEN_ERROR)
        if treatment is Treatment.TAKEN_LOST:
            return Fault(taken=True, answer=None)
        if treatment is Treatment.BUSY_ONCE and self._is_first(recipient):
            return Fault(taken=False, answer=_busy(1.0))
        return None

    def _is_first(self, recipient: str) -> bool:
        with self._behaviour.lock:
            known = recipient in self._told_busy
            self._told_busy.add(recipient)
            return not known

    def _take(self, casella: Casella, message: _Message, account: str) -> str:
        body_sha256 = hashlib.sha256(message.body.encode("utf-8", "surrogatepass")).hexdigest()
        with self._behaviour.lock:
            now = self._behaviour.clock.now()
            code = self._codes.next(now)
            shipment = Shipment(code, casella.address, message.recipients, message.subject, message.size, now)
            for recipient in message.recipients:
                fate = fate_of(recipient)
                planned = FATES[fate].planned
                entry = (code, casella.address, recipient, message.subject, body_sha256, message.attachments, now)
                self.ledger.append(Sent(*entry, fate, planned, account))
            casella.inbox.schedule(list(receipts.planned(shipment)))
            self._deliver_here(shipment)
        return code

    def _deliver_here(self, shipment: Shipment) -> None:
        """Some recipients' mailboxes are here, too."""
        for recipient in shipment.recipients:
            casella = self._caselle.at(recipient)
            mail = receipts.envelope(shipment, recipient) if casella is not None and casella.may_send else None
            if casella is not None and mail is not None:
                casella.inbox.schedule([mail])

    def _too_early(self, casella: Casella, account: str, came: float) -> float:
        """Seconds to wait, 0.0 if the request may come now.

        Each permitted request moves the next one's time on by a whole interval, so that being a little early never
        adds up to more than the rate.
        """
        if not self._behaviour.rate:
            return 0.0
        interval = 1 / self._behaviour.rate
        with self._behaviour.lock:
            counted_for = account if self._behaviour.pace_of == "account" else casella.address
            due = self._last_of.get(counted_for, float("-inf")) + interval
            early = due - came
            if early > min(_TOLERANCE, interval / 2):
                return early
            self._last_of[counted_for] = max(came, due)
            return 0.0

    def _ended(self, fault: Fault) -> Answer:
        if fault.answer is None:
            raise AnswerLost
        return self._late(fault.answer)

    def _late(self, answer: Answer) -> Answer:
        if self._behaviour.latency:
            time.sleep(self._behaviour.latency)
        return answer


def _read(request: Request) -> tuple[Any, list[File]]:
    """The body and its files. Raises BadBody."""
    kept, files = embedded.split(request.blocks(), File)
    try:
        return json.loads(kept), files
    except (ValueError, RecursionError) as exc:
        raise BadBody("The body is not JSON.") from exc


def _message(value: Any, files: list[File]) -> _Message:
    """The message in the body. Raises BadBody for what is missing or wrong."""
    if not isinstance(value, dict):
        raise BadBody("The body is no object.")
    texts = {name: _text(value, name) for name in ("sender", "subject", "body", "username", "password")}
    if not texts["subject"].strip() or any(char < " " for char in texts["subject"]):
        raise BadBody("The subject is empty or holds control characters.")
    recipients = value.get("recipient")
    recipients = [recipients] if isinstance(recipients, str) else recipients
    if not isinstance(recipients, list) or not recipients or not all(map(_is_recipient, recipients)):
        raise BadBody("There is no recipient, or one that is no address.")
    return _Message(**texts, recipients=tuple(recipients), attachments=_attachments(value.get("attachments"), files))


def _text(value: dict[str, Any], name: str) -> str:
    text = value.get(name)
    if not isinstance(text, str):
        raise BadBody(f"{name} is missing.")
    return text


def _is_recipient(value: object) -> bool:
    if not isinstance(value, str) or any(char <= " " for char in value):
        return False
    local, at, domain = value.rpartition("@")
    return bool(at and local and domain and "@" not in local)


def _attachments(value: object, files: list[File]) -> tuple[tuple[str, int, str], ...]:
    if not isinstance(value, list | None):
        raise BadBody("The attachments are no list.")
    return tuple(_attachment(each, files) for each in value or [])


def _attachment(value: object, files: list[File]) -> tuple[str, int, str]:
    if not isinstance(value, dict):
        raise BadBody("An attachment is no object.")
    name, place = value.get("name"), value.get("file")
    if not isinstance(name, str) or not name:
        raise BadBody("An attachment has no name.")
    if not isinstance(place, str) or not place.isdecimal() or int(place) >= len(files):
        raise BadBody("An attachment has no file.")
    file = files[int(place)]
    return name, file.size, file.sha256


def _refusal(status: int, message: str, *headers: tuple[str, str]) -> Answer:
    return as_json(status, {"success": False, "message": message}, *headers)


def _busy(wait: float) -> Answer:
    return _refusal(429, "Too Many Requests", ("Retry-After", str(max(math.ceil(wait), 1))))
