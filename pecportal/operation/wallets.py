"""The credit of the accounts at the vendor: read every hour, kept with its time, an alarm when it runs low."""

import logging
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from pecportal import clock, vendor
from pecportal.operation import alerts
from pecportal.operation.models import Alert
from pecportal.organisations.models import VendorAccount
from pecportal.upstream.errors import UpstreamError

logger = logging.getLogger(__name__)
ALERT: Final = "wallet.low"  # its key is the account


def read_all() -> int:
    """Read the credit of each account of this installation; of how many it was told. One that fails stops no other."""
    told = 0
    for account in VendorAccount.objects.filter(environment=settings.OPENAPI_ENV):
        try:
            told += read(account)
        except Exception:  # the others wait behind it
            logger.exception("The credit of the account %s could not be read.", account.pk)
    return told


def read(account: VendorAccount) -> bool:
    """Ask for an account's credit and keep it; False when it cannot be had: the last one stays, with the reason."""
    row = VendorAccount.objects.filter(pk=account.pk)
    try:
        credit = vendor.connect(account).wallet.credit()
    except UpstreamError as exc:
        logger.warning("The credit of the account %s could not be read: %s", account.pk, type(exc).__name__)
        row.update(credit_problem=(exc.message or type(exc).__name__)[:500])
        return False
    row.update(credit=credit, credit_at=clock.now(), credit_problem="")
    judge(row.get())
    return True


def judge(account: VendorAccount) -> None:
    """Raise the alarm of an account whose credit, as it was last read, is too low, or give the all-clear."""
    if account.is_low:
        credit, below = str(account.credit), str(account.alarm_below)
        alerts.alert(ALERT, account.pk, account=account.name, credit=credit, below=below)
    else:
        alerts.all_clear(ALERT, account.pk)


def letter(alert: Alert) -> tuple[str, str]:
    """Subject and text of the letter about an alarm or its end, in the active language."""
    account = VendorAccount.objects.get(pk=int(alert.key))
    words = {"account": account.name, "credit": _euros(account.credit), "below": _euros(account.alarm_below)}
    if alert.ended_at is None:
        subject = _("The credit of %(account)s is low")
        text = _(
            "The credit of the account %(account)s at the provider is %(credit)s euros, below the alarm of %(below)s "
            "euros. When it is used up, nothing is sent or registered with it any more: please top it up."
        )
    else:
        subject = _("The credit of %(account)s is no longer low")
        text = _("The credit of the account %(account)s at the provider is %(credit)s euros: the alarm is over.")
    return subject % words, text % words


def _euros(amount: Decimal | None) -> str:
    return "–" if amount is None else str(number_format(amount, 2))
