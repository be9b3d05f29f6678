"""The letter with the link to an invitation."""

import logging

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pecportal.organisations import members
from pecportal.organisations.models import Invitation

logger = logging.getLogger(__name__)


def send(pk: int) -> bool:
    """Send the letter, once; False when it is not due any more, or the mail server does not take it now."""
    row = _due().select_related("organisation", "invited_by").filter(pk=pk).first()
    if row is None:
        return False
    try:
        _letter(row).send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The letter of invitation %s could not be sent: %s", row.pk, type(exc).__name__)
        return False
    Invitation.objects.filter(pk=row.pk, nonce=row.nonce).update(sent_at=timezone.now())
    return True


def send_due() -> int:
    """Send all that are due; how many left."""
    return sum(send(pk) for pk in list(_due().order_by("pk").values_list("pk", flat=True)))


def _due() -> QuerySet[Invitation]:
    return Invitation.objects.filter(sent_at=None, accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


def _letter(row: Invitation) -> EmailMessage:
    link = settings.PORTAL_URL + reverse("invitation", args=[members.token_of(row)])
    with translation.override(settings.LANGUAGE_CODE):
        words = {
            "organisation": row.organisation,
            "person": row.invited_by,
            "roles": ", ".join(row.role_labels),
            "until": date_format(timezone.localtime(row.expires_at), "SHORT_DATETIME_FORMAT"),
            "link": link,
        }
        subject = _("You are invited to send certified e-mail for %(organisation)s") % words
        text = _(
            "%(person)s invites you to work in the portal for certified e-mail of %(organisation)s, as: %(roles)s.\n\n"
            "Open this link to accept:\n%(link)s\n\n"
            "It works once, until %(until)s, and is for you alone: do not forward it. If you do not expect this "
            "letter, do nothing."
        )
    return EmailMessage(" ".join(subject.split())[:200], text % words, to=[row.email])
