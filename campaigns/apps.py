"""The application of campaigns."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Preparing, sending, tracking and proving."""

    name = "campaigns"
    verbose_name = _("Campaigns")
