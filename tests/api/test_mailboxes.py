"""Mailboxes over HTTP: asked for in one request with the wizard's checks, once, and followed to what comes of it."""

import json
import re
import uuid
from copy import deepcopy
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from pytest_django import Settings

from mailboxes import registration
from mailboxes.api.asked import EXAMPLE
from mailboxes.models import Application, Mailbox, Plan
from mailboxes.states import MailboxState
from pecportal.journal.models import Entry
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.api.build import Caller, caller, program
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
MAILBOXES = "/api/v1/mailboxes/"
SCOPES = (Role.MAILBOXES_READ, Role.MAILBOXES_WRITE)


@pytest.fixture
def office(db: None) -> Organisation:
    build.plan()
    return kernel.organisation()


@pytest.fixture
def erp(office: Organisation) -> Caller:
    return caller(office, *SCOPES)


def wish(**changes: Any) -> dict[str, Any]:
    """A good body; `applicant__tax_code=…` changes a part of it, None leaves it out."""
    found = deepcopy(EXAMPLE)
    for name, value in changes.items():
        part, _sep, inner = name.rpartition("__")
        where = found[part] if part else found
        where[inner] = value
        if value is None:
            del where[inner]
    return found


def ask(erp: Caller, body: dict[str, Any], *, key: str = "") -> Any:
    return erp.post(MAILBOXES, body, Idempotency_Key=key or str(uuid.uuid4()))


