"""Where the vendor is and how we sign in: one immutable value, whose secrets never show in its repr."""

from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

ENVIRONMENTS: Final = ("sandbox", "test", "production")

# The vendor's published addresses; its test system is the same names behind `test.`
_HOSTS: Final = {"pec": "pec.openapi.it", "massiva": "ws.pecmassiva.com", "company": "company.openapi.com"}
_ADDRESSES: Final = ("pec_url", "massiva_url", "company_url", "oauth_url")
_OAUTH_HOSTS: Final = {1: "oauth.openapi.it", 2: "oauth.openapi.com"}


@dataclass(frozen=True, slots=True)
class Config:
    """Addresses, account and patience of one installation.

    `environment` is "sandbox" (a simulated vendor), "test" (the vendor's own trial system) or "production".
    `token`, where given, is used as it is and none are minted. All times are seconds: `connect_timeout` for
    one address, `read_timeout` the whole of a read, `send_deadline` the whole of a sending or paying call.
    Raises ValueError for what cannot work.
    """

    environment: str
    pec_url: str
    massiva_url: str
    company_url: str
    oauth_url: str
    oauth_version: int
    email: str
    api_key: str = field(repr=False)
    token: str = field(default="", repr=False)
    # Why nothing may be asked with this account: each call is refused with these words, and none leaves
    unusable: str = ""
    connect_timeout: float = 10
    read_timeout: float = 60
    send_deadline: float = 90
    # Seconds a minted token is asked to live; a process that starts anew mints anew, so not for ever
    token_ttl: int = 86_400
    # A file with the authorities to trust instead of the usual ones, for a gateway of one's own
    ca_bundle: str = ""
    # Whether the answer to a send may start with a BOM or be a JSON string holding JSON; else it is uncertain
    wrapped_send_answers: bool = False

    def __post_init__(self) -> None:
        if self.environment not in ENVIRONMENTS:
            raise ValueError(f"The environment {self.environment!r} is none of {', '.join(ENVIRONMENTS)}.")
        if self.oauth_version not in _OAUTH_HOSTS:
            raise ValueError(f"The OAuth version is {self.oauth_version!r}; it must be 1 or 2.")
        for name in _ADDRESSES:
            object.__setattr__(self, name, _checked_address(name, getattr(self, name)))
        for name in ("connect_timeout", "read_timeout", "send_deadline", "token_ttl"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0 seconds.")
        if not all("\x21" <= char <= "\x7e" for char in self.token):
            raise ValueError("The token holds characters that no token has.")

    @classmethod
    def for_environment(cls, environment: str, **overrides: Any) -> "Config":
        """The configuration with the vendor's addresses filled in where an override is empty or missing.

        The sandbox has no default addresses: all four must be given.
        """
        unknown = set(overrides) - {each.name for each in fields(cls)}
        if unknown:
            raise ValueError(f"Unknown settings of the vendor's client: {', '.join(sorted(unknown))}.")
        values: dict[str, Any] = {"oauth_version": 2, "email": "", "api_key": ""} | overrides
        for name, address in _default_addresses(environment, values["oauth_version"]).items():
            values[name] = values.get(name) or address
        missing = [name for name in _ADDRESSES if not values.get(name)]
        if missing:
            raise ValueError(f"The {environment} has no default addresses: give {', '.join(missing)}.")
        return cls(environment=environment, **values)

    def scope_host(self, api: str) -> str:
        """The host that token scopes name for `api` (pec, massiva, company).

        The vendor's own name where the address is a bare IP or localhost (a sandbox, a tunnel): scopes are
        the vendor's words, not the way to it.
        """
        host = urlsplit(str(getattr(self, f"{api}_url"))).hostname or ""
        if self.environment == "sandbox" or _is_local_name(host):
            return ("" if self.environment == "production" else "test.") + _HOSTS[api]
        return host


def _default_addresses(environment: str, oauth_version: int) -> dict[str, str]:
    if environment == "sandbox":
        return {}
    hosts = _HOSTS | {"oauth": _OAUTH_HOSTS.get(oauth_version, "")}
    prefix = "test." if environment == "test" else ""
    return {f"{api}_url": f"https://{prefix}{host}" for api, host in hosts.items()}


def _checked_address(name: str, address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{name} must be an address such as https://host, not {address!r}.")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{name} must be a plain address, without account, query or fragment.")
    return address.rstrip("/")


def _is_local_name(host: str) -> bool:
    if "." not in host and ":" not in host:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
