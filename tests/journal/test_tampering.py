"""The database refuses changes; where its guard was taken away, a thousand random ones are found at the right entry."""

import random

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from pecportal.journal import guard, origin
from pecportal.journal.models import Entry, Head
from pecportal.journal.record import Break, digest, record, verify
from tests import build

pytestmark = pytest.mark.django_db
EDITS = 1000
FIELDS = (
    "at",
    "actor_name",
    "action",
    "target_id",
    "facts",
    "door",
    "address",
    "before",
    "after",
    "previous",
    "digest",
)


def fill(count: int) -> list[Entry]:
    office = build.organisation()
    person = build.user(office)
    with origin.coming_from(origin.Door.BROWSER, "192.0.2.7"):
        return [
            record("plan.save", actor=person, organisation=office, target=office, before={"n": n}, after={"n": -n}, n=n)
            for n in range(count)
        ]


def execute(*statements: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal_entry SET action = 'x' WHERE number = 2",
        "DELETE FROM journal_entry WHERE number = 2",
        "DELETE FROM journal_entry",
        "UPDATE journal_head SET number = 1",
        "UPDATE journal_head SET digest = 'x'",
        "UPDATE journal_head SET number = number + 2",
        "DELETE FROM journal_head",
    ],
)
def test_the_database_refuses_to_change_or_remove_anything(statement: str) -> None:
    fill(3)

    with pytest.raises(DatabaseError, match=guard.WORDS):
        execute(statement)

    assert verify() is None
    assert Entry.objects.count() == 3


@pytest.mark.parametrize("table", ["journal_entry", "journal_head"])
def test_postgresql_refuses_to_empty_a_table(table: str) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no TRUNCATE: it is a DELETE there")
    fill(2)

    with pytest.raises(DatabaseError, match=guard.WORDS):
        execute("SET CONSTRAINTS ALL IMMEDIATE", f"TRUNCATE {table} CASCADE")

    assert Entry.objects.count() == 2


def test_postgresql_refuses_even_what_a_replication_role_would_do() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such roles")
    fill(2)

    with pytest.raises(DatabaseError, match=guard.WORDS):
        execute("SET LOCAL session_replication_role = replica", "DELETE FROM journal_entry")


def test_the_guard_is_there_after_migrating_and_comes_back() -> None:
    assert guard.is_installed()
    guard.remove()
    assert not guard.is_installed()

    call_command("migrate", "journal", verbosity=0)

    assert guard.is_installed()


@pytest.mark.once
def test_a_thousand_random_edits_are_found_at_the_right_entry(unguarded: None) -> None:
    entries = fill(25)
    chance = random.Random(2026)
    for _edit in range(EDITS):
        entry = chance.choice(entries)
        field = chance.choice(FIELDS)
        changed = other(getattr(entry, field), chance)
        Entry.objects.filter(pk=entry.pk).update(**{field: changed})

        found = verify()

        assert found is not None, (entry.number, field, changed)
        assert found.number == entry.number, (entry.number, field, changed)
        Entry.objects.filter(pk=entry.pk).update(**{field: getattr(entry, field)})
    assert verify() is None


def other(value: object, chance: random.Random) -> object:
    """Something else of the same kind."""
    if isinstance(value, dict):
        return {**value, "n": chance.randrange(100, 10**6)}
    if isinstance(value, str):
        place = chance.randrange(len(value))
        return value[:place] + chr((ord(value[place]) - 32 + chance.randrange(1, 90)) % 95 + 32) + value[place + 1 :]
    return value + 1 if isinstance(value, int) else value.replace(year=value.year - chance.randrange(1, 9))  # type: ignore[attr-defined]


def test_two_entries_that_change_places_are_found(unguarded: None) -> None:
    fill(4)
    for old, new in ((2, 100), (3, 2), (100, 3)):
        Entry.objects.filter(number=old).update(number=new)

    assert verify() == Break(2, "it does not follow the entry before it")


def test_an_entry_that_is_added_by_hand_is_found(unguarded: None) -> None:
    last = fill(3)[-1]
    last.pk, last.number, last.previous = None, 4, last.digest
    last.digest = digest(last)
    last.save(force_insert=True)

    assert verify() == Break(4, "it was added behind the journal's back")


def test_entries_of_the_first_version_still_hold_and_their_new_fields_cannot_be_filled(unguarded: None) -> None:
    first, second = fill(2)
    before = "0" * 64
    for entry in (first, second):
        entry.version, entry.door, entry.address, entry.before, entry.after, entry.previous = 1, "", "", {}, {}, before
        before = entry.digest = digest(entry)
        entry.save()
    Head.objects.update(digest=before)
    record("plan.save")

    assert verify() is None
    assert Entry.objects.get(number=3).version == 2

    Entry.objects.filter(number=2).update(address="203.0.113.9")
    assert verify() == Break(2, "its content was changed")


def test_who_only_passes_a_new_entry_off_as_an_old_one_is_found(unguarded: None) -> None:
    fill(3)
    Entry.objects.filter(number=2).update(version=1, door="", address="", before={}, after={})

    assert verify() == Break(2, "its content was changed")


@pytest.mark.parametrize("value", [1e16, 1.5e300, 2.0, 0.1, 1e-7, {"a": (1, 2)}, "a\0b", {3: 1, 20: 2}, "è€😀", True])
def test_whatever_is_recorded_is_read_back_as_it_was_hashed(value: object) -> None:
    record("plan.save", before={"value": value}, value=value)

    assert verify() is None


def test_secrets_are_masked_and_only_what_differs_is_kept() -> None:
    entry = record(
        "account.save",
        before={"rate": 1, "name": "Uno", "api_key": "canary"},
        after={"rate": 2, "name": "Uno", "api_key": "canary-2"},
        password="canary",
        nested={"access_token": "canary"},
        new_token=True,
    )

    entry.refresh_from_db()
    assert (entry.before, entry.after) == ({"rate": 1}, {"rate": 2})
    assert entry.facts == {"password": "***", "nested": {"access_token": "***"}, "new_token": True}