def places(answer: Any) -> set[str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    return {each["pointer"] for each in answer.json()["errors"]}


# --- asked for


def test_a_mailbox_is_asked_for_in_one_request(troubled: TroubledSandbox, jobs: Jobs, erp: Caller) -> None:
    made = ask(erp, wish())

    assert made.status_code == 201
    told = made.json()
    assert (told["state"], told["next"], told["plan"]) == ("registering", None, "PEC Massiva Standard")
    assert troubled.calls == []  # nothing is asked before it is answered
    jobs.run()
    found = erp.get(made.headers["Location"]).json()
    assert (found["id"], found["state"], found["next"]["act"]) == (told["id"], "registered", "documents")
    assert found["next"]["url"].endswith(f"{MAILBOXES}{told['id']}/documents/")
    assert troubled.count("POST /pec") == 1
    sent = Application.objects.get()
    assert (sent.codice_fiscale_richiedente, sent.telefono) == ("RSSMRA82D51H501H", "060000000")
    assert sent.declared_by is not None
    assert sent.declared_by.is_program
    entry = Entry.objects.get(action="mailbox.register")
    assert (entry.actor, entry.facts["price"]) == (sent.declared_by, "99.00")


def test_the_manuals_example_is_one_that_works(erp: Caller) -> None:
    manual = (settings.BASE_DIR / "docs" / "api.md").read_text()
    [body] = re.findall(r"-d '(\{\"address\".*?\"declares_true\": true\})'", manual, re.DOTALL)

    assert json.loads(body) == EXAMPLE
    assert ask(erp, json.loads(body)).status_code == 201


def test_the_same_request_again_registers_nothing_more(
    troubled: TroubledSandbox,
    jobs: Jobs,
    erp: Caller,
) -> None:
    first, again = ask(erp, wish(), key="one"), ask(erp, wish(), key="one")

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert first.content == again.content
    assert ask(erp, wish(renews_itself=True), key="one").status_code == 422
    assert erp.post(MAILBOXES, wish()).json()["type"].endswith("/idempotency-key-missing/")
    jobs.run()
    assert troubled.count("POST /pec") == 1


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"address": "ufficio tributi@pecmassiva.com"}, "/address"),
        ({"kind": "GOLD", "plan": None}, "/kind"),
        ({"kind": "PLATINUM"}, "/kind"),
        ({"plan": None}, "/plan"),
        ({"plan": "Nessuno"}, "/plan"),
        ({"declares_true": False}, "/declares_true"),
        ({"declares_true": None}, "/declares_true"),
        ({"renews_itself": "yes"}, "/renews_itself"),
        ({"colour": "red"}, "/colour"),
        ({"applicant__tax_code": "RSSMRA82D51H501X"}, "/applicant/tax_code"),
        ({"applicant__born_on": "11/04/1982"}, "/applicant/born_on"),
        ({"applicant__born_on": "1882-04-11"}, "/applicant/born_on"),
        ({"applicant__birth_place": "Rona"}, "/applicant/birth_place"),
        ({"applicant__birth_place": None}, "/applicant/birth_place"),
        ({"holder__country": "ZZ"}, "/holder/country"),
        ({"applicant__email": "ufficio.tributi@pecmassiva.com"}, "/applicant/email"),
        ({"applicant__telephone": "sì"}, "/applicant/telephone"),
        ({"applicant__document_number": "AB1"}, "/applicant/document_kind"),
        ({"applicant__shoes": 42}, "/applicant/shoes"),
        ({"holder__code": "07973780014"}, "/holder/code"),
        ({"holder__sector": None}, "/holder/sector"),
        ({"holder__postal_code": "1"}, "/holder/postal_code"),
        ({"holder__name": None}, "/holder/name"),
        ({"holder__kind": "PC"}, "/holder/sector"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(erp: Caller, changes: dict[str, Any], pointer: str) -> None:
    answer = ask(erp, wish(**changes))

    assert (answer.status_code, places(answer)) == (400, {pointer})
    assert not Mailbox.objects.exists()
    assert not Entry.objects.filter(action__startswith="mailbox").exists()


def test_all_that_is_wrong_is_told_at_once(erp: Caller) -> None:
    answer = ask(erp, wish(plan="Nessuno", applicant__tax_code="X", holder__code="1"))

    assert places(answer) == {"/plan", "/applicant/tax_code", "/holder/code"}


def test_data_that_contradict_the_tax_code_need_a_reason(erp: Caller) -> None:
    told = ask(erp, wish(applicant__surname="Bianchi", applicant__sex="M"))

    assert told.status_code == 400
    codes = {each["code"] for each in told.json()["errors"]} - {"invalid"}
    assert codes == {"surname", "sex"}
    assert places(told) == {"/applicant/surname", "/applicant/sex", "/applicant/tax_code_reason"}
    half = {"applicant__surname": "Bianchi", "applicant__sex": "M", "applicant__tax_code_reason": "Cognome cambiato"}
    assert ask(erp, wish(**half, applicant__tax_code_differences=["sex"])).status_code == 400
    assert ask(erp, wish(**half, applicant__tax_code_differences=["sex", "surname"])).status_code == 201
    application = Application.objects.get()
    assert (application.overruled, application.overruled_reason) == (["surname", "sex"], "Cognome cambiato")
    assert application.overruled_by == application.declared_by


@pytest.mark.parametrize("price", [None, "98.00", "99.01"])
def test_nothing_is_bought_at_a_price_that_was_not_confirmed(erp: Caller, price: str | None) -> None:
    answer = ask(erp, wish(yearly_price=price))

    assert (answer.status_code, places(answer)) == (409, {"/yearly_price"})
    assert "99.00" in answer.json()["detail"]
    assert not Mailbox.objects.exists()


def test_where_no_price_is_known_none_is_confirmed(erp: Caller) -> None:
    Plan.objects.update(yearly_price=None)

    assert ask(erp, wish()).status_code == 409
    assert ask(erp, wish(yearly_price=None)).status_code == 201


def test_a_plan_is_known_by_its_name_alone(erp: Caller) -> None:
    assert places(ask(erp, wish(plan=str(Plan.objects.get(name=EXAMPLE["plan"]).pk)))) == {"/plan"}


def test_a_plan_that_is_bought_elsewhere_is_refused(erp: Caller) -> None:
    Plan.objects.update(is_orderable=False)

    assert places(ask(erp, wish())) == {"/plan"}


def test_an_address_is_asked_for_once(office: Organisation, erp: Caller) -> None:
    ask(erp, wish())

    again = ask(erp, wish())

    assert (again.status_code, places(again)) == (409, {"/address"})
    assert Mailbox.objects.count() == 1


# --- what comes of it


def test_what_the_provider_refuses_is_corrected_and_sent_again(
    troubled: TroubledSandbox,
    jobs: Jobs,
    erp: Caller,
) -> None:
    troubled.refuse("POST", "/pec", 406, "cf_piva_titolare non valido")
    made = ask(erp, wish())
    jobs.run()

    told = erp.get(made.headers["Location"]).json()
    assert (told["state"], told["next"]["act"]) == ("draft", "correct")
    assert (told["problem"]["code"], told["problem"]["pointer"]) == ("value", "/holder/code")
    assert "cf_piva_titolare" in told["problem"]["detail"]
    again = ask(erp, wish(holder__name="Comune di Prova Nuova"))
    assert (again.status_code, again.json()["id"]) == (201, told["id"])
    jobs.run()
    assert erp.get(made.headers["Location"]).json()["state"] == "registered"
    assert Application.objects.get().denominazione_titolare == "Comune di Prova Nuova"


def test_a_lost_answer_is_uncertain_and_nothing_is_asked_twice(
    troubled: TroubledSandbox,
    jobs: Jobs,
    erp: Caller,
) -> None:
    troubled.lose("POST", "/pec", taken=False)
    made = ask(erp, wish())
    jobs.run()

    told = erp.get(made.headers["Location"]).json()
    assert (told["state"], told["next"]["act"], told["next"]["url"]) == ("uncertain", "await", None)
    assert ask(erp, wish()).status_code == 409
    assert troubled.count("POST /pec") == 1


def test_anothers_draft_is_not_taken_up(office: Organisation, erp: Caller) -> None:
    keeper = kernel.user(office, Role.KEEPER)
    registration.start(office, address=EXAMPLE["address"], actor=keeper)

    assert places(ask(erp, wish())) == {"/address"}
    assert Mailbox.objects.get().state == MailboxState.DRAFT


def test_ones_own_draft_is_not_taken_up_once_somebody_has_changed_it(
    troubled: TroubledSandbox,
    jobs: Jobs,
    office: Organisation,
    erp: Caller,
) -> None:
    troubled.refuse("POST", "/pec", 406, "cf_piva_titolare non valido")
    ask(erp, wish())
    jobs.run()
    keeper, changed = kernel.user(office, Role.KEEPER), build.HOLDER | {"indirizzo_titolare": "Via Nuova 1"}
    registration.save_step(Mailbox.objects.get(), "holder", changed, actor=keeper)

    assert ask(erp, wish()).status_code == 409


# --- who


def test_a_program_for_some_mailboxes_registers_none(office: Organisation) -> None:
    box = kernel.mailbox(office)
    limited = Caller(program(office, *SCOPES, mailboxes=frozenset({box.pk}))[1])

    assert ask(limited, wish()).json()["type"].endswith("/forbidden/")
    assert limited.get(f"{MAILBOXES}availability/?address=a@pecmassiva.com").status_code == 403


def test_a_person_shows_first_that_it_is_they(office: Organisation, rested: Client) -> None:
    answer = rested.post(MAILBOXES, wish(), "application/json", headers={"Idempotency-Key": "one"})

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/step-up-needed/")
    assert rested.get(MAILBOXES).status_code == 200


@pytest.fixture
def rested(office: Organisation, settings: Settings) -> Client:
    """The browser of a keeper who logged in too long ago for what binds."""
    settings.STEP_UP_SECONDS = 0
    found = Client()
    found.force_login(kernel.user(office, Role.KEEPER, password="quattro cavalli"))
    return found


# --- lists, and whether an address is free


def test_lists_are_filtered_and_paged(office: Organisation, erp: Caller) -> None:
    boxes = [kernel.mailbox(office, address=f"{name}@prova.example") for name in ("uno", "due", "tre")]
    Mailbox.objects.filter(pk=boxes[0].pk).update(vendor_state="documenti_errati")
    Mailbox.objects.filter(pk=boxes[1].pk).update(state=MailboxState.DISCARDED, vendor_state="")
    kernel.mailbox(kernel.organisation(), address="altro@prova.example")

    def found(query: str) -> list[str]:
        items = erp.get(f"{MAILBOXES}?{query}").json()["items"]
        return [each["address"].partition("@")[0] for each in items]

    assert found("") == ["tre", "uno"]
    assert found("state=documents_wrong") == ["uno"]
    assert found("state=discarded") == ["due"]
    assert found("state=active&kind=PECMASSIVA") == ["tre"]
    assert found("address=UNO@prova.example") == ["uno"]
    assert found("expires_before=2030-01-01T00:00:00Z") == []
    assert erp.get(f"{MAILBOXES}?state=sent").status_code == 400
    first = erp.get(f"{MAILBOXES}?limit=1&fields=address").json()
    assert first["items"] == [{"address": "tre@prova.example"}]
    rest = erp.get(f"{MAILBOXES}?limit=1&fields=address&cursor={first['next']}").json()
    assert (rest["items"], rest["next"]) == ([{"address": "uno@prova.example"}], None)


def test_a_list_costs_the_same_queries_however_many_rows(
    office: Organisation, erp: Caller, django_assert_num_queries: Any
) -> None:
    erp.get(MAILBOXES)  # the key's use is written down once a minute
    for number in range(4):
        kernel.mailbox(office, address=f"c{number}@prova.example", plan=build.plan())
        with django_assert_num_queries(3):  # the key, its scopes, and the list
            erp.get(MAILBOXES)


def test_the_provider_is_asked_whether_an_address_is_free(troubled: TroubledSandbox, erp: Caller) -> None:
    told = erp.get(f"{MAILBOXES}availability/?address=Ufficio.Tributi@pecmassiva.com").json()

    assert (told["answer"], told["address"]) == ("free", "ufficio.tributi@pecmassiva.com")
    assert told["kinds"] == ["PECMASSIVA"]
    [plan] = told["plans"]
    assert (plan["name"], plan["yearly_price"], plan["message_price"]) == ("PEC Massiva Standard", "99.00", "0.0500")
    troubled.create_mailbox("preso@pecmassiva.com", "una parola d'ordine")
    assert erp.get(f"{MAILBOXES}availability/?address=preso@pecmassiva.com").json()["answer"] == "taken"


def test_an_address_that_is_none_is_not_asked_for(troubled: TroubledSandbox, erp: Caller) -> None:
    for query in ("", "?address=", "?address=ufficio%20tributi@pecmassiva.com"):
        answer = erp.get(f"{MAILBOXES}availability/{query}")
        assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (400, "address")
    assert troubled.calls == []


def test_a_provider_that_does_not_answer_is_told_as_such(erp: Caller) -> None:
    told = erp.get(f"{MAILBOXES}availability/?address=ufficio@pec.comune.example").json()

    assert (told["answer"], told["is_certified"]) == ("unreachable", None)


def test_a_person_may_see_what_a_program_registered(office: Organisation, erp: Caller) -> None:
    made = ask(erp, wish()).json()
    reader: User = kernel.user(office, Role.AUDITOR)
    browser = Client()
    browser.force_login(reader)

    assert browser.get(f"{MAILBOXES}{made['id']}/").json()["address"] == EXAMPLE["address"]
