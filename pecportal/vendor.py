"""The vendor's client for one of the accounts: a row's, or that of the settings where there is no row."""

import logging
from functools import lru_cache, partial
from typing import Protocol

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from pecportal import encryption
from pecportal.operation import hearing
from pecportal.organisations.models import Organisation, VendorAccount
from pecportal.upstream import Config, Upstream

logger = logging.getLogger(__name__)

RELATED = ("vendor_account", "organisation__vendor_account")  # what `account_of` looks at


class Served(Protocol):
    """What has calls made for it at the vendor, such as a mailbox."""

    organisation: Organisation
    vendor_account: VendorAccount | None


def connect(account: VendorAccount | None = None) -> Upstream:
    """The client of `account`, else of the default one, else of the settings.

    One per process and configuration, since it caches its tokens. With an account of another environment than the
    installation's (a database restored elsewhere must not reach the real vendor), or whose key cannot be opened,
    nothing is ever asked: each call raises `Unusable`, whose words say why, as those of a refused account do.
    """
    account = account or default()
    if account is None:
        return of_settings()
    if account.why_not_here:
        return _client(_config("", "", "", unusable=account.why_not_here), account.pk)
    try:
        return _client(_config(account.email, key_of(account), ""), account.pk)
    except encryption.Unreadable:
        logger.error("The key of the account %s cannot be opened.", account.pk)
        words = _("The key of the account at the provider cannot be opened any more: it has to be entered again.")
        return _client(_config("", "", "", unusable=words), account.pk)


def connect_for(served: Served) -> Upstream:
    """The client of the account that a mailbox, or whatever is served, belongs to."""
    return connect(account_of(served))


def account_of(served: Served) -> VendorAccount | None:
    """Its own account, else its organisation's, else the default one; None for that of the settings."""
    return served.vendor_account or served.organisation.vendor_account or default()


def default() -> VendorAccount | None:
    """The account that is used where no other is given; None for that of the settings."""
    return VendorAccount.objects.filter(is_default=True, environment=settings.OPENAPI_ENV).first()


def served_by(account: VendorAccount | None) -> Q:
    """What `account_of` gives this account, as a condition on mailboxes or whatever is served."""
    without = Q(vendor_account=None, organisation__vendor_account=None)
    first = default()
    if account is None:
        return without if first is None else Q(pk__in=[])
    own = Q(vendor_account=account) | Q(vendor_account=None, organisation__vendor_account=account)
    return own | without if account == first else own


def in_use() -> list[VendorAccount | None]:
    """Every account of this installation's environment; None stands for that of the settings."""
    first = default()
    return [first, *(row for row in VendorAccount.objects.filter(environment=settings.OPENAPI_ENV) if row != first)]


def of_settings() -> Upstream:
    """The client of the account in the settings."""
    return _client(_config(settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY, settings.OPENAPI_TOKEN), 0)


def forget_clients() -> None:
    """Let every client go, with its connections and tokens: what answers at its addresses is another server now."""
    _client.cache_clear()


def key_of(account: VendorAccount) -> str:
    """The account's key in the clear; raises `Unreadable`."""
    return encryption.unseal(account.key_sealed, context=key_context(account.pk)).decode()


def key_context(pk: int) -> str:
    """What a key is sealed for."""
    return f"vendor_account:{pk}:key"


def _config(email: str, api_key: str, token: str, *, unusable: str = "") -> Config:
    return Config.for_environment(
        settings.OPENAPI_ENV,
        **{name: value for name, value in _addresses().items() if value},
        oauth_version=settings.OPENAPI_OAUTH_VERSION,
        email=email,
        api_key=api_key,
        token=token,
        unusable=unusable,
        connect_timeout=settings.OPENAPI_CONNECT_TIMEOUT,
        read_timeout=settings.OPENAPI_READ_TIMEOUT,
        send_deadline=settings.OPENAPI_SEND_DEADLINE,
    )


def _addresses() -> dict[str, str]:
    return {
        "pec_url": settings.OPENAPI_PEC_URL,
        "massiva_url": settings.OPENAPI_MASSIVA_URL,
        "company_url": settings.OPENAPI_COMPANY_URL,
        "oauth_url": settings.OPENAPI_OAUTH_URL,
    }


@lru_cache(maxsize=64)
def _client(config: Config, account: int) -> Upstream:
    return Upstream(config, heard=partial(hearing.hear, account))
