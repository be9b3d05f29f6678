"""A call to one of the vendor's APIs: address, token, exchange and answer in one place."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from pecportal.upstream.answers import Reply
from pecportal.upstream.config import Config
from pecportal.upstream.errors import FileAway, OutcomeUnknown, Unavailable, Unbuildable
from pecportal.upstream.redaction import Secrets
from pecportal.upstream.streaming import Base64File, Body, FileChanged
from pecportal.upstream.tokens import Heard, Tokens, unheard
from pecportal.upstream.transport import READ_LIMIT, Request, Transport

# How long a mailbox whose 401 a new token did not cure is believed to be the cause itself
_BELIEVED: Final = 600.0
_OF_TOKENS: Final = ("oauth ", "POST token", "token for ")  # calls that `Tokens` tells of itself
# Answers that tell of trouble with the API or its account, not with what was asked
_TROUBLE: Final = frozenset({401, 402, 403, 408, 429})


@dataclass(slots=True)
class Hearing:
    """A call that is listened to, and its answer once that came."""

    reply: Reply | None = None


class Api:
    """One API of the vendor (`pec`, `massiva`, `company`).

    Paths are templates such as `/pec/{}`, filled with quoted `ids`: errors name the template, not the
    mailbox.
    """

    def __init__(
        self, name: str, *, config: Config, transport: Transport, tokens: Tokens, heard: Heard = unheard
    ) -> None:
        self.config = config
        self._heard = heard
        self._name = name
        self._base: str = getattr(config, f"{name}_url")
        self._transport = transport
        self._tokens = tokens
        self._not_the_token: dict[str, tuple[str, float]] = {}

    def read(
        self,
        path: str,
        *ids: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: str = "",
    ) -> Reply:
        """GET what may be asked again, once more with a new token if the vendor does not like this one.

        Raises Unavailable when no answer came, SignInRefused when no token was given; judges nothing else.
        """
        with self._listening() as heard:
            reply = self._read(path, ids, query, headers, secret)
            heard.reply = reply
        return reply

    def _read(
        self,
        path: str,
        ids: tuple[str, ...],
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        secret: str,
    ) -> Reply:
        until = time.monotonic() + self.config.read_timeout
        who = (headers or {}).get("x-username", "")
        token = self._tokens.get(self._name, until=until)
        reply = self._read_with(token, path, ids, query, headers, secret, until)
        if reply.status != 401 or self.config.token or self._is_known_not_to_help(who, token):
            return reply
        self._tokens.invalidate(token)
        token = self._tokens.get(self._name, until=until)
        reply = self._read_with(token, path, ids, query, headers, secret, until)
        if reply.status == 401:  # so it is the mailbox: do not mint at each of its polls
            self._not_the_token[who] = (token, time.monotonic() + _BELIEVED)
        return reply

    def act(
        self,
        method: str,
        path: str,
        *ids: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: str = "",
        body: Body | None = None,
        on_connected: Callable[[], None] | None = None,
        on_wire: Callable[[], None] | None = None,
        on_written: Callable[[], None] | None = None,
        deadline: float | None = None,
        limit: int = READ_LIMIT,
        strict: bool = False,
    ) -> Reply:
        """Do once what sends, pays or changes, within `deadline` seconds; never repeated here.

        A 401 drops the token, so that the caller's next try has a new one. Raises Unavailable while nothing
        has left, OutcomeUnknown after; judges nothing else.
        """
        until = time.monotonic() + (self.config.send_deadline if deadline is None else deadline)
        with self._listening() as heard:
            token = self._tokens.get(self._name, until=until)
            request = self._request(method, path, ids, query, headers, token, limit)
            answer = self._transport.exchange(
                request, body=body, on_connected=on_connected, on_wire=on_wire, on_written=on_written, until=until
            )
            if answer.status == 401:
                self._tokens.invalidate(token)
            heard.reply = Reply(answer, secrets=Secrets(token, secret), strict=strict)
        return heard.reply

    @contextmanager
    def _listening(self) -> Iterator[Hearing]:
        """Tell whoever wants to know how the call went; not where the vendor was not asked, or is not to blame."""
        hearing = Hearing()
        try:
            yield hearing
        except (Unavailable, OutcomeUnknown) as exc:
            if not isinstance(exc, Unbuildable) and not exc.call.startswith(_OF_TOKENS):
                self._heard(self._name, str(exc.status or "no_answer"))
            raise
        if hearing.reply is not None:
            self._heard(self._name, _problem(hearing.reply))

    def _read_with(
        self,
        token: str,
        path: str,
        ids: tuple[str, ...],
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        secret: str,
        until: float,
    ) -> Reply:
        request = self._request("GET", path, ids, query, headers, token, READ_LIMIT)
        answer = self._transport.read(request, deadline=max(0.001, until - time.monotonic()))
        return Reply(answer, secrets=Secrets(token, secret))

    def _request(
        self,
        method: str,
        path: str,
        ids: tuple[str, ...],
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        token: str,
        limit: int,
    ) -> Request:
        return Request(
            call=f"{self._name} {method} {path}",
            method=method,
            url=self._base + path.format(*map(_segment, ids)) + (f"?{urlencode(query)}" if query else ""),
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
            limit=limit,
        )

    def _is_known_not_to_help(self, who: str, token: str) -> bool:
        suspect, until = self._not_the_token.get(who, ("", 0.0))
        return suspect == token and time.monotonic() < until


def _problem(reply: Reply) -> str:
    """What is wrong with the API, in one word; "" for an answer that shows that it works, though it may refuse."""
    if reply.status >= 500 or reply.status in _TROUBLE:
        return str(reply.status)
    return "broken" if reply.answer.flaw else ""


@contextmanager
def composed(call: str, parts: Callable[[], list[bytes | Base64File]]) -> Iterator[Body]:
    """An opened body of `parts`. Raises Unbuildable when a file is not of its size, FileAway when it cannot be read."""
    with ExitStack() as opened:
        try:
            body = opened.enter_context(Body(parts()))
        except FileChanged as exc:
            raise Unbuildable(f"A file cannot be sent: {exc}", call=call) from exc
        except OSError as exc:
            raise FileAway(f"A file cannot be opened: {exc}", call=call) from exc
        yield body


def _segment(value: str) -> str:
    """One path segment; a dot segment would climb to another path."""
    if value in ("", ".", ".."):
        raise ValueError(f"{value!r} names nothing of the vendor's.")
    return quote(value, safe="")
