"""A registered mailbox becomes active: form, papers, the vendor's judgement."""

import hashlib
import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from pypdf import PdfReader
from pytest_django import Settings

from mailboxes import activation, gathering, papers, tasks
from mailboxes.models import HandIn, Mailbox, Paper, VendorAct
from mailboxes.models.papers import PaperKind
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.upstream.errors import Rejected, Unavailable
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """A mailbox that waits for its documents."""
    return build.registered(jobs)


# --- the form


def test_the_form_is_asked_for_once_and_kept_as_it_came(vendor: TroubledSandbox, box: Mailbox) -> None:
    for _time in range(2):
        form = activation.fetch_form(box, client=vendors.connect())

    data = papers.contents(form)
    assert data.startswith(b"%PDF")
    assert b"ufficio.tributi@pecmassiva.com" in data
    assert hashlib.sha256(data).hexdigest() == form.sha256
    assert vendor.count(f"GET /pec/{box.vendor_id}/modulo_attivazione") == 1


def test_a_form_that_could_not_be_had_is_fetched_with_the_next_reading_of_the_state(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.answer("GET", "/pec/", 500, b"<html>down</html>")
    box = build.registered(jobs)
    assert activation.form_of(box) is None

    tasks.refresh(box.pk)

    assert activation.form_of(box) is not None


def test_there_is_no_form_before_the_registration() -> None:
    with pytest.raises(Refusal):
        activation.fetch_form(build.draft(), client=vendors.connect())


def test_what_is_no_pdf_is_not_kept_as_the_form(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.answer("GET", "/pec/", 200, b"<html>wait</html>")
    box = build.registered(jobs)

    assert not Paper.objects.exists()
    vendor.answer("GET", f"/pec/{box.vendor_id}/modulo", 200, b"not yet")
    with pytest.raises((Unavailable, Rejected)):
        activation.fetch_form(box, client=vendors.connect())


# --- handing in


def test_both_papers_reach_the_vendor_as_one_pdf_in_their_order(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs
) -> None:
    form = papers.contents(activation.fetch_form(box, client=vendors.connect()))
    build.gathered(box, form=form)
    activation.hand_in(box, actor=box.created_by)
    jobs.run()

    (document,) = vendor.mailboxes()[0].documents
    bundle = Paper.objects.get(kind=PaperKind.HANDED_IN)
    assert (document.pages, document.sha256) == (2, bundle.sha256)
    assert "MODULO DI ATTIVAZIONE" in PdfReader(io.BytesIO(papers.contents(bundle))).pages[0].extract_text()
    box = build.fresh(box)
    assert box.vendor_state == "in_evasione"
    assert box.hand_ins.get().state == "taken"


def test_other_kinds_of_mailbox_get_two_files(vendor: TroubledSandbox, box: Mailbox, jobs: Jobs) -> None:
    Mailbox.objects.filter(pk=box.pk).update(kind="GOLD")
    build.handed_in(build.fresh(box))
    jobs.run()

    assert [document.pages for document in vendor.mailboxes()[0].documents] == [1, 1]


def test_the_job_run_twice_hands_in_once(vendor: TroubledSandbox, box: Mailbox) -> None:
    handed = build.handed_in(box)

    for _time in range(2):
        activation.submit_documents(handed.pk, client=vendors.connect())

    assert sum(call.startswith("PATCH") for call in vendor.calls) == 1


def test_papers_handed_in_twice_are_taken_once(box: Mailbox, jobs: Jobs) -> None:
    build.handed_in(box)

    with pytest.raises(Refusal):
        activation.hand_in(box, actor=box.created_by)

    assert HandIn.objects.count() == 1


def test_no_documents_are_taken_for_a_mailbox_that_wants_none(box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="evasa")

    with pytest.raises(Refusal):
        build.handed_in(build.fresh(box))


def test_a_paper_that_cannot_be_taken_is_named_and_nothing_is_kept(box: Mailbox, tmp_path: Path) -> None:
    before = list((tmp_path / "files" / "papers").iterdir())

    with pytest.raises(Refusal) as caught:
        gathering.put(box, PaperKind.IDENTITY, name="b.doc", data=b"\xd0\xcf\x11\xe0", actor=box.created_by)

    assert caught.value.field == "identity"
    assert not gathering.gathered(box).keys
    assert list((tmp_path / "files" / "papers").iterdir()) == before


def test_papers_lie_sealed_on_disk_under_names_that_tell_nothing(box: Mailbox, tmp_path: Path) -> None:
    form, identity = build.pdf(), build.picture()
    build.gathered(box, form=form, identity=identity, names=("Rossi modulo.pdf", "Rossi carta.jpg"))

    files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(files) == 4  # the vendor's form, both papers, and the two as one
    for path in files:
        content = path.read_bytes()
        assert b"%PDF" not in content
        assert b"JFIF" not in content
        assert form[:64] not in content
        assert "rossi" not in path.name.lower()
        assert path.stat().st_mode & 0o077 == 0
    kept = Paper.objects.get(kind=PaperKind.IDENTITY)
    assert papers.contents(kept) == identity
    assert kept.name == "Rossi carta.jpg"


def test_a_sealed_paper_opens_in_its_own_place_only(box: Mailbox) -> None:
    build.handed_in(box)
    one, other = Paper.objects.order_by("pk")[1:3]
    with default_storage.open(one.stored_as) as file:
        sealed = file.read()
    default_storage.delete(other.stored_as)
    with default_storage.open(other.stored_as, "wb") as file:
        file.write(sealed)

    with pytest.raises(Exception, match="does not open"):
        papers.contents(other)


# --- refused


REFUSALS = [
    (428, 267, "you can activate the pec only when it is in the 'registrata' state", "does not expect documents"),
    (406, 296, "wrong file format, pdf required", "could not read the document"),
    (404, 266, "no pec found", "does not know this mailbox any more"),
    (402, None, "Insufficient Credit in Wallet: 0", "not enough credit"),
]


@pytest.mark.parametrize(("status", "error", "words", "sentence"), REFUSALS)
def test_a_refused_hand_in_is_told_and_papers_are_wanted_again(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs, status: int, error: int, words: str, sentence: str
) -> None:
    vendor.refuse("PATCH", "/pec", status, words, error=error)
    handed = build.handed_in(box)
    jobs.run()

    handed.refresh_from_db()
    assert handed.state == "refused"
    assert sentence in handed.objection
    assert words in handed.objection
    assert gathering.wants_documents(build.fresh(box))


@pytest.mark.parametrize(("status", "words"), [(401, "Wrong Token"), (429, "Too Many Requests")])
def test_a_token_that_grew_old_and_a_vendor_that_is_busy_keep_the_papers_waiting(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs, status: int, words: str
) -> None:
    vendor.refuse("PATCH", "/pec", status, words)
    handed = build.handed_in(box)
    jobs.run()
    handed.refresh_from_db()
    assert handed.state == "waiting"

    tasks.sweep()
    jobs.run()

    handed.refresh_from_db()
    assert handed.state == "taken"


def test_a_vendor_that_cannot_be_reached_gets_the_papers_later(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs, settings: Settings
) -> None:
    handed = build.handed_in(box)
    there, settings.OPENAPI_PEC_URL = settings.OPENAPI_PEC_URL, "http://127.0.0.1:9"
    jobs.run()
    handed.refresh_from_db()
    assert handed.state == "waiting"
    assert "cannot be reached" in handed.objection

    settings.OPENAPI_PEC_URL = there
    tasks.sweep()
    jobs.run()

    handed.refresh_from_db()
    assert (handed.state, handed.objection) == ("taken", "")


def test_an_account_that_may_not_sign_in_keeps_the_papers_waiting(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs, settings: Settings
) -> None:
    handed = build.handed_in(box)
    settings.OPENAPI_API_KEY = "another"
    jobs.run()

    handed.refresh_from_db()
    assert handed.state == "waiting"
    assert "portal's own account" in handed.objection


def test_while_the_account_may_not_sign_in_one_row_counts_the_tries_and_they_grow_rare(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs, settings: Settings
) -> None:
    key, settings.OPENAPI_API_KEY = settings.OPENAPI_API_KEY, "another"
    handed = build.handed_in(box)
    jobs.run()
    tried = VendorAct.objects.filter(kind="hand_in")
    first = tried.get().begun_at

    tasks.sweep()
    jobs.run()
    assert [act.times for act in tried] == [2]
    tasks.sweep()  # less than a minute later
    jobs.run()
    assert [act.times for act in tried] == [2]

    for minutes, times in ((1, 3), (3, 4), (7, 5), (15, 6), (30, 7), (30, 8)):
        tried.update(ended_at=timezone.now() - timedelta(minutes=minutes - 0.5))
        activation.ring_lost()
        assert "mailboxes.tasks.submit_documents" not in jobs.names()
        tried.update(ended_at=timezone.now() - timedelta(minutes=minutes))
        activation.ring_lost()
        jobs.run()
        assert [act.times for act in tried] == [times]
    assert tried.get().begun_at == first

    settings.OPENAPI_API_KEY = key
    vendors.forget_clients()
    tried.update(ended_at=timezone.now() - timedelta(minutes=30))
    activation.ring_lost()
    jobs.run()
    handed.refresh_from_db()
    assert (handed.state, handed.objection) == ("taken", "")
    assert [(act.outcome, act.times) for act in tried.order_by("pk")] == [("not_done", 8), ("done", 1)]


# --- judged


def test_accepted_documents_make_the_mailbox_active(vendor: TroubledSandbox, box: Mailbox, jobs: Jobs) -> None:
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)

    tasks.refresh(box.pk)

    assert build.fresh(box).is_active


def test_documents_that_were_not_accepted_are_handed_in_again(
    vendor: TroubledSandbox, box: Mailbox, jobs: Jobs
) -> None:
    vendor.judge_documents("reject", "Documento scaduto.")
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)
    box = build.fresh(box)
    assert box.vendor_state == "documenti_errati"
    assert "hand them in again" in box.next_step

    vendor.judge_documents("accept")
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)

    assert build.fresh(box).is_active
    assert list(HandIn.objects.order_by("pk").values_list("state", flat=True)) == ["taken", "taken"]
