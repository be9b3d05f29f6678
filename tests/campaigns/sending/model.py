"""The design of a send as a small machine: its rows, its workers, the vendor and people, with every step atomic.

Pure, and sharing no code with the engine: `test_model` walks through all that can happen, and holds the rows' part
against the engine's own answers. A worker that takes no step sleeps; a lease may end at any moment.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

INTENT, WIRE = "intent", "wire"
NOT_SENT, UNCERTAIN, ACCEPTED, PRESUMED = "not_sent", "uncertain", "accepted", "presumed_not_sent"
LIVE: Final = (None, UNCERTAIN, ACCEPTED)
CALLED_NOT_SENT: Final = (NOT_SENT, PRESUMED)

# campaigns.states.MessageState, and which state may follow which
MOVES: Final = {
    "queued": ("sending", "cancelled", "submitted"),
    "sending": ("queued", "submitted", "uncertain", "failed"),
    "uncertain": ("submitted", "queued", "failed"),
    "submitted": ("uncertain",),
    "failed": ("submitted",),
    "cancelled": ("submitted",),
}
# how a call may end: the attempt's outcome, and what becomes of the message
ENDINGS: Final = {
    "accepted": (ACCEPTED, "submitted"),
    "refused": (NOT_SENT, "failed"),
    "later": (NOT_SENT, "queued"),
    "unreachable": (NOT_SENT, "queued"),
    "aborted": (NOT_SENT, "queued"),
    "server error": (UNCERTAIN, "uncertain"),
    "silence": (UNCERTAIN, "uncertain"),
}
# which outcomes an ending may still change
OPEN: Final = {
    ACCEPTED: (None, UNCERTAIN),
    NOT_SENT: (None, UNCERTAIN, PRESUMED),
    UNCERTAIN: (None,),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """Rules as some real system has them; the design has none of these."""

    check_then_send: bool = False
    unconditional_mark: bool = False
    expired_wire_is_queued: bool = False
    retry_on_5xx: bool = False
    retry_on_lost_answer: bool = False
    released_on_uncertain: bool = False
    stale_lock_is_deleted: bool = False
    resent_after_a_window: bool = False
    reference_per_message: bool = False
    queued_despite_a_receipt: bool = False


RIGHT: Final = Wrong()


class Attempt(NamedTuple):
    """An attempt's row, its reservation, and whether something on record proves that it was taken."""

    phase: str = INTENT
    outcome: str | None = None
    lease: bool = True
    fenced: bool = True  # its fence is still the lane's
    held: bool = True
    proven: bool = False
    told: bool = False  # an incident


class Message(NamedTuple):
    """A message's row with its attempts; `declared` a person's word that it was sent."""

    state: str = "queued"
    attempts: tuple[Attempt, ...] = ()
    declared: bool = False


# The rows. Each function is one transaction.


def move(message: Message, to: str) -> Message:
    """The message in its new state, if the table allows it."""
    return message._replace(state=to) if to in MOVES[message.state] else message


def alive(message: Message, *, but: int = -1) -> int | None:
    """Which attempt may have been sent, or may be sent yet; at most one."""
    return next((n for n, one in enumerate(message.attempts) if one.outcome in LIVE and n != but), None)


def put(message: Message, n: int, **changes: object) -> Message:
    """The message with its `n`th attempt changed."""
    changed = message.attempts[n]._replace(**changes)  # type: ignore[arg-type]
    return message._replace(attempts=(*message.attempts[:n], changed, *message.attempts[n + 1 :]))


def claimed(message: Message) -> Message | None:
    """One more attempt, or None where the message does not wait, or another one may have been sent."""
    if message.state != "queued" or alive(message) is not None:
        return None
    return move(message, "sending")._replace(attempts=(*message.attempts, Attempt()))


def marked(message: Message, n: int, wrong: Wrong) -> Message | None:
    """The attempt allowed to go on the wire; None when it is not."""
    one = message.attempts[n]
    if wrong.unconditional_mark:
        return put(message, n, phase=WIRE)
    if wrong.check_then_send:
        return message if one.outcome is None else None
    if one.phase != INTENT or one.outcome is not None or not (one.lease and one.fenced):
        return None
    return put(message, n, phase=WIRE, lease=True)


