"""The application of mailboxes."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailboxesConfig(AppConfig):
    """From a free address to an active mailbox."""

    name = "mailboxes"
    verbose_name = _("Mailboxes")
