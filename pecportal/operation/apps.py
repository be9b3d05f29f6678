"""The application of the portal's own watch."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationConfig(AppConfig):
    """Alerts, pulses, deployment, audits."""

    name = "pecportal.operation"
    label = "operation"
    verbose_name = _("Operation")
