"""The vendor's client: everything said to Openapi over HTTP, free of Django and of any rule of ours.

Three failures say what the caller may do next: `Rejected`, `Unavailable`, `OutcomeUnknown` (see `errors`).
"""

from pecportal.upstream.calls import Api
from pecportal.upstream.company import Company
from pecportal.upstream.config import Config
from pecportal.upstream.errors import OutcomeUnknown, Rejected, SignInRefused, Unavailable, UpstreamError
from pecportal.upstream.massiva import Massiva
from pecportal.upstream.pec import Pec
from pecportal.upstream.tokens import Heard, Tokens, unheard
from pecportal.upstream.transport import Transport
from pecportal.upstream.wallet import Wallet

__all__ = [
    "Config",
    "OutcomeUnknown",
    "Rejected",
    "SignInRefused",
    "Unavailable",
    "Upstream",
    "UpstreamError",
]


class Upstream:
    """The three APIs of one configuration and its account's wallet; one object for a whole process.

    `heard` is told of each call how it went, in the thread that made it.
    """

    def __init__(self, config: Config, *, heard: Heard = unheard) -> None:
        self.config = config
        self._heard = heard
        self._transport = Transport(config)
        self.tokens = Tokens(config, self._transport, heard=heard)
        self.wallet = Wallet(config, self._transport)
        self.pec = Pec(self._api("pec"))
        self.massiva = Massiva(self._api("massiva"))
        self.company = Company(self._api("company"))

    def __repr__(self) -> str:
        return f"<Upstream {self.config.environment}>"

    def close(self) -> None:
        """Close the connections kept for reads."""
        self._transport.close()

    def _api(self, name: str) -> Api:
        return Api(name, config=self.config, transport=self._transport, tokens=self.tokens, heard=self._heard)
