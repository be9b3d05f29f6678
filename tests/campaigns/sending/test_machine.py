"""Whatever happens, in whatever order: Hypothesis drives the engine's operations, and the vendor's ledger judges."""

import os
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from campaigns.models import Attempt, Campaign, Choice, Decision, Incident, IncidentKind, Message, Reservation
from campaigns.sending import decisions, expired, launch
from campaigns.states import CampaignState, Declared, MessageState, Outcome
from campaigns.tracking import intake
from mailboxes.models import Mailbox, Plan
from pecportal.errors import Refusal
from tests.campaigns import build, doubts
from tests.campaigns.sending import puppets
from tests.campaigns.sending.puppets import FATES, Call, Pump
from tests.engine import running
from tests.torture import wrong

MESSAGES = 3
CAP = 5
RUNS = int(os.environ.get("MACHINE_RUNS", "25"))
WRONG_RUNS = 40  # one of them suffices
FOUND = ["expired_wire_is_queued", "released_on_uncertain"]
LETTERS = ["ACCETTAZIONE", "CONSEGNA", "AVVISO DI MANCATA CONSEGNA"]
UNSENT = [MessageState.QUEUED, MessageState.FAILED, MessageState.CANCELLED]

number = st.integers(0, 1000)  # which of those that there are: modulo how many


