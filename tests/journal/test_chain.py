"""The journal's chain holds, and shows whatever was changed."""

import pytest
from django.db import transaction

from pecportal.journal import record as journal
from pecportal.journal.models import Entry
from pecportal.organisations.models import Organisation, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def entries() -> list[Entry]:
    person = User.objects.create_user("anna@portale.example")
    office = Organisation.objects.create(name="Ufficio")
    acts = ["campaign.launch", "campaign.pause", "campaign.resume"]
    return [journal.record(act, actor=person, organisation=office, target=office, number=1) for act in acts]


def test_entries_follow_one_another(entries: list[Entry]) -> None:
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert entries[1].previous == entries[0].digest
    assert journal.verify() is None


@pytest.mark.parametrize(
    "change", [{"action": "campaign.cancel"}, {"actor_name": "altri@portale.example"}, {"facts": {"number": 2}}]
)
def test_a_changed_entry_is_found(unguarded: None, entries: list[Entry], change: dict[str, object]) -> None:
    Entry.objects.filter(number=2).update(**change)

    assert journal.verify() == journal.Break(2, "its content was changed")


def test_a_missing_entry_is_found(unguarded: None, entries: list[Entry]) -> None:
    Entry.objects.filter(number=2).delete()

    assert journal.verify() == journal.Break(2, "an entry is missing")


def test_a_missing_end_is_found(unguarded: None, entries: list[Entry]) -> None:
    Entry.objects.filter(number=3).delete()

    assert journal.verify() == journal.Break(3, "entries at the end are missing")


def test_what_is_rolled_back_is_not_recorded(entries: list[Entry]) -> None:
    with transaction.atomic():
        journal.record("campaign.cancel")
        transaction.set_rollback(True)

    assert Entry.objects.count() == 3
    assert journal.verify() is None
