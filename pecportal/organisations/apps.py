"""The application of organisations and people."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganisationsConfig(AppConfig):
    """Organisations, members, users."""

    name = "pecportal.organisations"
    label = "organisations"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        """Name what is sealed here."""
        from pecportal import rotation, vendor  # models are ready only now
        from pecportal.organisations.models import VendorAccount

        rotation.register(rotation.Column("vendor keys", VendorAccount, "key_sealed", vendor.key_context))
