"""A mailbox is asked for: step by step, once, and what the vendor says of it."""

from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from mailboxes import activation, registration, tasks
from mailboxes.models import Application, Mailbox, StateChange, VendorAct
from mailboxes.models.acts import ActOutcome
from mailboxes.states import MailboxState
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


# --- the draft


def test_a_draft_keeps_each_step_and_knows_which_are_missing(clerk: User) -> None:
    box = registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk)

    registration.save_step(box, "applicant", build.APPLICANT)

    application = Application.objects.get(mailbox=box)
    assert application.steps_done == ["address", "applicant"]
    assert (application.nome_richiedente, application.codice_fiscale_richiedente) == ("Maria", "RSSMRA82D51H501H")


def test_a_step_saved_twice_is_done_once(clerk: User) -> None:
    box = registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk)

    for _time in range(2):
        registration.save_step(box, "holder", build.HOLDER)

    assert Application.objects.get(mailbox=box).steps_done == ["address", "holder"]


def test_an_organisation_has_one_draft_for_an_address(clerk: User) -> None:
    office = build.office_of(clerk)
    registration.start(office, address=build.ADDRESS, actor=clerk)

    with pytest.raises(Refusal) as caught:
        registration.start(office, address=build.ADDRESS, actor=clerk)

    assert caught.value.field == "address"
    assert Mailbox.objects.count() == 1


def test_a_draft_cannot_take_the_address_of_another_one(clerk: User) -> None:
    first, second = build.draft(clerk), build.draft(clerk, address="altro@pecmassiva.com")

    with pytest.raises(Refusal):
        registration.save_step(second, "address", {"address": first.address})

    assert build.fresh(second).address == "altro@pecmassiva.com"


def test_two_organisations_may_both_want_an_address() -> None:
    assert build.draft().address == build.draft().address


def test_an_address_whose_registration_was_cancelled_may_be_asked_for_again(clerk: User) -> None:
    box = build.draft(clerk)
    Mailbox.objects.filter(pk=box.pk).update(state="registered", vendor_state="registrazione_annullata", vendor_id="1")

    assert registration.start(build.office_of(clerk), address=box.address, actor=clerk).pk != box.pk


def test_another_domain_asks_for_the_kind_anew(clerk: User) -> None:
    box = build.draft(clerk)

    registration.save_step(box, "address", {"address": "tributi@pecmassiva.com"})
    assert "kind" in build.fresh(box).application.steps_done

    registration.save_step(box, "address", {"address": "tributi@legalmail.it"})
    assert build.fresh(box).application.steps_done == ["address", "applicant", "holder"]


# --- sent


def test_incomplete_data_are_not_sent(clerk: User) -> None:
    box = registration.start(build.office_of(clerk), address=build.ADDRESS, actor=clerk)

    with pytest.raises(Refusal):
        registration.submit(box, actor=clerk)

    assert build.fresh(box).state == MailboxState.DRAFT


def test_what_was_sent_is_neither_sent_nor_changed_again(jobs: Jobs) -> None:
    box = build.submitted()

    with pytest.raises(Refusal):
        registration.submit(box, actor=box.created_by)
    with pytest.raises(Refusal):
        registration.save_step(box, "applicant", build.APPLICANT | {"nome_richiedente": "Anna"})

    assert jobs.names() == ["mailboxes.tasks.register"]
    assert build.fresh(box).application.nome_richiedente == "Maria"


def test_a_submitted_mailbox_is_registered_with_its_form_fetched(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs)

    assert (box.state, box.vendor_state) == (MailboxState.REGISTERED, "registrata")
    assert box.vendor_id == vendor.mailboxes()[0].id
    assert activation.form_of(box) is not None
    assert VendorAct.objects.get().outcome == ActOutcome.DONE
    states = list(StateChange.objects.order_by("pk").values_list("state", "source"))
    assert states == [("draft", "person"), ("registering", "person"), ("registrata", "answer")]


