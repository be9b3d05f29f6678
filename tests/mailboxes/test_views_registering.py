"""The wizard's pages: what is typed is kept, what is wrong is told beside its field, what was sent is sent once."""

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import registration
from mailboxes.models import Application, Mailbox
from mailboxes.states import MailboxState
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import file, words
from tests.mailboxes.trouble import TroubledSandbox
from tests.mailboxes.wizard import kind, post_step, send, url

pytestmark = pytest.mark.django_db(transaction=True)


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
    assert send(browser, box)["Location"] == box.get_absolute_url()
    jobs.run()

    assert "Sign the activation form and hand it in" in words(browser.get(box.get_absolute_url()))
    form = browser.get(url("form", box))
    papers = {"signed-form": file("firmato.pdf", form.content), "identity": file("carta.jpg", build.picture())}
    for place, paper in papers.items():
        browser.post(url("put_paper", box, place), {f"{place.replace('-', '_')}-file": paper})
    assert browser.post(url("documents", box))["Location"] == box.get_absolute_url()
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

    response = post_step(browser, box, "applicant", build.typed(build.APPLICANT, telefono="06 7654321"))

    assert response["Location"] == url("review", box)
    assert "067654321" in words(browser.get(url("review", box)))


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
    data |= {"tipo_cliente": "PL"}

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


def test_data_that_contradict_the_tax_code_are_kept_with_a_reason_that_the_review_shows(
    browser: Client, clerk: User
) -> None:
    box = build.draft(clerk)
    data = build.typed(build.APPLICANT, comune_nascita_richiedente="Milano", provincia_nascita_richiedente="")

    first = post_step(browser, box, "applicant", data)
    assert first.status_code == 422
    assert "The tax code names Roma (RM) as the place of birth." in words(first)
    assert 'name="differences" value="place"' in first.content.decode()
    reason = {"differences": "place", "overruled_reason": "Errore già segnalato all'Agenzia."}
    second = post_step(browser, box, "applicant", data | reason)

    assert second["Location"] == url("review", box)
    page = words(browser.get(url("review", box)))
    assert "are right all the same" in page
    assert "Errore già segnalato" in page
    assert str(clerk) in page
    assert "Errore già segnalato" in browser.get(url("step", box, "applicant")).content.decode()


def test_a_contradiction_that_nobody_settled_keeps_the_review_from_being_sent(browser: Client, clerk: User) -> None:
    box = build.draft(clerk, sesso_richiedente="M")

    page = words(browser.get(url("review", box)))
    assert "cannot be sent yet" in page
    assert "I DECLARE" not in page
    send(browser, box)

    assert build.fresh(box).state == MailboxState.DRAFT


def test_a_registration_that_was_begun_already_is_taken_up_where_it_stopped(browser: Client, clerk: User) -> None:
    for _time in range(2):
        response = browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS.upper()}, follow=True)

    assert Mailbox.objects.count() == 1
    assert response.redirect_chain[-1][0] == url("step", Mailbox.objects.get(), "kind")
    assert "begun already" in words(response)


def test_an_address_of_a_mailbox_that_is_there_already_is_told(browser: Client, clerk: User) -> None:
    build.submitted(clerk)

    response = browser.post(reverse("mailboxes:start"), {"address": build.ADDRESS})

    assert response.status_code == 422
    assert "has a mailbox with this address already" in words(response)


# --- the holder's fields


def test_the_fields_follow_from_the_kind_of_holder_and_what_was_typed_stays(browser: Client, clerk: User) -> None:
    box = registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk)
    page = browser.get(url("step", box, "holder")).content.decode()
    assert 'name="indirizzo_titolare"' not in page
    assert "A ministry, an agency" in page

    chosen = {"tipo_cliente": "A", "choose": "1", "indirizzo_titolare": "Via di Prova 1"}
    page = post_step(browser, box, "holder", chosen).content.decode()
    assert 'name="denominazione_titolare"' in page
    assert f'value="{build.office_of(clerk)}"' in page
    assert 'value="Via di Prova 1"' in page
    assert "invalid-feedback" not in page
    private = browser.post(url("step", box, "holder"), chosen | {"tipo_cliente": "PV"}, headers={"HX-Request": "true"})

    assert 'name="denominazione_titolare"' not in private.content.decode()
    assert 'value="Via di Prova 1"' in private.content.decode()
    assert "<html" not in private.content.decode()
    assert build.fresh(box).application.tipo_cliente == ""


def test_an_earlier_holder_is_a_start(browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs) -> None:
    first = build.registered(jobs, clerk, address="prima@pecmassiva.com")
    box = registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk)
    page = browser.get(url("step", box, "holder")).content.decode()
    assert f"?from={first.pk}" in page

    copied = browser.get(url("step", box, "holder"), {"from": first.pk}).content.decode()

    assert 'value="07973780013"' in copied
    assert build.fresh(box).application.cf_piva_titolare == ""
    foreign = build.registered(jobs, address="altrui@pecmassiva.com")
    assert 'value="07973780013"' not in browser.get(url("step", box, "holder"), {"from": foreign.pk}).content.decode()


# --- municipalities


@pytest.mark.parametrize(
    ("asked", "there", "missing"),
    [
        ({"comune_titolare": "fium"}, "Fiumicino (RM)", "Fiume (FU)"),
        ({"comune_nascita_richiedente": "fium", "former": "1"}, "Fiume (FU)", "Roma (RM)"),
        ({"comune_titolare": "l'aq"}, "L&#x27;Aquila (AQ)", "<html"),
        ({"comune_titolare": "r"}, "", "option"),
        ({}, "", "option"),
    ],
)
def test_municipalities_are_proposed_as_options(
    browser: Client, asked: dict[str, str], there: str, missing: str
) -> None:
    page = browser.get(reverse("mailboxes:places"), asked).content.decode()

    assert there in page
    assert missing not in page


# --- sent once


def test_a_second_click_sends_nothing_and_says_so(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = build.draft(clerk)

    send(browser, box)
    second = browser.post(url("submit", box), {"declaration": "I DECLARE"}, follow=True)
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
        (404, "the domain is non-existent in the system", "address", "Name before the @"),
        (406, "casella_pec not available", "address", "Name before the @"),
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
