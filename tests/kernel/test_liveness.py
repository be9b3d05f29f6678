"""A lane is judged by its progress: canaries that ran, jobs that wait, workers that are at work."""

from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from pecportal import queue
from pecportal.operation import liveness, standing, tasks
from pecportal.operation.liveness import Health, Sign
from pecportal.operation.models import Alert, AuditRun, Pulse
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _started() -> None:
    liveness.expect()


def silent(lane: str, seconds: float) -> None:
    Pulse.objects.filter(name=lane).update(beaten_at=timezone.now() - timedelta(seconds=seconds))


def codes(lane: str) -> list[str]:
    return [sign.code for sign in liveness.of(lane).signs]


def test_a_lane_that_gives_signs_of_life_is_fine() -> None:
    assert [lane.health for lane in liveness.all_lanes()] == [Health.FINE] * 3


@pytest.mark.parametrize(("seconds", "health"), [(95, Health.FINE), (105, Health.LATE), (115, Health.FROZEN)])
def test_a_canary_that_stays_away_makes_it_late_then_frozen(seconds: float, health: Health) -> None:
    silent("sending", seconds)

    assert liveness.of("sending").health is health
    assert liveness.of("tracking").health is Health.FINE


def test_a_lane_that_never_gave_one_is_frozen() -> None:
    Pulse.objects.all().delete()

    assert codes("rest") == ["no_canary"]
    assert liveness.of("rest").health is Health.FROZEN


def test_a_canary_that_runs_makes_it_fine_again() -> None:
    silent("tracking", 500)

    tasks.canary("tracking")

    assert liveness.of("tracking").health is Health.FINE


def test_expecting_again_does_not_hide_silence() -> None:
    silent("rest", 500)

    liveness.expect()

    assert liveness.of("rest").health is Health.FROZEN


def test_workers_that_are_all_at_work_are_late_and_not_frozen() -> None:
    silent("sending", 500)
    for number in range(queue.workers_of("sending")):
        liveness.busy(f"sending:{number}")
    assert codes("sending") == ["busy"]
    assert liveness.of("sending").health is Health.LATE

    liveness.idle("sending:0")
    assert codes("sending") == ["canary"]


def test_a_job_beyond_its_time_does_not_count_as_work(settings: Settings) -> None:
    silent("sending", 500)
    for number in range(queue.workers_of("sending")):
        liveness.busy(f"sending:{number}")
    silent("sending:0", settings.Q_CLUSTER["timeout"] + 6)

    assert liveness.of("sending").health is Health.FROZEN


def test_a_cluster_for_all_that_is_at_work_counts_for_every_lane() -> None:
    silent("tracking", 500)
    for number in range(queue.workers_of("all")):
        liveness.busy(f"all:{number}")

    assert codes("tracking") == ["busy"]
    liveness.forget_busy("all")
    assert codes("tracking") == ["canary"]


def test_a_machine_that_is_frozen_does_not_hide_behind_another_that_answers() -> None:
    for host in ("first", "second"):
        liveness.expect_on(host, ["sending"])
    silent("sending@first", 111)
    tasks.canary("sending", "second")

    assert liveness.is_frozen_on("first", "sending", cluster="sending")
    assert not liveness.is_frozen_on("second", "sending", cluster="sending")
    assert codes("sending") == ["host"]
    liveness.forget_host("first", ["sending"])
    assert codes("sending") == []


def test_a_machines_workers_are_at_work_for_their_own_cluster_alone() -> None:
    for host in ("first", "second"):
        liveness.expect_on(host, ["sending"])
        silent(f"sending@{host}", 111)
    for number in range(queue.workers_of("sending")):
        liveness.busy(f"sending:first:{number}")

    assert not liveness.is_frozen_on("first", "sending", cluster="sending")
    assert liveness.is_frozen_on("second", "sending", cluster="sending")


def test_a_machine_that_was_taken_away_is_told_of_for_a_day(jobs: Jobs) -> None:
    liveness.expect_on("first", ["sending"])
    queue.ring_canary("sending", host="first")
    silent("sending@first", 23 * 3600)
    tasks.canary("sending")
    assert codes("sending") == ["host"]

    silent("sending@first", 25 * 3600)
    OrmQ.objects.update(lock=timezone.now() - timedelta(hours=2))
    tasks.canary("sending")

    assert codes("sending") == []
    assert jobs.names() == []


def test_a_job_that_waits_too_long_makes_it_late() -> None:
    queue.enqueue("campaigns.tasks.pump")
    OrmQ.objects.update(lock=timezone.now() - timedelta(seconds=61))

    assert codes("sending") == ["waiting"]
    assert liveness.of("sending").health is Health.LATE


@pytest.fixture
def _probe() -> Iterator[None]:
    def probe() -> list[Sign]:
        return [Sign("probe", Health.LATE, 5)]

    liveness.add("rest", probe, {"probe": "%(seconds)s"})  # type: ignore[dict-item]
    liveness.add("rest", probe, {})
    yield
    liveness._probes["rest"].remove(probe)


@pytest.mark.usefixtures("_probe")
def test_what_the_applications_know_counts_too_and_once() -> None:
    assert codes("rest") == ["probe"]


def test_an_alert_is_raised_once_and_ended_by_the_all_clear() -> None:
    silent("sending", 500)
    for _ in range(3):
        liveness.tell()
    raised = Alert.objects.get(kind="liveness", key="sending")
    assert raised.times == 3
    assert raised.facts["health"] == "frozen"

    liveness.beat("sending")
    liveness.tell()

    raised.refresh_from_db()
    assert raised.ended_at is not None


@pytest.mark.parametrize(("seconds", "status"), [(0, 0), (105, 1), (500, 2)])
def test_the_command_tells_it_by_its_exit_status(
    seconds: float, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    silent("rest", seconds)
    if not status:
        call_command("health")
    else:
        with pytest.raises(SystemExit) as left:
            call_command("health")
        assert left.value.code == status
    assert "Everything else: " + ["In order", "Late", "At a standstill"][status] in capsys.readouterr().out


def test_an_audit_that_found_rows_is_not_fine() -> None:
    AuditRun.objects.create(started_at=timezone.now(), ended_at=timezone.now(), found={"files_changed": 1}, total=1)

    assert standing.of().status == 1
    assert standing.of().facts()["audit"] == {"files_changed": 1}


def test_looking_changes_nothing() -> None:
    silent("rest", 500)

    standing.of()

    assert not Alert.objects.exists()


@pytest.mark.parametrize("task", ["campaigns.tasks.freeze", "mailboxes.tasks.register", "mailboxes.tasks.refresh"])
def test_jobs_that_an_older_database_left_in_the_queue_fail_and_change_nothing(task: str) -> None:
    module, _, name = task.rpartition(".")

    with pytest.raises(Exception, match="does not exist"):
        getattr(import_module(module), name)(987_654)
