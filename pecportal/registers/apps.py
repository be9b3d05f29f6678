"""The application of look-ups."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from pecportal.api import kinds_of_jobs


class RegistersConfig(AppConfig):
    """Whose certified address is which."""

    name = "pecportal.registers"
    verbose_name = _("Registers")

    def ready(self) -> None:
        """Say how far look-ups are that programs ordered."""
        kinds_of_jobs.register("look-up", "registers.LookUp", "pecportal.registers.api.describe")
