"""Each code and state of the vendor that concerns a registration (pec.openapi.json), through the simulated vendor."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import asking, registration, tasks
from mailboxes.models import Application, Mailbox, VendorAct
from mailboxes.states import MailboxState, VendorState
from mailboxes.steps import TO_VENDOR, step_of
from pecportal import vendor as vendors
from pecportal.organisations.models import User
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
OPENAPI = Path(__file__).resolve().parents[3] / "shared" / "vendor" / "pec.openapi.json"
OURS = {"casella_pec": "address", "tipo_casella": "kind"}
INPUT_OF = {"address": "name"}
REQUIRED = [
    ("tipo_casella", 224),
    ("tipo_cliente", 226),
    ("nome_richiedente", 230),
    ("cognome_richiedente", 231),
    ("email", 232),
    ("telefono", 234),
    ("codice_fiscale_richiedente", 238),
    ("data_nascita_richiedente", 241),
    ("sesso_richiedente", 243),
    ("nazione_nascita_richiedente", 245),
    ("indirizzo_titolare", 248),
    ("comune_titolare", 249),
    ("cap_titolare", 250),
    ("nazione_titolare", 252),
    ("provincia_titolare", 254),
]
INVALID = [
    ("casella_pec", "a..b@pecmassiva.com", 223),
    ("tipo_casella", "PLATINUM", 225),
    ("tipo_cliente", "ZZ", 227),
    ("email", "nessuna", 233),
    ("telefono", "zero", 235),
    ("codice_fiscale_richiedente", "X", 239),
    ("sesso_richiedente", "X", 244),
    ("nazione_nascita_richiedente", "1T", 246),
    ("cap_titolare", "!!", 251),
    ("nazione_titolare", "1T", 253),
    ("provincia_titolare", "1", 255),
    ("tipo_documento", "TESSERA", 256),
]


def sent(box: Mailbox, jobs: Jobs) -> Mailbox:
    """The registration sent as it stands in the rows, whatever the forms would have said."""
    Mailbox.objects.filter(pk=box.pk).update(state=MailboxState.REGISTERING)
    build.register(box)
    return build.fresh(box)


def change(box: Mailbox, name: str, value: object) -> None:
    ours = OURS.get(name, name)
    if ours in ("address", "kind"):
        Mailbox.objects.filter(pk=box.pk).update(**{ours: value})
    else:
        Application.objects.filter(pk=box.pk).update(**{ours: value})


def assert_told(browser: Client, box: Mailbox, name: str, *sentences: str) -> None:
    """The sentence stands beside its field in its step, and on the mailbox's page; the data are still there."""
    field = OURS.get(name, name)
    assert (box.state, box.problem_field) == (MailboxState.DRAFT, field)
    page = browser.get(reverse("mailboxes:step", args=[box.pk, step_of(field)]))
    html = page.content.decode()
    beside = re.search(rf'id="(?:id_{INPUT_OF.get(field, field)}_error|{field}-errors)".*?</div>', html, re.DOTALL)
    assert beside is not None, f"nothing beside {field}"
    for sentence in sentences:
        assert sentence in words(page)
        assert sentence in words(browser.get(box.get_absolute_url()))
    assert sentences[0] in re.sub(r"\s+", " ", beside[0])
    assert Application.objects.get(pk=box.pk).cognome_richiedente in ("Rossi", "")


@pytest.mark.parametrize(("name", "error"), REQUIRED)
def test_428_stands_beside_the_field_that_the_vendor_misses(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, name: str, error: int
) -> None:
    box = build.draft(clerk)
    change(box, name, None if name.startswith("data_") else "")

    box = sent(box, jobs)

    act = VendorAct.objects.get()
    assert (act.answer_status, act.error) == (428, error)
    assert_told(browser, box, name, "The provider misses one of the values.", f"“{name} required”")
    assert vendor.mailboxes() == []


