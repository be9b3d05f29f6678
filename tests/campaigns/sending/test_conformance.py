"""The engine does what the design's model says: for every row that the model can come to, and everything done to it.

Each test lays all those rows into the database, does one thing to them with the engine's own function, and reads them
back. So a rule that is changed in one of the two is found here.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone

from campaigns import late, references
from campaigns.models import Attempt, Choice, Incident, IncidentKind, Message, Receipt, Reservation
from campaigns.sending import claims, decisions, endings, expired, feeding, lanes, outcomes
from campaigns.sending.lanes import Job, Lane
from campaigns.sending.outcomes import Ending
from campaigns.states import Declared, MessageState, Outcome, Phase
from campaigns.tracking import intake
from pecportal.errors import Refusal
from pecportal.upstream.errors import OutcomeUnknown, Rejected, SignInRefused, Unavailable, Unbuildable, UpstreamError
from pecportal.upstream.massiva import Accepted
from tests.campaigns import build, doubts
from tests.campaigns.sending import exploring, model
from tests.campaigns.sending.exploring import Bounds
from tests.engine import running

pytestmark = pytest.mark.django_db
CODE = "2020082610003492"
ENDINGS: dict[str, Callable[[], Ending]] = {
    "accepted": lambda: outcomes.accepted(Accepted(CODE, b"{}")),
    "refused": lambda: outcomes.failed(Rejected("no", status=400), failures=0),
    "later": lambda: outcomes.failed(Rejected("wait", status=429, retry_after=1.0), failures=0),
    "unreachable": lambda: outcomes.failed(Unavailable("no connection"), failures=0),
    "aborted": lambda: outcomes.aborted("given back"),
    "server error": lambda: outcomes.failed(OutcomeUnknown("?", status=500), failures=0),
    "silence": lambda: outcomes.interrupted("no answer"),
}


def test_the_states_are_those_of_the_engine() -> None:
    moves = {state.value: {after.value for after in state.successors} for state in MessageState}

    assert {state: set(after) for state, after in model.MOVES.items()} == moves
    assert {model.INTENT, model.WIRE} == set(Phase.values)
    assert {model.NOT_SENT, model.UNCERTAIN, model.ACCEPTED, model.PRESUMED} == set(Outcome.values)
    assert set(model.CALLED_NOT_SENT) == set(late.CALLED_NOT_SENT)


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_ending_means_what_the_model_says(ending: str) -> None:
    found = ENDINGS[ending]()

    assert (found.outcome.value, found.state.value) == model.ENDINGS[ending]
    assert set(ENDINGS) == set(model.ENDINGS)


@pytest.mark.parametrize("kind", [Rejected, SignInRefused, Unavailable, Unbuildable, OutcomeUnknown])
def test_whatever_the_vendor_answers_ends_in_one_of_the_models_ways(kind: type[UpstreamError]) -> None:
    for status in (None, *range(100, 600)):
        ending = outcomes.failed(kind("x", status=status), failures=0)
        assert (ending.outcome.value, ending.state.value) in model.ENDINGS.values()
        assert (ending.outcome == Outcome.UNCERTAIN) == (kind is OutcomeUnknown)


@cache
def rows(most: int) -> tuple[model.Message, ...]:
    """Every message that the model can come to with so many attempts."""
    found = exploring.explore(Bounds(attempts=most, lies=True, cancels=most == 2))
    return tuple(sorted({story.message for world in found.worlds for story in world.stories}, key=repr))


class Table:
    """The model's rows in the database: one message each, of one campaign, whose lane a pump holds."""

    def __init__(self, most: int, *, answered: bool = False) -> None:
        """Rows with up to `most` attempts, each proven by the provider's word if `answered`, where it can; else by a
        receipt.
        """
        self.rows, self.answered, self.now = rows(most), answered, timezone.now()
        self.campaign = running(messages=len(self.rows))
        self.messages = list(self.campaign.messages.order_by("pk"))
        self.lane = self._take_lane()
        self._lay()

    def _take_lane(self) -> Lane:
        (mailbox_id,) = lanes.acquire("a pump")
        lane = lanes.load(mailbox_id)
        assert lane is not None
        feeding.feed(lane)
        return lane

    def _lay(self) -> None:
        pairs = []
        for row, message in zip(self.rows, self.messages, strict=True):
            message.state = message.status = row.state
            message.declared = Declared.SENT if row.declared else Declared.NOTHING
            pairs += [(one, self._attempt(message, n, one)) for n, one in enumerate(row.attempts, 1)]
        Message.objects.bulk_update(self.messages, ["state", "status", "declared"])
        Attempt.objects.bulk_create(attempt for _, attempt in pairs)
        Reservation.objects.bulk_create(self._reservation(one, attempt) for one, attempt in pairs)
        Receipt.objects.bulk_create(self._receipt(attempt) for one, attempt in pairs if one.proven and not attempt.code)
        Incident.objects.bulk_create(self._incident(attempt) for one, attempt in pairs if one.told)

    def _attempt(self, message: Message, n: int, one: model.Attempt) -> Attempt:
        marked = self.now - timedelta(hours=1)
        is_answered = self.answered and one.proven and one.outcome not in (None, model.UNCERTAIN)
        return Attempt(
            message=message,
            mailbox_id=message.mailbox_id,
            n=n,
            ref=references.of_attempt(message.ref, n),
            fence=self.lane.fence - (not one.fenced),
            phase=one.phase,
            outcome=one.outcome,
            leased_until=self.now + timedelta(minutes=5 if one.lease else -5),
            claimed_at=marked,
            marked_at=marked if one.phase == model.WIRE else None,
            ended_at=marked if one.outcome else None,
            code=CODE if is_answered else "",
            answer_status=201 if is_answered else None,
        )

    def _reservation(self, one: model.Attempt, attempt: Attempt) -> Reservation:
        return Reservation(attempt=attempt, mailbox_id=attempt.mailbox_id, at=self.now, released=not one.held)

    def _incident(self, attempt: Attempt) -> Incident:
        return Incident(message=attempt.message, attempt=attempt, kind=IncidentKind.SENT_TWICE, at=self.now)

    def _receipt(self, attempt: Attempt) -> Receipt:
        """A receipt as a reading left it; nothing but its kind and its link counts here."""
        return Receipt(
            mailbox_id=attempt.mailbox_id,
            message=attempt.message,
            attempt=attempt,
            identity=f"{attempt.ref} was read",
            kind="acceptance",
            sender="posta-certificata@gestore.example",
            subject=f"ACCETTAZIONE: Avviso Rif. {attempt.ref}",
            date_text="",
            at=self.now,
            raw="{}",
            seen_at=self.now,
        )

    def attempts(self, n: int) -> dict[int, Attempt]:
        """The `n`th attempts, from 0, of those messages that have one, by their message's place."""
        found = Attempt.objects.filter(message__in=self.messages, n=n + 1).select_related("mailbox")
        places = {message.pk: place for place, message in enumerate(self.messages)}
        return {places[attempt.message_id]: attempt for attempt in found}

    def expect(self, rule: Callable[[model.Message], model.Message]) -> None:
        """Compare each row with what the rule makes of what it was."""
        self.compare([rule(row) for row in self.rows])

    def compare(self, expected: Sequence[model.Message]) -> None:
        """Compare the rows with these; a difference is told with what the row was."""
        found = zip(self.rows, map(plain, expected), map(plain, self.read_back()), strict=True)
        wrong = [f"{before}\nmodel:  {says}\nengine: {does}" for before, says, does in found if says != does]
        assert not wrong, "\n\n".join(wrong)

    def read_back(self) -> Iterator[model.Message]:
        """The rows as they are now, in the model's words."""
        attempts = Attempt.objects.annotate(
            held=Exists(Reservation.objects.filter(attempt=OuterRef("pk"), released=False)),
            read=Exists(Receipt.objects.filter(attempt=OuterRef("pk"), kind__in=late.SENT_ON)),
            answered=Exists(Attempt.objects.filter(late.ANSWERED, pk=OuterRef("pk"))),
            told=Exists(Incident.objects.filter(attempt=OuterRef("pk"))),
        )
        found = Message.objects.filter(pk__in=[message.pk for message in self.messages]).order_by("pk")
        for message in found.prefetch_related(Prefetch("attempts", attempts.order_by("n"))):
            seen = tuple(map(self._seen, message.attempts.all()))
            yield model.Message(message.state, seen, message.declared == Declared.SENT)

    def _seen(self, attempt: Any) -> model.Attempt:
        return model.Attempt(
            phase=attempt.phase,
            outcome=attempt.outcome,
            lease=attempt.leased_until > timezone.now(),
            fenced=attempt.fence == self.lane.fence,
            held=attempt.held,
            proven=attempt.read or attempt.answered,
            told=attempt.told,
        )


