"""What operators are told of mailboxes: that one expires soon, is nearly full, is not listed any more."""

from datetime import timedelta
from typing import Final

from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from mailboxes import adopting, gauge
from mailboxes.models import Mailbox
from mailboxes.states import VendorState
from pecportal import clock
from pecportal.operation import alerts, meanings
from pecportal.operation.meanings import Meaning
from pecportal.operation.models import Alert

EXPIRING: Final = "mailbox.expiring"  # its key is the mailbox
SOON: Final = timedelta(days=30)
LONG_AGO: Final = timedelta(days=30)


def watch() -> None:
    """Raise an alert for each mailbox that expires within 30 days, or did so lately; end it once it is renewed."""
    now = clock.now()
    rows = Mailbox.objects.filter(
        vendor_state=VendorState.ACTIVE, expires_at__gt=now - LONG_AGO, expires_at__lte=now + SOON
    )
    found = []
    for mailbox in rows.select_related("organisation").order_by("pk"):
        if mailbox.expires_at is None:
            continue
        found.append(mailbox.pk)
        day = f"{localtime(mailbox.expires_at):%d/%m/%Y}"
        alerts.alert(EXPIRING, mailbox.pk, organisation=mailbox.organisation, day=day)
    alerts.end_others(EXPIRING, found)


def _address(alert: Alert) -> str:
    row = Mailbox.objects.filter(pk=int(alert.key)).first() if alert.key.isdecimal() else None
    return row.address if row else alert.key


_MEANINGS: Final[dict[str, Meaning]] = {
    EXPIRING: Meaning(
        _("The mailbox %(name)s expires on %(day)s"),
        _("After that day nothing can be sent from it, nor received. Clerks are reminded, too."),
        _("See to it that its office renews it, or that the account has enough credit if it renews itself."),
        _address,
    ),
    gauge.ALERT: Meaning(
        _("The mailbox %(name)s is %(percent)s%% full"),
        _("Nothing is sent from it until there is room; what waits is not lost."),
        _("Its office has to make room from the webmail, or order more space."),
        _address,
    ),
    adopting.ALERT: Meaning(
        _("The provider's list does not show the mailbox %(name)s any more"),
        _("Sending from it may fail soon."),
        _("Ask the provider; perhaps it belongs to another account."),
        _address,
    ),
    adopting.OFFERED: Meaning(
        _("Mailboxes of the provider's list that the portal does not have: %(mailboxes)s"),
        _("Clerks notice nothing of it."),
        _("Say in the console whose each of them is, or that it is not ours."),
    ),
}


def register() -> None:
    """Put the alerts of mailboxes into words."""
    for kind, meaning in _MEANINGS.items():
        meanings.add(kind, meaning)