class Sending(RuleBasedStateMachine):
    """One campaign, some pumps that die and come back, a tracker, two people, and time."""

    file: Path
    made = 0

    def __init__(self) -> None:
        super().__init__()
        type(self).made += 1
        self.campaign = running(messages=MESSAGES, sender=f"ufficio{self.made}@prova.example")
        self.mailbox = self.campaign.mailbox
        plan = Plan.objects.create(name=f"Prova {self.made}", daily_limit=CAP, margin=0, window="rolling")
        Mailbox.objects.filter(pk=self.mailbox.pk).update(plan=plan)
        self.mailbox.refresh_from_db()
        self.ids = list(self.campaign.messages.values_list("pk", flat=True))
        self.approver = doubts.approver(self.campaign.organisation)
        self.pumps: list[Pump] = []
        self.ledger: Counter[str] = Counter()

    # the pumps

    @rule()
    def a_pump_takes_the_lane(self) -> None:
        found = puppets.take_lane(f"pump {self.made}/{len(self.pumps)}", self.mailbox.pk)
        if found is not None:
            self.pumps.append(found)

    @rule()
    def the_lanes_holder_is_taken_for_dead(self) -> None:
        puppets.take_for_dead(self.mailbox.pk)

    @precondition(lambda self: self.pumps)
    @rule(which=number, most=st.integers(1, 3))
    def a_pump_claims(self, which: int, most: int) -> None:
        self.pumps[which % len(self.pumps)].claim(most)

    @precondition(lambda self: self.waiting)
    @rule(which=number)
    def a_pump_marks(self, which: int) -> None:
        one, call = self.waiting[which % len(self.waiting)]
        one.mark(call)

    @precondition(lambda self: self.leaving)
    @rule(which=number, fate=st.sampled_from(sorted(FATES)))
    def a_call_is_made(self, which: int, fate: str) -> None:
        one, call = self.leaving[which % len(self.leaving)]
        one.call(call, fate, self.ledger)

    @precondition(lambda self: self.answered)
    @rule(which=number, times=st.integers(1, 2))
    def a_pump_writes_down_how_it_ended(self, which: int, times: int) -> None:
        one, call = self.answered[which % len(self.answered)]
        one.write_down(call, times=times)

    @precondition(lambda self: self.pumps)
    @rule(which=number)
    def a_pump_is_killed(self, which: int) -> None:
        self.pumps.pop(which % len(self.pumps))

    @rule(which=number, far=st.sampled_from(["claims", "marks", "sends", "ends"]), fate=st.sampled_from(sorted(FATES)))
    def a_pump_goes_on(self, which: int, far: str, fate: str) -> None:
        """As a pump does when nothing comes between: chance alone seldom brings one so far."""
        if not self.pumps or which % 2:
            self.a_pump_takes_the_lane()
        if not self.pumps:
            return
        one = self.pumps[-1 - which % min(len(self.pumps), 2)]
        if not one.calls:
            one.claim(1)
        call = one.calls[0] if one.calls else None
        if call is not None and not call.may_leave and far != "claims":
            one.mark(call)
        if call is not None and call.may_leave and call.ending is None and far in ("sends", "ends"):
            one.call(call, fate, self.ledger)
        if call is not None and call.ending is not None and far == "ends":
            one.write_down(call)

    # time

    @rule()
    def so_long_goes_by_that_all_is_given_up(self) -> None:
        puppets.take_for_dead(self.mailbox.pk)
        puppets.end_leases(self.mailbox.pk)
        expired.settle()
        self.messages.update(not_before=timezone.now())

    @rule()
    def the_messages_leases_end(self) -> None:
        puppets.end_leases(self.mailbox.pk)

    @rule()
    def what_expired_is_settled(self) -> None:
        expired.settle()

    @rule()
    def what_was_to_wait_has_waited(self) -> None:
        self.messages.update(not_before=timezone.now())

    # the tracker

    @precondition(lambda self: +self.ledger)
    @rule(which=number, letter=st.sampled_from(LETTERS))
    def a_receipt_is_read(self, which: int, letter: str) -> None:
        refs = sorted(+self.ledger)
        intake.take(self.mailbox, [build.item(f"{letter}: Avviso Rif. {refs[which % len(refs)]}")])

    @rule()
    def what_is_proven_is_settled(self) -> None:
        intake.settle_proven()

    # the people

    @rule(choice=st.sampled_from([Choice.SEND_AGAIN, Choice.NOT_SENT, Choice.SENT]))
    def an_approver_decides(self, choice: Choice) -> None:
        attempt = Attempt.objects.filter(message__in=self.ids, outcome=Outcome.UNCERTAIN).first()
        if attempt is None:
            return
        doubts.make_absent(attempt)
        proof = {"file": self.file, "file_name": self.file.name} if choice == Choice.SENT else {}
        seen = doubts.seen(attempt)
        with suppress(Refusal):  # what may be decided is for other tests to say
            decisions.decide(attempt, choice=choice, reason="x", seen=seen, actor=self.approver, **proof)  # type: ignore[arg-type]

    @rule(deed=st.sampled_from([launch.pause, launch.resume]))
    def a_clerk_pauses_or_resumes(self, deed: object) -> None:
        self.do(deed)

    @precondition(lambda self: +self.ledger)
    @rule()
    def a_clerk_stops(self) -> None:
        self.do(launch.stop)

    @rule()
    def what_is_through_is_closed(self) -> None:
        launch.complete()

    # what is always so

    @invariant()
    def no_attempt_was_sent_twice(self) -> None:
        assert all(times <= 1 for times in self.ledger.values()), self.ledger

    @invariant()
    def no_message_was_sent_more_often_than_people_decided(self) -> None:
        again = Decision.objects.filter(choice=Choice.SEND_AGAIN, applied_at__isnull=False)
        for message in self.messages:
            allowed = 1 + again.filter(attempt__message=message).count()
            assert len(self.sent(message)) <= allowed

    @invariant()
    def nothing_is_called_sent_that_was_not_and_nothing_unsent_that_was(self) -> None:
        for message in self.messages:
            sent = self.sent(message)
            if message.state == MessageState.SUBMITTED and message.declared == Declared.NOTHING:
                assert sent, message.pk
            if message.state in UNSENT:
                assert all(attempt.outcome == Outcome.PRESUMED_NOT_SENT for attempt in sent), message.state
            for attempt in message.attempts.filter(outcome=Outcome.NOT_SENT):
                assert not self.ledger[attempt.ref]

    @invariant()
    def what_was_sent_is_counted_and_the_cap_holds(self) -> None:
        held = Reservation.objects.filter(mailbox=self.mailbox, released=False)
        held = held.filter(attempt__message__in=self.ids)
        assert self.ledger.total() <= held.count() <= CAP
        assert all(held.filter(attempt__ref=ref).exists() for ref in +self.ledger)

    @invariant()
    def a_message_that_is_sent_has_an_attempt_under_way(self) -> None:
        for message in self.messages.filter(state=MessageState.SENDING):
            assert message.attempts.filter(outcome__isnull=True).count() == 1

    def teardown(self) -> None:
        """The trouble stops: all is settled that the ledger can settle, and what was sent twice is told."""
        self.pumps.clear()
        puppets.end_leases(self.mailbox.pk)
        expired.settle()
        items = [build.item(f"ACCETTAZIONE: Avviso Rif. {ref}") for ref in +self.ledger]
        intake.take(self.mailbox, items)
        intake.settle_proven()
        Campaign.objects.filter(pk=self.campaign.pk).update(state=CampaignState.STOPPED)  # the next one is alone
        Message.objects.filter(campaign=self.campaign, state=MessageState.QUEUED).move(MessageState.CANCELLED)
        for message in self.messages:
            sent = self.sent(message)
            assert message.state != MessageState.SENDING
            assert not sent or message.state == MessageState.SUBMITTED
            assert all(attempt.outcome == Outcome.ACCEPTED for attempt in sent)
            told = Incident.objects.filter(message=message, kind=IncidentKind.SENT_TWICE)
            assert told.exists() == (len(sent) > 1)

    @property
    def messages(self) -> QuerySet[Message]:
        """The campaign's own messages, anew; the witnesses that evidence asks for are not among them."""
        return Message.objects.filter(pk__in=self.ids)

    @property
    def waiting(self) -> list[tuple[Pump, Call]]:
        return [(one, call) for one in self.pumps for call in one.calls if not call.may_leave]

    @property
    def leaving(self) -> list[tuple[Pump, Call]]:
        return [(one, call) for one in self.pumps for call in one.calls if call.may_leave and call.ending is None]

    @property
    def answered(self) -> list[tuple[Pump, Call]]:
        return [(one, call) for one in self.pumps for call in one.calls if call.ending is not None]

    def sent(self, message: Message) -> list[Attempt]:
        """Those of its attempts that the vendor took."""
        return [attempt for attempt in message.attempts.all() if self.ledger[attempt.ref]]

    def do(self, deed: object) -> None:
        """Do something to the campaign that may be refused."""
        with suppress(Refusal):
            deed(Campaign.objects.get(pk=self.campaign.pk), actor=self.campaign.created_by)  # type: ignore[operator]


def play(folder: Path, *, runs: int, **others: Any) -> None:
    """Play so many courses of events."""
    Sending.file = folder / "ricevuta.eml"
    Sending.file.write_bytes(b"From: x@gestore.example\r\nSubject: ACCETTAZIONE: Avviso\r\n\r\nricevuta\r\n")
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    rules = settings(max_examples=runs, stateful_step_count=40, deadline=None, suppress_health_check=checks, **others)
    run_state_machine_as_test(Sending, settings=rules)


@pytest.mark.django_db
def test_no_order_of_events_loses_a_message_doubles_one_or_says_what_is_not_so(tmp_path: Path) -> None:
    play(tmp_path, runs=RUNS)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db
@pytest.mark.parametrize("variant", FOUND)
def test_an_engine_that_is_wrong_is_found_out(variant: str, tmp_path: Path) -> None:
    with wrong.switched_on(variant), pytest.raises(AssertionError):
        play(tmp_path, runs=WRONG_RUNS, derandomize=True, phases=[Phase.generate])
