"""Papers on pages: identity documents for few, never inline, each look recorded; signatures and remarks in words."""

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import activation, gathering, tasks
from mailboxes.models import Mailbox, Paper
from mailboxes.models.papers import PaperKind
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build, signing
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs, clerk: User) -> Mailbox:
    """The clerk's mailbox, which waits for its documents."""
    return build.registered(jobs, clerk)


def url(name: str, box: Mailbox, *more: int | str) -> str:
    return reverse(f"mailboxes:{name}", args=[box.pk, *more])


def paper(box: Mailbox, kind: PaperKind) -> Paper:
    return Paper.objects.get(mailbox=box, kind=kind, erased_at=None)


# --- who may see what

KINDS = [PaperKind.SIGNED_FORM, PaperKind.IDENTITY, PaperKind.HANDED_IN]
READERS = {
    "giver": (True, True, True),
    "administrator": (True, True, True),
    "other keeper": (True, False, False),
    "preparer": (False, False, False),
    "auditor": (False, False, False),
    "foreign administrator": (False, False, False),
    "operator": (False, False, False),
}


def reader(name: str, box: Mailbox) -> User:
    """A person of that sort."""
    if name == "giver":
        return box.created_by
    if name == "operator":
        return User.objects.create_superuser("operatore@portale.example", "password")
    where = kernel.organisation() if name.startswith("foreign") else box.organisation
    return kernel.user(where, Role.KEEPER if name == "other keeper" else Role(name.split()[-1]))


@pytest.mark.parametrize("name", READERS)
def test_identity_documents_are_given_to_their_giver_and_to_administrators_alone(
    client: Client, box: Mailbox, name: str
) -> None:
    build.gathered(box)
    client.force_login(reader(name, box))

    statuses = [client.get(url("paper", box, paper(box, kind).pk)).status_code for kind in KINDS]

    assert statuses == [200 if may else 404 for may in READERS[name]]


def test_every_look_at_a_paper_is_recorded_with_who_looked(client: Client, box: Mailbox) -> None:
    build.gathered(box)
    administrator = kernel.user(box.organisation, Role.ADMINISTRATOR)
    client.force_login(administrator)
    row = paper(box, PaperKind.IDENTITY)

    for _time in range(2):
        client.get(url("paper", box, row.pk))

    entries = Entry.objects.filter(action="mailbox.paper_seen")
    assert [(entry.actor, entry.facts["sha256"]) for entry in entries] == [(administrator, row.sha256)] * 2


def test_a_look_that_is_refused_gives_and_records_nothing(client: Client, box: Mailbox) -> None:
    build.gathered(box)
    client.force_login(kernel.user(box.organisation, Role.KEEPER))

    client.get(url("paper", box, paper(box, PaperKind.IDENTITY).pk))

    assert not Entry.objects.filter(action="mailbox.paper_seen").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_papers_are_downloads_that_cannot_run(browser: Client, box: Mailbox, kind: PaperKind) -> None:
    build.gathered(box)

    response = browser.get(url("paper", box, paper(box, kind).pk))

    assert response["Content-Disposition"].startswith("attachment;")
    assert response["Content-Type"] == ("image/jpeg" if kind == PaperKind.IDENTITY else "application/pdf")
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


def test_a_paper_of_another_mailbox_of_the_same_office_is_not_found_under_this_one(
    browser: Client, box: Mailbox, jobs: Jobs, clerk: User
) -> None:
    build.gathered(box)
    other = build.registered(jobs, clerk, address="altro@pecmassiva.com")

    assert browser.get(url("paper", other, paper(box, PaperKind.SIGNED_FORM).pk)).status_code == 404


def test_an_erased_paper_is_not_found(browser: Client, box: Mailbox) -> None:
    build.gathered(box)
    row = paper(box, PaperKind.IDENTITY)
    gathering.take_back(box, PaperKind.IDENTITY, actor=box.created_by)

    assert browser.get(url("paper", box, row.pk)).status_code == 404


