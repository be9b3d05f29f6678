"""All that can happen around the rows of `model`: pumps that work, sleep or die, a vendor, receipts, people.

Any number of pumps: a step that is never taken is a pump that sleeps for ever, or died. Leases end at any moment.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from tests.campaigns.sending import model
from tests.campaigns.sending.model import (
    ACCEPTED,
    INTENT,
    LIVE,
    NOT_SENT,
    UNCERTAIN,
    WIRE,
    Attempt,
    Message,
    Wrong,
)

SENT_TWICE: Final = "a message was sent twice, and nobody decided so"
ATTEMPT_TWICE: Final = "an attempt was sent twice"
SENT_THOUGH_PROVEN: Final = "an attempt left although an earlier one was proven"
STUCK: Final = "a message waits for something that nobody does"
UNSENT_THOUGH_PROVEN: Final = "a message is called unsent although a proof is on record"
UNTOLD: Final = "two attempts are proven and nobody is told"
TWO_ALIVE: Final = "two attempts of a message are alive"
DIFFERENT: Final = "a message and its attempts say different things"
NOT_SENT_CALLED_SENT: Final = "what was not sent is called sent"
SENT_CALLED_NOT_SENT: Final = "what was sent, or may be yet, is called not sent"
RESERVED_WRONG: Final = "reservations and attempts say different things"
OVER_THE_PLAN: Final = "more was sent or reserved than the plan allows"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far to look: messages, attempts and decisions to send again of each, recipients that the plan allows.

    `lies`: the vendor may refuse and take it all the same. `cancels`: a person may stop everything. `repeats`: what a
    call ended with may be written down a second time, at any later moment.
    """

    messages: int = 1
    attempts: int = 2
    decisions: int = 1
    cap: int = 99
    lies: bool = False
    cancels: bool = False
    repeats: bool = False


class Call(NamedTuple):
    """What no row tells: how far a pump is with an attempt, what the vendor did with it, what it answered."""

    at: str = "claimed"  # granted, sent, ended, recorded, gone
    request: str = ""  # flying, taken, lost
    answer: str = ""
    sent: int = 0
    blind: bool = False  # it left although another attempt was proven


class Story(NamedTuple):
    """A message with what happened around it; `again` counts decisions to send it again, `lies` the vendor's."""

    message: Message = Message()
    calls: tuple[Call, ...] = ()
    again: int = 0
    lies: int = 0


class World(NamedTuple):
    """Everything."""

    stories: tuple[Story, ...]
    cancelled: bool = False


Step = tuple[str, Story]


@dataclass(frozen=True, slots=True)
class Found:
    """What a walk through all worlds came to: how many there are, and the way to the first that breaks a promise."""

    worlds: frozenset[World]
    faults: tuple[str, ...] = ()
    trace: tuple[str, ...] = ()


def explore(bounds: Bounds, wrong: Wrong = model.RIGHT, *, only: Collection[str] = ()) -> Found:
    """Walk through every world that can come about, the nearest first, until one breaks a promise, or one of `only`."""
    begin = World((Story(),) * bounds.messages)
    before: dict[World, tuple[World, str] | None] = {begin: None}
    waiting = deque([begin])
    while waiting:
        world = waiting.popleft()
        for words, after in _steps(world, bounds, wrong):
            if after in before:
                continue
            before[after] = (world, words)
            if found := [fault for fault in _broken(after, bounds) if not only or fault in only]:
                return Found(frozenset(before), tuple(found), _trace(after, before))
            waiting.append(after)
    return Found(frozenset(before))


def _trace(world: World, before: dict[World, tuple[World, str] | None]) -> tuple[str, ...]:
    words = []
    while (step := before[world]) is not None:
        world = step[0]
        words.append(step[1])
    return tuple(reversed(words))


def _steps(world: World, bounds: Bounds, wrong: Wrong) -> Iterator[tuple[str, World]]:
    used = sum(_held(story) for story in world.stories)
    for m, story in enumerate(world.stories):
        for words, after in _of_story(story, used < bounds.cap, world.cancelled, bounds, wrong):
            stories = (*world.stories[:m], after, *world.stories[m + 1 :])
            yield words.format(m=m + 1), World(stories, world.cancelled)
    taken_over = tuple(_taken_over(story, wrong) for story in world.stories)
    if taken_over != world.stories:
        yield "another pump takes the lane over", World(taken_over, world.cancelled)
    if bounds.cancels and not world.cancelled:
        yield "the campaign is cancelled", World(tuple(_cancelled(story) for story in world.stories), cancelled=True)


