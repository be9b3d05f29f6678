"""The programs as an application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProgramsConfig(AppConfig):
    """Models in `programs_…` tables."""

    name = "pecportal.programs"
    label = "programs"
    verbose_name = _("Programs")
