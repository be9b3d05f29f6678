"""Every answer and state of the simulated vendor that concerns activation, as the vendor's file has them."""

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import activation, gathering, tasks
from mailboxes.models import Mailbox, Paper
from mailboxes.models.papers import PaperKind
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
NO_ID, MALFORMED = "6040e4613a716838dc4eee0e", "12"


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs, clerk: User) -> Mailbox:
    """The clerk's mailbox, which waits for its documents."""
    return build.registered(jobs, clerk)


def enter(vendor: TroubledSandbox, box: Mailbox, state: str) -> None:
    """Let the vendor have the mailbox in a state of which the portal does not know yet."""
    vendor.set_state(box.address, state)


# --- the answers to a hand-in


def wrong_id(vendor: TroubledSandbox, box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_id=MALFORMED)


def no_such_id(vendor: TroubledSandbox, box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_id=NO_ID)


def no_pdf(vendor: TroubledSandbox, box: Mailbox) -> None:
    for row in Paper.objects.filter(mailbox=box, kind=PaperKind.HANDED_IN):
        build.paper(box, PaperKind.HANDED_IN, b"PK\x03\x04", hand_in=row.hand_in)
        Paper.objects.filter(pk=row.pk).delete()


def no_documents(vendor: TroubledSandbox, box: Mailbox) -> None:
    vendor.refuse("PATCH", "/pec", 428, "documenti required", error=268)  # our client never leaves them out


def not_awaited(vendor: TroubledSandbox, box: Mailbox) -> None:
    enter(vendor, box, "revocata")


ANSWERS = {
    "400/265": (wrong_id, "does not know this mailbox any more", "Wrong id"),
    "404/266": (no_such_id, "does not know this mailbox any more", "no pec found"),
    "406/296": (no_pdf, "could not read the document", "pdf required"),
    "428/267": (not_awaited, "does not expect documents", "registrata|documenti_errati"),
    "428/268": (no_documents, "does not expect documents", "documenti required"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_each_refusal_of_a_hand_in_is_told_with_the_vendors_words(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, jobs: Jobs, case: str
) -> None:
    arrange, sentence, told = ANSWERS[case]
    handed = build.handed_in(box)
    arrange(vendor, box)

    jobs.run()

    handed.refresh_from_db()
    assert handed.state == "refused"
    assert sentence in handed.objection
    assert told in handed.objection
    act = box.acts.get(kind="hand_in")
    assert f"{act.answer_status}/{act.error}" == case
    assert told in words(browser.get(box.get_absolute_url()))


@pytest.mark.parametrize("case", ["406/296", "404/266"])
def test_after_a_refusal_the_papers_may_be_used_again(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, jobs: Jobs, case: str
) -> None:
    build.handed_in(box)
    ANSWERS[case][0](vendor, box)
    jobs.run()

    for place in ("signed-form", "identity"):
        browser.post(reverse("mailboxes:use_paper_again", args=[box.pk, place]))

    assert gathering.gathered(build.fresh(box)).is_complete


@pytest.mark.parametrize(
    ("status", "told", "sentence"),
    [
        (402, "Insufficient Credit in Wallet: 0", "not enough credit"),
        (403, "Wrong scope", "may not do this at the provider"),
    ],
)
def test_refusals_that_concern_the_account_are_told_so(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs, status: int, told: str, sentence: str
) -> None:
    vendor.refuse("PATCH", "/pec", status, told)
    handed = build.handed_in(box)
    jobs.run()

    handed.refresh_from_db()
    assert (handed.state, sentence in handed.objection) == ("refused", True)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_a_doubt_and_the_papers_do_not_go_twice(
    box: Mailbox, vendor: TroubledSandbox, jobs: Jobs, status: int
) -> None:
    vendor.answer("PATCH", "/pec", status, b"<html>down</html>", taken=True)
    handed = build.handed_in(box)
    jobs.run()
    handed.refresh_from_db()
    assert handed.state == "uncertain"

    build.age()
    tasks.sweep()
    jobs.run()

    handed.refresh_from_db()
    assert handed.state == "taken"
    assert sum(call.startswith("PATCH") for call in vendor.calls) == 1


# --- the answers to the question for the form


@pytest.mark.parametrize(
    ("vendor_id", "told"), [(MALFORMED, "Invalid id"), (NO_ID, "no request matches this id")], ids=["400", "404"]
)
def test_a_form_of_a_mailbox_that_the_vendor_does_not_know_is_told_with_its_words(
    browser: Client, box: Mailbox, vendor_id: str, told: str
) -> None:
    Paper.objects.all().delete()
    Mailbox.objects.filter(pk=box.pk).update(vendor_id=vendor_id)

    page = browser.get(reverse("mailboxes:form", args=[box.pk]), follow=True)

    assert "The provider does not give the form." in words(page)
    assert told in words(page)


def test_a_form_that_the_vendor_refuses_for_another_reason_is_told_with_its_words(
    browser: Client, box: Mailbox, vendor: TroubledSandbox
) -> None:
    Paper.objects.all().delete()
    words_of_it = b"you cannot activate conservation if you do not first activate a pec"
    vendor.answer("GET", "/pec/", 406, words_of_it, plain=True)

    page = browser.get(reverse("mailboxes:form", args=[box.pk]), follow=True)

    assert "you cannot activate conservation" in words(page)


# --- the vendor's states


STATES = {
    "registrata": (True, "Sign the activation form and hand it in"),
    "documenti_errati": (True, "did not accept the documents"),
    "in_evasione": (False, "is examining the documents"),
    "evasa": (False, "Enter the mailbox's user name and password"),
    "revocata": (False, "Nothing can be sent from this mailbox"),
    "chiusa": (False, "Nothing can be sent from this mailbox"),
    "registrazione_annullata": (False, "Nothing can be sent from this mailbox"),
}


@pytest.mark.parametrize("state", STATES)
def test_documents_are_wanted_in_two_states_and_every_state_is_told(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, state: str
) -> None:
    wanted, sentence = STATES[state]
    enter(vendor, box, state)
    tasks.refresh(box.pk)
    box = build.fresh(box)

    assert box.vendor_state == state
    assert gathering.wants_documents(box) is wanted
    assert sentence in words(browser.get(box.get_absolute_url()))
    assert browser.get(reverse("mailboxes:documents", args=[box.pk])).status_code == (200 if wanted else 302)


def test_a_state_that_changed_while_papers_were_gathered_keeps_them_from_going_out(
    box: Mailbox, vendor: TroubledSandbox
) -> None:
    build.gathered(box)
    enter(vendor, box, "registrazione_annullata")
    tasks.refresh(box.pk)

    with pytest.raises(Exception, match="No documents are wanted"):
        activation.hand_in(build.fresh(box), actor=box.created_by)
