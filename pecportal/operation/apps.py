"""The application of the portal's own watch."""

from django.apps import AppConfig
from django.conf import settings
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
        if settings.METRICS:
            from pecportal.operation import metrics  # where they are not wanted, nothing of them is loaded
            from pecportal.upstream import transport

            if metrics.observe_call not in transport.observers:
                transport.observers.append(metrics.observe_call)