def ended(message: Message, n: int, ending: str, wrong: Wrong) -> Message:
    """What a call's end leaves behind, in time or late, once or again."""
    outcome, state = ENDINGS[ending]
    if (ending == "server error" and wrong.retry_on_5xx) or (ending == "silence" and wrong.retry_on_lost_answer):
        outcome, state = NOT_SENT, "queued"
    before = message.attempts[n].outcome
    if before in OPEN[outcome]:
        message = put(message, n, outcome=outcome)
    elif before != outcome:  # others have settled it meanwhile
        return taken(put(message, n, proven=True), n) if outcome == ACCEPTED and before in CALLED_NOT_SENT else message
    if outcome == ACCEPTED:
        message = put(message, n, proven=True)._replace(declared=False)
    if state not in ("queued", "failed") or alive(message) is None:
        message = move(message, state)
    if outcome == NOT_SENT:
        message = put(message, n, held=False)
        return message if wrong.queued_despite_a_receipt else reconsidered(message)
    return put(message, n, held=False) if wrong.released_on_uncertain and outcome == UNCERTAIN else message


def expired(message: Message, wrong: Wrong) -> Message:
    """What a dead worker left: given back before the wire, in doubt after it."""
    for n, one in enumerate(message.attempts):
        if one.outcome is None and not one.lease:
            lost = one.phase == WIRE and not wrong.expired_wire_is_queued
            message = ended(message, n, "silence" if lost else "aborted", wrong)
    return message


def read(message: Message, n: int, wrong: Wrong = RIGHT) -> Message:
    """A receipt of the attempt is on record, and counts."""
    n = len(message.attempts) - 1 if wrong.reference_per_message else n
    return _proved(put(message, n, proven=True), n)


def swept(message: Message) -> Message:
    """What the sweep finds: receipts that came before their attempt was in doubt, or was called not sent."""
    is_over = alive(message) is None
    for n, one in enumerate(message.attempts):
        if one.proven and (one.outcome == UNCERTAIN or (one.outcome in CALLED_NOT_SENT and (is_over or not one.told))):
            message = _proved(message, n)
    return message


def _proved(message: Message, n: int) -> Message:
    outcome = message.attempts[n].outcome
    if outcome == UNCERTAIN:
        return move(put(message, n, outcome=ACCEPTED), "submitted")
    if outcome in CALLED_NOT_SENT:
        return taken(message, n)
    return message._replace(declared=False) if outcome == ACCEPTED else message


def taken(message: Message, n: int) -> Message:
    """The attempt was called not sent, and was sent: a later one is called back, or it is an incident."""
    later = alive(message, but=n)
    if later is not None:
        one = message.attempts[later]
        if one.outcome is not None or one.phase == WIRE:
            return put(message, n, told=True)
        message = put(message, later, outcome=NOT_SENT, held=False)
    before = message.attempts[n]
    told = before.told or before.outcome == NOT_SENT or message.state == "failed"
    return move(put(message, n, outcome=ACCEPTED, held=True, told=told), "submitted")._replace(declared=False)


def reconsidered(message: Message) -> Message:
    """Nothing of it is under way any more: if an attempt is proven, it is that one, and nothing is sent again."""
    if alive(message) is None:
        for n, one in enumerate(message.attempts):
            if one.proven and one.outcome in CALLED_NOT_SENT:
                message = taken(message, n)
    return message


def choices(message: Message) -> tuple[str, ...]:
    """What a person may decide about a doubt; nothing where a receipt will settle it."""
    n = next((n for n, one in enumerate(message.attempts) if one.outcome == UNCERTAIN), None)
    if message.state != "uncertain" or n is None or message.attempts[n].proven:
        return ()
    was_sent = any(one.proven for one in message.attempts)
    return ("not_sent", "sent") if was_sent else ("send_again", "not_sent", "sent")


def decided(message: Message, choice: str) -> Message:
    """The doubt as a person ended it. Reservations stay: what is presumed is not proven."""
    n = next(n for n, one in enumerate(message.attempts) if one.outcome == UNCERTAIN)
    if choice == "sent":
        return move(put(message, n, outcome=ACCEPTED), "submitted")._replace(declared=True)
    message = put(message, n, outcome=PRESUMED)
    if choice == "send_again":
        return move(message, "queued")
    return reconsidered(move(message, "failed"))
