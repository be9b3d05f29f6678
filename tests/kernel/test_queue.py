"""Jobs are bells: rung once the rows are committed, each in its lane, and rung again each minute."""

from datetime import timedelta
from importlib import import_module

import pytest
import time_machine
from django.contrib import admin
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import OrmQ, Schedule
from pytest_django import Settings

from pecportal import queue
from pecportal.schedules import PERIODIC
from tests.jobs import Jobs


def test_a_job_in_the_database_is_asked_for_by_a_row_of_the_same_transaction(jobs: Jobs) -> None:
    after: list[int] = []
    with transaction.atomic():
        transaction.on_commit(lambda: after.append(len(jobs.names())))
        queue.enqueue("campaigns.tasks.freeze", 1)
        assert jobs.names() == ["campaigns.tasks.freeze"]

    assert after == [1]


@pytest.mark.django_db(transaction=True)
def test_a_job_elsewhere_is_asked_for_only_once_its_rows_are_committed(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.Q_CLUSTER = {name: value for name, value in settings.Q_CLUSTER.items() if name != "orm"}
    asked: list[str] = []
    monkeypatch.setattr(queue, "async_task", lambda task, *_ids, **_options: asked.append(task))
    with transaction.atomic():
        queue.enqueue("campaigns.tasks.freeze", 1)
        assert asked == []

    assert asked == ["campaigns.tasks.freeze"]


def test_a_rolled_back_act_asks_for_nothing(jobs: Jobs) -> None:
    with transaction.atomic():
        queue.enqueue("campaigns.tasks.freeze", 1)
        transaction.set_rollback(True)

    assert jobs.names() == []


@pytest.mark.parametrize(
    ("task", "key"),
    [
        ("campaigns.tasks.pump", "pecportal-sending"),
        ("campaigns.tasks.track", "pecportal-tracking"),
        ("campaigns.tasks.freeze", "pecportal"),
        ("mailboxes.tasks.fetch_form", "pecportal"),
    ],
)
def test_each_task_goes_to_its_lane(jobs: Jobs, task: str, key: str) -> None:
    queue.enqueue(task)

    assert OrmQ.objects.get().key == key


@pytest.mark.parametrize("task", [*queue.TASKS, *queue.TIMEOUTS, queue.CANARY])
def test_every_named_task_exists(task: str) -> None:
    module, _, name = task.rpartition(".")

    assert callable(getattr(import_module(module), name))


def test_a_lane_takes_its_own_jobs_alone_and_a_cluster_for_all_takes_everybodys(jobs: Jobs) -> None:
    for task in ("campaigns.tasks.freeze", "campaigns.tasks.pump", "campaigns.tasks.track"):
        queue.enqueue(task)
    sending, everything = get_broker("pecportal-sending"), get_broker("pecportal-all")

    assert len(sending.dequeue()) == 1
    assert sending.dequeue() is None
    assert [len(everything.dequeue()) for _ in range(2)] == [1, 1]
    assert jobs.names() == []


def test_what_one_machine_is_asked_for_no_other_takes(jobs: Jobs, settings: Settings) -> None:
    queue.ring_canary("sending", host="second")
    sending, whole = queue.Rows("pecportal-sending"), queue.Rows("pecportal-all")

    settings.HOST_NAME = "first"
    assert sending.dequeue() is None
    assert whole.dequeue() is None
    settings.HOST_NAME = "second"
    assert whole.dequeue() is not None
    assert jobs.names() == []


def test_the_librarys_queue_hands_a_job_out_again_while_it_runs_and_after_it_died(jobs: Jobs) -> None:
    queue.enqueue("campaigns.tasks.freeze", 1)
    library = ORM("pecportal")
    assert len(library.dequeue()) == 1

    for _ in range(3):  # `retry` seconds later, however often; no attempt is counted, since none was ever reported
        OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=1))
        assert len(library.dequeue()) == 1


def test_ours_hands_it_out_once(jobs: Jobs) -> None:
    queue.enqueue("campaigns.tasks.freeze", 1)
    ours = get_broker("pecportal")

    assert len(ours.dequeue()) == 1
    with time_machine.travel(timezone.now() + timedelta(days=1)):
        assert ours.dequeue() is None


def test_two_pushers_do_not_get_the_same_job(jobs: Jobs) -> None:
    queue.enqueue("campaigns.tasks.freeze", 1)
    waiting = OrmQ.objects.all()
    row = waiting.get()
    row.delete()  # by the other one, between our look and our taking

    assert waiting.filter(pk=row.pk).delete()[0] == 0
    assert get_broker("pecportal").dequeue() is None


def test_the_oldest_waiting_job_is_known_lane_by_lane(jobs: Jobs) -> None:
    assert queue.oldest_wait("sending") is None
    queue.enqueue("campaigns.tasks.pump")
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=90))
    queue.enqueue("campaigns.tasks.pump")

    assert 89 < (queue.oldest_wait("sending") or 0) < 120
    assert queue.oldest_wait("tracking") is None


@pytest.mark.django_db
def test_the_periodic_jobs_are_exactly_ours_however_often_they_are_installed() -> None:
    Schedule.objects.create(name="old", func="os.abort", schedule_type=Schedule.ONCE)

    for _ in range(2):
        queue.install(PERIODIC)

    assert set(Schedule.objects.values_list("func", flat=True)) == {entry.task for entry in PERIODIC}
    assert Schedule.objects.count() == 2 * len(PERIODIC)


@pytest.mark.django_db
def test_each_periodic_job_is_its_lanes_and_the_one_clusters_that_serves_all() -> None:
    queue.install(PERIODIC)

    clusters = Schedule.objects.filter(func="campaigns.tasks.pump").values_list("cluster", flat=True)
    assert set(clusters) == {"pecportal-sending", "pecportal-all"}
    canaries = Schedule.objects.filter(func=queue.CANARY, cluster="pecportal-tracking")
    assert canaries.get().args == "'tracking',"


@pytest.mark.django_db
def test_installing_again_changes_no_time_and_mends_what_was_changed() -> None:
    queue.install(PERIODIC)
    Schedule.objects.filter(func="campaigns.tasks.pump").update(func="os.abort", minutes=7)
    before = dict(Schedule.objects.values_list("name", "next_run"))

    queue.install(PERIODIC)

    assert not Schedule.objects.filter(func="os.abort").exists()
    after = dict(Schedule.objects.values_list("name", "next_run"))
    assert {name for name in before if before[name] != after[name]} == {
        "campaigns.tasks.pump @ sending",
        "campaigns.tasks.pump @ all",
    }


@pytest.mark.django_db
def test_the_audit_is_made_at_night() -> None:
    queue.install(PERIODIC)

    nightly = Schedule.objects.filter(func="campaigns.tasks.selfaudit")
    for schedule in nightly:
        assert timezone.localtime(schedule.next_run).strftime("%H:%M") == "03:10"
        assert schedule.schedule_type == Schedule.DAILY
        assert "7200" in (schedule.kwargs or "")


@pytest.mark.parametrize("entry", PERIODIC)
def test_every_periodic_job_exists(entry: queue.Every) -> None:
    module, _, name = entry.task.rpartition(".")

    assert callable(getattr(import_module(module), name))


def test_nobody_can_edit_the_queues_schedules_in_the_console() -> None:
    import_module("pecportal.urls")

    assert [model for model in admin.site._registry if model._meta.app_label == "django_q"] == []


def test_workers_are_counted_lane_by_lane(settings: Settings) -> None:
    assert queue.workers_of("sending") == 2
    assert queue.workers_of("rest") == settings.Q_CLUSTER["workers"]
