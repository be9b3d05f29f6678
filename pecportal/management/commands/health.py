"""`manage.py health`: whether the portal makes progress, for people and for monitoring."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from pecportal.operation import standing


class Command(BaseCommand):
    """Exit status 0: all is well. 1: somebody should look. 2: a lane stands still."""

    help = "Tell whether background work makes progress, whether sending is on, and what the last audit found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For programs."""
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print it, and leave with the status."""
        now = standing.of()
        if options["json"]:
            self.stdout.write(json.dumps(now.facts()))
        else:
            self.stdout.write("\n".join(now.lines()))
        if now.status:
            sys.exit(now.status)
