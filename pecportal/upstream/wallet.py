"""The account's credit: GET /wallet of OAuth v2, GET /credit of v1 (oauthv2.openapi.json, oauth.openapi.json).

Neither file names the currency; the vendor's prices are in euros. The call is free, as far as the documents tell.
"""

import re
from decimal import Decimal
from typing import Final

from pecportal.upstream.answers import READ_REFUSALS, Reply
from pecportal.upstream.config import Config
from pecportal.upstream.errors import Unusable
from pecportal.upstream.redaction import Secrets
from pecportal.upstream.tokens import basic
from pecportal.upstream.transport import READ_LIMIT, Request, Transport

_PATHS: Final = {1: "/credit", 2: "/wallet"}
_AMOUNT: Final = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,20})?([eE][-+]?[0-9]{1,2})?", re.ASCII)
_MOST: Final = Decimal(10) ** 9
_SMALLEST: Final = Decimal("0.0001")


class Wallet:
    """What is left to be spent, asked with the account's own key: no token opens it."""

    def __init__(self, config: Config, transport: Transport) -> None:
        self._config = config
        self._transport = transport

    def credit(self) -> Decimal:
        """The credit, rounded to four places.

        Raises Unusable for a configuration without a key, Rejected when the vendor does not tell (401; 404, error 320
        where it knows no credit), else Unavailable.
        """
        path = _PATHS[self._config.oauth_version]
        call = f"oauth GET {path}"
        if self._config.unusable or not (self._config.email and self._config.api_key):
            words = self._config.unusable or "The account has no e-mail address and key with which to ask."
            raise Unusable(words, call=call)
        request = Request(
            call=call,
            method="GET",
            url=self._config.oauth_url + path,
            headers={"Authorization": basic(self._config.email, self._config.api_key)},
            limit=READ_LIMIT,
        )
        answer = self._transport.read(request, deadline=self._config.read_timeout)
        reply = Reply(answer, secrets=Secrets(self._config.api_key))
        data = reply.success(safe=True, refusals=READ_REFUSALS).get("data")
        amount = _amount(data.get("credit")) if isinstance(data, dict) else None
        if amount is None:
            reply.unreadable("it holds no credit", safe=True)
        return amount


def _amount(value: object) -> Decimal | None:
    """A sum from a number or its text; None for what is none, or cannot be true."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if not _AMOUNT.fullmatch(text) or abs(Decimal(text)) >= _MOST:
        return None
    return Decimal(text).quantize(_SMALLEST)
