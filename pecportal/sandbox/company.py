"""The Company API: the PEC of a company (company-it-pec.openapi.json). Its companies are invented."""

import re
from typing import Any, Final

from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.routing import Answer, Request, Route, done, refused

# Valid VAT numbers that answer in a special way
NO_SUCH_COMPANY: Final = "00000000000"
NO_PEC: Final = "11111111115"
NOTHING_KNOWN: Final = "22222222220"
_TAX_CODE: Final = re.compile("[A-Z]{6}[0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]", re.IGNORECASE)
_ID: Final = re.compile("[0-9a-f]{24}", re.IGNORECASE)
_SINCE: Final = 1_623_759_855


class CompanyApi:
    """Answers the one call."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour

    def routes(self) -> list[Route]:
        """The paths of this API."""
        return [
            Route("GET", "/IT-pec/{}", self._pec, "company"),
            Route("GET", "/IT-pec", self._pec, "company"),
        ]

    def _pec(self, request: Request) -> Answer:
        code = "".join(request.arguments).strip()
        if not code:
            return refused(400, 321, "Id, taxCode or vatCode required")
        if not (_is_vat_number(code) or _TAX_CODE.fullmatch(code) or _ID.fullmatch(code)):
            return refused(406, 322, "taxCode/vatCode/id not valid")
        price = self._behaviour.price_company
        if not self._behaviour.pay(price, request.account):
            words = f"Insufficient Credit in Wallet: {price} > {self._behaviour.credit_of(request.account)} code 810"
            return refused(402, 610, f"Billing error message: {words}")
        if code == NO_SUCH_COMPANY:
            return refused(404, 323, "no company matches this id: ")
        if code == NOTHING_KNOWN:
            return Answer(204)
        found = _company(code)
        return done(found if self._behaviour.company_as_object else [found])


def _company(code: str) -> dict[str, Any]:
    if code == NO_PEC:
        return {"pec": None, "history": []}
    local = f"ditta{code.lower()}"
    return {
        "pec": f"{local}@prova.example",
        "history": [{"pec": f"{local}.prima@prova.example", "timestamp": _SINCE}],
    }


def _is_vat_number(code: str) -> bool:
    """Eleven digits of which the last checks the others (DM 23/12/1976)."""
    if not re.fullmatch("[0-9]{11}", code, re.ASCII):
        return False
    total = 0
    for place, char in enumerate(code[:10]):
        digit = int(char) * (1 + place % 2)
        total += digit - 9 if digit > 9 else digit
    return (10 - total % 10) % 10 == int(code[10])
