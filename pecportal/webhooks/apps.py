"""The application of events and webhooks."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from pecportal.api import kinds
from pecportal.api.kinds import Kind

KINDS = (
    Kind(
        "event-gone",
        410,
        _("This event is not there any more"),
        _("Events are kept for 30 days. Compare your data with the portal's once, then read without `after`."),
    ),
    Kind(
        "step-up-needed",
        403,
        _("Show first that it is you"),
        _("A session of the browser does what binds only soon after logging in. Programs use their keys."),
    ),
)


class WebhooksConfig(AppConfig):
    """What programs are told, and where."""

    name = "pecportal.webhooks"
    label = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        """Name what is sealed here, and the problems that the API tells."""
        from pecportal import rotation  # models are ready only now
        from pecportal.webhooks import secrets
        from pecportal.webhooks.models import Webhook

        kinds.add(*KINDS)
        rotation.register(rotation.Column("webhook secrets", Webhook, "secret_sealed", secrets.context))
        rotation.register(rotation.Column("former webhook secrets", Webhook, "old_secret_sealed", secrets.context))
