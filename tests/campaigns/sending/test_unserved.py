"""Each of the sending lane's canaries rings for a pump where work waits that nobody does, and only there."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Attempt, SendingLane
from campaigns.sending import claims, feeding, lanes
from campaigns.sending.lanes import Lane
from pecportal.operation import tasks
from tests.engine import running
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
PUMP = ["campaigns.tasks.pump"]


def rung(jobs: Jobs, lane: str = "sending") -> list[str]:
    jobs.clear()
    tasks.canary(lane)
    return jobs.names()


def held() -> Lane:
    (mailbox_id,) = lanes.acquire("first:pump")
    lane = lanes.load(mailbox_id)
    assert lane is not None
    feeding.feed(lane)
    return lane


def ago(**span: float) -> object:
    return timezone.now() - timedelta(**span)


def test_where_nothing_is_due_nobody_is_rung_for(jobs: Jobs) -> None:
    assert rung(jobs) == []


def test_a_due_mailbox_whose_lane_nobody_holds_is_rung_for(jobs: Jobs) -> None:
    running(messages=1)

    assert rung(jobs) == PUMP
    assert rung(jobs, "tracking") == []


def test_while_a_pump_holds_the_lane_it_is_left_to_it_and_rung_for_once_its_lease_has_ended(jobs: Jobs) -> None:
    running(messages=1)
    held()

    assert rung(jobs) == []
    SendingLane.objects.update(leased_until=ago(seconds=1))
    assert rung(jobs) == PUMP


def test_what_a_dead_worker_had_claimed_is_rung_for_when_its_lease_has_ended(jobs: Jobs) -> None:
    running(messages=1)
    claims.claim(held(), limit=1)

    assert rung(jobs) == []
    Attempt.objects.update(leased_until=ago(seconds=1))
    assert rung(jobs) == PUMP
