"""Reads the vendor's answers, and says which of the three failures a bad one is.

The envelope is `{data, success, message, error}` as JSON, but it has been met as text/plain, with a BOM, as
a JSON string that itself holds JSON, with a `message` that is no string, and as HTML. What cannot be read
is never guessed.
"""

import json
import re
import time
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Final, NoReturn

from pecportal.upstream.errors import OutcomeUnknown, Rejected, Unavailable, UpstreamError
from pecportal.upstream.redaction import Secrets
from pecportal.upstream.transport import Answer

# Answers of 2xx with `success: false` whose words prove that nothing was done. None is documented.
PROVEN_REFUSALS: Final[tuple[str, ...]] = ()

# 408, 409 and 425 say nothing about what was done
_AMBIGUOUS: Final = frozenset({408, 409, 425})
READ_REFUSALS: Final = frozenset(range(400, 500)) - _AMBIGUOUS
SEND_REFUSALS: Final = frozenset({400, 401, 402, 403, 404, 405, 413, 415, 422, 429})
ACT_REFUSALS: Final = SEND_REFUSALS | {406, 428}

_SECONDS: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,9})?([eE]\+?[0-9]{1,2})?", re.ASCII)
_LONGEST_MESSAGE: Final = 1000


class Reply:
    """One answer, read. `strict` takes plain JSON only: no BOM, no JSON string holding JSON, no key twice."""

    def __init__(self, answer: Answer, *, secrets: Secrets, strict: bool = False) -> None:
        self.answer = answer
        self.status = answer.status
        self._secrets = secrets
        self._strict = strict

    @property
    def object(self) -> dict[str, Any] | None:
        """The vendor's JSON object; None where there is none to be trusted."""
        return self._found[0]

    @property
    def why_not(self) -> str:
        """Why there is no object; "" where there is one."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[dict[str, Any] | None, str]:
        flaw = self.answer.flaw
        return (None, flaw) if flaw else _read(self.answer.body, strict=self._strict)

    @property
    def data(self) -> Any:
        """The envelope's `data`; None where it is missing."""
        return (self.object or {}).get("data")

    @property
    def error(self) -> int | None:
        """The operation's own number, which is no HTTP status."""
        return whole_number((self.object or {}).get("error"))

    @property
    def message(self) -> str:
        """The vendor's words, "" where there are none."""
        return self._secrets.hide_text(_words((self.object or {}).get("message")))

    @property
    def evidence(self) -> bytes:
        """The body as it came, without secrets."""
        return self._secrets.hide(self.answer.body)

    @property
    def is_vendors(self) -> bool:
        """Whether the vendor itself speaks, not a proxy before it."""
        return self.object is not None and ("success" in self.object or "message" in self.object)

    def says(self, *phrases: str) -> bool:
        """Whether the vendor's message holds one of `phrases` (given in lower case)."""
        return any(phrase in self.message.casefold() for phrase in phrases)

    def failure(self, kind: type[UpstreamError], words: str = "") -> UpstreamError:
        """The failure of `kind` with all that this answer tells."""
        return kind(
            words or self.message or f"The vendor answered with status {self.status}.",
            call=self.answer.call,
            status=self.status,
            error=self.error,
            retry_after=_retry_after(self.answer),
            raw=self.evidence,
        )

    def success(self, *, safe: bool, refusals: Collection[int]) -> dict[str, Any]:
        """The envelope of a success, else the failure the answer means.

        Rejected where the vendor refuses with one of the statuses `refusals`. Everything else that is no
        success is Unavailable for what is `safe` to ask again or of which nothing had left, and
        OutcomeUnknown otherwise.
        """
        if self.is_refusal(refusals):
            raise self.failure(Rejected)
        unclear = Unavailable if safe or not self.answer.begun else OutcomeUnknown
        if self.status not in (200, 201):
            raise self.failure(unclear)
        if not self.answer.whole:
            raise self.failure(unclear, "The vendor answered before the whole request had left.")
        if self.object is None:
            raise self.failure(unclear, f"The answer cannot be read: {self.why_not}.")
        # A read may come without `success`, as long as it brings data
        if self.object.get("success", safe and "data" in self.object) is not True:
            raise self.failure(unclear, self.message or "The answer does not say that it worked.")
        return self.object

    def is_refusal(self, refusals: Collection[int]) -> bool:
        """Whether the vendor itself says, without contradiction, that it did nothing."""
        if self.object is None or not self.is_vendors or self.object.get("success") not in (False, None):
            return False
        return self.status in refusals or (self.status in (200, 201) and self.says(*PROVEN_REFUSALS))

    def unreadable(self, what: str, *, safe: bool) -> NoReturn:
        """Raise for a success that lacks what it must hold."""
        raise self.failure(Unavailable if safe else OutcomeUnknown, f"The answer cannot be read: {what}.")


def whole_number(value: object) -> int | None:
    """An int from what the vendor writes as 3, 3.0 or "3"; None for everything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value, re.ASCII):
        return int(value)
    return None


def clean(text: str) -> str:
    """The same text with lone surrogates and NUL, which no database takes, as U+FFFD."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def _read(body: bytes, *, strict: bool) -> tuple[dict[str, Any] | None, str]:
    """The JSON object in `body` and "", or None and why there is none."""
    try:
        value = _parsed(body.decode("utf-8", "replace"), strict=strict)
        if isinstance(value, str) and not strict:
            value = _parsed(value, strict=False)
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as exc:
        return None, f"it is not JSON ({_where(exc)})"
    return (value, "") if isinstance(value, dict) else (None, "it is not a JSON object")


def _parsed(text: str, *, strict: bool) -> Any:
    if strict:
        return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_without_repetition)
    return json.loads(text.lstrip("\ufeff"), parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _where(exc: ValueError) -> str:
    return f"{exc.msg} at {exc.pos}" if isinstance(exc, json.JSONDecodeError) else str(exc)[:60]


def _words(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        try:
            value = json.dumps(value, ensure_ascii=False)
        except RecursionError:
            return ""
    return " ".join(clean(value).split())[:_LONGEST_MESSAGE]


def _retry_after(answer: Answer) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3: a number or a date); None for what makes no sense, such as -5.

    A date is taken against the vendor's own clock where the answer tells it, since ours may be wrong.
    """
    value = answer.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    moment = _moment(value)
    return None if moment is None else max(0.0, moment - vendors_now(answer))


def vendors_now(answer: Answer) -> float:
    """Unix seconds by the vendor's clock (the answer's Date), by ours where it does not tell."""
    moment = _moment(answer.headers.get("date", ""))
    return time.time() if moment is None else moment


def _moment(value: str) -> float | None:
    """Unix seconds of an HTTP date; None for what is none."""
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
