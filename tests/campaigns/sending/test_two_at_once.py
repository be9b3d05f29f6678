"""Two people, or two clicks, at the very same moment: the database lets one of them through.

Each runs in a thread with a connection of its own, on a database that two can use at once.
"""

import threading
from collections.abc import Callable
from email.utils import format_datetime

import pytest
from django.db import OperationalError, connections
from django.utils import timezone

from campaigns import evidence
from campaigns.models import Attempt, Choice, Decision, Message
from campaigns.sending import decisions
from campaigns.tracking import intake
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.journal.record import verify
from pecportal.organisations.models import Organisation
from pecportal.upstream.inbox import InboxItem
from tests.campaigns import doubts

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0


@pytest.fixture
def attempt() -> Attempt:
    return doubts.doubt(absent=True)


def at_once(*works: Callable[[], object]) -> list[str]:
    """Run the works at the same moment; what each ended with: "done", or the refusal's sentence."""
    barrier, ends = threading.Barrier(len(works)), [""] * len(works)

    def run(number: int) -> None:
        try:
            barrier.wait(PATIENCE)
            works[number]()
            ends[number] = "done"
        except Refusal as refusal:
            ends[number] = str(refusal)
        except OperationalError as exc:  # a deadlock, which the caller's next run gets over
            ends[number] = f"database: {exc}"
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return sorted(ends)


def deciding(attempt: Attempt, choice: Choice, actor: object, seen: str) -> Callable[[], object]:
    return lambda: decisions.decide(attempt, choice=choice, reason="x", seen=seen, actor=actor)  # type: ignore[arg-type]


def test_two_people_who_decide_at_once_decide_once(attempt: Attempt) -> None:
    office, seen = attempt.message.campaign.organisation, doubts.seen(attempt)
    one, other = doubts.approver(office), doubts.approver(office)

    ends = at_once(deciding(attempt, Choice.SEND_AGAIN, one, seen), deciding(attempt, Choice.NOT_SENT, other, seen))

    assert ends[1] == "done"
    assert "not in doubt any more" in ends[0]
    assert Decision.objects.count() == 1
    assert verify() is None


def test_two_clicks_at_once_decide_once(attempt: Attempt) -> None:
    office, seen = attempt.message.campaign.organisation, doubts.seen(attempt)
    one = doubts.approver(office)

    ends = at_once(*[deciding(attempt, Choice.SEND_AGAIN, one, seen)] * 2)

    assert ends == ["done", "done"]
    assert Decision.objects.count() == 1
    assert Entry.objects.filter(action="message.decide").count() == 1
    assert Message.objects.get(pk=attempt.message_id).state == "queued"


def test_two_second_people_at_once_confirm_once(attempt: Attempt) -> None:
    office = attempt.message.campaign.organisation
    Organisation.objects.update(two_decide=True)
    decision = decisions.decide(
        attempt, choice=Choice.SEND_AGAIN, reason="x", seen=doubts.seen(attempt), actor=doubts.approver(office)
    )
    seen = doubts.seen(attempt)
    people = [doubts.approver(office) for _ in range(2)]

    ends = at_once(*[lambda person=person: decisions.confirm(decision, seen=seen, actor=person) for person in people])

    assert ends.count("done") == 1
    assert Entry.objects.filter(action="message.decision_confirm").count() == 1


def test_a_receipt_that_comes_while_somebody_decides_ends_well_in_either_order(attempt: Attempt) -> None:
    office, seen = attempt.message.campaign.organisation, doubts.seen(attempt)
    subject = f"ACCETTAZIONE: Avviso Rif. {attempt.ref} 2020082610003492"
    item = InboxItem(
        "1", "posta-certificata@gestore.example", "u", format_datetime(timezone.now()), subject, "x", b"{}"
    )

    at_once(
        deciding(attempt, Choice.SEND_AGAIN, doubts.approver(office), seen),
        lambda: intake.take(attempt.mailbox, [item]),
    )

    assert doubts.outcome(attempt) == "accepted"
    message = Message.objects.get(pk=attempt.message_id)
    assert (message.state, message.status) == ("submitted", "accepted")
    assert evidence.in_doubt(message) is None
    assert Attempt.objects.filter(message=message).count() == 1
