"""The letter to an organisation's administrators about a webhook that the portal switched off."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.translation import gettext as _

from pecportal import clock
from pecportal.permissions import Power, people_with
from pecportal.webhooks.models import Because, Webhook, WebhookState

logger = logging.getLogger(__name__)
BY_ITSELF = (Because.GONE, Because.FAILING)


def tell_due() -> int:
    """Write about each webhook that was switched off by itself, once; how many were told of."""
    due = Webhook.objects.filter(state=WebhookState.DISABLED, because__in=BY_ITSELF, told_at=None)
    return sum(tell(row) for row in due.select_related("organisation").order_by("pk"))


def tell(webhook: Webhook) -> bool:
    """Write to all who may look after it; False when no letter was taken, and it is to be tried again."""
    people = people_with(Power.KEYS, webhook.organisation).exclude(email="")
    with translation.override(settings.LANGUAGE_CODE):
        subject, text = _letter(webhook)
    taken = sum(_handed_over(EmailMessage(subject, text, to=[person.email]), webhook) for person in people)
    if taken:
        Webhook.objects.filter(pk=webhook.pk, told_at=None).update(told_at=clock.real_now())
    return bool(taken)


def _letter(row: Webhook) -> tuple[str, str]:
    words = {
        "name": row.name,
        "organisation": row.organisation,
        "why": Because(row.because).label,
        "link": settings.PORTAL_URL + row.get_absolute_url(),
    }
    subject = _("The webhook “%(name)s” was switched off") % words
    text = _(
        "The portal does not call the webhook “%(name)s” of %(organisation)s any more: its program is not told of "
        "messages, campaigns and mailboxes.\n\nWhy: %(why)s.\n\nWhat to do: ask whoever looks after the receiving "
        "program. Once it works again, switch the webhook on: %(link)s\nWhat waited is delivered then. What happens "
        "while it is off is in the list of events, which the program can read for 30 days.\n\nMessages are sent and "
        "followed as always: nothing of that depends on webhooks."
    )
    return " ".join(subject.split())[:200], text % words


def _handed_over(letter: EmailMessage, row: Webhook) -> bool:
    try:
        letter.send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The letter about webhook %s could not be sent: %s", row.pk, type(exc).__name__)
        return False
    return True