@pytest.mark.parametrize(("name", "value", "error"), INVALID)
def test_406_stands_beside_the_field_whose_value_the_vendor_does_not_accept(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, name: str, value: str, error: int
) -> None:
    box = build.draft(clerk)
    change(box, name, value)

    box = sent(box, jobs)

    act = VendorAct.objects.get()
    assert (act.answer_status, act.error) == (406, error)
    assert_told(browser, box, name, "The provider does not accept one of the values.", f"{name} not valid"[:40])


@pytest.mark.parametrize(
    ("message", "error", "name"),
    [
        ("data_nascita_richiedente not valid, accepted format: dd/mm/yyyy", 242, "data_nascita_richiedente"),
        ("data_scadenza_documento not valid, accepted format: dd/mm/yyyy", 258, "data_scadenza_documento"),
        ("Codice fiscale richiedente non valido", 999, "codice_fiscale_richiedente"),
        ("sottotipo_cliente_altro required", 998, "sottotipo_cliente_altro"),
        ("'cf_piva_titolare' is not valid.", 997, "cf_piva_titolare"),
    ],
)
def test_the_field_is_found_in_the_vendors_words_however_it_writes_them(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, message: str, error: int, name: str
) -> None:
    box = build.draft(clerk)
    if name == "sottotipo_cliente_altro":
        change(box, "sottotipo_cliente", "X")
    vendor.refuse("POST", "/pec", 406, message, error=error)

    assert_told(browser, sent(box, jobs), name, "The provider does not accept one of the values.")


