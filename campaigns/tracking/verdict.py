"""What the receipts of one message prove, all of them together: neither their order nor their number counts."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from campaigns.tracking.receipts import Kind

FINAL_NOTICE: Final = timedelta(hours=22)  # after the acceptance: a time-out notice this late is the last one
NO_OUTCOME: Final = timedelta(hours=24 + 6)
WATCH_STEP: Final = timedelta(hours=24)  # a delayed message is looked after on and on

_ERRORS: Final = frozenset({Kind.NON_DELIVERY, Kind.NON_DELIVERY_VIRUS})
_REFUSALS: Final = frozenset({Kind.NON_ACCEPTANCE, Kind.NON_ACCEPTANCE_VIRUS})
_VIRUS: Final = frozenset({Kind.NON_DELIVERY_VIRUS, Kind.NON_ACCEPTANCE_VIRUS})


class Verdict(enum.Enum):
    """What the receipts say of a message, the strongest first."""

    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    ORDINARY_MAIL = "ordinary_mail"
    DELAYED = "delayed"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    NONE = "none"


class Flag(enum.Enum):
    """What stands beside a verdict."""

    LATE = "late"
    CONFLICT = "conflict"
    VIRUS = "virus"
    MAILBOX_FULL = "mailbox_full"
    ADDRESS = "address"


class Status(enum.Enum):
    """The one status that people see; its values are those of campaigns.states.Shown."""

    QUEUED = "queued"
    SENDING = "sending"
    SUBMITTED = "submitted"
    UNCERTAIN = "uncertain"
    ACCEPTED = "accepted"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    ORDINARY_MAIL = "ordinary_mail"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    NOT_ACCEPTED = "not_accepted"
    NO_OUTCOME = "no_outcome"
    FAILED = "failed"
    CANCELLED = "cancelled"


_CAUSE_FLAGS: Final = {
    "virus": Flag.VIRUS,
    "mailbox_full": Flag.MAILBOX_FULL,
    "unknown_address": Flag.ADDRESS,
    "not_certified": Flag.ADDRESS,
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """One receipt, as far as it counts; its fields mean what they mean in `receipts.Receipt`."""

    kind: Kind
    at: datetime | None
    final: bool | None
    certified: bool | None
    cause: str | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, what stands beside it, when the message was accepted, and when its fate was decided (aware times)."""

    verdict: Verdict
    flags: frozenset[Flag]
    accepted_at: datetime | None
    decided_at: datetime | None


def judge(evidence: Iterable[Evidence]) -> Judgement:
    """The verdict on a message: the highest line of the domain's table that holds, whatever came first or twice."""
    found = frozenset(evidence)
    accepted_at = _first(one for one in found if one.kind is Kind.ACCEPTANCE)
    last_notices = _last_notices(found, accepted_at)
    verdict, deciding = _decide(found, last_notices)
    return Judgement(
        verdict, _flags(verdict, found, deciding, last_notices), accepted_at, _decided_at(verdict, deciding)
    )


def _decide(found: frozenset[Evidence], last_notices: frozenset[Evidence]) -> tuple[Verdict, frozenset[Evidence]]:
    """The verdict, and the receipts that carry it."""
    lines = (
        (Verdict.DELIVERED, _of(found, {Kind.DELIVERY})),
        (Verdict.UNDELIVERED, _of(found, _ERRORS)),
        (Verdict.EXPIRED, last_notices),
        (Verdict.ORDINARY_MAIL, frozenset(e for e in _of(found, {Kind.ACCEPTANCE}) if e.certified is False)),
        (Verdict.DELAYED, _of(found, {Kind.TIMEOUT_NOTICE})),
        (Verdict.ACCEPTED, _of(found, {Kind.ACCEPTANCE})),
        (Verdict.NOT_ACCEPTED, _of(found, _REFUSALS)),
    )
    return next(((verdict, carrying) for verdict, carrying in lines if carrying), (Verdict.NONE, frozenset()))


