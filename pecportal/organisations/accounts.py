"""Accounts at the vendor: entered by an operator, their keys sealed, tested with calls that cost nothing."""

from collections.abc import Callable
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from pecportal import clock, encryption, vendor
from pecportal.errors import Refusal
from pecportal.journal.record import record
from pecportal.operation import wallets
from pecportal.organisations.models import User, VendorAccount, VendorAnswer
from pecportal.upstream import Upstream
from pecportal.upstream.errors import UpstreamError

# reads that cost nothing; PEC Massiva wants a mailbox and Company takes money, so there a token has to do
_ASKED: Final[dict[str, Callable[[Upstream], object]]] = {
    "pec": lambda client: client.pec.list(),
    "massiva": lambda client: client.tokens.get("massiva"),
    "company": lambda client: client.tokens.get("company"),
}
_ENTERED: Final = ("name", "environment", "email", "is_default", "rate", "pace_of", "alarm_below")


@sensitive_variables("key")
@transaction.atomic
def save(account: VendorAccount, *, key: str, actor: User) -> None:
    """Keep an account; an empty `key` leaves the one that is there. Another default account gives way to it."""
    if account.is_default:
        VendorAccount.objects.exclude(pk=account.pk).filter(is_default=True).update(is_default=False)
    earlier = VendorAccount.objects.filter(pk=account.pk).first()
    account.save(update_fields=_ENTERED if account.pk else None)  # the credit may be read meanwhile
    if key:
        account.key_sealed = encryption.seal(key.encode(), context=vendor.key_context(account.pk))
        account.save(update_fields=["key_sealed"])
    wallets.judge(account)
    record(
        "account.save",
        actor=actor,
        target=account,
        before=_told(earlier) if earlier else {},
        after=_told(account),
        environment=account.environment,
        is_default=account.is_default,
        rate=account.rate,
        pace_of=account.pace_of,
        alarm_below=None if account.alarm_below is None else str(account.alarm_below),
        new_key=bool(key),
    )


def _told(account: VendorAccount) -> dict[str, object]:
    """What an operator entered, as the journal keeps it."""
    fields = {name: getattr(account, name) for name in _ENTERED}
    return {**fields, "alarm_below": None if account.alarm_below is None else f"{account.alarm_below:.2f}"}


def test(account: VendorAccount, *, actor: User) -> bool:
    """Ask each API something harmless, and for the credit, and keep what they say; whether all of them work.

    Raises `Refusal` for an account of another environment, or when its key cannot be opened.
    """
    if account.why_not_here:
        raise Refusal(_("This account is for another environment than the portal: it is not used here."))
    client = vendor.connect(account)
    if client.config.unusable:
        raise Refusal(client.config.unusable)
    answers = {api: _asked(ask, client) for api, ask in _ASKED.items()}
    with transaction.atomic():
        for api, words in answers.items():
            told = {"is_good": not words, "words": words, "at": clock.now()}
            VendorAnswer.objects.update_or_create(account=account, api=api, defaults=told)
        record("account.test", actor=actor, target=account, works=[api for api, words in answers.items() if not words])
    wallets.read(account)
    return not any(answers.values())


def _asked(ask: Callable[[Upstream], object], client: Upstream) -> str:
    """Why it does not work, "" where it does."""
    try:
        ask(client)
    except UpstreamError as exc:
        return str(exc)[:1000]
    return ""