def test_404_of_a_domain_stands_beside_the_address(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    box = sent(build.draft(clerk, address="tributi@pec.altrui.example"), jobs)

    assert VendorAct.objects.get().error == 326
    assert_told(browser, box, "casella_pec", "does not know the domain of this address", "belongs to someone else")


@pytest.mark.parametrize("as_error", [True, False])
def test_an_address_that_was_taken_meanwhile_stands_beside_the_address(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, as_error: bool
) -> None:
    vendor.taken_as_error = as_error
    box = sent(build.draft(clerk, address="occupata@pecmassiva.com"), jobs)

    assert_told(browser, box, "casella_pec", "This address is taken already.")


def test_402_stands_where_the_registration_is_sent_again_and_the_words_with_it(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.wallet = vendor.wallet * 0
    box = sent(build.draft(clerk), jobs)

    assert (VendorAct.objects.get().error, box.problem_field) == (262, "")
    review = words(browser.get(reverse("mailboxes:review", args=[box.pk])))
    assert "has not enough credit" in review
    assert "Insufficient Credit in Wallet" in review
    assert "Rossi" in review


@pytest.mark.parametrize("status", [400, 403, 405, 413, 415, 422])
def test_a_refusal_that_nobody_knows_is_shown_with_the_vendors_words(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, status: int
) -> None:
    vendor.refuse("POST", "/pec", status, "Qualcosa di nuovo", error=777)
    box = sent(build.draft(clerk), jobs)

    assert box.state == MailboxState.DRAFT
    assert "“Qualcosa di nuovo”" in words(browser.get(reverse("mailboxes:review", args=[box.pk])))


UNREADABLE: list[tuple[int, bytes]] = [
    (406, b"data_nascita_richiedente not valid"),  # plain text
    (404, b"<html><body>Not Found</body></html>"),
    (500, b"<html>Internal Server Error</html>"),
    (502, b""),
    (503, b'{"success": false, "message": "service temporarily unavailable", "error": 402, "data": null}'),
    (200, b"\xef\xbb\xbfnull"),
    (200, b'{"success": "true"}'),
    (409, b'{"success": false, "message": "conflict"}'),
]


@pytest.mark.parametrize(("status", "body"), UNREADABLE)
def test_an_answer_that_proves_nothing_is_a_doubt_with_a_sentence_and_no_second_call(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, status: int, body: bytes
) -> None:
    vendor.answer("POST", "/pec", status, body)
    box = sent(build.draft(clerk), jobs)

    page = words(browser.get(box.get_absolute_url()))
    assert "It is not known yet whether the mailbox was registered" in page
    assert "does not ask for it twice" in page
    tasks.sweep()
    jobs.run()
    assert vendor.count("POST /pec") == 1


def test_a_time_out_is_a_doubt_that_the_list_of_mailboxes_settles(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.lose("POST", "/pec", taken=True)
    box = sent(build.draft(clerk), jobs)
    assert "not known yet" in words(browser.get(box.get_absolute_url()))

    build.age()
    tasks.sweep()
    jobs.run()

    assert build.fresh(box).state == MailboxState.REGISTERED
    assert vendor.count("POST /pec") == 1


# --- states


@pytest.mark.parametrize("state", [*VendorState, "in_lavorazione"])
def test_every_state_that_the_answer_may_bring_is_told(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, state: str
) -> None:
    record = {"id": "6045fdee3a716847a978a471", "casella_pec": build.ADDRESS, "tipo_casella": "PECMASSIVA"}
    answer: dict[str, Any] = {"success": True, "data": record | {"stato": str(state)}, "message": "", "error": None}
    vendor.answer("POST", "/pec", 200, answer)

    box = sent(build.draft(clerk), jobs)

    known = {each.value: str(each.label) for each in VendorState}
    assert (box.state, box.vendor_state) == (MailboxState.REGISTERED, str(state))
    assert known.get(str(state), "in_lavorazione") in words(browser.get(box.get_absolute_url()))


# --- whether an address is free, and a domain certified


def verdict(address: str) -> asking.Verdict:
    return asking.ask(address, client=vendors.connect(), organisation="Comune di Prova")


@pytest.mark.parametrize(
    ("status", "error", "message", "word"),
    [
        (406, 208, "invalid casella_pec", "unknown"),
        (428, 207, "casella_pec required", "unknown"),
        (406, 209, "casella_pec not available", "taken"),
        (402, 297, "Insufficient Credit in Wallet: 0", "refused"),
        (403, None, "Forbidden", "refused"),
        (429, None, "Too Many Requests", "refused"),
    ],
)
def test_each_code_of_the_question_is_one_of_the_answers(
    vendor: TroubledSandbox, status: int, error: int | None, message: str, word: str
) -> None:
    vendor.refuse("GET", "/verifica_pec", status, message, error=error)

    assert verdict("x@pecmassiva.com").word == word


@pytest.mark.parametrize("body", [b"<html>", b"", b"not json", b'{"success": true, "data": 7}'])
@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_cannot_be_read_claims_nothing(vendor: TroubledSandbox, status: int, body: bytes) -> None:
    vendor.answer("GET", "/verifica_pec", status, body)

    assert verdict("x@pecmassiva.com").word in ("unreachable", "unknown")


@pytest.mark.parametrize(
    ("domain", "certified"), [("pec.prova.example", "yes"), ("prova.example", "yes"), ("altrui.example", "no")]
)
def test_an_own_domain_is_asked_for_where_the_button_was_pressed(
    vendor: TroubledSandbox, domain: str, certified: str
) -> None:
    assert verdict(f"x@{domain}").certified == certified
    assert verdict("x@pecmassiva.com").certified == ""


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (402, 403, "Insufficient Credit in Wallet: 182.03"),
        (406, 401, "domain not valid"),
        (428, 400, "domain required"),
        (503, 402, "service temporarily unavailable"),
    ],
)
def test_each_code_of_the_domain_check_leaves_it_unknown(
    vendor: TroubledSandbox, status: int, error: int, message: str
) -> None:
    vendor.refuse("GET", "/domini_pec", status, message, error=error)

    told = verdict("x@prova.example")

    assert (told.word, told.certified) == ("free", "unknown")


# --- the vendor's own file


@pytest.mark.skipif(not OPENAPI.is_file(), reason=f"the vendor's file is not at {OPENAPI}")
def test_every_field_of_the_vendors_file_is_asked_for_and_sent(clerk: User) -> None:
    schema = json.loads(OPENAPI.read_text())["components"]["schemas"]["BodyPostPec"]
    wanted = set(schema["properties"]) - {"callback"}

    assert {*TO_VENDOR, "casella_pec", "tipo_casella"} == wanted
    assert set(schema["required"]) <= set(registration.fields(build.draft(clerk)))
    assert {name for name, _error in REQUIRED} | {"casella_pec"} == set(schema["required"])