@cache
def _held(story: Story) -> int:
    return sum(one.held for one in story.message.attempts)


@cache
def _of_story(story: Story, room: bool, cancelled: bool, bounds: Bounds, wrong: Wrong) -> tuple[Step, ...]:
    """What may happen to one message next, where `{m}` stands for its number."""
    may_claim = room and not cancelled and len(story.calls) < bounds.attempts
    found = [*_of_rows(story, may_claim, bounds, wrong, may_resend=not cancelled)]
    for n, call in enumerate(story.calls):
        found += _of_pump(story, n, call, bounds, wrong)
        if call.request == "flying":
            found += _of_vendor(story, n, call, bounds, wrong)
    return tuple((words, _plain(_cancelled(after) if cancelled else after)) for words, after in found)


def _of_rows(story: Story, may_claim: bool, bounds: Bounds, wrong: Wrong, *, may_resend: bool) -> Iterable[Step]:
    message = story.message
    claimed = model.claimed(message) if may_claim else None
    if claimed is not None:
        what = f"{{m}}.{len(story.calls) + 1}"
        yield f"a pump claims {what}", story._replace(message=claimed, calls=(*story.calls, Call()))
    for n, one in enumerate(message.attempts):
        if one.outcome is None and one.lease:
            yield f"the lease of {{m}}.{n + 1} ends", story._replace(message=model.put(message, n, lease=False))
        if story.calls[n].request == "taken" and not one.proven:
            yield f"a receipt of {{m}}.{n + 1} is read", story._replace(message=model.read(message, n, wrong))
    for words, after in (
        ("what expired of {m} is settled", model.expired(message, wrong)),
        ("the sweep finds what is proven of {m}", model.swept(message)),
    ):
        if after != message:
            yield words, story._replace(message=after)
    if wrong.resent_after_a_window and message.state == "uncertain":
        yield "the window of {m} is over", story._replace(message=model.decided(message, "send_again"))
    for choice in model.choices(message):
        if choice != "send_again" or (may_resend and story.again < bounds.decisions):
            again = story.again + (choice == "send_again")
            after = model.decided(message, choice)
            yield f"a person decides on {{m}}: {choice}", story._replace(message=after, again=again)


def _of_pump(story: Story, n: int, call: Call, bounds: Bounds, wrong: Wrong) -> Iterable[Step]:
    what = f"{{m}}.{n + 1}"
    if call.at == "claimed":
        marked = model.marked(story.message, n, wrong)
        if marked is None:
            yield f"{what} may not be marked", _call(story, n, at="ended", answer="aborted")
            return
        blind = any(one.proven for k, one in enumerate(story.message.attempts) if k != n)
        yield f"{what} is marked", _call(story._replace(message=marked), n, at="granted", blind=blind)
        yield f"the vendor cannot be reached for {what}", _call(story, n, at="ended", answer="aborted")
    elif call.at == "granted":
        yield f"{what} is sent", _call(story, n, at="sent", request="flying")
    elif call.at in ("sent", "ended", "recorded"):
        answer = call.answer or "silence"
        after = story._replace(message=model.ended(story.message, n, answer, wrong))
        if bounds.repeats and call.at != "recorded":
            yield f"{what} is recorded: {answer}", _call(after, n, at="recorded", answer=answer)
        else:
            yield f"{what} is recorded: {answer}", _call(after, n, at="gone", answer="")


def _of_vendor(story: Story, n: int, call: Call, bounds: Bounds, wrong: Wrong) -> Iterable[Step]:
    """The vendor takes the request or not; who waits gets an answer, or none. One that proves nothing is like none."""
    no = ("refused", "later")
    doubt = ("server error",) if wrong.retry_on_5xx else ()
    yes = ("accepted", *doubt, *(no if bounds.lies else ()))
    for verb, request, answers in (("takes", "taken", yes), ("loses", "lost", (*no, *doubt))):
        for answer in ("", *answers) if call.at == "sent" else ("",):
            told = f", answers {answer}" if answer else ", answers nothing" if call.at == "sent" else ""
            sent = call.sent + (request == "taken")
            after = _call(story, n, request=request, answer=answer or call.answer, sent=sent)
            lies = after.lies + (request == "taken" and answer in no)
            yield f"the vendor {verb} {{m}}.{n + 1}{told}", after._replace(lies=lies)


