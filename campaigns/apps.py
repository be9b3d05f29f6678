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
        from campaigns.console import desks
        from campaigns.sending import launch, unserved
        from pecportal import queue, supervising
        from pecportal.api import kinds_of_jobs
        from pecportal.journal import words
        from pecportal.operation import liveness

        liveness.add(queue.SENDING, vitals.of_sending, vitals.SENTENCES)
        liveness.send_along(queue.SENDING, unserved.ring)
        supervising.chime(launch.begin_due)
        liveness.add(queue.TRACKING, vitals.of_tracking, vitals.SENTENCES)
        alarms.register()
        words.add(desks.sentences())
        kinds_of_jobs.register("list-reading", "campaigns.ListReading", "campaigns.api.underway.of_reading")
        kinds_of_jobs.register("archive", "campaigns.Intake", "campaigns.api.underway.of_archive")
        kinds_of_jobs.register("check", "campaigns.Sheet", "campaigns.api.underway.of_check")
        kinds_of_jobs.register("evidence", "campaigns.Package", "campaigns.api.underway.of_package")
