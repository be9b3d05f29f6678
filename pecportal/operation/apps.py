"""The application of the portal's own watch."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OperationConfig(AppConfig):
    """Alerts, pulses, deployment, audits."""

    name = "pecportal.operation"
    label = "operation"
    verbose_name = _("Operation")

    def ready(self) -> None:
        """Write down what the vendor answered once a page is made."""
        from django.core.signals import request_finished

        from pecportal.operation import hearing

        request_finished.connect(hearing.keep, dispatch_uid="hearing")
