"""People decide about messages in doubt: who, on which evidence, and what comes of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from campaigns.models import Attempt, Campaign, Choice, Decision, Message, Reservation, Search
from campaigns.sending import decisions, expired, launch
from campaigns.states import CampaignState, Shown
from campaigns.states import label as label_of
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.journal.record import verify
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build, doubts
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db
EML = b"From: posta-certificata@gestore.example\r\nSubject: ACCETTAZIONE: Avviso\r\n\r\nricevuta\r\n"


@pytest.fixture
def attempt() -> Attempt:
    return doubts.doubt(absent=True)


@pytest.fixture
def approver(attempt: Attempt) -> User:
    return doubts.approver(attempt.message.campaign.organisation)


@pytest.fixture
def receipt(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(EML)
    return path


def decide(attempt: Attempt, choice: Choice, actor: User, *, seen: str = "", file: Path | None = None) -> Decision:
    given = file if choice == Choice.SENT else None
    return decisions.decide(
        attempt,
        choice=choice,
        reason="La ricevuta non arriva.",
        seen=seen or doubts.seen(attempt),
        actor=actor,
        file=given,
        file_name="ricevuta.eml" if given else "",
    )


def states(attempt: Attempt) -> tuple[str, str, str]:
    message = Message.objects.select_related("campaign").get(pk=attempt.message_id)
    return doubts.outcome(attempt), message.state, message.campaign.state


EXPECTED = {
    Choice.WAIT: ("uncertain", "uncertain"),
    Choice.SEND_AGAIN: ("presumed_not_sent", "queued"),
    Choice.NOT_SENT: ("presumed_not_sent", "failed"),
    Choice.SENT: ("accepted", "submitted"),
}
AFTERWARDS = {CampaignState.COMPLETED: CampaignState.RUNNING}


@pytest.mark.parametrize("state", ["running", "paused", "completed", "stopped"])
@pytest.mark.parametrize("choice", Choice)
def test_each_choice_in_each_state_of_the_campaign(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice, state: str
) -> None:
    Campaign.objects.update(state=state)
    before = CampaignState(state)
    if choice == Choice.SEND_AGAIN and before == CampaignState.STOPPED:
        with pytest.raises(Refusal, match="stopped"):
            decide(attempt, choice, approver, file=receipt)
        assert states(attempt) == ("uncertain", "uncertain", "stopped")
        return

    decision = decide(attempt, choice, approver, file=receipt)

    after = AFTERWARDS.get(before, before) if choice == Choice.SEND_AGAIN else before
    assert states(attempt) == (*EXPECTED[choice], after.value)
    assert decision.applied_at is not None
    assert Entry.objects.get(action="message.decide").facts["evidence"] == decision.evidence_sha256


@pytest.mark.parametrize("state", ["queued", "sending", "submitted", "failed", "cancelled"])
@pytest.mark.parametrize("choice", Choice)
def test_nothing_is_decided_about_a_message_that_is_not_in_doubt(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice, state: str
) -> None:
    seen = doubts.seen(attempt)
    Message.objects.filter(pk=attempt.message_id).update(state=state)

    with pytest.raises(Refusal, match="not in doubt"):
        decide(attempt, choice, approver, seen=seen, file=receipt)

    assert Message.objects.get(pk=attempt.message_id).state == state
    assert not Decision.objects.exists()


@pytest.mark.parametrize("choice", Choice)
def test_only_sending_again_needs_evidence_of_absence(receipt: Path, choice: Choice) -> None:
    attempt = doubts.doubt()
    doubts.scan(attempt, complete=False)
    doubts.scan(attempt, complete=False)
    approver = doubts.approver(attempt.message.campaign.organisation)

    if choice == Choice.SEND_AGAIN:
        with pytest.raises(Refusal, match="cannot be sent again yet"):
            decide(attempt, choice, approver)
        assert states(attempt)[:2] == ("uncertain", "uncertain")
    else:
        decide(attempt, choice, approver, file=receipt)
        assert states(attempt)[:2] == EXPECTED[choice]


@pytest.mark.parametrize("choice", set(Choice) - {Choice.WAIT})
def test_where_a_receipt_is_there_nobody_decides_against_it(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice
) -> None:
    build.receipt(attempt.message, "acceptance")

    with pytest.raises(Refusal, match="settles the doubt by itself"):
        decide(attempt, choice, approver, file=receipt)


def test_time_alone_sends_nothing_again(attempt: Attempt, jobs: Jobs) -> None:
    long_ago = timezone.now() - timedelta(days=400)
    Attempt.objects.filter(pk=attempt.pk).update(marked_at=long_ago, ended_at=long_ago, leased_until=long_ago)
    Message.objects.update(state_since=long_ago, not_before=long_ago)

    expired.settle()
    launch.complete()

    assert states(attempt)[:2] == ("uncertain", "uncertain")
    assert Attempt.objects.filter(message=attempt.message_id).count() == 1


def test_sending_again_keeps_the_reservation_and_rings_the_pump(attempt: Attempt, approver: User, jobs: Jobs) -> None:
    Reservation.objects.create(attempt=attempt, mailbox=attempt.mailbox, at=timezone.now())

    decide(attempt, Choice.SEND_AGAIN, approver)

    assert Reservation.objects.get().released is False
    assert "campaigns.tasks.pump" in jobs.names()


def test_a_message_that_was_closed_is_never_shown_as_refused_by_the_provider(attempt: Attempt, approver: User) -> None:
    decide(attempt, Choice.NOT_SENT, approver)

    message = Message.objects.get(pk=attempt.message_id)
    assert (message.status, message.declared) == ("failed", "not_sent")
    assert label_of(message.status, message.declared) == "Closed as not sent by a person"
    assert label_of(Shown.FAILED) == "Refused by the provider"


def test_a_receipt_in_a_persons_hands_is_kept_with_its_hash_and_never_becomes_one_of_ours(
    attempt: Attempt, approver: User, receipt: Path
) -> None:
    decision = decide(attempt, Choice.SENT, approver, file=receipt)

    message = Message.objects.get(pk=attempt.message_id)
    assert (message.status, message.declared, message.verdict) == ("submitted", "sent", "none")
    assert label_of(message.status, message.declared) == "Sent, as a person declared"
    assert message.sent_at == attempt.marked_at
    assert message.deadline_at is not None
    assert not message.receipts.exists()
    assert decision.proof_name == "ricevuta.eml"
    assert "ricevuta" not in decision.proof_stored_as
    with default_storage.open(decision.proof_stored_as) as stored:
        assert stored.read() == EML
    assert Entry.objects.get(action="message.decide").facts["proof"] == decision.proof_sha256


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nota.txt", b"Allegato.\n", "eml or .pdf"),
        ("ricevuta.pdf", b"no pdf at all", "not what its name says"),
        ("ricevuta.eml", b"", "empty"),
    ],
)
def test_what_is_no_receipt_is_refused_and_not_kept(
    attempt: Attempt, approver: User, tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(content)

    with pytest.raises(Refusal, match=words) as refusal:
        decisions.decide(
            attempt,
            choice=Choice.SENT,
            reason="x",
            seen=doubts.seen(attempt),
            actor=approver,
            file=path,
            file_name=name,
        )

    assert refusal.value.field == "proof"
    assert stored_proofs() == []


def stored_proofs() -> list[str]:
    return default_storage.listdir("proofs")[1] if default_storage.exists("proofs") else []


def test_a_receipt_handed_in_for_a_decision_that_is_refused_is_not_kept(
    attempt: Attempt, approver: User, receipt: Path
) -> None:
    with pytest.raises(Refusal, match="evidence has changed"):
        decide(attempt, Choice.SENT, approver, seen="0" * 64, file=receipt)

    assert stored_proofs() == []


@pytest.mark.parametrize("choice", [Choice.WAIT, Choice.SEND_AGAIN, Choice.NOT_SENT])
def test_a_file_goes_only_with_regarding_as_sent(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice
) -> None:
    with pytest.raises(Refusal, match="only to regard"):
        decisions.decide(
            attempt,
            choice=choice,
            reason="x",
            seen=doubts.seen(attempt),
            actor=approver,
            file=receipt,
            file_name="r.eml",
        )


def test_regarding_as_sent_needs_the_receipt(attempt: Attempt, approver: User) -> None:
    with pytest.raises(Refusal, match="hand in its receipt"):
        decide(attempt, Choice.SENT, approver)


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_decision_has_a_reason(attempt: Attempt, approver: User, reason: str) -> None:
    with pytest.raises(Refusal, match="Say why"):
        decisions.decide(attempt, choice=Choice.WAIT, reason=reason, seen=doubts.seen(attempt), actor=approver)


def change_search(attempt: Attempt) -> None:
    Search.objects.create(attempt=attempt, at=timezone.now())


def change_scan(attempt: Attempt) -> None:
    attempt.mailbox.scans.order_by("pk")[0].delete()
    doubts.scan(attempt, after=timedelta(minutes=30))


def change_answer(attempt: Attempt) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(answer_status=500)


@pytest.mark.parametrize("change", [change_search, change_scan, change_answer])
@pytest.mark.parametrize("choice", Choice)
def test_a_decision_on_outdated_evidence_is_refused(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice, change: object
) -> None:
    seen = doubts.seen(attempt)
    change(attempt)  # type: ignore[operator]

    with pytest.raises(Refusal, match="evidence has changed"):
        decide(attempt, choice, approver, seen=seen, file=receipt)

    assert states(attempt)[:2] == ("uncertain", "uncertain")
    assert not Decision.objects.exists()


@pytest.mark.parametrize("role", set(Role) - {Role.APPROVER})
@pytest.mark.parametrize("choice", Choice)
def test_only_an_approver_decides(attempt: Attempt, receipt: Path, choice: Choice, role: Role) -> None:
    with pytest.raises(Refusal, match="Only an approver"):
        decide(attempt, choice, kernel.user(attempt.message.campaign.organisation, role), file=receipt)


def test_another_organisations_approver_decides_nothing(attempt: Attempt) -> None:
    with pytest.raises(Refusal, match="Only an approver"):
        decide(attempt, Choice.WAIT, doubts.approver(kernel.organisation()))


@pytest.mark.parametrize("part", ["created_by", "launched_by"])
@pytest.mark.parametrize("choice", Choice)
def test_the_campaigns_author_decides_nothing(
    attempt: Attempt, approver: User, receipt: Path, choice: Choice, part: str
) -> None:
    Campaign.objects.update(**{part: approver})

    with pytest.raises(Refusal, match="You prepared or started"):
        decide(attempt, choice, approver, file=receipt)

    assert not Decision.objects.exists()


@pytest.mark.parametrize("choice", Choice)
def test_a_second_click_changes_nothing(attempt: Attempt, approver: User, receipt: Path, choice: Choice) -> None:
    seen = doubts.seen(attempt)

    first = decide(attempt, choice, approver, seen=seen, file=receipt)
    second = decide(attempt, choice, approver, seen=seen, file=receipt)

    assert first == second
    assert Decision.objects.count() == 1
    assert Entry.objects.filter(action="message.decide").count() == 1
    assert len(stored_proofs()) == (1 if choice == Choice.SENT else 0)
    assert states(attempt)[:2] == EXPECTED[choice]


class TestTwoPeople:
    """Where the organisation wants it, a second person confirms."""

    @pytest.fixture(autouse=True)
    def _two(self, attempt: Attempt) -> None:
        Organisation.objects.update(two_decide=True)

    @pytest.fixture
    def second(self, attempt: Attempt) -> User:
        return doubts.approver(attempt.message.campaign.organisation)

    @pytest.mark.parametrize("choice", set(Choice) - {Choice.WAIT})
    def test_nothing_happens_before_the_second_person_confirms(
        self, attempt: Attempt, approver: User, second: User, receipt: Path, choice: Choice
    ) -> None:
        decision = decide(attempt, choice, approver, file=receipt)
        assert decision.applied_at is None
        assert states(attempt)[:2] == ("uncertain", "uncertain")

        decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)

        assert states(attempt)[:2] == EXPECTED[choice]
        decision.refresh_from_db()
        assert decision.confirmed_by == second
        assert decision.applied_at is not None

    def test_waiting_needs_no_second_person(self, attempt: Attempt, approver: User) -> None:
        assert decide(attempt, Choice.WAIT, approver).applied_at is not None

    def test_the_first_person_is_no_second_one(self, attempt: Attempt, approver: User) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)

        with pytest.raises(Refusal, match="A second person"):
            decisions.confirm(decision, seen=doubts.seen(attempt), actor=approver)

        assert states(attempt)[:2] == ("uncertain", "uncertain")

    def test_the_author_is_no_second_person(self, attempt: Attempt, approver: User, second: User) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)
        Campaign.objects.update(launched_by=second)

        with pytest.raises(Refusal, match="You prepared or started"):
            decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)

    def test_a_preparer_is_no_second_person(self, attempt: Attempt, approver: User) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)

        with pytest.raises(Refusal, match="Only an approver"):
            decisions.confirm(
                decision, seen=doubts.seen(attempt), actor=build.clerk(attempt.message.campaign.organisation)
            )

    def test_the_second_person_too_has_to_see_the_present_evidence(
        self, attempt: Attempt, approver: User, second: User
    ) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)
        seen = doubts.seen(attempt)
        change_search(attempt)

        with pytest.raises(Refusal, match="evidence has changed"):
            decisions.confirm(decision, seen=seen, actor=second)

        decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)
        assert states(attempt)[:2] == EXPECTED[Choice.SEND_AGAIN]

    def test_what_the_evidence_does_not_allow_any_more_is_not_confirmed(
        self, attempt: Attempt, approver: User, second: User
    ) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)
        doubts.space(attempt.mailbox, percent=95)

        with pytest.raises(Refusal, match="cannot be sent again yet"):
            decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)

    def test_confirming_twice_changes_nothing(self, attempt: Attempt, approver: User, second: User) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)
        seen = doubts.seen(attempt)

        decisions.confirm(decision, seen=seen, actor=second)
        decisions.confirm(decision, seen=seen, actor=second)

        assert Entry.objects.filter(action="message.decision_confirm").count() == 1

    def test_a_third_person_comes_too_late(self, attempt: Attempt, approver: User, second: User) -> None:
        decision = decide(attempt, Choice.NOT_SENT, approver)
        seen = doubts.seen(attempt)
        decisions.confirm(decision, seen=seen, actor=second)

        third = doubts.approver(attempt.message.campaign.organisation)
        with pytest.raises(Refusal, match="confirmed or withdrawn meanwhile"):
            decisions.confirm(decision, seen=seen, actor=third)

    def test_one_decision_waits_at_a_time(self, attempt: Attempt, approver: User, second: User) -> None:
        decide(attempt, Choice.SEND_AGAIN, approver)

        with pytest.raises(Refusal, match="Somebody has decided already"):
            decide(attempt, Choice.NOT_SENT, second)

        assert Decision.objects.count() == 1

    def test_the_first_withdraws_and_then_another_may_decide(
        self, attempt: Attempt, approver: User, second: User
    ) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)

        decisions.withdraw(decision, actor=approver)
        decisions.withdraw(decision, actor=approver)

        assert Entry.objects.filter(action="message.decision_withdraw").count() == 1
        with pytest.raises(Refusal, match="confirmed or withdrawn meanwhile"):
            decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)
        decide(attempt, Choice.NOT_SENT, second)
        assert states(attempt)[:2] == ("uncertain", "uncertain")

    def test_others_withdraw_only_what_was_decided_by_who_is_no_approver_any_more(
        self, attempt: Attempt, approver: User, second: User
    ) -> None:
        decision = decide(attempt, Choice.SEND_AGAIN, approver)
        with pytest.raises(Refusal, match="Only the person who decided"):
            decisions.withdraw(decision, actor=second)

        approver.memberships.all().delete()
        decisions.withdraw(decision, actor=second)

        decision.refresh_from_db()
        assert decision.withdrawn_by == second

    def test_what_is_in_force_is_not_withdrawn(self, attempt: Attempt, approver: User, second: User) -> None:
        decision = decide(attempt, Choice.NOT_SENT, approver)
        decisions.confirm(decision, seen=doubts.seen(attempt), actor=second)

        with pytest.raises(Refusal, match="in force already"):
            decisions.withdraw(decision, actor=approver)


def test_the_journal_holds_no_reason_and_stays_whole(attempt: Attempt, approver: User) -> None:
    decide(attempt, Choice.NOT_SENT, approver)

    facts = Entry.objects.get(action="message.decide").facts
    assert "ricevuta" not in str(facts)
    assert len(facts["reason_sha256"]) == 64
    assert verify() is None
