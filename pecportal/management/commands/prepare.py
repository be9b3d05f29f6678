"""`manage.py prepare`: everything that must be done once before this version runs, safe to repeat."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from pecportal import queue
from pecportal.operation import deployment, liveness
from pecportal.schedules import PERIODIC


class Command(BaseCommand):
    """Migrates the database, collects the static files, installs the periodic jobs, marks the installation."""

    help = "Migrate the database, collect the static files, install the periodic jobs."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; run again it changes nothing."""
        settings.PORTAL_DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        verbosity = options["verbosity"]
        call_command("migrate", interactive=False, verbosity=verbosity)
        call_command("createcachetable", verbosity=verbosity)
        if "Manifest" in str(settings.STORAGES["staticfiles"]):
            call_command("collectstatic", interactive=False, verbosity=verbosity)
        queue.install(PERIODIC)
        liveness.expect()
        if why := deployment.why_off():
            self.stderr.write(deployment.sentence(why))
