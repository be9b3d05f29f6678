"""What piles up by itself is dropped at night: ended sessions, old failures of jobs."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from django_q.models import Failure, Schedule, Success, Task

from pecportal import queue
from pecportal.operation import tasks
from pecportal.schedules import PERIODIC

pytestmark = pytest.mark.django_db


def result(name: str, *, success: bool, days: int) -> None:
    at = timezone.now() - timedelta(days=days)
    Task.objects.create(id=name, name=name, func="x", started=at, stopped=at, success=success)


def test_ended_sessions_and_old_failures_are_dropped_and_the_others_stay() -> None:
    for key, hours in (("ended", -1), ("open", 1)):
        Session.objects.create(session_key=key, session_data="", expire_date=timezone.now() + timedelta(hours=hours))
    result("old", success=False, days=31)
    result("new", success=False, days=29)
    result("good", success=True, days=31)  # the library itself limits those

    tasks.tidy()
    tasks.tidy()

    assert [session.session_key for session in Session.objects.all()] == ["open"]
    assert [failure.name for failure in Failure.objects.all()] == ["new"]
    assert Success.objects.count() == 1


def test_it_is_done_at_night() -> None:
    queue.install(PERIODIC)

    nightly = Schedule.objects.filter(func="pecportal.operation.tasks.tidy")
    assert {timezone.localtime(row.next_run).strftime("%H:%M") for row in nightly} == {"03:40"}
