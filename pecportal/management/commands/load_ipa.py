"""`manage.py load_ipa FILE`: load IPA's open data, which are searched before anything is paid for."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from pecportal.registers import ipa, looking


class Command(BaseCommand):
    """The file takes the place of the one before; one that cannot be read changes nothing."""

    help = "Load IPA's open data (amministrazioni.txt, or enti as CSV or XLSX) from a file."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Load it and say how many bodies it has."""
        try:
            count = looking.load_ipa(options["file"])
        except (OSError, ipa.NotIpa) as exc:
            raise CommandError(str(exc)) from exc
        self.stdout.write(f"{count} public bodies loaded.")
