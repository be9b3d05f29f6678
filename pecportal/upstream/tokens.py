"""The tokens that open the vendor's APIs: minted when needed, kept in memory, renewed before they expire.

One token per API, because a single API that the account has not activated makes a whole mint fail.
"""

import json
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from pecportal.upstream.answers import READ_REFUSALS, Reply, vendors_now, whole_number
from pecportal.upstream.config import Config
from pecportal.upstream.errors import OutcomeUnknown, SignInRefused, Unavailable, Unusable, UpstreamError
from pecportal.upstream.redaction import Secrets
from pecportal.upstream.streaming import Body
from pecportal.upstream.transport import SEND_LIMIT, Request, Transport

SCOPES: Final = {
    "pec": ("GET verifica_pec", "GET pec", "POST pec", "PATCH pec", "DELETE pec", "GET domini_pec"),
    "massiva": ("GET send", "POST send", "DELETE send", "GET inbox", "DELETE inbox", "GET quota"),
    "company": ("GET IT-pec",),
}
_TOKEN: Final = re.compile("[\x21-\x7e]{1,4096}")
_PATHS: Final = {1: "/token", 2: "/tokens"}
_MINT_DEADLINE: Final = 30.0
_LIFE_IF_UNCLEAR: Final = 300.0
_HOLD_STATUSES: Final = frozenset({401, 402, 429})


Heard = Callable[[str, str], None]  # an API (or `oauth`), and "" or what was wrong with the call in one word


def unheard(api: str, problem: str) -> None:
    """Nobody wants to know."""