def plain(row: model.Message) -> model.Message:
    """The row without what does not count any more once an attempt has ended."""
    return row._replace(
        attempts=tuple(
            one if one.outcome is None else one._replace(phase=model.WIRE, lease=True, fenced=True)
            for one in row.attempts
        )
    )


PROOFS = pytest.mark.parametrize("answered", [False, True], ids=["receipts", "answers"])
FAR = [pytest.mark.slow, pytest.mark.once]
MOST = pytest.mark.parametrize("most", [2, pytest.param(3, marks=FAR)])
EACH = pytest.mark.parametrize(("most", "n"), [(2, 0), (2, 1), *(pytest.param(3, n, marks=FAR) for n in (0, 2))])


@MOST
@PROOFS
def test_what_is_laid_is_read_back(most: int, answered: bool) -> None:
    table = Table(most, answered=answered)

    assert len(table.rows) > 70
    table.expect(lambda row: row)


@MOST
def test_a_claim_takes_what_waits_and_nothing_else(most: int) -> None:
    table = Table(most)

    claims.claim(table.lane, limit=10 * len(table.rows))

    table.expect(lambda row: model.claimed(row) or row)


def job(lane: Lane, attempt: Attempt) -> Job:
    return Job(lane, attempt.message_id, 0, attempt.pk, attempt.ref, "", "", "", (), 0)