def test_pages_of_a_signed_form_are_shown_and_none_of_an_identity_document(browser: Client, box: Mailbox) -> None:
    build.gathered(box, form=build.merged(build.picture(1700, 2300)), identity=build.picture(1700, 2300))
    form, identity = paper(box, PaperKind.SIGNED_FORM), paper(box, PaperKind.IDENTITY)

    shown = browser.get(url("page_picture", box, form.pk, 1))

    assert shown["Content-Type"] == "image/jpeg"
    assert shown.content.startswith(b"\xff\xd8\xff")
    assert browser.get(url("page_picture", box, identity.pk, 1)).status_code == 404
    page = browser.get(url("documents", box)).content.decode()
    assert page.count("<img") == page.count(url("page_picture", box, form.pk, 1)) == 1


def test_the_page_offers_only_downloads_that_its_reader_may_have(client: Client, box: Mailbox) -> None:
    build.gathered(box)
    client.force_login(kernel.user(box.organisation, Role.KEEPER))

    page = client.get(url("documents", box)).content.decode()

    assert url("paper", box, paper(box, PaperKind.SIGNED_FORM).pk) in page
    assert url("paper", box, paper(box, PaperKind.IDENTITY).pk) not in page
    assert paper(box, PaperKind.IDENTITY).sha256 in page


# --- signatures in words


def test_a_signature_is_shown_with_its_signer_its_time_and_what_was_not_checked(browser: Client, box: Mailbox) -> None:
    build.gathered(box, form=signing.pades(build.pdf(), signing.person()))

    text = words(browser.get(url("documents", box)))

    assert "Digital signature: intact" in text
    assert "who issued the certificate was not checked" in text
    assert f"Maria Rossi ({signing.APPLICANT})" in text
    assert "by the signer's own computer" in text
    assert "The digital signature does not go along" in text


def test_that_the_signature_is_lost_has_to_be_confirmed(browser: Client, box: Mailbox, jobs: Jobs) -> None:
    build.gathered(box, form=signing.pades(build.pdf(), signing.person()))

    refused = browser.post(url("documents", box))
    assert refused.status_code == 422
    assert "Confirm that you know" in words(refused)
    assert not box.hand_ins.exists()

    assert browser.post(url("documents", box), {"knows_loss": "on"})["Location"] == box.get_absolute_url()
    assert box.hand_ins.count() == 1


def test_what_makes_a_page_hard_to_read_is_told_with_its_number(browser: Client, box: Mailbox) -> None:
    form, blurred = build.merged(build.text_picture()), build.text_picture(blur=14)
    build.gathered(box, form=form, identity=build.merged(build.text_picture(), build.picture(1200, 1600), blurred))

    text = words(browser.get(url("documents", box)))

    assert "Page 2 seems blank." in text
    assert "Page 3 seems blurred: can everything be read?" in text
    assert "Page 1 seems" not in text


# --- documents that were not accepted


def test_the_history_tells_each_hand_in_with_what_was_in_it_and_why_it_was_not_accepted(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.reason_field = "motivo"
    vendor.judge_documents("reject", "Documento scaduto.")
    build.handed_in(box)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)
    box = build.fresh(box)

    text = words(browser.get(url("documents", box)))
    assert "Its words: “Documento scaduto.”" in text
    assert "not accepted by the provider: “Documento scaduto.”" in text
    assert "Identity document: carta.jpg" in text
    assert "use it again" in text

    browser.post(url("use_paper_again", box, "signed-form"))
    browser.post(url("use_paper_again", box, "identity"))
    vendor.judge_documents("accept")
    activation.hand_in(box, actor=box.created_by)
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)
    text = words(browser.get(box.get_absolute_url()))
    assert "accepted, the mailbox became active" in text
    assert "not accepted by the provider" in text
