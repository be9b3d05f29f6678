"""The letter with which a forgotten password is set anew."""

import logging

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from pecportal.organisations.models import User

logger = logging.getLogger(__name__)


def reset(pk: int) -> bool:
    """Send it to an active person; the link is made here, so that no queue holds it. Whether the server took it."""
    user = User.objects.filter(pk=pk, is_active=True).first()
    if user is None:
        return False
    given = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    link = f"{settings.PORTAL_URL}{reverse('account_reset_password_from_key', kwargs=given)}"
    with translation.override(settings.LANGUAGE_CODE):
        subject = _("A new password for the portal for certified e-mail")
        text = _(
            "Somebody asked for a new password for %(email)s. If it was you, open this link and choose one:\n"
            "%(link)s\n\nIt works once, within an hour. If it was not you, do nothing: your password stays as it is."
        ) % {"email": user.email, "link": link}
    try:
        EmailMessage(subject, text, to=[user.email]).send()
    except OSError as exc:  # smtplib's errors are OSErrors, too
        logger.warning("The letter for a new password could not be sent: %s", type(exc).__name__)
        return False
    return True
