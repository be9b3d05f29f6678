"""Papers are gathered one at a time: none is lost for another, and what goes out is what was seen."""

import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from pypdf import PdfReader
from pytest_django import Settings

from mailboxes import activation, gathering, papers, remarks, tasks
from mailboxes.models import Mailbox, PagePicture, Paper
from mailboxes.models.papers import Erasure, PaperKind
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.permissions import Role
from tests import build as kernel
from tests import clamd
from tests.jobs import Jobs
from tests.mailboxes import build, signing
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
SIGNED, IDENTITY = PaperKind.SIGNED_FORM, PaperKind.IDENTITY


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """A mailbox that waits for its documents."""
    return build.registered(jobs)


def put(box: Mailbox, kind: PaperKind, data: bytes, name: str = "a.pdf") -> Paper:
    return gathering.put(box, kind, name=name, data=data, actor=box.created_by)


def two_files(box: Mailbox) -> Mailbox:
    """The same mailbox, of a kind that wants two files."""
    Mailbox.objects.filter(pk=box.pk).update(kind="GOLD")
    return build.fresh(box)


def rejected(box: Mailbox, vendor: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """The same mailbox, whose documents were not accepted."""
    vendor.judge_documents("reject", "Documento scaduto.")
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)
    vendor.judge_documents("accept")
    return build.fresh(box)


def said(paper: Paper | None) -> str:
    assert paper is not None
    return " ".join(remark.text for remark in remarks.of(paper, applicant=signing.APPLICANT))


# --- one at a time


def test_a_paper_waits_for_the_other_and_then_both_are_made_what_the_vendor_gets(box: Mailbox) -> None:
    put(box, SIGNED, build.pdf(2))
    assert gathering.gathered(box).bundles == []

    put(box, IDENTITY, build.picture())

    ready = gathering.gathered(box)
    assert ready.is_complete
    (bundle,) = ready.bundles
    assert len(PdfReader(io.BytesIO(papers.contents(bundle))).pages) == 3


def test_what_is_handed_in_is_what_was_seen(box: Mailbox, vendor: TroubledSandbox, jobs: Jobs) -> None:
    (seen,) = build.gathered(box).bundles

    activation.hand_in(box, actor=box.created_by)
    jobs.run()

    (document,) = vendor.mailboxes()[0].documents
    assert document.sha256 == seen.sha256


def test_a_replaced_paper_is_erased_at_once_and_its_hash_stays(box: Mailbox) -> None:
    build.gathered(box)
    old, bundle = gathering.gathered(box).identity, gathering.gathered(box).bundles[0]
    assert old is not None

    put(box, IDENTITY, build.picture(1000, 1300))

    for row in (old, bundle):
        hash_before = row.sha256
        row.refresh_from_db()
        assert (row.erase_because, row.sha256, row.name) == (Erasure.REPLACED, hash_before, "")
        assert row.erased_at is not None
        assert not default_storage.exists(row.stored_as)
    assert gathering.gathered(box).is_complete
    assert gathering.gathered(box).bundles[0].pk != bundle.pk


def test_a_bad_replacement_leaves_the_good_paper(box: Mailbox) -> None:
    good = put(box, IDENTITY, build.picture())

    with pytest.raises(Refusal):
        put(box, IDENTITY, b"Gentile ufficio")

    assert gathering.gathered(box).identity == good
    assert papers.contents(good)


def test_a_paper_that_makes_both_too_long_is_refused_and_the_other_stays(box: Mailbox) -> None:
    put(box, SIGNED, build.pdf(40))

    with pytest.raises(Refusal, match="more than 50 pages") as caught:
        put(box, IDENTITY, build.pdf(11))

    assert caught.value.field == IDENTITY
    assert gathering.gathered(box).keys == {Paper.objects.get(kind=SIGNED).pk}


def test_a_paper_taken_back_is_erased_once(box: Mailbox) -> None:
    build.gathered(box)

    assert gathering.take_back(box, IDENTITY, actor=box.created_by)
    assert not gathering.take_back(box, IDENTITY, actor=box.created_by)

    ready = gathering.gathered(box)
    assert (ready.identity, ready.bundles) == (None, [])
    assert ready.signed_form is not None


@pytest.mark.parametrize("missing", [SIGNED, IDENTITY])
def test_nothing_is_handed_in_while_a_paper_is_missing(box: Mailbox, missing: PaperKind) -> None:
    build.gathered(box)
    gathering.take_back(box, missing, actor=box.created_by)

    with pytest.raises(Refusal) as caught:
        activation.hand_in(box, actor=box.created_by)

    assert caught.value.field == missing


