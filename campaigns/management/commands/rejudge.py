"""`manage.py rejudge`: every verdict and shown status computed anew from the receipts, after a rule was changed."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from campaigns.tracking import statuses


class Command(BaseCommand):
    """Judge all messages anew and say how many changed; without a changed rule none does."""

    help = "Computes every message's verdict and status anew from its receipts, and says how many changed."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to go on, and how much at once."""
        parser.add_argument("--after", type=int, default=0, help="go on behind the message with this id")
        parser.add_argument("--batch", type=int, default=statuses.BATCH, help="messages in one transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the last id of each batch, then the sums."""
        seen = changed = 0
        for last, count, different in statuses.rejudge_all(after=options["after"], batch=max(options["batch"], 1)):
            seen, changed = seen + count, changed + different
            if options["verbosity"] > 1 or different:
                self.stdout.write(f"up to message {last}: {different} changed (go on from here with --after {last})")
        self.stdout.write(f"{seen} messages judged, {changed} changed.")
