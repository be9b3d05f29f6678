"""The wizard's pages: what is typed is kept, what is wrong is told beside its field, what was sent is sent once."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import asking
from mailboxes.models import Application, Mailbox
from mailboxes.states import MailboxState
from pecportal import vendor as vendors
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import Answer, file, words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


def url(name: str, box: Mailbox, *args: str) -> str:
    return reverse(f"mailboxes:{name}", args=[box.pk, *args])


def post_step(browser: Client, box: Mailbox, step: str, data: dict[str, Any]) -> Answer:
    return browser.post(url("step", box, step), data)


def kind() -> dict[str, str]:
    return {"kind": "PECMASSIVA", "plan": str(build.plan().pk)}


# --- the whole way


def test_a_clerk_goes_from_nothing_to_an_active_tested_mailbox(
    browser: Client, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    response = browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS})
    box = Mailbox.objects.get()
    assert response["Location"] == url("step", box, "kind")
    assert post_step(browser, box, "kind", kind())["Location"] == url("step", box, "applicant")
    assert post_step(browser, box, "applicant", build.typed(build.APPLICANT))["Location"] == url("step", box, "holder")
    assert post_step(browser, box, "holder", build.typed(build.HOLDER))["Location"] == url("review", box)
    assert "Comune di Prova" in words(browser.get(url("review", box)))
    assert browser.post(url("submit", box))["Location"] == box.get_absolute_url()
    jobs.run()

    assert "Sign the activation form and hand it in" in words(browser.get(box.get_absolute_url()))
    form = browser.get(url("form", box))
    papers = {"signed_form": file("firmato.pdf", form.content), "identity": file("carta.jpg", build.picture())}
    assert browser.post(url("documents", box), papers)["Location"] == box.get_absolute_url()
    jobs.run()
    assert "examining the documents" in words(browser.get(box.get_absolute_url()))

    vendor.advance(hours=25)
    build.age()
    browser.post(url("refresh", box))
    assert "Enter the mailbox's user name and password" in words(browser.get(box.get_absolute_url()))
    access = {"username": build.ADDRESS, "password": vendor.password_of(build.ADDRESS)}
    page = browser.post(url("credentials", box), access, follow=True)

    assert "The user name and the password work." in words(page)
    assert "Campaigns may be sent from it." in words(page)
    assert build.fresh(box).why_not() is None


def test_a_registration_is_taken_up_by_a_colleague_where_it_was_left(browser: Client, clerk: User) -> None:
    browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS})
    box = Mailbox.objects.get()
    post_step(browser, box, "kind", kind())
    post_step(browser, box, "applicant", build.typed(build.APPLICANT))

    colleague = Client()
    colleague.force_login(build.keeper(build.office_of(clerk)))
    page = colleague.get(box.get_absolute_url())
    assert f'href="{url("step", box, "holder")}"' in page.content.decode()
    assert 'value="Rossi"' in colleague.get(url("step", box, "applicant")).content.decode()
    post_step(colleague, box, "holder", build.typed(build.HOLDER))

    assert colleague.get(url("review", box)).status_code == 200


def test_a_correction_leads_back_to_the_review(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)

    response = post_step(browser, box, "applicant", build.typed(build.APPLICANT, nome_richiedente="Marina"))

    assert response["Location"] == url("review", box)
    assert "Marina" in words(browser.get(url("review", box)))


def test_the_review_of_incomplete_data_leads_to_what_is_missing(browser: Client) -> None:
    browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS})
    box = Mailbox.objects.get()

    assert browser.get(url("review", box))["Location"] == url("step", box, "kind")


def test_a_date_comes_back_as_it_was_typed(browser: Client, clerk: User) -> None:
    page = browser.get(url("step", build.draft(clerk), "applicant")).content.decode()

    assert 'value="11/04/1982"' in page


@pytest.mark.parametrize("step", ["address", "kind", "applicant", "holder"])
def test_nothing_of_a_faulty_step_is_stored_and_all_of_it_is_shown_again(
    browser: Client, clerk: User, step: str
) -> None:
    box = build.draft(clerk)
    before = Application.objects.filter(mailbox=box).values().get(), Mailbox.objects.filter(pk=box.pk).values().get()
    data = {"address": "nessuno", "kind": "x", "nome_richiedente": "Battuto", "indirizzo_titolare": "Battuto"}

    response = post_step(browser, box, step, data)

    assert response.status_code == 422
    assert "Please put this right" in words(response)
    assert ("Battuto" if step in ("applicant", "holder") else "x") in response.content.decode()
    after = Application.objects.filter(mailbox=box).values().get(), Mailbox.objects.filter(pk=box.pk).values().get()
    assert after == before


def test_what_is_typed_is_shown_as_text(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)
    post_step(browser, box, "applicant", build.typed(build.APPLICANT, nome_richiedente="<script>x</script>"))

    assert b"<script>x" not in browser.get(url("review", box)).content


def test_a_doubtful_place_of_birth_is_a_warning_and_holds_up_nobody(browser: Client, clerk: User) -> None:
    box = build.draft(clerk, provincia_nascita_richiedente="MI")

    page = browser.get(url("review", box))

    assert "names Roma (RM) as the place of birth" in words(page)
    assert browser.post(url("submit", box)).status_code == 302
    assert build.fresh(box).state == MailboxState.REGISTERING


def test_a_second_address_that_is_there_already_is_told(browser: Client, clerk: User) -> None:
    build.draft(clerk)

    response = browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS.upper()})

    assert response.status_code == 422
    assert "has a mailbox with this address already" in words(response)
    assert Mailbox.objects.count() == 1


# --- sent once


def test_a_second_click_sends_nothing_and_says_so(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = build.draft(clerk)

    browser.post(url("submit", box))
    second = browser.post(url("submit", box), follow=True)
    jobs.run()

    assert "The registration was sent already" in words(second)
    assert vendor.count("POST /pec") == 1


@pytest.mark.parametrize("name", ["step", "review"])
def test_pages_of_the_data_lead_to_the_mailbox_once_they_were_sent(browser: Client, clerk: User, name: str) -> None:
    box = build.submitted(clerk)
    page = url("step", box, "applicant") if name == "step" else url("review", box)

    assert browser.get(page)["Location"] == box.get_absolute_url()


def test_a_form_left_open_does_not_change_what_was_sent(browser: Client, clerk: User) -> None:
    box = build.submitted(clerk)

    post_step(browser, box, "applicant", build.typed(build.APPLICANT, nome_richiedente="Anna"))

    assert build.fresh(box).application.nome_richiedente == "Maria"


def test_a_step_that_is_none_is_not_there(browser: Client, clerk: User) -> None:
    assert browser.get(url("step", build.draft(clerk), "payment")).status_code == 404


def test_forged_forms_are_refused(clerk: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(clerk)
    box = build.draft(clerk)

    assert strict.post(url("submit", box)).status_code == 403
    assert strict.post(url("documents", box), {"signed_form": file("a.pdf", b"x")}).status_code == 403
    assert build.fresh(box).state == MailboxState.DRAFT


# --- what the vendor objects to


@pytest.mark.parametrize(
    ("status", "message", "step", "label"),
    [
        (428, "telefono required", "applicant", "Telephone"),
        (406, "cap_titolare not valid", "holder", "Postal code"),
        (404, "the domain is non-existent in the system", "address", "Address"),
        (406, "casella_pec not available", "address", "Address"),
    ],
)
def test_the_vendors_objection_stands_in_the_page_of_its_field_and_on_the_mailbox(
    browser: Client,
    clerk: User,
    vendor: TroubledSandbox,
    jobs: Jobs,
    status: int,
    message: str,
    step: str,
    label: str,
) -> None:
    vendor.refuse("POST", "/pec", status, message)
    box = build.registered(jobs, clerk)

    page = browser.get(url("step", box, step))

    assert f"because of the field “{label}”" in words(page)
    assert f"“{message}”" in words(page)
    detail = browser.get(box.get_absolute_url())
    assert f"“{message}”" in words(detail)
    assert "Nothing is lost" in words(detail)
    assert f'href="{url("step", box, step)}"' in detail.content.decode()
    review = browser.get(url("review", box))
    assert f"“{message}”" in words(review)
    assert f'href="{url("step", box, step)}"' in review.content.decode()


def test_an_empty_wallet_is_told_where_it_can_be_sent_again(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.wallet = vendor.wallet * 0
    box = build.registered(jobs, clerk)

    assert "has not enough credit" in words(browser.get(url("review", box)))
    assert "has not enough credit" not in words(browser.get(url("step", box, "applicant")))


# --- whether an address is free


def check(browser: Client, address: str) -> str:
    """What both ways of asking say, which is the same."""
    posted = words(browser.post(reverse("mailboxes:start"), {"address": address, "check": "1"}))
    fragment = words(browser.get(reverse("mailboxes:availability"), {"address": address}))
    assert fragment in posted
    return fragment


def test_a_free_address_is_told_free_and_nothing_is_stored(browser: Client, vendor: TroubledSandbox) -> None:
    assert "libera@pecmassiva.com is free" in check(browser, "libera@pecmassiva.com")
    assert not Mailbox.objects.exists()


@pytest.mark.parametrize("as_error", [False, True])
def test_a_taken_address_is_told_taken(browser: Client, vendor: TroubledSandbox, as_error: bool) -> None:
    vendor.taken_as_error = as_error

    assert "occupata@pecmassiva.com is taken" in check(browser, "occupata@pecmassiva.com")


def test_other_addresses_that_the_vendor_offers_are_shown(browser: Client, vendor: TroubledSandbox) -> None:
    offer = {"success": True, "data": {"available": False, "proposte": ["altra1@pecmassiva.com"]}, "message": "Presa"}
    for _time in range(2):
        vendor.answer("GET", "/verifica_pec", 200, offer)

    told = check(browser, "presa@pecmassiva.com")

    assert "altra1@pecmassiva.com" in told
    assert "“Presa”" in told


def test_an_address_that_cannot_be_checked_is_told_with_the_vendors_words(
    browser: Client, vendor: TroubledSandbox
) -> None:
    for _time in range(2):
        vendor.refuse("GET", "/verifica_pec", 406, "only legalmail addresses can be checked")

    told = check(browser, "x@pecmassiva.com")

    assert "cannot check this address beforehand" in told
    assert "“only legalmail addresses can be checked”" in told


def test_a_vendor_that_does_not_answer_is_told_apart(browser: Client) -> None:
    assert "The provider does not answer just now" in check(browser, "x@pecmassiva.com")


def test_an_account_that_may_not_ask_is_told_apart(browser: Client, vendor: TroubledSandbox) -> None:
    for _time in range(2):
        vendor.refuse("GET", "/verifica_pec", 402, "Insufficient Credit in Wallet: 0")

    assert "has not enough credit" in check(browser, "x@pecmassiva.com")


def test_what_is_no_address_is_not_asked_for(browser: Client, vendor: TroubledSandbox) -> None:
    page = browser.get(reverse("mailboxes:availability"), {"address": "nessuno"})

    assert "This is no complete address" in words(page)
    assert not [call for call in vendor.calls if "verifica" in call]


def test_the_check_on_a_draft_keeps_its_address(browser: Client, clerk: User, vendor: TroubledSandbox) -> None:
    box = build.draft(clerk)

    page = post_step(browser, box, "address", {"address": "altra@pecmassiva.com", "check": "1"})

    assert "altra@pecmassiva.com is free" in words(page)
    assert build.fresh(box).address == build.ADDRESS


def test_every_failure_of_the_question_is_a_verdict(vendor: TroubledSandbox) -> None:
    vendor.answer("GET", "/verifica_pec", 200, b"<html>")

    assert asking.ask("x@pecmassiva.com", client=vendors.connect()).word == "unreachable"


def test_the_pages_of_a_draft_hold_no_script_or_style_of_their_own(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)

    for step in ("address", "kind", "applicant", "holder"):
        page = browser.get(url("step", box, step)).content.decode()
        assert re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", page) == []