def test_files_that_got_lost_between_two_uploads_are_made_when_they_are_handed_in(box: Mailbox, jobs: Jobs) -> None:
    build.gathered(box)
    Paper.objects.filter(kind=PaperKind.HANDED_IN).delete()

    handed = activation.hand_in(box, actor=box.created_by)

    assert handed.papers.filter(kind=PaperKind.HANDED_IN).count() == 1


def test_every_paper_put_and_taken_back_is_recorded_without_its_name(box: Mailbox) -> None:
    put(box, IDENTITY, build.picture(), name="Rossi carta.jpg")
    gathering.take_back(box, IDENTITY, actor=box.created_by)

    entries = Entry.objects.filter(action__startswith="mailbox.paper").order_by("number")
    assert [each.action for each in entries] == [
        "mailbox.paper_put",
        "mailbox.paper_taken_back",
        "mailbox.paper_erased",
    ]
    assert "Rossi" not in str([each.facts for each in entries])


# --- signatures that do not go along


def test_a_digital_signature_is_lost_in_one_pdf_only_with_the_clerks_knowledge(box: Mailbox) -> None:
    build.gathered(box, form=signing.pades(build.pdf(), signing.person()))

    with pytest.raises(Refusal) as caught:
        activation.hand_in(box, actor=box.created_by)
    assert caught.value.field == "knows_loss"

    handed = activation.hand_in(box, actor=box.created_by, knows_loss=True)
    kept = handed.papers.get(kind=SIGNED)
    assert b"/ByteRange" in papers.contents(kept)
    assert kept.facts["signatures"][0]["verdict"] == "intact"


