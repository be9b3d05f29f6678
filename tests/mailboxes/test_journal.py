"""Who did what is recorded, without the data of people and without secrets."""

import json

import pytest

from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal.journal import record
from pecportal.journal.models import Entry
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
STORY = [
    "mailbox.start",
    "mailbox.register",
    "mailbox.state",
    "mailbox.paper_put",
    "mailbox.paper_put",
    "mailbox.hand_in",
    "mailbox.state",
    "mailbox.credentials",
    "mailbox.credentials_refused",
]


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """A mailbox that went the whole way."""
    box = build.registered(jobs)
    build.handed_in(box)
    jobs.run()
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="evasa")
    credentials.enter(build.fresh(box), username=box.address, password="segretissima", actor=box.created_by)
    credentials.refused(box.pk)
    return build.fresh(box)


def test_every_act_is_recorded_with_who_did_it(box: Mailbox) -> None:
    entries = list(Entry.objects.order_by("number"))

    assert [entry.action for entry in entries] == STORY
    people = {entry.action: entry.actor for entry in entries}
    assert people["mailbox.register"] == people["mailbox.hand_in"] == people["mailbox.credentials"] == box.created_by
    assert people["mailbox.state"] is None
    assert {(entry.organisation, entry.target_id) for entry in entries} == {(box.organisation, box.pk)}
    assert record.verify() is None


def test_no_entry_holds_data_of_people_or_secrets(box: Mailbox) -> None:
    told = json.dumps([entry.facts for entry in Entry.objects.all()])

    private = [*map(str, build.APPLICANT.values()), *map(str, build.HOLDER.values()), "segretissima", box.address]
    assert [text for text in private if len(text) > 3 and text in told] == []
