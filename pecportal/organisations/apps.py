"""The application of organisations and people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    """Organisations, members, users."""

    name = "pecportal.organisations"
    label = "organisations"
    verbose_name = _("Organisations")