@dataclass(slots=True)
class _Slot:
    """The token of one API, behind a lock that lets one thread mint while the others wait for its result."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    renew_at: float = 0.0
    failure: UpstreamError | None = None
    failed_at: float = float("-inf")


class Tokens:
    """Tokens of one account, by API (`pec`, `massiva`, `company`); safe among threads."""

    def __init__(self, config: Config, transport: Transport, *, heard: Heard = unheard) -> None:
        self._config = config
        self._heard = heard
        self._transport = transport
        self._process = os.getpid()
        self._slots = {api: _Slot() for api in SCOPES}

    def get(self, api: str, *, until: float | None = None) -> str:
        """A token for `api` that is expected to be good, minting one if need be.

        Waits at most to `until`, a time of the monotonic clock. Raises SignInRefused (401, 402, 429), Unusable or
        Unavailable; whatever was to be called was not.
        """
        if self._config.unusable:
            raise Unusable(self._config.unusable, call=f"token for {api}")
        if self._config.token:
            return self._config.token
        slot = self._slot(api)
        if slot.token and time.monotonic() < slot.renew_at:
            return slot.token
        asked_at = time.monotonic()
        until = min(until or float("inf"), asked_at + _MINT_DEADLINE)
        if not slot.lock.acquire(timeout=max(0.0, until - asked_at)):
            raise Unavailable("The time was up while another thread asked for a token", call="POST token")
        try:
            return self._renewed(api, slot, asked_at, until)
        finally:
            slot.lock.release()

    def invalidate(self, token: str) -> None:
        """Forget `token`, which the vendor refused; a newer one that another thread minted stays."""
        for api in SCOPES:
            slot = self._slot(api)
            if slot.lock.acquire(blocking=False):  # held means that a thread is replacing it just now
                if slot.token == token:
                    slot.token = ""
                slot.lock.release()

    def _slot(self, api: str) -> _Slot:
        # A lock that a thread of the parent held at a fork stays held in the child for ever: take new ones
        if self._process != os.getpid():
            old = self._slots
            self._slots = {name: _Slot(token=old[name].token, renew_at=old[name].renew_at) for name in old}
            self._process = os.getpid()
        return self._slots[api]

    def _renewed(self, api: str, slot: _Slot, asked_at: float, until: float) -> str:
        if slot.token and time.monotonic() < slot.renew_at:
            return slot.token
        if slot.failure is not None and slot.failed_at >= asked_at:
            raise _again(slot.failure)  # it failed while this thread waited: sixty more tries would fail too
        try:
            slot.token, lifetime = self._mint(api, until)
        except UpstreamError as exc:
            slot.failure, slot.failed_at = _again(exc), time.monotonic()
            self._heard("oauth", _problem(exc))
            raise
        self._heard("oauth", "")
        slot.failure = None
        slot.renew_at = time.monotonic() + lifetime - min(300.0, lifetime / 10)
        return slot.token

    def _mint(self, api: str, until: float) -> tuple[str, float]:
        """A new token and the seconds it lives."""
        secrets = Secrets(self._config.api_key)
        request = Request(
            call=f"oauth POST {_PATHS[self._config.oauth_version]} for {api}",
            method="POST",
            url=self._config.oauth_url + _PATHS[self._config.oauth_version],
            headers={"Authorization": basic(self._config.email, self._config.api_key)},
            limit=SEND_LIMIT,
        )
        with Body([json.dumps(self._wish(api)).encode()]) as body:
            try:
                answer = self._transport.exchange(request, body=body, until=until)
            except OutcomeUnknown as exc:  # a token nobody received does no harm: ask for another one
                raise Unavailable(exc.message, call=exc.call) from exc
        reply = Reply(answer, secrets=secrets)
        if reply.is_refusal(READ_REFUSALS):
            raise reply.failure(SignInRefused if reply.status in _HOLD_STATUSES else Unavailable)
        token, record = _token_in(reply.object) if reply.status in (200, 201) else ("", {})
        if not token:
            # A success that cannot be read may hold a token: it is not kept as evidence
            raise Unavailable(
                f"No token in the answer: status {reply.status} {reply.why_not}".strip(),
                call=answer.call,
                status=reply.status,
            )
        return token, self._lifetime(record, vendors_now(answer))

    def _wish(self, api: str) -> dict[str, Any]:
        host = self._config.scope_host(api)
        scopes = [":".join(scope.split()).replace(":", f":{host}/", 1) for scope in SCOPES[api]]
        wish: dict[str, Any] = {"scopes": scopes, "ttl": self._config.token_ttl}
        return wish if self._config.oauth_version == 1 else wish | {"name": "pecportal"}

    def _lifetime(self, record: dict[str, Any], now: float) -> float:
        """Seconds the token lives after `now` by the vendor's own clock: ours may be an hour off."""
        expiry = _unix(record.get("expire", record.get("expireAt")))
        if expiry is None:
            return self._config.token_ttl
        # A new token that seems to have expired means clocks that disagree: a 401 will tell when it has
        return expiry - now if expiry > now else _LIFE_IF_UNCLEAR


def _problem(exc: UpstreamError) -> str:
    if exc.status is None:
        return "no_answer"
    return "sign_in" if exc.status == 401 else str(exc.status)


def _again(exc: UpstreamError) -> UpstreamError:
    return type(exc)(
        exc.message,
        call=exc.call,
        status=exc.status,
        error=exc.error,
        retry_after=exc.retry_after,
        raw=exc.raw,
    )


def basic(email: str, api_key: str) -> str:
    """The header with which the account itself signs in, for what no token opens."""
    return "Basic " + b64encode(f"{email}:{api_key}".encode()).decode()


def _token_in(found: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
    """The token and the record that holds it: at the root or under `data` (an object, or a list of one)."""
    root = found or {}
    data = root.get("data")
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    records: list[dict[str, Any]] = [record for record in (root, data) if isinstance(record, dict)]
    for record in records:
        token = record.get("token")
        if isinstance(token, str) and _TOKEN.fullmatch(token):
            return token, record
    return "", {}


def _unix(value: object) -> float | None:
    """Unix seconds from a number (OAuth v1's `expire`) or from ISO 8601 (OAuth v2's `expireAt`)."""
    seconds = whole_number(value)
    if seconds is not None or not isinstance(value, str):
        return seconds
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
