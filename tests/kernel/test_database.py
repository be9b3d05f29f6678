"""What the database raises while it is away is told from what is wrong with a statement."""

import time

import pytest
from django.db import Error, IntegrityError, InterfaceError, OperationalError, ProgrammingError, connection, transaction

from pecportal import database, hosts, queue
from pecportal.organisations.models import Organisation
from tests.jobs import Jobs

NOT_POSTGRES = connection.vendor != "postgresql"


def raised(statement: str) -> Error:
    with pytest.raises(Error) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    return caught.value


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_lost_connection_means_that_it_is_away(error: Error) -> None:
    assert database.is_away(error)


@pytest.mark.django_db
def test_what_it_forbids_or_does_not_understand_does_not() -> None:
    Organisation.objects.create(name="Ufficio")
    with pytest.raises(IntegrityError) as twice, transaction.atomic():
        Organisation.objects.create(name="Ufficio", pk=Organisation.objects.get().pk)

    assert not database.is_away(twice.value)
    assert not database.is_away(ProgrammingError("no such table"))
    with pytest.raises(IntegrityError):
        database.wait_out(twice.value)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(NOT_POSTGRES, reason="these are PostgreSQL's own states")
@pytest.mark.parametrize(
    "statement",
    [
        "SET TRANSACTION READ ONLY; UPDATE operation_pulse SET name = name",
        "SET LOCAL idle_in_transaction_session_timeout = '1ms'; SELECT pg_sleep(0.01)",
        "DO $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END $$",
        "DO $$ BEGIN RAISE EXCEPTION 'sorry, too many clients already' USING ERRCODE = 'too_many_connections'; END $$",
        "SELECT pg_terminate_backend(pg_backend_pid())",
    ],
)
def test_a_server_that_is_read_only_full_crowded_or_restarting_is_away(statement: str) -> None:
    error = raised(statement) if "idle" not in statement else _slept(statement)

    assert database.is_away(error)
    database.wait_out(error)
    assert Organisation.objects.count() == 0


def _slept(statement: str) -> Error:
    """What whoever slept too long within a transaction is told afterwards."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            time.sleep(0.2)
            cursor.execute("SELECT 1")
    except Error as exc:
        return exc
    raise AssertionError("The session was not ended.")


def test_the_queue_waits_for_a_database_that_is_away(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    queue.enqueue("campaigns.tasks.pump")
    rows = queue.Rows("pecportal-sending")
    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict, "NAME", "/nowhere/at.all")
        connection.close()
        assert rows.dequeue() is None
    taken = rows.dequeue()

    assert taken is not None
    assert jobs.names() == []


def test_holders_of_leases_are_told_apart_and_name_their_machine() -> None:
    first, second = hosts.holder(), hosts.holder()

    assert first != second
    assert first.startswith(f"{hosts.name()}:")
    assert len(first) <= 63
