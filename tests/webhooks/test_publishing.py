"""The feed: written with what it tells, in order, and nothing skipped whoever commits first."""

import threading
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from pecportal.organisations.models import Organisation
from pecportal.webhooks import delivering, events, forgetting, publishing
from pecportal.webhooks.models import Delivery, Event, EventType
from tests import build as kernel
from tests.jobs import Jobs
from tests.webhooks import build
from tests.webhooks.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30.0


@pytest.fixture
def office() -> Organisation:
    return build.webhook().organisation


def feed(office: Organisation, after: int = 0) -> list[Event]:
    return list(Event.objects.filter(organisation=office, position__gt=after).order_by("position"))


def write(office: Organisation, status: str = "submitted") -> uuid.UUID:
    subject = uuid.uuid4()
    events.record(office, EventType.MESSAGE_STATUS, subject, {"message": str(subject), "status": status})
    return subject


def test_an_event_that_is_rolled_back_never_was(office: Organisation) -> None:
    with transaction.atomic():
        write(office)
        transaction.set_rollback(True)

    assert publishing.publish() == 0
    assert not Event.objects.exists()


def test_nothing_is_written_where_nobody_listens(office: Organisation) -> None:
    assert not events.record(kernel.organisation(), EventType.MAILBOX_STATE, uuid.uuid4(), {})
    assert not Event.objects.exists()


def test_events_have_places_once_published_and_keep_them(office: Organisation) -> None:
    subjects = [write(office) for _n in range(3)]
    assert feed(office) == []

    assert publishing.publish() == 3
    assert publishing.publish() == 0

    assert [row.subject for row in feed(office)] == subjects
    assert [row.position for row in feed(office)] == [1, 2, 3]


def test_more_than_one_batch_is_published_at_once(office: Organisation) -> None:
    facts = [events.Fact(office.pk, EventType.MESSAGE_STATUS, uuid.uuid4(), {"n": n}) for n in range(1203)]
    events.record_all(facts)

    assert publishing.publish() == 1203
    assert [row.data["n"] for row in feed(office)] == list(range(1203))


def test_an_earlier_event_that_commits_later_comes_later_and_is_not_skipped(office: Organisation) -> None:
    """The second writer commits first; who reads then and goes on from there still gets the first one's."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: what begins first commits first.")
    has_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                write(office, "first")
                has_written.set()
                assert may_commit.wait(PATIENCE)
        finally:
            connections.close_all()

    writer = threading.Thread(target=slow)
    writer.start()
    assert has_written.wait(PATIENCE)
    write(office, "second")
    publishing.publish()
    seen = feed(office)
    may_commit.set()
    writer.join(PATIENCE)
    publishing.publish()
    later = feed(office, after=seen[-1].position or 0)

    assert [row.data["status"] for row in seen] == ["second"]
    assert [row.data["status"] for row in later] == ["first"]
    assert later[0].pk < seen[0].pk


def test_a_reader_beside_many_writers_misses_nothing_and_sees_nothing_twice(office: Organisation) -> None:
    """Writers whose transactions overlap, and two who publish, while one reads on from the last place it saw."""
    writers, each = 4, 25
    done, seen = threading.Event(), list[Event]()

    def write_some(name: int) -> None:
        try:
            for n in range(each):
                with transaction.atomic():
                    events.record(office, EventType.MESSAGE_STATUS, uuid.uuid4(), {"by": name, "n": n})
                    if connection.vendor == "postgresql":
                        with connection.cursor() as cursor:
                            cursor.execute("SELECT pg_sleep(%s)", [0.001 * ((name * 7 + n) % 5)])
        finally:
            connections.close_all()

    def publish_all() -> None:
        try:
            while not done.is_set():
                publishing.publish()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write_some, args=(n,)) for n in range(writers)]
    publishers = [threading.Thread(target=publish_all) for _n in range(2)]
    for thread in [*threads, *publishers]:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen += feed(office, after=(seen[-1].position or 0) if seen else 0)
    done.set()
    for thread in [*threads, *publishers]:
        thread.join(PATIENCE)
    publishing.publish()
    seen += feed(office, after=(seen[-1].position or 0) if seen else 0)

    assert len({row.pk for row in seen}) == len(seen) == writers * each
    for name in range(writers):
        assert [row.data["n"] for row in seen if row.data["by"] == name] == list(range(each))
    assert Delivery.objects.count() == writers * each


def test_what_is_new_rings_for_a_delivery_once(office: Organisation, jobs: Jobs) -> None:
    for _n in range(5):
        write(office)

    assert jobs.names() == ["pecportal.webhooks.tasks.deliver"]


def test_what_a_lost_job_left_is_delivered_by_the_next_run(
    office: Organisation, jobs: Jobs, receiver: Receiver
) -> None:
    build.webhook(office, url=receiver.url)
    write(office)
    jobs.clear()

    delivering.run(linger=0, soon=0)

    assert len(receiver.got) == 1


def test_events_are_kept_for_thirty_days_with_their_deliveries(office: Organisation) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=31)):
        write(office, "old")
        publishing.publish()
    with time_machine.travel(timezone.now() - timedelta(days=29)):
        write(office, "new")
        publishing.publish()

    assert forgetting.forget() == 1
    assert forgetting.forget() == 0

    assert [row.data["status"] for row in feed(office)] == ["new"]
    assert Delivery.objects.count() == 1
