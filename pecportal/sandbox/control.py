"""The sandbox's own doors for other processes: what it took, whose mailboxes there are, its clock and its faults."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pecportal.sandbox.faults import INBOX_FAULTS
from pecportal.sandbox.routing import Answer, Request, Route, as_json

if TYPE_CHECKING:
    from pecportal.sandbox.vendor import Sandbox


class BadOrder(ValueError):
    """A request that makes no sense; the words say why."""


class Control:
    """Answers under /_sandbox/, without sign-in: it listens on this machine alone."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox

    def routes(self) -> list[Route]:
        """The paths."""
        return [
            Route("GET", "/_sandbox/ledger", self._ledger),
            Route("GET", "/_sandbox/mailboxes", self._mailboxes),
            Route("GET", "/_sandbox/clock", self._clock),
            Route("POST", "/_sandbox/clock", _heeding(self._advance)),
            Route("GET", "/_sandbox/planned", _heeding(self._planned)),
            Route("GET", "/_sandbox/faults", self._befallen),
            Route("POST", "/_sandbox/faults", _heeding(self._faults)),
            Route("POST", "/_sandbox/mailboxes", _heeding(self._create_mailbox)),
            Route("POST", "/_sandbox/judgement", _heeding(self._judge)),
        ]

    def _ledger(self, request: Request) -> Answer:
        return as_json(200, [sent.as_json() for sent in self._sandbox.ledger])

    def _mailboxes(self, request: Request) -> Answer:
        found = [
            {
                "id": casella.id,
                "address": casella.address,
                "asked": casella.asked,
                "password": casella.password,
                "state": casella.state,
                "reason": casella.reason,
            }
            for casella in self._sandbox.mailboxes()
        ]
        return as_json(200, found)

    def _planned(self, request: Request) -> Answer:
        """The status that a message to `recipient` is to reach, whether one was sent or not."""
        recipient = request.query.get("recipient", "")
        if not recipient:
            raise BadOrder("recipient is missing.")
        return as_json(200, {"recipient": recipient, "planned": self._sandbox.planned(recipient)})

    def _clock(self, request: Request) -> Answer:
        return as_json(200, {"now": self._sandbox.clock.now().isoformat(), "speed": self._sandbox.clock.speed})

    def _advance(self, request: Request) -> Answer:
        hours = request.json().get("advance_hours")
        if not isinstance(hours, int | float) or isinstance(hours, bool) or hours < 0:
            raise BadOrder("advance_hours must be a number from 0 on.")
        self._sandbox.advance(hours=hours)
        return self._clock(request)

    def _befallen(self, request: Request) -> Answer:
        """How many faults of POST /send wait, and which ones of inboxes somebody met."""
        found = {"waiting": self._sandbox.faults_waiting, "inbox": sorted(self._sandbox.inbox_faults.befallen)}
        return as_json(200, found)

    def _faults(self, request: Request) -> Answer:
        """`drop_next_answer`, `fail_next` and `inbox`, each as the method or attribute of the sandbox takes it."""
        wish = request.json()
        unknown = set(wish) - {"drop_next_answer", "fail_next", "inbox", "inbox_page"}
        if unknown or not wish:
            raise BadOrder("Known faults: drop_next_answer, fail_next, inbox, inbox_page.")
        inbox, page = _inbox(wish.get("inbox")), wish.get("inbox_page", 2)
        if type(page) is not int or page < 1:
            raise BadOrder("inbox_page counts from 1.")
        if "fail_next" in wish:
            self._fail_next(wish["fail_next"])
        if "drop_next_answer" in wish:
            drop = wish["drop_next_answer"]
            self._sandbox.drop_next_answer(after_accepting=_flag(drop, "after_accepting"), later=_later(drop))
        if "inbox" in wish:
            self._sandbox.inbox_faults.active, self._sandbox.inbox_faults.page = inbox, page
        return as_json(200, {"done": sorted(wish)})

    def _fail_next(self, wish: object) -> None:
        status = wish.get("status") if isinstance(wish, dict) else None
        if not isinstance(wish, dict) or type(status) is not int or not 200 <= status <= 599:
            raise BadOrder("fail_next needs a status from 200 to 599.")
        headers, body = wish.get("headers"), wish.get("body")
        if not isinstance(headers, dict | None) or not isinstance(body, str | None):
            raise BadOrder("fail_next: headers is an object, body is text.")
        self._sandbox.fail_next(
            status,
            after_accepting=_flag(wish, "after_accepting"),
            headers={str(name): str(value) for name, value in (headers or {}).items()},
            body=None if body is None else body.encode("utf-8", "replace"),
            later=_later(wish),
        )

    def _create_mailbox(self, request: Request) -> Answer:
        wish = request.json()
        address, password = wish.get("address"), wish.get("password")
        if not isinstance(address, str) or "@" not in address or not isinstance(password, str) or not password:
            raise BadOrder("address and password are needed.")
        return as_json(200, {"id": self._sandbox.create_mailbox(address, password)})

    def _judge(self, request: Request) -> Answer:
        wish = request.json()
        verdict, reason = wish.get("verdict"), wish.get("reason", "Documento non leggibile.")
        if verdict not in ("accept", "reject") or not isinstance(reason, str):
            raise BadOrder("verdict is accept or reject, reason is text.")
        self._sandbox.judge_documents(verdict, reason)
        return as_json(200, {"verdict": verdict})


def _heeding(handler: Callable[[Request], Answer]) -> Callable[[Request], Answer]:
    """The same handler, whose complaints become an answer."""

    def answer(request: Request) -> Answer:
        try:
            return handler(request)
        except BadOrder as exc:
            return as_json(400, {"error": str(exc)})

    return answer


def _inbox(wish: object) -> set[str]:
    if wish is None:
        return set()
    if not isinstance(wish, list) or not set(map(str, wish)) <= INBOX_FAULTS:
        raise BadOrder(f"inbox is a list of: {', '.join(sorted(INBOX_FAULTS))}.")
    return set(wish)


def _later(wish: Any) -> int:
    later = wish.get("later", 0) if isinstance(wish, dict) else 0
    if type(later) is not int or not 0 <= later <= 1_000_000:
        raise BadOrder("later is a number of requests, from 0 on.")
    return later


def _flag(wish: Any, name: str) -> bool:
    return isinstance(wish, dict) and wish.get(name) is True
