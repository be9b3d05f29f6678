"""Deliveries: signed, in order, at least once, and nobody waits for another's receiver."""

import base64
import hashlib
import hmac
import threading
import time
import uuid
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from pecportal import outgoing
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.operation import deployment
from pecportal.permissions import Role
from pecportal.programs import register
from pecportal.webhooks import delivering, keeping, rests, secrets, signing, telling, turn
from pecportal.webhooks.models import Because, Call, Delivery, DeliveryState, Event, Head, Webhook, WebhookState
from tests import build as kernel
from tests.api import build as programs
from tests.jobs import Jobs
from tests.webhooks import build
from tests.webhooks.receiver import Got, Receiver

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def deliver() -> int:
    return delivering.run(linger=0, soon=0)


def later(hook: Webhook) -> None:
    """Let the time pass that its deliveries and itself rest."""
    now = timezone.now()
    Delivery.objects.filter(webhook=hook, state=DeliveryState.WAITING).update(due_at=now)
    Webhook.objects.filter(pk=hook.pk).update(rest_until=None)


def is_signed(got: Got, secret: str) -> bool:
    """The specification's check by hand: HMAC-SHA256 over id, time and body, in base64, among those that came."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in got.headers["webhook-signature"].split(" ")


def test_an_event_is_delivered_once_signed_with_its_id_and_its_time(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    event = build.event(hook.organisation)

    assert deliver() == 1
    assert deliver() == 0

    (got,) = receiver.got
    assert got.path == "/hooks"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["webhook-id"] == str(event.public_id) == got.event["id"]
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
    assert got.event == {
        "id": str(event.public_id),
        "type": "message.status_changed",
        "timestamp": event.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": event.data,
    }
    assert is_signed(got, signing.written(secrets.current(hook)))
    assert not is_signed(got, signing.written(signing.new()))
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.last_status, row.problem) == ("delivered", 1, 204, "")
    assert Call.objects.get().status == 204


def test_only_what_was_asked_for_is_delivered(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url, types=["campaign.state_changed"])
    build.event(hook.organisation)
    build.event(kernel.organisation())

    assert deliver() == 0
    assert receiver.got == []


def test_events_about_one_subject_wait_for_the_earlier_ones_and_others_go_on(
    receiver: Receiver, settings: Settings
) -> None:
    hook = build.webhook(url=receiver.url)
    subject, other = uuid.uuid4(), uuid.uuid4()
    for status in ("submitted", "accepted", "delivered"):
        build.event(hook.organisation, subject=subject, status=status)
    build.event(hook.organisation, subject=other, status="failed")

    def refuse_the_first(handler: BaseHTTPRequestHandler) -> None:
        is_first = len(receiver.events()) < 3 and receiver.events()[-1]["data"]["status"] == "submitted"
        handler.send_response(500 if is_first else 204)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    receiver.behave = refuse_the_first
    settings.WEBHOOK_PER_RECEIVER = 1
    deliver()
    came = [(each["data"]["message"], each["data"]["status"]) for each in receiver.events()]
    assert sorted(came) == sorted([(str(subject), "submitted"), (str(other), "failed")])
    for _n in range(4):
        later(hook)
        deliver()

    mine = [each["data"]["status"] for each in receiver.events() if each["data"]["message"] == str(subject)]
    assert list(dict.fromkeys(mine)) == ["submitted", "accepted", "delivered"]
    assert [each for each in mine if each != "submitted"] == ["accepted", "delivered"]
    assert not Delivery.objects.exclude(state="delivered").exists()


def test_many_events_of_one_subject_arrive_in_order_though_calls_go_side_by_side(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    subjects = [uuid.uuid4() for _n in range(8)]
    for n in range(6):
        for subject in subjects:
            build.event(hook.organisation, subject=subject, status=str(n))

    assert deliver() == 48

    for subject in subjects:
        mine = [each["data"]["status"] for each in receiver.events() if each["data"]["message"] == str(subject)]
        assert mine == list("012345")


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503, 301, 302, 307, 308])
def test_whatever_is_not_2xx_is_tried_again_under_the_same_id(receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    receiver.headers = {"Location": receiver.url + "/elsewhere"}
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)

    deliver()
    row = Delivery.objects.get()
    assert (row.state, row.tries, row.last_status, row.problem) == ("waiting", 1, status, f"status {status}")
    assert timedelta(seconds=3) < row.due_at - timezone.now() <= rests.OF_DELIVERIES[0] * 1.1
    later(hook)
    deliver()

    assert [one.path for one in receiver.got] == ["/hooks", "/hooks"]
    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len({one.body for one in receiver.got}) == 1
    assert Delivery.objects.get().state == "delivered"
    assert [call.status for call in Call.objects.order_by("pk")] == [status, 204]


def test_a_receivers_wish_to_wait_is_kept_within_an_hour(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    deliver()
    assert timedelta(seconds=590) < Delivery.objects.get().due_at - timezone.now() < timedelta(seconds=601)

    receiver.headers = {"Retry-After": "999999999"}
    later(hook)
    deliver()
    assert Delivery.objects.get().due_at - timezone.now() < timedelta(seconds=3601)


def test_the_rests_grow_and_with_the_calls_make_three_days() -> None:
    assert list(rests.OF_DELIVERIES) == sorted(rests.OF_DELIVERIES)
    assert 2.9 * DAY < sum(rests.OF_DELIVERIES, timedelta(0)) <= 3 * DAY
    assert rests.of_delivery(len(rests.OF_DELIVERIES) + 1) is None
    drawn = {rests.of_delivery(3) for _n in range(50)}
    assert len(drawn) > 10
    assert all(timedelta(minutes=27) <= each <= timedelta(minutes=33) for each in drawn if each)


def test_a_receiver_that_is_gone_is_called_no_more_and_its_keepers_are_told_once(
    receiver: Receiver, jobs: Jobs
) -> None:
    receiver.status = 410
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    build.event(hook.organisation)
    deliver()
    calls = len(receiver.got)
    later(hook)

    assert deliver() == 0

    hook.refresh_from_db()
    assert (hook.state, hook.because) == (WebhookState.DISABLED, Because.GONE)
    assert len(receiver.got) == calls
    assert Entry.objects.filter(action="webhook.switched_off", target_id=hook.pk).count() == 1
    assert "pecportal.webhooks.tasks.tell" in jobs.names()
    mail.outbox.clear()
    assert telling.tell_due() == 1
    assert telling.tell_due() == 0
    assert [letter.to for letter in mail.outbox] == [[hook.created_by.email]]
    assert "gone for good" in str(mail.outbox[0].body)
    assert "/organisation/webhooks/" in str(mail.outbox[0].body)


def test_a_receiver_that_takes_nothing_for_three_days_is_switched_off(receiver: Receiver) -> None:
    receiver.status = 500
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    began = timezone.now()
    row = Delivery.objects.get()
    while row.state == DeliveryState.WAITING:
        with time_machine.travel(max(row.due_at, began)):
            Webhook.objects.filter(pk=hook.pk).update(rest_until=None)
            deliver()
        row.refresh_from_db()

    hook.refresh_from_db()
    assert row.tries == len(rests.OF_DELIVERIES) + 1 == len(receiver.got)
    assert (row.state, hook.state, hook.because) == ("failed", "disabled", Because.FAILING)
    assert row.last_at is not None
    assert 2.6 * DAY < row.last_at - began < 3.4 * DAY
    build.event(hook.organisation)
    assert Delivery.objects.count() == 1  # an event for a webhook that is off is in the feed alone


def test_one_event_that_is_never_taken_ends_alone_where_others_are(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    bad = build.delivery(hook, tries=len(rests.OF_DELIVERIES), first_at=timezone.now() - 2.9 * DAY)
    receiver.answers = [500]

    deliver()

    bad.refresh_from_db()
    hook.refresh_from_db()
    assert (bad.state, hook.state) == ("failed", "enabled")


def test_a_webhook_that_fails_again_and_again_is_called_now_and_then(receiver: Receiver) -> None:
    receiver.status = 500
    hook = build.webhook(url=receiver.url)
    for _n in range(30):
        build.event(hook.organisation)

    deliver()

    hook.refresh_from_db()
    assert len(receiver.got) < 10
    assert hook.rest_until is not None
    assert hook.failures == len(receiver.got)
    receiver.status = 200
    later(hook)
    deliver()
    hook.refresh_from_db()
    assert Webhook.objects.filter(pk=hook.pk, failures=0, failing_since=None, rest_until=None).exists()
    assert not Delivery.objects.filter(state="waiting").exists()


def test_a_receiver_that_hangs_holds_no_other_ones_events(
    receiver: Receiver, other: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "SECONDS", 5.0)
    settings.WEBHOOK_THREADS, settings.WEBHOOK_PER_RECEIVER = 8, 4
    receiver.behave = receiver.hang
    stuck = build.webhook(url=receiver.url, name="stuck")
    for _n in range(20):
        build.event(stuck.organisation)
    well = build.webhook(url=other.url, name="well")
    for _n in range(20):
        build.event(well.organisation)
    took: list[float] = []
    began = time.monotonic()

    def wait_for_all() -> None:
        for _n in range(20):
            assert other.came.acquire(timeout=30)
        took.append(time.monotonic() - began)

    watch = threading.Thread(target=wait_for_all)
    watch.start()
    deliver()
    watch.join()

    assert took[0] < 5.0
    assert Delivery.objects.filter(webhook=well, state="delivered").count() == 20
    row = Delivery.objects.filter(webhook=stuck).order_by("pk").first()
    assert row is not None
    assert (row.state, row.last_status) == ("waiting", None)


def answer_slowly(handler: BaseHTTPRequestHandler) -> None:
    """A status at once, and a body that never ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000000")
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"x" * 65536)
    except OSError:
        return


