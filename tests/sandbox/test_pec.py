"""Mailboxes: every call of the PEC API, its states and its error numbers."""

import base64
import io
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from tests.sandbox.callers import REGISTRATION, Caller, said

NO_ID = "6040e4613a716838dc4eee0e"


def test_a_free_address_is_free_until_somebody_has_it(caller: Caller) -> None:
    path = "/verifica_pec/comune%40pecmassiva.com"
    assert caller.call("GET", path).json() == {
        "data": {"available": True},
        "success": True,
        "message": "",
        "error": None,
    }

    caller.registered()

    assert caller.call("GET", path).json()["data"] == {"available": False}
    assert caller.call("GET", "/verifica_pec/occupata@pecmassiva.com").json()["data"] == {"available": False}


def test_a_taken_address_may_be_told_as_an_error(caller: Caller) -> None:
    caller.sandbox.taken_as_error = True

    status, _, message = said(caller.call("GET", "/verifica_pec/occupata@pecmassiva.com"))

    assert status == 406
    assert "not available" in message


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/verifica_pec/", (428, 207, "casella_pec required")),
        ("/verifica_pec/senza-chiocciola", (406, 208, "invalid casella_pec")),
        ("/verifica_pec/due..punti@legalmail.it", (406, 208, "invalid casella_pec")),
        ("/domini_pec/", (428, 400, "domain required")),
        ("/domini_pec/non_un_dominio", (406, 401, "domain not valid")),
    ],
)
def test_what_cannot_be_looked_up_is_refused(caller: Caller, path: str, expected: tuple[int, int, str]) -> None:
    assert said(caller.call("GET", path)) == expected


def test_certified_domains_are_told_from_others(caller: Caller) -> None:
    known = caller.call("GET", "/domini_pec/legalmail.it")
    assert (known.status_code, known.json()["data"], known.json()["message"]) == (200, [], "legalmail.it found!")

    unknown = caller.call("GET", "/domini_pec/posta.example")
    assert (unknown.status_code, unknown.content) == (204, b"")


def test_a_registration_answers_with_the_whole_mailbox(caller: Caller) -> None:
    callback = {"url": "https://portale.example/avviso", "field": "data"}
    data = caller.register(callback=callback, autorinnovo=True, tipo_documento="PATENTE").json()["data"]

    assert data["casella_pec"] == "comune@pecmassiva.com"
    assert data["dominio"] == "pecmassiva.com"
    assert data["stato"] == "registrata"
    assert data["nazione_nascita_richiedente"] == "IT"
    assert data["callback"] == callback | {"method": "POST", "data": {}}
    assert data["autorinnovo"] is True
    assert data["tipo_documento"] == "PATENTE"
    assert set(data["timestamp"]) == {"registrazione", "ultima_modifica"}
    assert len(data["id"]) == 24
    assert "password" not in str(data)
    assert caller.call("GET", f"/pec/{data['id']}").json()["data"] == data


def test_no_callback_comes_back_as_false(caller: Caller) -> None:
    assert caller.register().json()["data"]["callback"] is False


def test_the_answers_domain_may_differ_from_the_one_asked_for(caller: Caller) -> None:
    caller.sandbox.answered_domain = "postamassiva.com"

    data = caller.register().json()["data"]

    assert (data["casella_pec"], data["dominio"]) == ("comune@postamassiva.com", "postamassiva.com")
    assert not caller.call("GET", "/verifica_pec/comune@pecmassiva.com").json()["data"]["available"]


