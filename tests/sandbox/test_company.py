"""The PEC of companies."""

from decimal import Decimal

import pytest

from tests.sandbox.callers import Caller, said


@pytest.mark.parametrize("code", ["12485671007", "RSSMRA82D11H501X", "6040e4613a716838dc4eee0e"])
def test_a_company_has_a_pec_and_had_others(caller: Caller, code: str) -> None:
    answer = caller.call("GET", f"/IT-pec/{code}").json()

    (company,) = answer["data"]
    assert company["pec"].endswith("@prova.example")
    assert company["history"][0]["pec"] != company["pec"]
    assert isinstance(company["history"][0]["timestamp"], int)
    assert (answer["success"], answer["error"]) == (True, None)


def test_the_older_form_is_an_object(caller: Caller) -> None:
    caller.sandbox.company_as_object = True

    assert isinstance(caller.call("GET", "/IT-pec/12485671007").json()["data"], dict)


def test_a_company_may_have_no_pec_or_not_exist_or_be_unknown(caller: Caller) -> None:
    assert caller.call("GET", "/IT-pec/11111111115").json()["data"] == [{"pec": None, "history": []}]
    assert said(caller.call("GET", "/IT-pec/00000000000")) == (404, 323, "no company matches this id: ")
    nothing = caller.call("GET", "/IT-pec/22222222220")
    assert (nothing.status_code, nothing.content) == (204, b"")


@pytest.mark.parametrize("code", ["12485671008", "1248567100", "abc", "12485671007x"])
def test_an_invalid_code_is_refused_and_costs_nothing(caller: Caller, code: str) -> None:
    wallet = caller.sandbox.wallet

    assert said(caller.call("GET", f"/IT-pec/{code}")) == (406, 322, "taxCode/vatCode/id not valid")
    assert said(caller.call("GET", "/IT-pec/")) == (400, 321, "Id, taxCode or vatCode required")
    assert caller.sandbox.wallet == wallet


def test_each_answer_is_paid_and_an_empty_wallet_gets_none(caller: Caller) -> None:
    caller.sandbox.wallet = Decimal("0.07")

    assert caller.call("GET", "/IT-pec/12485671007").status_code == 200
    status, error, message = said(caller.call("GET", "/IT-pec/12485671007"))

    assert (status, error) == (402, 610)
    assert message.startswith("Billing error message: Insufficient Credit in Wallet: 0.05 > 0.02")
