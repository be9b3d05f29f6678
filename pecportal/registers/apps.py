"""The application of look-ups."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegistersConfig(AppConfig):
    """Whose certified address is which."""

    name = "pecportal.registers"
    verbose_name = _("Registers")