@pytest.mark.parametrize("field", sorted(REGISTRATION))
def test_every_required_field_is_asked_for(caller: Caller, field: str) -> None:
    status, error, message = said(caller.register(**{field: ""}))

    assert (status, message) == (428, f"{field} required")
    assert 220 < error < 260
    assert error == 224 or field != "tipo_casella"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data_nascita_richiedente": "1982-04-11"}, (406, 242, "accepted format: dd/mm/yyyy")),
        ({"data_nascita_richiedente": "31/02/1982"}, (406, 242, "accepted format: dd/mm/yyyy")),
        ({"casella_pec": "comune@altrui.com"}, (404, 326, "the domain altrui.com is non-existent")),
        ({"casella_pec": "comune@legalmail.it"}, (404, 326, "legalmail.it")),
        ({"tipo_casella": "ORO"}, (406, 225, "tipo_casella not valid")),
        ({"tipo_cliente": "ZZ"}, (406, 227, "tipo_cliente not valid")),
        ({"sesso_richiedente": "X"}, (406, 244, "M|F")),
        ({"email": "mario"}, (406, 233, "email not valid")),
        ({"tipo_documento": "TESSERA"}, (406, 256, "tipo_documento")),
        ({"data_scadenza_documento": "domani"}, (406, 258, "data_scadenza_documento")),
        ({"casella_pec": "occupata@pecmassiva.com"}, (406, 209, "not available")),
    ],
)
def test_a_bad_value_is_refused_with_its_number(
    caller: Caller, changes: dict[str, Any], expected: tuple[int, int, str]
) -> None:
    status, error, message = said(caller.register(**changes))

    assert (status, error) == expected[:2]
    assert expected[2] in message
    assert caller.call("GET", "/pec").status_code == 404


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("bronze", "a@testcert.legalmail.it"),
        ("STANDARD", "a@legalmail.it"),
        ("DOMICILIODIGITALE", "a@test.domiciliodigitale.com"),
        ("PECMASSIVA", "a@pec.prova.example"),
    ],
)
def test_each_kind_has_its_domains_and_own_ones(caller: Caller, kind: str, address: str) -> None:
    data = caller.register(tipo_casella=kind, casella_pec=address.upper()).json()["data"]

    assert (data["casella_pec"], data["tipo_casella"]) == (address, kind.upper())


def test_a_body_that_is_no_object_lacks_everything(caller: Caller) -> None:
    for body in (b"", b"[1]", b"{", b"[" * 100_000):
        assert said(caller.call("POST", "/pec", data=body)) == (428, 222, "casella_pec required")


def test_the_same_address_is_not_registered_twice(caller: Caller) -> None:
    caller.registered()

    assert said(caller.register())[:2] == (406, 209)
    assert len(caller.call("GET", "/pec").json()["data"]) == 1


def test_an_empty_wallet_pays_for_nothing(caller: Caller) -> None:
    casella = caller.sandbox.create_mailbox("pronta@pecmassiva.com", "x")
    caller.sandbox.wallet = Decimal("0.01")

    assert said(caller.register()) == (402, 262, "Insufficient Credit in Wallet: 0.01")
    assert said(caller.call("GET", "/domini_pec/legalmail.it"))[:2] == (402, 403)
    assert said(caller.call("GET", f"/pec/{casella}/rinnovo"))[:2] == (402, 205)
    assert caller.sandbox.wallet == Decimal("0.01")


def test_a_registration_is_paid_once(caller: Caller) -> None:
    before = caller.sandbox.wallet

    caller.registered()
    caller.register()

    assert before - caller.sandbox.wallet == caller.sandbox.price_registration


def test_a_list_of_nothing_is_an_error_and_a_list_is_short(caller: Caller) -> None:
    assert said(caller.call("GET", "/pec")) == (404, 200, "no pec linked to this account")

    casella = caller.registered()

    (entry,) = caller.call("GET", "/pec").json()["data"]
    assert (entry["id"], entry["stato"], entry["data_scadenza"]) == (casella, "registrata", "")
    assert "nome_richiedente" not in entry


@pytest.mark.parametrize(
    ("method", "path", "malformed", "missing"),
    [
        ("GET", "/pec/{}", 201, 202),
        ("DELETE", "/pec/{}", 301, 302),
        ("PATCH", "/pec/{}/attivazione", 265, 266),
        ("GET", "/pec/{}/rinnovo", 201, 202),
    ],
)
def test_ids_are_malformed_or_missing(caller: Caller, method: str, path: str, malformed: int, missing: int) -> None:
    assert said(caller.call(method, path.format("12"))) == (400, malformed, "Wrong id")
    assert said(caller.call(method, path.format(NO_ID))) == (404, missing, "no pec found")


