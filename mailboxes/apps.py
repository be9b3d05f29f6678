"""The application of mailboxes."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailboxesConfig(AppConfig):
    """From a free address to an active mailbox."""

    name = "mailboxes"
    verbose_name = _("Mailboxes")

    def ready(self) -> None:
        """Register the checks, and name what is sealed here."""
        from mailboxes import (
            alarms,
            checks,  # noqa: F401
            sealing,  # models are ready only now
        )

        sealing.register()
        alarms.register()