def _of(found: frozenset[Evidence], kinds: Iterable[Kind]) -> frozenset[Evidence]:
    wanted = frozenset(kinds)
    return frozenset(one for one in found if one.kind in wanted)


def _last_notices(found: frozenset[Evidence], accepted_at: datetime | None) -> frozenset[Evidence]:
    """The time-out notices that end the attempt: those that say so, and those 22 hours or more after the acceptance."""
    return frozenset(one for one in _of(found, {Kind.TIMEOUT_NOTICE}) if one.final or _is_late(one.at, accepted_at))


def _is_late(at: datetime | None, accepted_at: datetime | None) -> bool:
    return at is not None and accepted_at is not None and at - accepted_at >= FINAL_NOTICE


def _flags(
    verdict: Verdict, found: frozenset[Evidence], deciding: frozenset[Evidence], last_notices: frozenset[Evidence]
) -> frozenset[Flag]:
    flags = set()
    errors, refusals = _of(found, _ERRORS), _of(found, _REFUSALS)
    if verdict is Verdict.DELIVERED and last_notices:
        flags.add(Flag.LATE)
    if (verdict is Verdict.DELIVERED and errors) or (refusals and verdict is not Verdict.NOT_ACCEPTED):
        flags.add(Flag.CONFLICT)
    if verdict in (Verdict.UNDELIVERED, Verdict.NOT_ACCEPTED):
        flags |= {Flag.VIRUS for one in deciding if one.kind in _VIRUS}
        flags |= {_CAUSE_FLAGS[one.cause] for one in deciding if one.cause in _CAUSE_FLAGS}
    return frozenset(flags)


def _decided_at(verdict: Verdict, deciding: frozenset[Evidence]) -> datetime | None:
    return None if verdict in (Verdict.DELAYED, Verdict.ACCEPTED, Verdict.NONE) else _first(deciding)


def _first(evidence: Iterable[Evidence]) -> datetime | None:
    return min((one.at for one in evidence if one.at is not None), default=None)


def status(state: str, judgement: Judgement, *, sent_at: datetime | None, now: datetime) -> Status:
    """What people see of a message in our `state` (a value of campaigns.states.MessageState) with this judgement.

    The receipts say more than our own bookkeeping; where neither knows an outcome 30 hours after the acceptance, or
    the sending, the message has none.
    """
    deadline = _deadline(state, judgement, sent_at)
    if deadline is not None and now >= deadline:
        return Status.NO_OUTCOME
    return Status(state if judgement.verdict is Verdict.NONE else judgement.verdict.value)


def next_deadline(state: str, judgement: Judgement, *, sent_at: datetime | None, now: datetime) -> datetime | None:
    """When the message has to be looked at again although nothing came: always after `now`. None: never.

    An open message (handed over, accepted or delayed) has one until it counts as without outcome. A delayed one never
    does: it is looked at day after day.
    """
    if judgement.verdict is Verdict.DELAYED:
        return _next_watch(judgement.accepted_at or sent_at, now)
    if not _is_open(state, judgement):
        return None
    deadline = _deadline(state, judgement, sent_at)
    if deadline is None:  # no time is known at all
        return now + NO_OUTCOME
    return deadline if deadline > now else None


def _deadline(state: str, judgement: Judgement, sent_at: datetime | None) -> datetime | None:
    if not _is_open(state, judgement):
        return None
    begun = judgement.accepted_at or sent_at
    return begun + NO_OUTCOME if begun is not None else None


def _is_open(state: str, judgement: Judgement) -> bool:
    """Whether time alone can make it a message without outcome."""
    if judgement.verdict is Verdict.NONE:
        return state == Status.SUBMITTED.value
    return judgement.verdict is Verdict.ACCEPTED


def _next_watch(begun: datetime | None, now: datetime) -> datetime:
    first = (begun or now) + NO_OUTCOME
    if first > now:
        return first
    return first + ((now - first) // WATCH_STEP + 1) * WATCH_STEP
