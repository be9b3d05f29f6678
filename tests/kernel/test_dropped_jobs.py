"""A new SECRET_KEY makes the queue drop all its jobs: it is told, and the rows are found all the same."""

import logging
import multiprocessing

import pytest
from django_q.conf import Conf
from django_q.pusher import pusher
from django_q.queues import Queue

from pecportal import queue
from pecportal.operation import liveness
from pecportal.operation.models import Alert
from pecportal.sandbox import Sandbox
from tests.engine import running
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD


def push(lane: str) -> "Queue":
    """One round of the library's pusher."""
    taken, enough = Queue(), multiprocessing.Event()
    enough.set()
    from django_q.brokers import get_broker

    pusher(taken, enough, get_broker(queue.queue_of(lane)))
    return taken


@pytest.fixture
def _rotated(monkeypatch: pytest.MonkeyPatch, jobs: Jobs, caplog: pytest.LogCaptureFixture) -> None:
    queue.enqueue("campaigns.tasks.pump")
    monkeypatch.setattr(Conf, "SECRET_KEY", "another")
    caplog.set_level(logging.CRITICAL, logger="django-q")


@pytest.mark.usefixtures("_rotated")
def test_a_job_signed_with_the_old_key_is_dropped_and_an_alert_is_raised(jobs: Jobs) -> None:
    assert push("sending").empty()

    assert jobs.names() == []
    assert Alert.objects.get(ended_at=None).kind == "queue.dropped"


def test_a_job_that_can_be_read_raises_none(jobs: Jobs) -> None:
    queue.enqueue("campaigns.tasks.pump")

    assert push("sending").get()["func"] == "campaigns.tasks.pump"
    assert not Alert.objects.exists()


@pytest.mark.usefixtures("_rotated")
def test_the_alert_ends_an_hour_later_if_every_lane_works() -> None:
    push("sending")
    liveness.expect()

    liveness.tell()
    assert Alert.objects.filter(ended_at=None).count() == 1

    Alert.objects.update(seen_at=Alert.objects.get().seen_at.replace(year=2020))
    liveness.tell()
    assert Alert.objects.filter(ended_at=None).count() == 0


def test_what_the_dropped_jobs_rang_for_is_found_by_the_periodic_one(
    vendor: Sandbox, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    running(messages=2)
    with monkeypatch.context() as patch:
        patch.setattr(Conf, "SECRET_KEY", "another")
        caplog.set_level(logging.CRITICAL, logger="django-q")
        assert push("sending").empty()
        assert jobs.names() == []

        queue.enqueue("campaigns.tasks.pump")  # as the schedule does each minute
        jobs.run()

    assert vendor.sent_count == 2
