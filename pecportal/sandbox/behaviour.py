"""How this vendor behaves: every doubt about the real one is a switch here, and may be turned while it runs."""

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from pecportal.sandbox.clock import Clock

APIS: Final = ("pec", "massiva", "company")


@dataclass(kw_only=True, eq=False)
class Behaviour:
    """The switches.

    Sign-in: `email` and `api_key` of the account; `others` are keys of more accounts by their e-mail addresses, of
    which the mailboxes are the same; `v2_under` says where OAuth v2 puts a new token; of APIs that are not `activated`
    no token can be had.

    Sending: `rate` is the POST /send permitted per second (0: no limit) in real seconds, counted for each mailbox or
    for each account (`pace_of`); so is `latency`, the wait before each of its answers.

    Inbox: `spelling` chooses the names of an item's fields ("documented": object, data, message; "live": subject, date,
    body); `first_page` is the number of the first page; `positional_ids` shift after a deletion; `loose_codes`
    also finds codes that only begin alike; a full mailbox (`quota_limit`, KiB) loses what arrives if `full_loses`.

    Texts: subjects as encoded words when not ASCII; bodies urlencoded; letters beyond ASCII lost (U+FFFD).

    Mailboxes: documents are judged `office_hours` after they were handed in, by the sandbox's clock; why they are wrong
    stands under `reason_field` in the record (the documents name no field for it: "", nowhere); addresses get
    `answered_domain` instead of the one asked for, if given; `own_domains` are certified ones of the account;
    `taken_as_error` tells a taken address as an error; `company_as_object` is the older form of a company.

    Money: `wallet` in euros, those of other accounts in `wallets`, and the price of each paid call.
    """

    email: str = "ufficio@prova.example"
    api_key: str = "prova"
    others: dict[str, str] = field(default_factory=dict)
    v2_under: Literal["root", "data"] = "root"
    activated: tuple[str, ...] = APIS

    rate: float = 1.0
    pace_of: Literal["mailbox", "account"] = "mailbox"
    latency: float = 0.0

    spelling: Literal["documented", "live"] = "live"
    first_page: Literal[0, 1] = 1
    newest_first: bool = True
    positional_ids: bool = False
    loose_codes: bool = False
    quota_limit: int = 1_048_576
    full_loses: bool = True

    encoded_subjects: bool = False
    urlencoded_bodies: bool = False
    lost_characters: bool = False

    office_hours: float = 24.0
    reason_field: str = ""
    answered_domain: str = ""
    own_domains: tuple[str, ...] = ("prova.example",)
    taken_as_error: bool = False
    company_as_object: bool = False

    wallet: Decimal = Decimal(1_000_000)
    wallets: dict[str, Decimal] = field(default_factory=dict)
    price_registration: Decimal = Decimal(99)
    price_year: Decimal = Decimal(99)
    price_send: Decimal = Decimal("0.05")
    price_domain: Decimal = Decimal("0.02")
    price_company: Decimal = Decimal("0.05")

    clock: Clock = field(default_factory=Clock)
    lock: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.spelling not in ("documented", "live") or self.first_page not in (0, 1):
            raise ValueError("spelling is documented or live, first_page is 0 or 1.")

    def pay(self, price: Decimal, account: str = "") -> bool:
        """Take `price` from an account's wallet; False, and nothing taken, when it does not hold as much."""
        with self.lock:
            if self.credit_of(account) < price:
                return False
            if account in self.wallets:
                self.wallets[account] -= price
            else:
                self.wallet -= price
            return True

    def credit_of(self, account: str) -> Decimal:
        """What is in the wallet of an account; that of `email` for one that has none of its own."""
        return self.wallets.get(account, self.wallet)

    def is_own_domain(self, domain: str) -> bool:
        """Whether `domain` is one of the account's certified domains, or lies beneath one."""
        return any(domain == own or domain.endswith(f".{own}") for own in self.own_domains)
