"""`manage.py rotate_keys`: seal everything anew with the first of ENCRYPTION_KEYS."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from pecportal import encryption, rotation
from pecportal.rotation import Outcome

STEP = 500  # values between two lines of progress


class Command(BaseCommand):
    """Exit status 0 when everything carries the current key, 1 otherwise."""

    help = (
        "Seal every password, key and paper anew with the first of ENCRYPTION_KEYS. It may be broken off and run "
        "again. An older key can be taken out of ENCRYPTION_KEYS when this command counts none of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """`--count` changes nothing."""
        parser.add_argument("--count", action="store_true", help="only count how many values carry each key")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, holder by holder, and print how many values carry each key in the end."""
        current, whole = encryption.current_key(), True
        self.stdout.write(f"Current key: {current}")
        for holder in rotation.holders():
            outcome = rotation.count(holder) if options["count"] else rotation.rotate(holder, told=self._progress)
            self._tell(outcome)
            whole = whole and set(outcome.keys) <= {current}
        if not whole:
            sys.exit(1)

    def _progress(self, outcome: Outcome) -> None:
        if outcome.resealed and outcome.resealed % STEP == 0:
            self.stdout.write(f"  {outcome.name}: {outcome.resealed} sealed anew so far")
            self.stdout.flush()

    def _tell(self, outcome: Outcome) -> None:
        counts = ", ".join(f"{name or 'none'} {number}" for name, number in sorted(outcome.keys.items())) or "nothing"
        self.stdout.write(f"{outcome.name}: {outcome.resealed} sealed anew; by key: {counts}")
        if outcome.unreadable:
            some = ", ".join(map(str, outcome.unreadable[:20]))
            self.stderr.write(f"{outcome.name}: {len(outcome.unreadable)} cannot be opened; rows {some}")
