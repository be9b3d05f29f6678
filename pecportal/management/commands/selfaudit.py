"""`manage.py selfaudit`: ask the rows whether every promise holds."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from campaigns import auditing


class Command(BaseCommand):
    """Exit status 0 when no question found a row, 1 otherwise."""

    help = "Ask the rows whether every promise holds; each question should find none."

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask all, print what was found."""
        audit = auditing.run()
        for sentence, count in auditing.facts(audit):
            self.stdout.write(f"{count:8}  {sentence}")
        if audit.total:
            sys.exit(1)