def test_the_vendor_gets_dates_as_it_wants_them_and_nothing_that_was_left_empty(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    build.registered(jobs)

    fields = vendor.mailboxes()[0].fields
    assert fields["data_nascita_richiedente"] == "11/04/1982"
    assert (fields["tipo_cliente"], fields["sottotipo_cliente"]) == ("PL", "LC")
    box = Mailbox.objects.get()
    assert "cellulare" not in registration.fields(box)
    assert not {"steps_done", "mailbox"} & set(registration.fields(box))


def test_the_job_run_twice_registers_once(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()

    for _time in range(2):
        build.register(box)

    assert vendor.count("POST /pec") == 1
    assert len(vendor.mailboxes()) == 1


def test_a_mailbox_that_is_being_registered_is_not_asked_for_by_a_second_worker(
    vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = build.submitted()
    build.register(box)
    Mailbox.objects.filter(pk=box.pk).update(state=MailboxState.REGISTERING)
    VendorAct.objects.update(outcome=None)

    build.register(box)

    assert vendor.count("POST /pec") == 1


def test_no_more_is_known_of_the_callback_than_its_hash(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs)

    url = vendor.mailboxes()[0].fields["callback"]["url"]
    token = url.rstrip("/").rpartition("/")[2]
    assert len(token) >= 43
    assert token not in str(Mailbox.objects.filter(pk=box.pk).values().get())


# --- refused


REFUSALS = [
    (402, 262, "Insufficient Credit in Wallet: 0", "", "not enough credit"),
    (404, 326, "the domain prova is non-existent in the system or belongs to someone else", "address", "the domain"),
    (406, 209, "casella_pec not available", "address", "taken already"),
    (406, 242, "data_nascita_richiedente not valid, accepted format: dd/mm/yyyy", "data_nascita_richiedente", "values"),
    (406, 225, "tipo_casella not valid", "kind", "does not accept one of the values"),
    (428, 234, "telefono required", "telefono", "misses one of the values"),
    (403, None, "Forbidden", "", "may not do this"),
    (422, None, "Unprocessable", "", "The provider refused."),
]


@pytest.mark.parametrize(("status", "error", "words", "field", "sentence"), REFUSALS)
def test_a_refusal_gives_the_data_back_with_a_sentence_beside_its_field(
    vendor: TroubledSandbox, jobs: Jobs, status: int, error: int | None, words: str, field: str, sentence: str
) -> None:
    box = build.submitted()
    vendor.refuse("POST", "/pec", status, words, error=error)

    build.register(box)

    box = build.fresh(box)
    assert (box.state, box.problem_field) == (MailboxState.DRAFT, field)
    assert sentence in box.objection
    assert words in box.objection
    assert box.application.nome_richiedente == "Maria"
    act = VendorAct.objects.get()
    assert (act.outcome, act.answer_status, act.error) == (ActOutcome.NOT_DONE, status, error)


def test_after_a_refusal_the_corrected_data_are_sent_again(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    vendor.refuse("POST", "/pec", 428, "telefono required", error=234)
    jobs.run()

    registration.save_step(box, "applicant", build.APPLICANT | {"telefono": "061234567"})
    assert build.fresh(box).objection == ""
    registration.submit(box, actor=box.created_by)
    jobs.run()

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert vendor.mailboxes()[0].fields["telefono"] == "061234567"


def test_an_objection_stays_until_its_own_field_is_saved(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    vendor.refuse("POST", "/pec", 428, "telefono required", error=234)
    jobs.run()

    registration.save_step(box, "holder", build.HOLDER)

    assert build.fresh(box).problem_field == "telefono"


def test_an_empty_wallet_of_the_account_is_told_and_nothing_is_registered(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.wallet = vendor.price_registration - 1
    box = build.registered(jobs)

    assert box.state == MailboxState.DRAFT
    assert "not enough credit" in box.objection
    assert vendor.mailboxes() == []


def test_an_account_that_may_not_sign_in_is_told_and_nothing_is_asked_for(
    vendor: TroubledSandbox, jobs: Jobs, settings: Settings
) -> None:
    settings.OPENAPI_API_KEY = "another"
    box = build.registered(jobs)

    assert box.state == MailboxState.DRAFT
    assert "portal's own account" in box.objection
    assert vendor.count("POST /pec") == 0


# --- not reached, or not yet


@pytest.mark.parametrize(("status", "words"), [(401, "Wrong Token"), (429, "Too Many Requests")])
def test_a_token_that_grew_old_and_a_vendor_that_is_busy_are_tried_again(
    vendor: TroubledSandbox, jobs: Jobs, status: int, words: str
) -> None:
    box = build.submitted()
    vendor.refuse("POST", "/pec", status, words)
    jobs.run()
    assert build.fresh(box).state == MailboxState.REGISTERING

    tasks.sweep()
    jobs.run()

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert vendor.count("POST /pec") == 2


def test_a_second_401_in_a_row_is_the_accounts_and_is_told(vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.submitted()
    vendor.refuse("POST", "/pec", 401, "Wrong Token", error=125)
    jobs.run()
    vendor.refuse("POST", "/pec", 401, "Wrong Token", error=125)
    tasks.sweep()
    jobs.run()

    box = build.fresh(box)
    assert box.state == MailboxState.DRAFT
    assert "portal's own account" in box.objection
    assert vendor.count("POST /pec") == 2


def test_without_an_address_of_its_own_the_portal_asks_for_no_calls(
    vendor: TroubledSandbox, jobs: Jobs, settings: Settings
) -> None:
    settings.PORTAL_URL = ""
    build.registered(jobs)

    assert not vendor.mailboxes()[0].fields.get("callback")


def test_a_vendor_that_cannot_be_reached_is_asked_again(
    vendor: TroubledSandbox, jobs: Jobs, settings: Settings
) -> None:
    there = settings.OPENAPI_PEC_URL
    settings.OPENAPI_PEC_URL = settings.OPENAPI_OAUTH_URL = "http://127.0.0.1:9"
    box = build.registered(jobs)
    assert box.state == MailboxState.REGISTERING
    assert "cannot be reached" in box.objection

    settings.OPENAPI_PEC_URL = settings.OPENAPI_OAUTH_URL = there
    registration.ring_lost()
    jobs.run()

    box = build.fresh(box)
    assert (box.state, box.objection) == (MailboxState.REGISTERED, "")
    assert vendor.count("POST /pec") == 1


def test_who_does_not_want_to_wait_for_the_vendor_takes_the_data_back(jobs: Jobs) -> None:
    box = build.registered(jobs)
    assert registration.may_ask_again(box)

    registration.ask_again(box, actor=box.created_by)

    assert build.fresh(box).state == MailboxState.DRAFT
    with pytest.raises(Refusal):
        registration.ask_again(box, actor=box.created_by)


def test_what_has_just_been_sent_is_not_taken_back(jobs: Jobs) -> None:
    box = build.submitted()

    with pytest.raises(Refusal):
        registration.ask_again(box, actor=box.created_by)

    assert build.fresh(box).state == MailboxState.REGISTERING


# --- other answers


def test_a_changed_domain_is_the_mailboxs_address_and_the_wish_is_kept(vendor: TroubledSandbox, jobs: Jobs) -> None:
    vendor.answered_domain = "postamassiva.com"
    box = build.registered(jobs)

    assert (box.address, box.asked_address) == ("ufficio.tributi@postamassiva.com", build.ADDRESS)
    words = StateChange.objects.filter(mailbox=box).exclude(words="").values_list("words", flat=True)
    assert list(words) == [f"{build.ADDRESS} → ufficio.tributi@postamassiva.com"]


BROKEN: list[Any] = [
    b"<html>Bad gateway</html>",
    {"success": True, "data": None},
    {"success": True, "data": {"id": ""}},
]


@pytest.mark.parametrize("body", BROKEN)
def test_an_answer_that_cannot_be_read_leaves_a_doubt(vendor: TroubledSandbox, jobs: Jobs, body: Any) -> None:
    vendor.answer("POST", "/pec", 200, body, taken=True)
    box = build.registered(jobs)

    assert box.state == MailboxState.UNCERTAIN


def test_two_mailboxes_never_have_the_same_number_of_the_vendors(vendor: TroubledSandbox, jobs: Jobs) -> None:
    first = build.registered(jobs)
    second = kernel.mailbox(address="altra@pecmassiva.com", vendor=vendor)

    with pytest.raises(IntegrityError):
        Mailbox.objects.filter(pk=second.pk).update(vendor_id=first.vendor_id)