@EACH
def test_a_mark_is_given_once_and_to_whom_still_holds_it(most: int, n: int) -> None:
    table = Table(most)
    attempts = table.attempts(n)

    granted = endings.mark([job(table.lane, attempt) for attempt in attempts.values()])

    expected = list(table.rows)
    for place, attempt in attempts.items():
        row = table.rows[place]
        is_marked = row.attempts[n].phase == model.WIRE and row.attempts[n].outcome is None
        after = model.marked(row, n, model.RIGHT)
        # asked again, since the answer of a commit may be lost, it is still its own
        assert (attempt.pk in granted) == (after is not None or is_marked)
        expected[place] = after or row
    table.compare(expected)


@PROOFS
@EACH
@pytest.mark.parametrize("ending", set(ENDINGS) - {"aborted", "server error"})  # written down as two others are
def test_an_ending_settles_what_it_may_and_again_changes_nothing(
    answered: bool, most: int, n: int, ending: str
) -> None:
    table = Table(most, answered=answered)
    # a call has one answer: what is kept as taken ends in no other way
    ends = {place: row for place, row in table.attempts(n).items() if ending == "accepted" or not row.code}
    expected = [
        model.ended(row, n, ending, model.RIGHT) if place in ends else row for place, row in enumerate(table.rows)
    ]

    for _ in range(2):
        endings.finish([(attempt.message_id, attempt.pk, ENDINGS[ending]()) for attempt in ends.values()])
        table.compare(expected)


@MOST
@PROOFS
def test_what_expired_is_settled(most: int, answered: bool) -> None:
    table = Table(most, answered=answered)

    for _ in range(2):
        expired.settle()
        table.expect(lambda row: model.expired(row, model.RIGHT))


@EACH
def test_a_receipt_proves_its_own_attempt(most: int, n: int) -> None:
    table = Table(most)
    items = [build.item(f"CONSEGNA: Avviso Rif. {attempt.ref}") for attempt in table.attempts(n).values()]

    for _ in range(2):
        intake.take(table.campaign.mailbox, items)
        table.expect(lambda row: model.read(row, n) if n < len(row.attempts) else row)


@MOST
def test_the_sweep_finds_what_was_read_too_early(most: int) -> None:
    table = Table(most)

    intake.settle_proven()

    table.expect(model.swept)


@MOST
@pytest.mark.parametrize("choice", [choice for choice in Choice if choice != Choice.WAIT])
@PROOFS
def test_a_person_may_decide_what_the_model_allows(most: int, answered: bool, choice: Choice, tmp_path: Path) -> None:
    table = Table(most, answered=answered)
    doubt = Attempt.objects.filter(outcome=Outcome.UNCERTAIN).first()
    assert doubt is not None
    doubts.make_absent(doubt)
    file = tmp_path / "ricevuta.eml"
    file.write_bytes(b"From: x@gestore.example\r\nSubject: ACCETTAZIONE: Avviso\r\n\r\nricevuta\r\n")
    approver = doubts.approver(table.campaign.organisation)
    expected = list(table.rows)

    for place, (row, message) in enumerate(zip(table.rows, table.messages, strict=True)):
        attempt = message.attempts.filter(outcome=Outcome.UNCERTAIN).first()
        if attempt is None:
            assert model.choices(row) == ()
            continue
        is_allowed = choice.value in model.choices(row)
        expected[place] = model.decided(row, choice.value) if is_allowed else row
        assert decides(attempt, choice, approver, file) == is_allowed, row
    table.compare(expected)


def decides(attempt: Attempt, choice: Choice, actor: object, file: Path) -> bool:
    proof = {"file": file, "file_name": file.name} if choice == Choice.SENT else {}
    try:
        decisions.decide(attempt, choice=choice, reason="x", seen=doubts.seen(attempt), actor=actor, **proof)  # type: ignore[arg-type]
    except Refusal:
        return False
    return True
