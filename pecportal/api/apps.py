"""The API as an application."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from pecportal import rotation


class ApiConfig(AppConfig):
    """Models in `api_…` tables."""

    name = "pecportal.api"
    label = "api"
    verbose_name = _("API")

    def ready(self) -> None:
        """Name what is sealed."""
        from pecportal.api.models import KeptAnswer

        rotation.register(rotation.Column("kept answers", KeptAnswer, "body_sealed", KeptAnswer.context))
