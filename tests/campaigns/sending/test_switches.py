"""What operators switch off is sent no more; what is on the wire is finished; it goes on once it is switched on."""

import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from campaigns import auditing, vitals
from campaigns.models import Campaign, Message, SendingLane
from campaigns.sending import claims, feeding, lanes, pump
from campaigns.tracking import progress
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import switches
from pecportal.operation.models import Scope, Switch
from pecportal.organisations.models import User
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
OTHER = "altra@prova.example"


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


@pytest.fixture
def operator() -> User:
    return User.objects.create_superuser("olga@portale.example")


def about(scope: Scope, campaign: Campaign) -> int:
    return {Scope.MAILBOX: campaign.mailbox_id, Scope.CAMPAIGN: campaign.pk}.get(scope, 0)


def off(scope: Scope, campaign: Campaign, operator: User) -> bool:
    words: dict[str, Any] = {"sentence": "We look into it.", "reason": "Wrong letter"}
    return switches.turn_off(scope, about(scope, campaign), actor=operator, **words)


def states(campaign: Campaign) -> set[str]:
    return set(Message.objects.filter(campaign=campaign).values_list("state", flat=True))


@pytest.mark.parametrize("scope", list(Scope))
def test_nothing_leaves_while_it_is_off_and_all_does_once_it_is_on(
    box: Sandbox, operator: User, scope: Scope, jobs: Jobs
) -> None:
    campaign = running(messages=3)
    off(scope, campaign, operator)
    jobs.clear()

    assert pump.run() == 0
    assert states(campaign) == {"queued"}
    assert lanes.due_mailboxes() == []
    standstill = progress.hold(campaign)
    assert standstill is not None
    assert "We look into it." in standstill.sentence
    assert "Wrong letter" not in standstill.sentence

    assert switches.turn_on(scope, about(scope, campaign), reason="It was right", actor=operator)
    assert jobs.names() == ["campaigns.tasks.pump"]
    assert pump.run() == 3
    assert states(campaign) == {"submitted"}


def test_what_is_about_others_holds_nothing_up(box: Sandbox, operator: User) -> None:
    box.create_mailbox(OTHER, PASSWORD)
    one, other = running(messages=2), running(messages=2, sender=OTHER)
    second = running(messages=2)
    off(Scope.MAILBOX, other, operator)
    off(Scope.CAMPAIGN, second, operator)

    pump.run()

    assert [states(each) for each in (one, other, second)] == [{"submitted"}, {"queued"}, {"queued"}]


@pytest.mark.parametrize("scope", list(Scope))
def test_a_claim_sees_the_switch_at_once(box: Sandbox, operator: User, scope: Scope) -> None:
    campaign = running(messages=3)
    lanes.acquire("pump")
    lane = lanes.load(campaign.mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    off(scope, campaign, operator)

    assert claims.claim(lane, limit=3) == []
    feeding.feed(lane)
    assert not lane.feeds


def test_the_claim_asks_in_the_statement_it_makes_anyway(box: Sandbox, operator: User) -> None:
    campaign = running(messages=3)
    lanes.acquire("pump")
    lane = lanes.load(campaign.mailbox_id)
    assert lane is not None
    feeding.feed(lane)

    with CaptureQueriesContext(connection) as asked:
        assert len(claims.claim(lane, limit=3)) == 3

    about = [query["sql"] for query in asked.captured_queries if "operation_switch" in query["sql"]]
    assert len(about) == 1
    assert "FROM campaigns_message m" in about[0]


def test_what_was_claimed_and_not_handed_over_is_given_back(box: Sandbox, operator: User) -> None:
    campaign = running(messages=3)
    run = pump.Pump()
    run.taken.extend(lanes.acquire(run.holder))
    run._tend()
    lane = run.lanes[campaign.mailbox_id]
    run._feed(lane)
    lane.ready.extend(claims.claim(lane, limit=3))
    assert len(lane.ready) == 3
    off(Scope.CAMPAIGN, campaign, operator)

    run._feed(lane)
    run.close()

    assert not lane.ready
    assert states(campaign) == {"queued"}
    assert box.sent_count == 0


def test_nobody_calls_a_stopped_campaign_stuck(box: Sandbox, operator: User) -> None:
    campaign = running(messages=1)
    Campaign.objects.update(state_since="2020-01-01T00:00:00Z")
    Message.objects.update(not_before="2020-01-01T00:00:00Z")
    SendingLane.objects.create(mailbox=campaign.mailbox)
    assert list(auditing.queued_unheld()) == [campaign.pk]
    assert list(vitals.of_sending())

    for scope in (Scope.MAILBOX, Scope.CAMPAIGN):
        off(scope, campaign, operator)
        assert list(auditing.queued_unheld()) == []
        assert list(vitals.of_sending()) == []
        switches.turn_on(scope, about(scope, campaign), reason="x", actor=operator)


def test_twice_is_once(operator: User) -> None:
    words: dict[str, Any] = {"sentence": "We look into it.", "reason": "Wrong letter", "actor": operator}

    assert switches.turn_off(Scope.ALL, **words)
    assert not switches.turn_off(Scope.ALL, **words)
    assert switches.turn_on(Scope.ALL, reason="right", actor=operator)
    assert not switches.turn_on(Scope.ALL, reason="right", actor=operator)

    assert list(Entry.objects.order_by("number").values_list("action", flat=True)) == ["switch.off", "switch.on"]
    assert Switch.objects.get().ended_reason == "right"


def test_two_at_once_are_one(operator: User) -> None:
    done: list[bool] = []

    def act() -> None:
        done.append(switches.turn_off(Scope.ALL, sentence="Stop.", reason="x", actor=operator))
        connections.close_all()

    threads = [threading.Thread(target=act) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]
    assert Switch.objects.count() == Entry.objects.count() == 1


@pytest.mark.parametrize(("sentence", "reason", "field"), [(" ", "x", "sentence"), ("x", " ", "reason")])
def test_both_sentence_and_reason_are_asked_for(operator: User, sentence: str, reason: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        switches.turn_off(Scope.ALL, sentence=sentence, reason=reason, actor=operator)

    assert caught.value.field == field
    assert not Switch.objects.exists()
