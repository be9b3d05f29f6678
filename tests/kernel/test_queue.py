"""Jobs are bells: rung once the rows are committed, and rung again each minute."""

from importlib import import_module

import pytest
from django.db import transaction
from django_q.models import Schedule

from pecportal import queue
from pecportal.schedules import PERIODIC
from tests.jobs import Jobs


def test_a_job_is_asked_for_only_once_its_rows_are_committed(jobs: Jobs) -> None:
    with transaction.atomic():
        queue.enqueue("campaigns.tasks.freeze", 1)
        assert jobs.names() == []

    assert jobs.names() == ["campaigns.tasks.freeze"]


def test_a_rolled_back_act_asks_for_nothing(jobs: Jobs) -> None:
    with transaction.atomic():
        queue.enqueue("campaigns.tasks.freeze", 1)
        transaction.set_rollback(True)

    assert jobs.names() == []


@pytest.mark.django_db
def test_the_periodic_jobs_are_exactly_ours_however_often_they_are_installed() -> None:
    Schedule.objects.create(name="old", func="os.abort", schedule_type=Schedule.ONCE)

    for _ in range(2):
        queue.install(PERIODIC)

    assert set(Schedule.objects.values_list("func", flat=True)) == {entry.task for entry in PERIODIC}


@pytest.mark.parametrize("entry", PERIODIC)
def test_every_periodic_job_exists(entry: queue.Every) -> None:
    module, _, name = entry.task.rpartition(".")

    assert callable(getattr(import_module(module), name))