def _call(story: Story, n: int, **changes: object) -> Story:
    changed = story.calls[n]._replace(**changes)  # type: ignore[arg-type]
    return story._replace(calls=(*story.calls[:n], changed, *story.calls[n + 1 :]))


@cache
def _taken_over(story: Story, wrong: Wrong) -> Story:
    """The lane's fence moves on; who deletes a stale lock instead takes what the other held for lost."""
    message = story.message
    if wrong.stale_lock_is_deleted:
        after = model.expired(_each_under_way(message, lease=False), Wrong(expired_wire_is_queued=True))
    else:
        after = _each_under_way(message, fenced=False)
    return _plain(story._replace(message=after))


def _each_under_way(message: Message, **changes: bool) -> Message:
    for n, one in enumerate(message.attempts):
        message = model.put(message, n, **changes) if one.outcome is None else message
    return message


@cache
def _cancelled(story: Story) -> Story:
    """What waits in a cancelled campaign is cancelled, too."""
    if story.message.state != "queued":
        return story
    return story._replace(message=model.move(story.message, "cancelled"))


def _plain(story: Story) -> Story:
    """The same story without what can make no difference any more."""
    attempts = tuple(map(_plain_attempt, story.message.attempts))
    return story._replace(message=story.message._replace(attempts=attempts), calls=tuple(map(_plain_call, story.calls)))


def _plain_attempt(one: Attempt) -> Attempt:
    if one.outcome is not None:
        return one._replace(phase=WIRE, lease=True, fenced=True)
    return one if one.phase == INTENT else one._replace(fenced=True)


def _plain_call(call: Call) -> Call:
    same = {"aborted": "later", "silence": "server error"}
    return call._replace(answer=same.get(call.answer, call.answer)) if call.at == "recorded" else call


def _broken(world: World, bounds: Bounds) -> tuple[str, ...]:
    most = bounds.cap + sum(story.lies for story in world.stories)
    sent = sum(call.sent for story in world.stories for call in story.calls)
    is_over = sent > most or sum(map(_held, world.stories)) > most
    return (*(fault for story in world.stories for fault in _broken_of(story)), *((OVER_THE_PLAN,) if is_over else ()))


@cache
def _broken_of(story: Story) -> tuple[str, ...]:
    message, calls = story.message, story.calls
    proven = sum(one.proven for one in message.attempts)
    is_broken = {
        SENT_TWICE: sum(call.sent for call in calls) > 1 + story.again + story.lies,
        ATTEMPT_TWICE: any(call.sent > 1 for call in calls),
        SENT_THOUGH_PROVEN: any(call.blind for call in calls),
        STUCK: not _has_way_out(message),
        UNSENT_THOUGH_PROVEN: message.state in ("queued", "failed", "cancelled") and proven > 0,
        UNTOLD: proven > 1 and not any(one.told for one in message.attempts),
        TWO_ALIVE: sum(one.outcome in LIVE for one in message.attempts) > 1,
        DIFFERENT: _differ(message),
        NOT_SENT_CALLED_SENT: False,
        SENT_CALLED_NOT_SENT: False,
        RESERVED_WRONG: False,
    }
    for one, call in zip(message.attempts, calls, strict=True):
        is_broken[NOT_SENT_CALLED_SENT] |= one.outcome == ACCEPTED and not call.sent and not message.declared
        unproven = call.request == "flying" or (call.request == "taken" and not story.lies)
        is_broken[SENT_CALLED_NOT_SENT] |= one.outcome == NOT_SENT and unproven
        is_broken[RESERVED_WRONG] |= one.held if one.outcome == NOT_SENT else not one.held
    return tuple(fault for fault, is_so in is_broken.items() if is_so)


def _differ(message: Message) -> bool:
    """Whether the message's state is not the one that its living attempt, or that there is none, says."""
    outcomes = [one.outcome for one in message.attempts]
    expected = {"submitted": ACCEPTED in outcomes, "uncertain": UNCERTAIN in outcomes, "sending": None in outcomes}
    return any((message.state == state) != is_so for state, is_so in expected.items())


def _has_way_out(message: Message) -> bool:
    """Whether it can go on though every pump dies: by a lease's end, a receipt, a person, or a new claim."""
    if message.state == "sending":
        return model.expired(_each_under_way(message, lease=False), model.RIGHT).state != "sending"
    if message.state == "uncertain":
        return bool(model.choices(message)) or model.swept(message) != message
    return message.state != "queued" or model.claimed(message) is not None
