"""What the end of one call means for the message and for the lane it left by."""

import random
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.conf import settings

from campaigns.models.tracking import Hold
from campaigns.states import MessageState, Outcome
from pecportal.upstream.errors import (
    RAW_LIMIT,
    FileAway,
    OutcomeUnknown,
    Rejected,
    SignInRefused,
    Unavailable,
    Unbuildable,
    UpstreamError,
)
from pecportal.upstream.massiva import Accepted

FINAL_REFUSALS = frozenset({400, 403, 404, 405, 413, 415, 422})
RETRY_AFTER = (1.0, 3600.0)  # seconds: what we accept of a vendor's wish
LONGEST_RETRY = 600.0


@dataclass(frozen=True, slots=True)
class LaneEffect:
    """What a call's end does to the lane: opens or closes its breaker, or holds it for `seconds`."""

    breaker: bool = False
    healthy: bool = False
    hold: Hold = Hold.NONE
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: its outcome, the message's next state, and what was answered."""

    outcome: Outcome
    state: MessageState
    code: str = ""
    answer_status: int | None = None
    answer: str = ""
    raw: str = ""  # the answer's body where `answer` has other words
    delay: timedelta = timedelta(0)
    counts_as_failure: bool = False
    stops_campaign: bool = False  # a file of ours is not what was frozen: a person has to look at it
    lane: LaneEffect = field(default_factory=LaneEffect)


def accepted(answer: Accepted) -> Ending:
    """The vendor took the message and gave its code."""
    return Ending(
        Outcome.ACCEPTED,
        MessageState.SUBMITTED,
        code=answer.code,
        answer_status=201,
        answer=_text(answer.answer),
        lane=LaneEffect(healthy=True),
    )


def aborted(reason: str) -> Ending:
    """We stopped before the mark: nothing was sent, and the message goes back at once."""
    return Ending(Outcome.NOT_SENT, MessageState.QUEUED, answer=reason)


def broken(what: str, *, marked: bool, failures: int) -> Ending:
    """Something of ours failed: before the mark nothing was sent, after it nobody knows."""
    if marked:
        return interrupted(f"An error of the portal interrupted the call: {what}.")
    return replace(
        aborted(f"An error of the portal before anything was sent: {what}."),
        delay=retry_delay(failures),
        counts_as_failure=True,
    )


def interrupted(reason: str) -> Ending:
    """Something of ours broke after the mark: what the vendor did is not known."""
    return Ending(Outcome.UNCERTAIN, MessageState.UNCERTAIN, answer=reason, lane=LaneEffect(breaker=True))


def failed(error: UpstreamError, *, failures: int) -> Ending:
    """Judge an upstream error; `failures` are the message's earlier ones, and lengthen its rest."""
    if isinstance(error, OutcomeUnknown):
        ending = Ending(Outcome.UNCERTAIN, MessageState.UNCERTAIN, lane=LaneEffect(breaker=True))
    elif isinstance(error, FileAway):  # `feeding` finds out whether it is gone
        rest = retry_delay(failures)
        ending = Ending(Outcome.NOT_SENT, MessageState.QUEUED, delay=rest, counts_as_failure=True)
    elif isinstance(error, Unbuildable):
        ending = Ending(Outcome.NOT_SENT, MessageState.QUEUED, stops_campaign=True)
    elif isinstance(error, Unavailable):
        rest = retry_delay(failures)
        unreachable = LaneEffect(breaker=True)
        ending = Ending(Outcome.NOT_SENT, MessageState.QUEUED, delay=rest, counts_as_failure=True, lane=unreachable)
    elif isinstance(error, Rejected) and error.status in FINAL_REFUSALS:
        ending = Ending(Outcome.NOT_SENT, MessageState.FAILED, lane=LaneEffect(healthy=True))
    else:
        ending = Ending(Outcome.NOT_SENT, MessageState.QUEUED, lane=_hold(error))
    return replace(ending, answer_status=error.status, answer=_words(error), raw=_text(error.raw, most=RAW_LIMIT))


def retry_delay(failures: int) -> timedelta:
    """The rest before a message that was not sent is tried again: doubled each time, with jitter, at most 10 min."""
    seconds = min(settings.SENDING_RETRY_SECONDS * 2.0 ** min(failures, 10), LONGEST_RETRY)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 (spread, not secrecy)


def clamp_retry_after(seconds: float | None) -> float:
    """The vendor's Retry-After within 1 s to 1 h; the usual hold when it gave none that makes sense."""
    if seconds is None or seconds < 0:
        return float(settings.SENDING_HOLD_SECONDS)
    return min(max(seconds, RETRY_AFTER[0]), RETRY_AFTER[1])


def _hold(error: UpstreamError) -> LaneEffect:
    if isinstance(error, SignInRefused):  # the account, not this mailbox, is refused
        return LaneEffect(hold=Hold.ACCOUNT, seconds=clamp_retry_after(error.retry_after))
    if error.status == 401:
        return LaneEffect(hold=Hold.CREDENTIALS, seconds=RETRY_AFTER[1])
    if error.status == 402:
        return LaneEffect(hold=Hold.WALLET, seconds=RETRY_AFTER[1])
    return LaneEffect(hold=Hold.RATE, seconds=clamp_retry_after(error.retry_after))


def _words(error: UpstreamError) -> str:
    return (error.message or _text(error.raw)).replace("\x00", "\ufffd")


def _text(raw: bytes, *, most: int = 4000) -> str:
    return raw[:most].decode("utf-8", "replace").replace("\x00", "\ufffd")
