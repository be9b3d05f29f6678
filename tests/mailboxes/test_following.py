"""The vendor's word: kept as it is, with its source, asked for less and less often."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from mailboxes import following, history, tasks
from mailboxes.models import Mailbox, StateChange
from mailboxes.models.acts import Source
from pecportal import vendor as vendors
from pecportal.journal.models import Entry
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    return build.registered(jobs)


def refresh(box: Mailbox) -> bool | None:
    return following.refresh(box.pk, client=vendors.connect())


def record(box: Mailbox, **fields: object) -> dict[str, object]:
    """An answer about the mailbox."""
    data = {"id": box.vendor_id, "casella_pec": box.address, "stato": "registrata", "tipo_casella": "PECMASSIVA"}
    return {"success": True, "message": "", "error": None, "data": data | fields}


def test_a_new_state_is_kept_with_its_source_and_recorded(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.set_state(box.address, "evasa")

    assert refresh(box) is True

    assert build.fresh(box).is_active
    assert StateChange.objects.filter(mailbox=box, state="evasa", source="polling").count() == 1
    assert Entry.objects.get(action="mailbox.state", facts__state="evasa").facts == {
        "state": "evasa",
        "source": "polling",
    }


def test_the_same_state_read_twice_is_one_line_of_history(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.set_state(box.address, "evasa")

    assert [refresh(box), refresh(box)] == [True, False]

    assert StateChange.objects.filter(mailbox=box, state="evasa").count() == 1


@pytest.mark.parametrize("word", ["in_lavorazione", "sospesa per morosità", "<b>x</b>", "x" * 200])
def test_a_word_that_nobody_knows_is_shown_as_it_is_and_asked_for_further(
    vendor: TroubledSandbox, box: Mailbox, word: str
) -> None:
    for _time in range(2):
        vendor.answer("GET", "/pec/", 200, record(box, stato=word))
        refresh(box)

    box = build.fresh(box)
    assert box.state_words == word[:60]
    assert (box.tone, box.is_active, box.next_step) == ("secondary", False, "")
    assert history.lines(box)[0].state == word[:60]
    assert StateChange.objects.filter(mailbox=box, state=word[:60]).count() == 1
    assert box.refresh_at is not None
    assert box.refresh_at < timezone.now() + timedelta(hours=1)


def test_an_answer_without_a_state_leaves_the_one_that_was_known(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.answer("GET", "/pec/", 200, record(box, stato=None))

    assert refresh(box) is False

    assert build.fresh(box).vendor_state == "registrata"


def test_an_older_answer_that_comes_later_changes_nothing(vendor: TroubledSandbox, box: Mailbox) -> None:
    client = vendors.connect()
    older = client.pec.get(box.vendor_id)
    vendor.advance(hours=1)
    vendor.set_state(box.address, "evasa")
    following.refresh(box.pk, client=client)
    assert build.fresh(box).is_active

    with transaction.atomic():
        assert not following.take_in(box, older, source=Source.POLLING)

    assert build.fresh(box).is_active


def test_an_answer_about_another_mailbox_is_not_taken(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.answer("GET", "/pec/", 200, record(box, id="f" * 24, stato="evasa", casella_pec="altra@pecmassiva.com"))

    assert refresh(box) is False

    fresh = build.fresh(box)
    assert (fresh.vendor_id, fresh.vendor_state, fresh.address) == (box.vendor_id, "registrata", box.address)


@pytest.mark.parametrize("theirs", ["", "nessuna", "x" * 300 + "@pecmassiva.com", "a b@c"])
def test_what_is_no_address_does_not_become_the_mailboxs(vendor: TroubledSandbox, box: Mailbox, theirs: str) -> None:
    vendor.answer("GET", "/pec/", 200, record(box, casella_pec=theirs))

    refresh(box)

    assert build.fresh(box).address == build.ADDRESS


def test_an_address_that_changes_and_changes_back_leaves_no_trace_of_a_difference(
    vendor: TroubledSandbox, box: Mailbox
) -> None:
    for theirs in ("ufficio.tributi@postamassiva.com", build.ADDRESS):
        vendor.answer("GET", "/pec/", 200, record(box, casella_pec=theirs))
        refresh(box)

    assert (build.fresh(box).address, build.fresh(box).asked_address) == (build.ADDRESS, "")


def test_the_vendors_record_is_kept_without_the_callbacks_secret_and_without_what_no_database_takes(
    vendor: TroubledSandbox, box: Mailbox
) -> None:
    odd = record(box, nota="a\x00b\ud800c", callback={"url": "https://secret.example/token"}, tutto=[{"x": 1}], n=3)
    vendor.answer("GET", "/pec/", 200, odd)

    refresh(box)

    kept = build.fresh(box).vendor_record
    assert kept["nota"] == "a\ufffdb\ufffdc"
    assert kept["n"] == 3
    assert not {"callback", "tutto"} & set(kept)


def test_the_reason_for_refusing_documents_is_kept_where_one_is_given(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.answer("GET", "/pec/", 200, record(box, stato="documenti_errati", motivo="Firma mancante"))

    refresh(box)

    assert following.documents_reason(box) == "Firma mancante"


def test_a_vendor_that_does_not_answer_changes_nothing_and_is_asked_later(
    vendor: TroubledSandbox, box: Mailbox, settings: Settings
) -> None:
    settings.OPENAPI_PEC_URL = "http://127.0.0.1:9"

    assert refresh(box) is None

    fresh = build.fresh(box)
    assert fresh.vendor_state == "registrata"
    assert fresh.refresh_at is not None
    assert fresh.refresh_at > timezone.now()


def test_readings_grow_rarer_while_nothing_changes_and_quick_again_when_something_does(
    vendor: TroubledSandbox, box: Mailbox
) -> None:
    minutes = []
    for _time in range(7):
        refresh(box)
        fresh = build.fresh(box)
        assert fresh.refresh_at is not None
        assert fresh.refreshed_at is not None
        minutes.append((fresh.refresh_at - fresh.refreshed_at).total_seconds() / 60)
    assert minutes == [1, 2, 5, 10, 30, 30, 30]

    vendor.set_state(box.address, "in_evasione")
    refresh(box)
    assert build.fresh(box).refreshes == 0


def test_an_active_mailbox_is_asked_for_once_a_day(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.set_state(box.address, "evasa")
    refresh(box)

    fresh = build.fresh(box)
    assert fresh.refresh_at is not None
    assert fresh.refresh_at > timezone.now() + timedelta(hours=23)


def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(jobs: Jobs, box: Mailbox) -> None:
    assert following.ask_soon() == 0

    build.age()
    tasks.sweep()

    assert [name for name in jobs.names() if "notices" not in name] == ["mailboxes.tasks.refresh"]


def test_polling_alone_follows_a_mailbox_to_its_end(vendor: TroubledSandbox, jobs: Jobs, box: Mailbox) -> None:
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)

    build.age()
    tasks.sweep()
    jobs.run()

    assert build.fresh(box).is_active


@pytest.mark.parametrize("state", ["revocata", "chiusa", "registrazione_annullata"])
def test_a_mailbox_that_ended_may_not_send(state: str) -> None:
    box = kernel.mailbox(vendor_state=state)

    assert box.why_not() is not None
    assert box.next_step == ""
