"""Alerts are told once to each operator and to the webhook, and their end, too; what fails is tried again."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django import Settings

from pecportal.operation import alerts, letters, meanings, tasks
from pecportal.operation.models import Alert, Delivery
from pecportal.organisations.models import User
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db


class Hook(HTTPServer):
    """A webhook on this machine, which keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook(settings: Settings) -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    settings.ALERT_WEBHOOK_URL, settings.ALERT_WEBHOOK_NETWORKS = server.url, ["127.0.0.0/8"]
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def operator() -> User:
    return User.objects.create_superuser("operatore@portale.example", "password")


def due_again() -> None:
    Delivery.objects.update(next_at=timezone.now() - timedelta(seconds=1))


def test_an_alert_and_its_end_are_told_once_by_mail_and_webhook(hook: Hook, jobs: Jobs, operator: User) -> None:
    for _time in range(3):
        alerts.alert("sending.off", "portal", because="restored")
        letters.ring()
        jobs.run()

    (letter,) = mail.outbox
    assert letter.to == [operator.email]
    assert letter.subject == "Sending is switched off: the database was restored, or belongs to another installation"
    assert "What it means for clerks: Nothing is sent until somebody switches sending on again" in letter.body
    assert "What to do:" in letter.body
    ((_headers, body),) = hook.told
    told = json.loads(body)
    assert (told["event"], told["kind"], told["title"]) == ("raised", "sending.off", letter.subject)

    alerts.all_clear("sending.off", "portal")
    for _time in range(3):
        letters.ring()
        jobs.run()

    assert [each.subject[:9] for each in mail.outbox] == ["Sending i", "All-clear"]
    assert [json.loads(body)["event"] for _headers, body in hook.told] == ["raised", "ended"]
    assert not letters.ring()


def test_what_was_over_before_anybody_was_told_is_told_to_nobody() -> None:
    alerts.alert("disk", "host", free=1, percent=1)
    letters.plan()
    alerts.all_clear("disk", "host")

    assert letters.send() == 0
    assert not mail.outbox
    assert not Delivery.objects.exists()


def test_a_webhook_that_is_away_is_tried_again_at_growing_intervals_and_holds_up_no_letter(hook: Hook) -> None:
    hook.status = 503
    alerts.alert("disk", "host", free=1, percent=1)
    letters.send()
    assert len(mail.outbox) == 1

    for tries in range(1, 4):
        row = Delivery.objects.get(channel="webhook")
        assert (row.tries, row.done_at, row.problem) == (tries, None, "status 503")
        assert row.next_at - timezone.now() > letters.RESTS[tries - 1] * 0.9
        assert letters.send() == 0
        due_again()
        letters.send()

    hook.status = 200
    due_again()
    letters.send()
    assert Delivery.objects.get(channel="webhook").done_at is not None
    assert len({json.loads(body)["id"] for _headers, body in hook.told}) == 1
    assert len(mail.outbox) == 1


def test_a_worker_that_dies_before_it_told_is_followed_by_another(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    alerts.alert("disk", "host", free=1, percent=1)

    def die(row: Delivery) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(letters, "_tell", die)
        with pytest.raises(KeyboardInterrupt):
            letters.send()
    assert not mail.outbox

    due_again()
    tasks.ring_letters()
    jobs.run()
    assert len(mail.outbox) == 1


def test_the_webhooks_body_is_signed(hook: Hook, settings: Settings) -> None:
    settings.ALERT_WEBHOOK_SECRET = "canary"
    alerts.alert("disk", "host", free=1, percent=1)
    letters.send()

    ((headers, body),) = hook.told
    assert headers["X-Pecportal-Signature"] == f"sha256={letters._signed(body, 'canary')}"
    assert b"canary" not in body


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_a_webhook_that_sends_us_elsewhere_is_not_followed(hook: Hook, status: int) -> None:
    hook.status = status
    alerts.alert("disk", "host", free=1, percent=1)
    letters.send()

    assert len(hook.told) == 1
    assert Delivery.objects.get(channel="webhook").problem == f"status {status}"


def test_a_webhook_inside_the_network_is_not_called_unless_settings_allow_it(hook: Hook, settings: Settings) -> None:
    settings.ALERT_WEBHOOK_NETWORKS = []
    alerts.alert("disk", "host", free=1, percent=1)
    letters.send()

    assert hook.told == []
    assert "is called" in Delivery.objects.get(channel="webhook").problem


@pytest.mark.parametrize("kind", sorted(meanings.kinds() | {"wallet.unknown"}))
def test_every_kind_says_what_it_means(kind: str) -> None:
    facts = {"percent": 93, "number": 3, "reason": "r", "messages": 2, "items": 2, "count": 1, "day": "1", "free": 1}
    row = Alert(kind=kind, key="1", facts={**facts, "mailboxes": 2, "seconds": 9}, raised_at=timezone.now())

    told = meanings.of(row)

    assert told.title
    assert told.clerks
    if kind in meanings.kinds():
        assert told.todo
        assert told.title != f"{kind} 1"
        assert "%" not in told.title.replace("%,", "").replace("93%", "").replace("(93%)", "")


def test_an_earlier_versions_alert_is_told_although_its_facts_are_others() -> None:
    assert meanings.of(Alert(kind="disk", key="host", facts={})).title == "disk host"
