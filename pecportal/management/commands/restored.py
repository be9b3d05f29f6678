"""`manage.py restored`: say that the database was just restored from a backup, before anything is started."""

from typing import Any

from django.core.management.base import BaseCommand

from pecportal.operation import deployment


class Command(BaseCommand):
    """Switches sending off: what was sent after the backup was made must not be sent again."""

    help = "Switch sending off after a backup was restored, until every mailbox was searched for what was sent since."

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and tell what comes next; again it begins the search anew."""
        deployment.restored()
        self.stdout.write(
            "Sending is off. Start the portal: it reads every mailbox as a whole, twice, and marks what was sent.\n"
            "Then switch sending on, in the console (Deployments) or with:\n"
            "    ./portal lift_hold --by E-MAIL --reason '…'"
        )
