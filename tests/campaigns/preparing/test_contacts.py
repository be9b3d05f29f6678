"""The address book: each act has its author, an address is there once, lists come out of groups and go into them."""

import csv
from pathlib import Path

import pytest

from campaigns.models import Change, Contact, ContactChange, ContactGroup
from campaigns.preparing import contacts
from campaigns.preparing.contacts import Entry
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


def taken_in(clerk: User, tmp_path: Path, content: str, *, group: ContactGroup | None = None) -> contacts.Imported:
    path = tmp_path / "contatti.csv"
    path.write_text(content)
    office = build.organisation_of(clerk)
    done = contacts.take_in(office, path, name=path.name, group=group, actor=clerk)
    assert isinstance(done, contacts.Imported)
    return done


def told(clerk: User) -> list[list[str]]:
    return list(contacts.rows(build.organisation_of(clerk)))


def test_a_change_is_kept_with_its_author_and_what_was_there_before(clerk: User) -> None:
    row = build.contact(clerk)
    entry = Entry("rossi@pec.example", "Rossi S.r.l.", "7973780013", {"settore": "scuole"})
    group = build.group(clerk)

    for _time in range(2):
        contacts.save(row.organisation, entry, groups=[group], actor=clerk, contact=row)

    latest = row.changes.first()
    assert latest is not None
    assert (latest.change, latest.by) == (Change.EDITED, clerk)
    assert latest.facts == {
        "name": ["Ditta Rossi", "Rossi S.r.l."],
        "code": ["", "07973780013"],
        "groups": ["", "Scuole"],
    }
    assert row.changes.count() == 2


@pytest.mark.parametrize(
    "entry",
    [
        Entry("ROSSI@pec.example"),
        Entry("rossi"),
        Entry("a@pec.example", values={"pec": "x"}),
        Entry("a@pec.example", code="123456789012345678"),
    ],
)
def test_what_cannot_be_a_contact_is_refused(clerk: User, entry: Entry) -> None:
    build.contact(clerk)

    with pytest.raises(Refusal):
        contacts.save(build.organisation_of(clerk), entry, groups=[], actor=clerk)

    assert Contact.objects.count() == 1


def test_another_organisation_may_have_the_same_contact(clerk: User) -> None:
    build.contact(clerk)
    build.contact(build.clerk())

    assert Contact.objects.count() == 2


def test_foreign_groups_are_joined_by_nobody(clerk: User) -> None:
    theirs = build.group(build.clerk())

    row = build.contact(clerk, groups=[theirs])

    assert not row.groups.exists()
    assert list(contacts.rows(row.organisation, [theirs])) == told(clerk)


def test_a_file_adds_changes_and_tells_its_faulty_rows(clerk: User, tmp_path: Path) -> None:
    build.contact(clerk)
    group = build.group(clerk, "Fornitori")
    content = (
        "Ragione sociale;PEC;P.IVA;zona\n;Rossi@PEC.example;;nord\nVerdi;verdi@pec.example;7973780013;sud\nx;falso;;\n"
    )

    done = taken_in(clerk, tmp_path, content, group=group)
    again = taken_in(clerk, tmp_path, content, group=group)

    assert (done.added, done.changed, done.faulty, done.faults[0][0]) == (1, 1, 1, 4)
    assert (again.added, again.changed) == (0, 0)
    assert told(clerk) == [
        ["pec", "nome", "codice", "settore", "zona"],
        ["rossi@pec.example", "Ditta Rossi", "", "scuole", "nord"],
        ["verdi@pec.example", "Verdi", "07973780013", "", "sud"],
    ]
    assert group.contacts.count() == 2


def test_what_went_out_comes_in_again_unchanged(clerk: User, tmp_path: Path) -> None:
    build.contact(clerk)
    other = build.clerk()
    path = tmp_path / "contatti.csv"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows(told(clerk))

    taken_in(other, tmp_path, path.read_text())

    assert told(other) == told(clerk)


def test_a_list_is_made_of_groups_with_every_field(clerk: User) -> None:
    schools, firms = build.group(clerk), build.group(clerk, "Fornitori")
    build.contact(clerk, groups=[schools, firms])
    build.contact(clerk, address="altri@pec.example", name="Nessun gruppo")
    campaign = build.draft(clerk)

    contacts.list_of(campaign, [schools, firms], actor=clerk)

    row = campaign.recipients.get()
    assert (row.address, row.values["nome"], row.values["settore"]) == ("rossi@pec.example", "Ditta Rossi", "scuole")
    campaign.refresh_from_db()
    assert campaign.list_name == "Scuole, Fornitori.csv"


@pytest.mark.parametrize("empty", [True, False])
def test_a_list_of_nobody_is_refused_and_the_old_one_stays(clerk: User, empty: bool) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)

    with pytest.raises(Refusal):
        contacts.list_of(campaign, [build.group(clerk)] if empty else [], actor=clerk)

    assert campaign.recipients.count() == 3


def test_a_list_is_saved_as_a_group_and_who_is_known_stays_as_he_is(clerk: User) -> None:
    build.contact(clerk)
    campaign = build.upload(
        build.draft(clerk),
        "ente;pec;cf;zona\nAltro nome;rossi@pec.example;;x\nVerdi;verdi@pec.example;07973780013;sud\n",
    )

    group = contacts.group_of(campaign, "Zona sud", actor=clerk)
    assert isinstance(group, ContactGroup)

    found = group.contacts.order_by("address").values_list("address", "name", "code", "values")
    assert list(found) == [
        ("rossi@pec.example", "Ditta Rossi", "", {"settore": "scuole"}),
        ("verdi@pec.example", "Verdi", "07973780013", {"zona": "sud"}),
    ]
    with pytest.raises(Refusal, match="no other"):
        contacts.group_of(campaign, "zona SUD", actor=clerk)


def test_a_removed_contact_leaves_its_history_and_the_lists_made_of_it(clerk: User) -> None:
    group = build.group(clerk)
    row = build.contact(clerk, groups=[group])
    campaign = build.draft(clerk)
    contacts.list_of(campaign, [group], actor=clerk)

    contacts.remove(row, actor=clerk)
    contacts.remove_group(group, actor=clerk)

    assert campaign.recipients.count() == 1
    acts = ContactChange.objects.order_by("pk").values_list("change", "about")
    assert list(acts) == [
        ("group_made", "Scuole"),
        ("added", "rossi@pec.example"),
        ("removed", "rossi@pec.example"),
        ("group_removed", "Scuole"),
    ]
