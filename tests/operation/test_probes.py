"""The doors of machines: alive, ready, and the numbers, each quick, and none with anything that helps a stranger."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns import figures, tallying
from campaigns.models import Message
from campaigns.states import Shown
from pecportal import queue
from pecportal.operation import alerts, health, liveness
from pecportal.operation.models import Figure, Pulse, VendorCall
from tests.campaigns import build

pytestmark = pytest.mark.django_db
TOKEN = "canary-token-of-metrics"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


@pytest.fixture
def lanes() -> None:
    for lane in queue.LANES:
        liveness.beat(lane)


@pytest.fixture
def measured(settings: Settings) -> None:
    settings.METRICS, settings.METRICS_TOKEN = True, TOKEN


def ready(client: Client) -> tuple[int, dict[str, str]]:
    health.forget()
    response = client.get("/health/ready")
    return response.status_code, response.json()["checks"]


def test_alive_asks_nothing(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        response = client.get("/health/live", headers={"host": "10.0.0.7"})

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response["Cache-Control"] == "no-store"


def test_ready_names_each_part(client: Client, lanes: None) -> None:
    status, checks = ready(client)

    assert status == 200
    assert checks == {
        "database": "ok",
        "disk": "ok",
        "clock": "ok",
        "vendor": "ok",
        "lane.sending": "ok",
        "lane.tracking": "ok",
        "lane.rest": "ok",
    }


def test_a_lane_at_a_standstill_fails(client: Client, lanes: None) -> None:
    Pulse.objects.filter(name="sending").update(beaten_at=timezone.now() - timedelta(hours=1))

    assert ready(client)[0] == 503
    assert ready(client)[1]["lane.sending"] == "failing"


def test_a_vendor_that_is_away_is_a_warning(client: Client, lanes: None) -> None:
    VendorCall.objects.create(api="massiva", bad_at=timezone.now(), problem="503")

    assert ready(client)[0] == 200
    assert ready(client)[1]["vendor"] == "warning"


def test_without_a_database_it_says_so(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise OperationalError("connection to 10.0.0.1 refused for canary")

    monkeypatch.setattr(health, "connection", Away())
    health.forget()
    response = client.get("/health/ready")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failing"
    assert b"canary" not in response.content


def test_a_clock_that_is_far_off_fails(client: Client, lanes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for seconds, word in ((0, "ok"), (10, "warning"), (100, "failing")):
        monkeypatch.setattr("pecportal.operation.watching.skew", lambda seconds=seconds: float(seconds))
        assert ready(client)[1]["clock"] == word


def test_a_second_question_within_seconds_costs_nothing(
    client: Client, lanes: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/health/ready")
    with django_assert_num_queries(0):
        client.get("/health/ready")


@pytest.mark.parametrize("door", ["/health/live", "/health/ready", "/metrics"])
def test_only_reading_is_allowed(client: Client, door: str) -> None:
    assert client.post(door).status_code == 405


def metrics(client: Client, token: str = TOKEN, **extra: str) -> tuple[int, str]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    response = client.get("/metrics", headers=headers, **extra)  # type: ignore[arg-type]
    return response.status_code, response.content.decode()


def test_numbers_are_for_whoever_has_the_token_or_comes_from_the_network(
    client: Client, measured: None, settings: Settings
) -> None:
    assert metrics(client)[0] == 200
    assert metrics(client, "wrong")[0] == 404
    assert metrics(client, "")[0] == 404

    settings.METRICS_TOKEN, settings.METRICS_NETWORKS = "", ["192.0.2.0/24"]
    assert metrics(client, "")[0] == 404
    assert metrics(client, "", REMOTE_ADDR="192.0.2.9")[0] == 200
    assert metrics(client, "", REMOTE_ADDR="198.51.100.9", HTTP_X_FORWARDED_FOR="192.0.2.9")[0] == 404


def test_without_a_setting_there_are_none(client: Client) -> None:
    assert metrics(client, "")[0] == 404


def test_rows_are_counted_in_the_background_and_only_read_when_asked(
    client: Client, measured: None, lanes: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    build.started(build.clerk(), statuses=[Shown.QUEUED, Shown.QUEUED, Shown.UNCERTAIN, Shown.DELIVERED])
    Message.objects.filter(state="queued").update(not_before=timezone.now() - timedelta(seconds=90))
    alerts.alert("disk", "host")
    tallying.run()
    figures.count()
    figures.count()
    metrics(client)

    with django_assert_max_num_queries(45):
        _status, text = metrics(client)

    assert 'pecportal_messages{of="queued"} 2.0' in text
    assert 'pecportal_messages{of="uncertain"} 1.0' in text
    assert 'pecportal_messages{of="sending"} 0.0' in text
    assert 'pecportal_campaigns{of="running"} 1.0' in text
    assert 'pecportal_lane_state{lane="sending"} 0.0' in text
    assert 'pecportal_alerts_open{kind="disk"} 1.0' in text
    assert "pecportal_database_up 1.0" in text
    oldest = next(line for line in text.splitlines() if line.startswith("pecportal_oldest_due_seconds{"))
    assert 85 <= float(oldest.split()[1]) <= 200
    assert Figure.objects.filter(kind="metric.messages.queued").count() == 1
    assert "@" not in text


COUNTING = """
import os, sys
import django
django.setup()
from django.conf import settings
from pecportal.operation import metrics
for n in range(int(sys.argv[1])):
    metrics.observe_call("massiva POST /send", "201", 0.2)
if len(sys.argv) > 2:
    pid = os.fork()
    if not pid:
        metrics.observe_call("massiva POST /send", "201", 0.2)
        os._exit(0)
    os.waitpid(pid, 0)
    import re
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(settings.METRICS_DIR))
    print(generate_latest(registry).decode())
    print(len([name for name in os.listdir(settings.METRICS_DIR) if name.endswith(".db")]), "files")
"""


def test_processes_count_together_and_leave_no_pile_of_files(tmp_path: Path) -> None:
    import os

    env = {
        **os.environ,
        "METRICS_TOKEN": "x",
        "PORTAL_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "pecportal.settings",
    }
    env["DATABASE_URL"] = f"sqlite:///{tmp_path}/none.sqlite3"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", COUNTING, *arguments], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    for _process in range(3):
        run("2")
    text = run("1", "show")

    assert 'pecportal_vendor_seconds_count{api="massiva",outcome="201"} 8.0' in text
    assert text.splitlines()[-1] == "2 files"


def test_a_call_that_cannot_be_counted_is_made_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from pecportal.upstream import transport

    def broken(call: str, outcome: str, seconds: float) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(transport, "observers", [broken])
    with transport._timed(transport.Request("pec GET /pec", "GET", "http://127.0.0.1/", {})) as timing:
        timing.answer = transport.Answer("pec GET /pec", 200, {}, b"{}")

    assert json.loads(timing.answer.body) == {}