def test_the_activation_form_is_a_pdf_that_names_holder_and_address(caller: Caller) -> None:
    casella = caller.registered()

    answer = caller.call("GET", f"/pec/{casella}/modulo_attivazione")

    assert answer.headers["content-type"] == "application/pdf"
    (page,) = PdfReader(io.BytesIO(answer.content), strict=True).pages
    text = page.extract_text()
    for words in ("comune@pecmassiva.com", "Mario Rossi (Così)", "Via Verdi 20", "RSSMRA82D11H501X"):
        assert words in text


def test_the_forms_errors_are_plain_text(caller: Caller) -> None:
    for name, status, words in ((NO_ID, 404, "no request matches this id:"), ("12", 400, "Invalid id")):
        answer = caller.call("GET", f"/pec/{name}/modulo_attivazione")
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.startswith(words)


def test_good_documents_make_the_mailbox_active_after_the_office_hours(caller: Caller, two_pages: bytes) -> None:
    casella = caller.registered()

    data = caller.hand_in(casella, two_pages).json()["data"]
    assert data["stato"] == "in_evasione"
    assert data["documenti_attivazione"] == [f"{casella}_0_attivazione.pdf"]

    caller.sandbox.advance(hours=23)
    assert caller.state(casella) == "in_evasione"
    with pytest.raises(LookupError):
        caller.sandbox.password_of("comune@pecmassiva.com")

    caller.sandbox.advance(hours=1)
    data = caller.call("GET", f"/pec/{casella}").json()["data"]
    assert data["stato"] == "evasa"
    assert data["spazio_disco"] == 1024
    assert data["timestamp"]["scadenza"] - data["timestamp"]["evasione"] == 365 * 86_400
    assert caller.sandbox.password_of("comune@pecmassiva.com") not in str(data)


@pytest.mark.parametrize(
    ("kind", "address", "pages", "state"),
    [
        ("PECMASSIVA", "a@pecmassiva.com", [1], "documenti_errati"),
        ("PECMASSIVA", "a@pecmassiva.com", [2, 2], "documenti_errati"),
        ("PECMASSIVA", "a@pecmassiva.com", [3], "evasa"),
        ("DOMICILIODIGITALE", "a@domiciliodigitale.com", [1, 1], "documenti_errati"),
        ("STANDARD", "a@legalmail.it", [1, 1], "evasa"),
        ("STANDARD", "a@legalmail.it", [1], "documenti_errati"),
        ("GOLD", "a@legalmail.it", [3], "evasa"),
        ("STANDARD", "a@legalmail.it", [0], "documenti_errati"),
    ],
)
def test_some_kinds_want_everything_in_one_pdf(
    caller: Caller, one_page: bytes, two_pages: bytes, kind: str, address: str, pages: list[int], state: str
) -> None:
    contents = {0: b"%PDF-1.4\nrotto", 1: one_page, 2: two_pages, 3: two_pages}
    casella = caller.registered(tipo_casella=kind, casella_pec=address)

    assert caller.hand_in(casella, *(contents[each] for each in pages)).status_code == 200
    caller.sandbox.advance(hours=24)

    assert caller.state(casella) == state
    (box,) = caller.sandbox.mailboxes()
    assert bool(box.reason) == (state == "documenti_errati")


def test_after_wrong_documents_right_ones_may_be_handed_in(caller: Caller, one_page: bytes, two_pages: bytes) -> None:
    casella = caller.registered()
    caller.hand_in(casella, one_page)
    caller.sandbox.advance(hours=24)

    assert caller.hand_in(casella, two_pages).json()["data"]["stato"] == "in_evasione"

    caller.sandbox.advance(hours=24)
    assert caller.state(casella) == "evasa"


def test_the_office_refuses_when_it_was_told_to(caller: Caller, two_pages: bytes) -> None:
    caller.sandbox.judge_documents("reject", "Firma mancante.")
    casella = caller.registered()
    caller.hand_in(casella, two_pages)
    caller.sandbox.judge_documents("accept")  # for those to come, not for this one
    caller.sandbox.advance(hours=24)

    assert caller.state(casella) == "documenti_errati"
    assert caller.sandbox.mailboxes()[0].reason == "Firma mancante."