def test_a_signed_pdf_reaches_a_kind_that_takes_two_files_untouched(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    signed = signing.pades(build.pdf(), signing.person())
    box = two_files(box)
    ready = build.gathered(box, form=signed)
    assert ready.signed_form is not None
    assert not gathering.loses_signature(box, ready.signed_form)

    activation.hand_in(box, actor=box.created_by)
    jobs.run()

    assert vendor.mailboxes()[0].documents[0].sha256 == ready.signed_form.sha256


def test_out_of_an_envelope_the_pdf_alone_goes_to_the_vendor(box: Mailbox, vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = two_files(box)
    ready = build.gathered(box, form=signing.p7m(build.pdf(3), signing.person()))
    assert ready.signed_form is not None
    assert gathering.loses_signature(box, ready.signed_form)

    activation.hand_in(box, actor=box.created_by, knows_loss=True)
    jobs.run()

    assert [document.pages for document in vendor.mailboxes()[0].documents] == [3, 1]
    assert papers.contents(ready.signed_form)[:1] == b"0"


# --- compared with what was given


def test_the_form_without_a_signature_is_told_from_the_signed_one(box: Mailbox) -> None:
    form = papers.contents(activation.fetch_form(box, client=vendors.connect()))

    put(box, SIGNED, form)
    assert "nobody has signed it" in said(gathering.gathered(box).signed_form)

    put(box, SIGNED, signing.pades(form, signing.person()))
    assert "this mailbox's form, unchanged" in said(gathering.gathered(box).signed_form)

    put(box, SIGNED, signing.p7m(form, signing.person()))
    assert "this mailbox's form, unchanged" in said(gathering.gathered(box).signed_form)

    put(box, SIGNED, build.picture(1700, 2300))
    assert "counts as signed by hand" in said(gathering.gathered(box).signed_form)


def test_another_mailboxs_text_and_missing_pages_are_told(box: Mailbox) -> None:
    two = build.merged(papers.contents(activation.fetch_form(box, client=vendors.connect())), build.pdf())
    row = Paper.objects.get(kind=PaperKind.FORM)
    Paper.objects.filter(pk=row.pk).delete()
    build.paper(box, PaperKind.FORM, two)

    put(box, SIGNED, (Path(__file__).parents[2] / "docs" / "examples" / "informazioni.pdf").read_bytes())

    text = said(gathering.gathered(box).signed_form)
    assert "form has 2 pages, this file only 1" in text
    assert "not that of this mailbox's form" in text


def test_a_signer_who_is_not_the_applicant_is_told(box: Mailbox) -> None:
    other = signing.person(name=("Ugo", "Bianchi"), tax_code="BNCGUO70A01H501X")
    put(box, SIGNED, signing.pades(build.pdf(), other))
    assert "signed by Ugo Bianchi (BNCGUO70A01H501X)" in said(gathering.gathered(box).signed_form)

    put(box, SIGNED, signing.pades(build.pdf(), signing.person()))
    assert "signed by" not in said(gathering.gathered(box).signed_form)

    put(box, SIGNED, signing.pades(build.pdf(), signing.person(tax_code="")))
    assert "holds no tax code" in said(gathering.gathered(box).signed_form)


def test_a_signed_form_is_drawn_small_and_an_identity_document_never(box: Mailbox) -> None:
    put(box, SIGNED, build.merged(build.picture(1700, 2300), build.picture(1700, 2300)))
    put(box, IDENTITY, build.picture(1700, 2300))

    drawn = PagePicture.objects.all()
    assert [(row.paper.kind, row.page) for row in drawn] == [(SIGNED, 1), (SIGNED, 2)]
    assert papers.picture(drawn[0]).startswith(b"\xff\xd8\xff")


# --- after documents that were not accepted


def test_good_papers_of_a_hand_in_that_was_not_accepted_are_used_again(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = rejected(box, vendor, jobs)
    kept = [papers.contents(row) for row in box.hand_ins.get().papers.all()]
    assert len(kept) == 3

    gathering.use_again(box, SIGNED, actor=box.created_by)
    put(box, IDENTITY, build.picture(1000, 1300))
    activation.hand_in(box, actor=box.created_by)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)

    assert build.fresh(box).is_active
    first, second = box.hand_ins.order_by("pk")
    assert papers.contents(first.papers.get(kind=SIGNED)) == papers.contents(second.papers.get(kind=SIGNED))


def test_who_uses_anothers_identity_document_again_may_not_see_it_for_that(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = rejected(box, vendor, jobs)
    colleague = kernel.user(box.organisation, Role.KEEPER)

    again = gathering.use_again(box, IDENTITY, actor=colleague)

    assert again.by == box.created_by
    assert not Paper.objects.readable_by(colleague).filter(pk=again.pk).exists()


def test_papers_that_are_erased_cannot_be_used_again(box: Mailbox, vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = rejected(box, vendor, jobs)
    Paper.objects.filter(kind=IDENTITY).update(erase_because=Erasure.ACTIVE)

    with pytest.raises(Refusal, match="no longer there"):
        gathering.use_again(box, IDENTITY, actor=box.created_by)


def test_a_form_that_was_changed_after_its_signature_is_not_called_unchanged(box: Mailbox) -> None:
    form = papers.contents(activation.fetch_form(box, client=vendors.connect()))

    put(box, SIGNED, signing.changed_after(signing.pades(form, signing.person())))

    assert "unchanged" not in said(gathering.gathered(box).signed_form)


def test_a_failure_while_papers_are_kept_leaves_no_file_behind(box: Mailbox, tmp_path: Path) -> None:
    folder = tmp_path / "files" / "papers"
    before = set(folder.iterdir())

    with pytest.raises(IntegrityError):
        keep_two(box)

    assert set(folder.iterdir()) == before
    assert not Paper.objects.filter(kind=IDENTITY).exists()


def keep_two(box: Mailbox) -> None:
    """Two at once, of which the mailbox has one only."""
    with papers.shelf() as shelf, transaction.atomic():
        for _time in range(2):
            papers.keep(box, IDENTITY, shelf.put(build.picture(), [build.picture()]), name="carta.jpg")


# --- the virus scanner


def test_a_paper_with_a_virus_is_refused_and_the_one_before_stays(box: Mailbox, settings: Settings) -> None:
    before = put(box, IDENTITY, build.picture(), name="carta.jpg")
    with clamd.serve() as scanner:
        settings.CLAMD_URL = scanner.url
        with pytest.raises(Refusal, match=r"There is a virus in “infetta.jpg”") as caught:
            put(box, IDENTITY, build.picture() + clamd.MARK, name="infetta.jpg")
        assert caught.value.field == IDENTITY
        assert Entry.objects.filter(action="upload.virus", target_id=box.pk).count() == 1
        put(box, SIGNED, build.pdf())
        settings.CLAMD_URL = "tcp://127.0.0.1:9"
        with pytest.raises(Refusal, match="cannot be checked for viruses now"):
            put(box, IDENTITY, build.picture())

    assert gathering.gathered(box).of(IDENTITY) == before
