"""Known-wrong engines, one scene each: the right engine keeps its promises there, the wrong one is found out.

Those whose wrongness needs processes that die are in `test_matrix`.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from campaigns import auditing, tasks
from campaigns.models import Attempt, Choice, Incident, IncidentKind, Message, Receipt
from campaigns.sending import decisions, pump
from campaigns.states import MessageState, Outcome
from campaigns.tracking import matching, reading
from mailboxes.models import Mailbox
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.sandbox import Sandbox
from tests.campaigns import doubts
from tests.engine import running
from tests.torture import test_matrix, wrong
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def start(*recipients: str) -> None:
    running(messages=0, recipients=[f"{name}@prova.example" for name in recipients])


def send() -> None:
    pump.run()


def read() -> None:
    reading.read(Mailbox.objects.get().pk, client=vendors.connect())


def age(**span: float) -> None:
    """Let everything that was done so far have been done earlier."""
    past = timezone.now() - timedelta(**span)
    Attempt.objects.update(claimed_at=past, marked_at=past, ended_at=past, leased_until=past)
    Message.objects.update(state_since=past, not_before=past)


def send_again() -> None:
    """What a person decides who may, if the evidence lets them."""
    attempt = Attempt.objects.select_related("message__campaign__organisation").get(outcome=Outcome.UNCERTAIN)
    doubts.space(attempt.mailbox, percent=5)
    person = doubts.approver(attempt.message.campaign.organisation)
    with suppress(Refusal):
        decisions.decide(attempt, choice=Choice.SEND_AGAIN, reason="x", seen=doubts.seen(attempt), actor=person)
    send()


def broken(box: Sandbox) -> list[str]:
    """Every promise that the rows break, held against the ledger."""
    taken = Counter(entry.recipient for entry in box.ledger)
    found = [f"{who} was sent {n} times" for who, n in taken.items() if n > 1]
    for row in Message.objects.all():
        times = taken[row.recipient]
        if row.state != MessageState.UNCERTAIN and (row.state == MessageState.SUBMITTED) != bool(times):
            found.append(f"{row.recipient} is called {row.state}, and was sent {times} times")
        if row.attempts.filter(outcome=Outcome.ACCEPTED).count() > times:
            found.append(f"{row.recipient} is said to have been taken more often than {times} times")
    if Incident.objects.filter(kind=IncidentKind.SENT_TWICE).count() > sum(n > 1 for n in taken.values()):
        found.append("a message is said to have been sent twice, and was not")
    whose = {entry.code: entry.recipient for entry in box.ledger}
    given = Receipt.objects.filter(message__isnull=False).values_list("subject", "message__recipient")
    found += [f"{who} is given another's receipt" for subject, who in given if whose[matching.code_in(subject)] != who]
    return found + [f"the self-audit found {name}" for name, count in auditing.run().found.items() if count]


def unread(box: Sandbox) -> list[str]:
    """Every message whose status is not what the vendor's receipts say."""
    statuses = Message.objects.values_list("recipient", "status")
    return [f"{who} is called {status}" for who, status in statuses if status != box.planned(who)]


def _lost(box: Sandbox) -> list[str]:
    start("risposta-persa", "ditta")
    send()
    return broken(box)


def _server_error(box: Sandbox) -> list[str]:
    start("errore-500-presa")
    send()
    return broken(box)


def _years_pass(box: Sandbox) -> list[str]:
    start("risposta-persa")
    send()
    age(days=11)
    for job in (tasks.sweep, tasks.search, tasks.pump, tasks.track):
        job()
    return broken(box)


def _unreadable(box: Sandbox) -> list[str]:
    """The receipt that would settle the doubt is there, but not to be read."""
    start("risposta-persa")
    send()
    age(hours=1)
    start("ditta")
    send()
    box.advance(hours=1)
    box.inbox_faults.active = {"bodies_unreadable"}
    box.inbox_faults.unreadable = Attempt.objects.get(outcome=Outcome.UNCERTAIN).ref
    read()
    read()
    send_again()
    return broken(box)


def _sent_again(box: Sandbox) -> list[str]:
    """The first attempt was not taken; the second one's receipts come."""
    box.drop_next_answer(after_accepting=False)
    start("ditta0", "ditta1")
    send()
    Attempt.objects.filter(outcome=Outcome.UNCERTAIN).update(
        marked_at=timezone.now() - HOUR, ended_at=timezone.now() - HOUR
    )
    box.advance(hours=1)
    read()
    read()
    send_again()
    assert box.sent_count == 2
    box.advance(hours=1)
    read()
    return [*broken(box), *unread(box)]


def _same_second(box: Sandbox) -> list[str]:
    start(*(f"ditta{n}" for n in range(60)))
    send()
    box.advance(hours=1)
    read()
    return [*broken(box), *unread(box)]


def _last_page(box: Sandbox) -> list[str]:
    """The vendor tells of one page less than there are; what was not accepted stands among the oldest mails."""
    start(*(f"non-accettata+{n}" for n in range(10)), *(f"ditta{n}" for n in range(30)))
    send()
    box.advance(hours=1)
    read()
    return [*broken(box), *unread(box)]


def _two_notices(box: Sandbox) -> list[str]:
    start("preavviso-24h", "in-ritardo")
    send()
    box.advance(hours=30)
    read()
    return [*broken(box), *unread(box)]


def _failed_request(box: Sandbox) -> list[str]:
    start("ditta0", "ditta1")
    with suppress(RuntimeError), transaction.atomic():
        send()
        raise RuntimeError("The request failed.")
    send()
    return broken(box)


SCENES: dict[str, Callable[[Sandbox], list[str]]] = {
    "retry_on_lost_answer": _lost,
    "released_on_uncertain": _lost,
    "retry_on_5xx": _server_error,
    "resent_after_a_window": _years_pass,
    "absence_from_incomplete_scans": _unreadable,
    "reference_of_the_message": _sent_again,
    "codes_by_substring": _same_second,
    "identity_without_date": _two_notices,
    "trusted_page_count": _last_page,
    "claimed_within_a_request": _failed_request,
}


@pytest.mark.parametrize("scene", dict.fromkeys(SCENES.values()))
def test_the_right_engine_keeps_its_promises(box: Sandbox, scene: Callable[[Sandbox], list[str]]) -> None:
    assert scene(box) == []


@pytest.mark.parametrize("name", SCENES)
def test_an_engine_that_is_wrong_is_found_out(box: Sandbox, settings: Settings, name: str) -> None:
    settings.SENDING_PUMP_SECONDS = 2.0  # it would send again all the time
    with wrong.switched_on(name):
        assert SCENES[name](box) != []


def test_every_wrong_engine_has_a_scene_here_or_a_plan_in_the_matrix() -> None:
    assert {*SCENES, *(plan.wrong for plan in test_matrix.CAUGHT)} == set(wrong.VARIANTS)
