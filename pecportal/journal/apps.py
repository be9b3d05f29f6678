"""The application of the journal."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JournalConfig(AppConfig):
    """Append-only record of acts."""

    name = "pecportal.journal"
    label = "journal"
    verbose_name = _("Journal")
