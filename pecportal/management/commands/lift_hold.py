"""`manage.py lift_hold`: let the portal send again after a restore."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.tracking import restoring
from pecportal.errors import Refusal
from pecportal.organisations.models import User


class Command(BaseCommand):
    """Refuses until every mailbox was searched, unless it is forced; who did it, and why, stands in the journal."""

    help = "Switch sending on again, once every mailbox was searched for what was sent meanwhile."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, why, and whether in spite of mailboxes that were not searched."""
        parser.add_argument("--by", required=True, metavar="EMAIL", help="the operator who answers for it")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--force", action="store_true", help="though mailboxes were not searched: may send twice")

    def handle(self, *args: Any, by: str, reason: str, force: bool, **options: Any) -> None:
        """Do it, or say what is missing."""
        person = User.objects.filter(email=by.strip().lower(), is_active=True, is_staff=True).first()
        if person is None:
            raise CommandError(f"There is no active operator with the address {by}.")
        for one in restoring.search().mailboxes:
            done = "searched" if one.is_done else f"NOT searched ({len(one.readings)} of {restoring.SCANS} readings)"
            self.stdout.write(f"{one.mailbox.address}: {done} {one.why_not}".rstrip())
        try:
            restoring.lift(actor=person, reason=reason, force=force)
        except Refusal as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write("Sending is on.")
