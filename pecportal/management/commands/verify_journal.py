"""`manage.py verify_journal`: whether the journal is what was recorded."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pecportal.journal import anchoring, checking, guard
from pecportal.journal.models import Head


class Command(BaseCommand):
    """Exit status 0 when every entry holds, 1 otherwise: the first one that does not is named."""

    help = "Walk the journal's chain of hashes, and compare it with what was told outside."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the lines are that were told."""
        parser.add_argument("--anchors", type=Path, help="a file with lines that were mailed or written each night")

    def handle(self, *args: Any, anchors: Path | None, **options: Any) -> None:
        """Walk, compare, tell."""
        number, reason = checking.found()
        if not reason and anchors is not None:
            number, reason = _compared(anchors)
        if reason:
            self.stderr.write(f"The journal does not hold from entry {number}: {reason}.")
        if not guard.is_installed():
            self.stderr.write("The database's guard of the journal is missing: the nightly check puts it back.")
        if reason or not guard.is_installed():
            sys.exit(1)
        head = Head.objects.filter(pk=1).first() or Head()
        self.stdout.write(f"The journal holds: {head.number} entries, the last hash is {head.digest}.")


def _compared(path: Path) -> tuple[int | None, str]:
    if not path.exists():
        raise CommandError(f"There is no file {path}.")
    told = list(anchoring.of_file(path))
    if not told:
        raise CommandError(f"No line of {path} was signed by this installation.")
    wrong = anchoring.contradicted(told)
    return (wrong.number, f"it contradicts the line of {wrong.at}") if wrong else (None, "")
