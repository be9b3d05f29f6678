"""Letters to the operators about some of the alerts: one when it is raised, one when it is over, each once."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from pecportal import clock
from pecportal.operation import clocks, wallets
from pecportal.operation.models import Alert
from pecportal.organisations.models import User
from pecportal.permissions import TenantQuerySet
from pecportal.queue import enqueue

logger = logging.getLogger(__name__)
AGAIN: Final = timedelta(minutes=10)
_WRITERS: Final[dict[str, Callable[[Alert], tuple[str, str]]]] = {
    wallets.ALERT: wallets.letter,
    clocks.ALERT: clocks.letter,
}


def ring() -> bool:
    """Ring the job that sends, if a letter is due."""
    is_due = _due().exists()
    if is_due:
        enqueue("pecportal.operation.tasks.send_letters")
    return is_due


def send() -> int:
    """Send what is due; how many letters left. A worker that dies between sending and writing it down sends it again.

    What the mail server does not take is tried again every ten minutes. An alert that was over before anybody was told
    is told to nobody.
    """
    sent = 0
    for alert in list(_due().order_by("pk")):
        if _due().filter(pk=alert.pk).update(tried_at=clock.now()):
            sent += _send(alert)
    return sent


def operators() -> list[User]:
    """Who is told: whoever looks after the whole portal."""
    return list(User.objects.filter(is_superuser=True, is_active=True).exclude(email="").order_by("pk"))


def _due() -> TenantQuerySet[Alert]:
    rested = Q(tried_at=None) | Q(tried_at__lt=clock.now() - AGAIN)
    raised = Q(ended_at=None, told_at=None) & rested
    over = Q(ended_at__isnull=False, told_at__isnull=False, cleared_at=None) & (rested | Q(tried_at__lte=F("ended_at")))
    return Alert.objects.filter(raised | over, kind__in=_WRITERS)


def _send(alert: Alert) -> int:
    with translation.override(settings.LANGUAGE_CODE):
        subject, text = _WRITERS[alert.kind](alert)
        closing = _("This letter was written by the portal %(link)s: answers to it are not read.")
        text = f"{text}\n\n{closing % {'link': settings.PORTAL_URL}}"
    taken = sum(_handed_over(EmailMessage(subject, text, to=[each.email]), alert) for each in operators())
    if taken:
        field = "told_at" if alert.ended_at is None else "cleared_at"
        Alert.objects.filter(pk=alert.pk).update(**{field: clock.now()})
    return taken


def _handed_over(letter: EmailMessage, alert: Alert) -> bool:
    try:
        letter.send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The letter about alert %s could not be sent: %s", alert.pk, type(exc).__name__)
        return False
    return True
