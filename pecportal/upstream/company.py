"""Company: the PEC address of any Italian company. Charged per call: keep the answer and show its date."""

from dataclasses import dataclass
from typing import Any, Final

from pecportal.upstream.answers import READ_REFUSALS, clean, whole_number
from pecportal.upstream.calls import Api

_NO_SUCH_COMPANY: Final = 323  # the operation's number, company-it-pec.openapi.json


@dataclass(frozen=True, slots=True)
class CompanyPec:
    """A company's PEC now (None: it has none) and before, each with the Unix second it was active until."""

    address: str | None
    history: tuple[tuple[str, int], ...]


class Company:
    """The Company API."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def pec_of(self, code: str) -> CompanyPec | None:
        """The PEC of the company with this VAT number, tax code or id; None when there is no such company.

        Raises Rejected for an invalid code (406, error 322) or an empty wallet (402), else Unavailable.
        """
        reply = self._api.read("/IT-pec/{}", code)
        if reply.status == 204:
            return None
        if reply.is_refusal({404}) and (reply.error == _NO_SUCH_COMPANY or reply.says("no company")):
            return None
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        records = data if isinstance(data, list) else [] if data is None else [data]
        if not all(isinstance(record, dict) for record in records):
            reply.unreadable("it holds no company", safe=True)
        return _company_pec(records)


def _company_pec(records: list[dict[str, Any]]) -> CompanyPec:
    addresses = [address for record in records if (address := _address(record))]
    former = [entry for record in records for entry in _list(record.get("history"))]
    history = [
        (address, moment)
        for entry in former
        if isinstance(entry, dict)
        and (address := _address(entry))
        and (moment := whole_number(entry.get("timestamp"))) is not None
    ]
    return CompanyPec(addresses[0] if addresses else None, tuple(history))


def _address(record: dict[str, Any]) -> str:
    address = record.get("pec")
    return clean(address).strip() if isinstance(address, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