def never_end_the_headers(handler: BaseHTTPRequestHandler) -> None:
    try:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(b"X-More: " + b"y" * 60000 + b"\r\n")
    except OSError:
        return


def test_of_a_huge_answer_nothing_but_its_status_is_read(receiver: Receiver) -> None:
    receiver.behave = answer_slowly
    build.delivery(build.webhook(url=receiver.url))
    deliver()

    assert Delivery.objects.get().state == "delivered"


def test_endless_headers_and_closed_doors_are_failures(receiver: Receiver) -> None:
    receiver.behave = never_end_the_headers
    build.delivery(build.webhook(url=receiver.url))
    build.delivery(build.webhook(url="http://127.0.0.1:1/hooks"))
    deliver()

    rows = Delivery.objects.order_by("pk")
    assert [row.state for row in rows] == ["waiting", "waiting"]
    assert all(row.problem and row.last_status is None for row in rows)
    assert not any("127.0.0.1" in row.problem for row in rows)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[fe80::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://localhost/x",
        "http://programma.example/x",
        "https://programma.example:22/x",
        "https://anna:x@programma.example/x",
        "ftp://programma.example/x",
        "javascript:alert(1)",
        "https://programma.example/\r\nX-Evil: 1",
    ],
)
def test_an_address_that_is_never_called_is_refused_at_once(settings: Settings, url: str) -> None:
    settings.WEBHOOK_NETWORKS = []
    with pytest.raises(Refusal):
        build.webhook(url=url)
    assert not Webhook.objects.exists()


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """A name server whose answers change from one question to the next."""
    import socket

    left, asked = list(answers), []

    def getaddrinfo(host: str, port: int, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0) if len(left) > 1 else left[0], port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_turns_inwards_after_it_was_entered_is_not_called(
    settings: Settings, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_NETWORKS = []
    hook = build.webhook(url="https://rebinding.example/hooks")
    build.event(hook.organisation)
    asked = resolving(monkeypatch, "127.0.0.1")

    deliver()

    assert asked == ["rebinding.example"]  # asked once: what was examined is what would be called
    assert Delivery.objects.get().problem == "The name leads into a network that is not public."
    assert receiver.got == []


def test_a_change_of_secret_lets_both_sign_for_a_while(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    old = signing.written(secrets.current(hook))
    new = signing.written(keeping.rotate(hook, actor=hook.created_by, overlap=24))
    build.event(hook.organisation)
    deliver()

    assert old != new
    assert is_signed(receiver.got[0], old)
    assert is_signed(receiver.got[0], new)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        build.event(hook.organisation)
        deliver()
    assert not is_signed(receiver.got[1], old)
    assert is_signed(receiver.got[1], new)


def test_a_secret_that_may_be_known_to_others_is_changed_at_once(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    old = signing.written(secrets.current(hook))
    keeping.rotate(hook, actor=hook.created_by, overlap=0)
    build.event(hook.organisation)
    deliver()

    assert not is_signed(receiver.got[0], old)


def test_a_test_goes_to_its_webhook_alone(receiver: Receiver, other: Receiver) -> None:
    hook = build.webhook(url=receiver.url, types=["mailbox.space"])
    build.webhook(hook.organisation, url=other.url)
    keeping.test(hook, actor=hook.created_by)

    deliver()

    assert [each["type"] for each in receiver.events()] == ["webhook.test"]
    assert other.got == []
    assert Event.objects.get().data == {"webhook": str(hook.public_id)}


def test_what_was_delivered_or_given_up_can_be_delivered_again_under_its_id(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    first = build.delivery(hook)
    deliver()
    first.refresh_from_db()
    keeping.redeliver(first, actor=hook.created_by)
    with pytest.raises(Refusal):
        keeping.redeliver(first, actor=hook.created_by)
    deliver()

    assert len({one.headers["webhook-id"] for one in receiver.got}) == 1
    assert len(receiver.got) == 2
    subject = uuid.uuid4()
    build.event(hook.organisation, subject=subject, status="accepted")
    build.event(hook.organisation, subject=subject, status="delivered")
    Delivery.objects.filter(subject=subject).update(state="failed", behind=False)
    assert keeping.redeliver_failed(hook, actor=hook.created_by) == 2
    assert keeping.redeliver_failed(hook, actor=hook.created_by) == 0
    deliver()
    assert [each["data"]["status"] for each in receiver.events()[2:]] == ["accepted", "delivered"]


def test_a_webhook_that_is_off_is_not_called_and_goes_on_when_it_is_on_again(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    assert keeping.switch_off(hook, actor=hook.created_by)
    assert not keeping.switch_off(hook, actor=hook.created_by)
    assert deliver() == 0

    assert keeping.switch_on(hook, actor=hook.created_by)
    assert not keeping.switch_on(hook, actor=hook.created_by)
    assert deliver() == 1


def test_one_run_delivers_at_a_time_and_a_dead_ones_turn_ends(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    assert turn.take("another host:1")

    assert deliver() == 0
    with time_machine.travel(timezone.now() + timedelta(seconds=31)):
        turned = timezone.now()
        Head.objects.update(leased_until=turned - timedelta(days=1))
    assert deliver() == 1


def test_two_runs_at_once_call_once(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    for _n in range(10):
        build.event(hook.organisation)

    def run() -> None:
        try:
            deliver()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deliver()

    assert len(receiver.got) == 10


def test_a_webhook_that_is_removed_while_it_is_called_leaves_nothing_behind(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)

    def remove(handler: BaseHTTPRequestHandler) -> None:
        try:
            keeping.remove(hook, actor=hook.created_by)
        finally:
            connections.close_all()
        handler.send_response(204)
        handler.end_headers()

    receiver.behave = remove
    deliver()

    assert not Delivery.objects.exists()
    assert not Call.objects.exists()
    assert Event.objects.count() == 1


def test_a_secret_is_nowhere_but_sealed_in_its_row(
    receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    hook = build.webhook(url=receiver.url + "?token=canary-of-the-receiver")
    secret = signing.written(secrets.current(hook))
    keeping.show_secret(hook, actor=hook.created_by)
    new = signing.written(keeping.rotate(hook, actor=hook.created_by))
    receiver.answers = [500]
    build.event(hook.organisation)
    deliver()
    later(hook)
    deliver()
    told = "\n".join([caplog.text, *capfd.readouterr()])
    told += "\n".join(str(entry.facts) + str(entry.before) + str(entry.after) for entry in Entry.objects.all())
    told += "\n".join(str(vars(row)) for row in [*Call.objects.all(), *Delivery.objects.all(), *Event.objects.all()])
    told += str({name: value for name, value in vars(Webhook.objects.get()).items() if name != "url"})

    for canary in (secret, new, secret.removeprefix("whsec_"), new.removeprefix("whsec_")):
        assert canary not in told
    assert "canary-of-the-receiver" not in told


def test_a_programs_webhook_is_told_of_its_own_alone(receiver: Receiver) -> None:
    office = kernel.organisation()
    program, clerk = kernel.user(office, Role.PREPARER), kernel.user(office, Role.PREPARER)
    build.webhook(office, url=receiver.url, program=program)
    build.event(office, by=clerk, status="clerk's")
    build.event(office, by=program, status="its own")

    deliver()

    assert [each["data"]["status"] for each in receiver.events()] == ["its own"]


def test_a_copy_of_another_installations_database_calls_nobody(receiver: Receiver) -> None:
    hook = build.webhook(url=receiver.url)
    build.event(hook.organisation)
    deployment.restored()

    assert deliver() == 0
    assert receiver.got == []


def test_a_program_that_was_ended_is_told_nothing_more(receiver: Receiver) -> None:
    office = kernel.organisation()
    own, _key = programs.program(office, Role.EVENTS_READ)
    build.webhook(office, url=receiver.url, program=own)
    register.end(office, own, actor=kernel.user(office, Role.ADMINISTRATOR))
    build.event(office, by=own)

    assert deliver() == 0
    assert receiver.got == []