@pytest.mark.parametrize("name", ["", "motivo"])
def test_why_documents_were_wrong_stands_in_the_record_only_if_it_was_told_so(
    caller: Caller, one_page: bytes, name: str
) -> None:
    caller.sandbox.reason_field = name
    casella = caller.registered()
    caller.hand_in(casella, one_page)
    caller.sandbox.advance(hours=24)

    data = caller.call("GET", f"/pec/{casella}").json()["data"]

    assert data["stato"] == "documenti_errati"
    assert ("una sola pagina" in str(data)) is bool(name)
    assert not name or "una sola pagina" in data[name]


@pytest.mark.parametrize("document", ["", "non base64!", base64.b64encode(b"PK\x03\x04").decode(), 7])
def test_what_is_no_pdf_is_refused_at_once(caller: Caller, document: object) -> None:
    casella = caller.registered()
    body = {"documenti": [document]}

    answer = caller.call("PATCH", f"/pec/{casella}/attivazione", json=body)

    assert said(answer) == (406, 296, "wrong file format, pdf required")
    assert caller.state(casella) == "registrata"


def test_documents_are_taken_only_while_they_are_awaited(caller: Caller, two_pages: bytes) -> None:
    casella = caller.registered()
    assert said(caller.call("PATCH", f"/pec/{casella}/attivazione", json={}))[:2] == (428, 268)
    caller.hand_in(casella, two_pages)

    status, error, message = said(caller.hand_in(casella, two_pages))

    assert (status, error) == (428, 267)
    assert "registrata|documenti_errati" in message


def test_a_renewal_pays_for_its_years_and_adds_them(caller: Caller) -> None:
    casella = caller.sandbox.create_mailbox("pronta@pecmassiva.com", "x")
    before = caller.call("GET", f"/pec/{casella}").json()["data"]["timestamp"]["scadenza"]
    wallet = caller.sandbox.wallet

    data = caller.call("GET", f"/pec/{casella}/rinnovo?anni=2").json()["data"]

    assert data["timestamp"]["scadenza"] - before == 2 * 365 * 86_400
    assert wallet - caller.sandbox.wallet == 2 * caller.sandbox.price_year
    assert said(caller.call("GET", f"/pec/{casella}/rinnovo?anni=0"))[0] == 406


def test_a_revoked_mailbox_lives_again_by_renewal(caller: Caller) -> None:
    casella = caller.sandbox.create_mailbox("pronta@pecmassiva.com", "x")

    data = caller.call("DELETE", f"/pec/{casella}").json()["data"]
    assert data["stato"] == "revocata"
    assert "revoca" in data["timestamp"]
    assert said(caller.call("DELETE", f"/pec/{casella}")) == (406, 303, "your pec has already been revoked")

    data = caller.call("GET", f"/pec/{casella}/rinnovo").json()["data"]
    assert data["stato"] == "evasa"
    assert "revoca" not in data["timestamp"]


def test_what_is_not_active_is_neither_renewed_nor_revoked(caller: Caller) -> None:
    casella = caller.registered()

    assert said(caller.call("GET", f"/pec/{casella}/rinnovo"))[:2] == (428, 203)
    assert said(caller.call("DELETE", f"/pec/{casella}"))[:2] == (428, 304)


@pytest.mark.parametrize("state", ["chiusa", "registrazione_annullata"])
def test_states_whose_trigger_nobody_knows_can_be_set(caller: Caller, state: str) -> None:
    casella = caller.registered()

    caller.sandbox.set_state("comune@pecmassiva.com", state)

    assert caller.state(casella) == state
    with pytest.raises(ValueError, match="none of"):
        caller.sandbox.set_state("comune@pecmassiva.com", "attiva")
    with pytest.raises(LookupError):
        caller.sandbox.set_state("altra@pecmassiva.com", state)
