"""Papers go when they are no longer needed; that they were there, and their hashes, stay."""

from datetime import datetime, timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from mailboxes import activation, erasing, gathering, papers, tasks
from mailboxes.models import Mailbox, PagePicture, Paper, StateChange
from mailboxes.models.acts import Source
from mailboxes.models.papers import Erasure, PaperKind
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs, clerk: User) -> Mailbox:
    """A mailbox whose papers were handed in and are being examined."""
    box = build.registered(jobs, clerk)
    build.gathered(box, form=build.merged(build.picture(1700, 2300)))
    activation.hand_in(box, actor=clerk)
    jobs.run()
    return build.fresh(box)


def become(box: Mailbox, state: str, *, days_ago: float) -> None:
    """Let the mailbox have come into a state some days ago, and its papers have been there before."""
    at = timezone.now() - timedelta(days=days_ago)
    Mailbox.objects.filter(pk=box.pk).update(vendor_state=state)
    Paper.objects.filter(mailbox=box).update(added_at=at - timedelta(hours=1))
    StateChange.objects.create(mailbox=box, at=at, state=state, source=Source.POLLING)


def kept() -> set[str]:
    """The kinds of papers whose bytes are there, by the storage itself."""
    return {row.kind for row in Paper.objects.all() if default_storage.exists(row.stored_as)}


ALL = {PaperKind.FORM, PaperKind.SIGNED_FORM, PaperKind.IDENTITY, PaperKind.HANDED_IN}


@pytest.mark.parametrize(("days", "left"), [(29.5, ALL), (30.5, {PaperKind.FORM})])
def test_papers_go_some_days_after_the_mailbox_became_active(box: Mailbox, days: float, left: set[str]) -> None:
    become(box, "evasa", days_ago=days)

    tasks.erase_papers()

    assert kept() == left


def test_the_days_are_the_operators_to_say(box: Mailbox, settings: Settings) -> None:
    settings.PAPERS_ERASE_DAYS = 2
    become(box, "evasa", days_ago=3)

    tasks.erase_papers()

    assert kept() == {PaperKind.FORM}


def test_what_stays_of_an_erased_paper_is_its_fact_and_its_hash(box: Mailbox) -> None:
    before = Paper.objects.get(kind=PaperKind.IDENTITY)
    pictures = [row.stored_as for row in PagePicture.objects.all()]
    assert pictures
    become(box, "evasa", days_ago=31)

    erasing.sweep()

    row = Paper.objects.get(pk=before.pk)
    assert (row.sha256, row.size, row.kind) == (before.sha256, before.size, before.kind)
    assert row.hand_in == before.hand_in
    assert (row.name, row.erase_because) == ("", Erasure.ACTIVE)
    assert isinstance(row.erased_at, datetime)
    assert not PagePicture.objects.exists()
    assert not [name for name in pictures if default_storage.exists(name)]
    entries = Entry.objects.filter(action="mailbox.paper_erased")
    assert {entry.facts["sha256"] for entry in entries} >= {before.sha256}


def test_erased_twice_is_erased_once(box: Mailbox) -> None:
    become(box, "evasa", days_ago=31)

    assert [erasing.sweep(), erasing.sweep()] == [3, 0]
    assert Entry.objects.filter(action="mailbox.paper_erased").count() == 3


def test_an_erasure_that_was_interrupted_is_finished_the_next_time(box: Mailbox) -> None:
    row = Paper.objects.get(kind=PaperKind.IDENTITY)
    papers.discard([row], Erasure.REPLACED)  # and then the process died
    default_storage.delete(row.stored_as)

    assert erasing.sweep() == 1

    row.refresh_from_db()
    assert row.erased_at is not None


@pytest.mark.parametrize("state", ["registrazione_annullata", "chiusa", "revocata"])
def test_papers_of_a_registration_that_came_to_nothing_go_as_well(box: Mailbox, state: str) -> None:
    become(box, state, days_ago=31)

    erasing.sweep()

    assert kept() == {PaperKind.FORM}
    assert Paper.objects.get(kind=PaperKind.IDENTITY).erase_because == Erasure.CANCELLED


@pytest.mark.parametrize("state", ["registrata", "in_evasione", "documenti_errati"])
def test_papers_that_may_be_needed_stay_however_old_they_are(box: Mailbox, state: str) -> None:
    become(box, state, days_ago=400)

    erasing.sweep()

    assert kept() == ALL


def test_papers_on_their_way_stay(box: Mailbox) -> None:
    become(box, "evasa", days_ago=31)
    box.hand_ins.update(state="uncertain")

    erasing.sweep()

    assert kept() == ALL


def test_papers_that_were_never_handed_in_go_and_the_page_says_so(
    vendor: TroubledSandbox, jobs: Jobs, clerk: User, browser: Client
) -> None:
    box = build.registered(jobs, clerk)
    build.gathered(box)
    Paper.objects.filter(mailbox=box).update(added_at=timezone.now() - timedelta(days=31))

    erasing.sweep()

    assert kept() == {PaperKind.FORM}
    assert not gathering.gathered(box).keys
    assert "was never handed in, and was erased on" in words(browser.get(f"{box.get_absolute_url()}documents/"))


def test_the_mailboxs_page_says_what_was_erased_and_when(box: Mailbox, browser: Client) -> None:
    sha256 = Paper.objects.get(kind=PaperKind.IDENTITY).sha256
    become(box, "evasa", days_ago=31)
    erasing.sweep()

    page = browser.get(box.get_absolute_url())

    assert "this fact and the hash stay" in words(page)
    assert sha256 in words(page)
    assert "carta.jpg" not in words(page)
    assert "/papers/" not in page.content.decode()
