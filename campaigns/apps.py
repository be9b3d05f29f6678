"""The application of campaigns."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Preparing, sending, tracking and proving."""

    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        """Tell the portal's watch what shows that sending and tracking go on."""
        from campaigns import alarms, vitals
        from campaigns.sending import launch, unserved
        from pecportal import queue, supervising
        from pecportal.operation import liveness

        liveness.add(queue.SENDING, vitals.of_sending, vitals.SENTENCES)
        liveness.send_along(queue.SENDING, unserved.ring)
        supervising.chime(launch.begin_due)
        liveness.add(queue.TRACKING, vitals.of_tracking, vitals.SENTENCES)
        alarms.register()
