"""`manage.py run`: the web server and the workers of one machine, until Ctrl-C."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from pecportal import processes


class Command(BaseCommand):
    """Starts what a small installation needs; behind a reverse proxy with TLS in earnest use."""

    help = "Run the web server and the background workers until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Prepare, start both, wait; if one ends by itself, stop the other and fail."""
        call_command("prepare", verbosity=0)
        children = processes.Children()
        children.heed_signals()
        try:
            children.start("web server", processes.web(host=host, port=port))
            children.start("workers", processes.manage("supervise", "--lanes", "all"))
            self.stdout.write(f"pecportal at {settings.PORTAL_URL} (listening on {host}:{port}); Ctrl-C stops it.")
            while not children.asked_to_stop.wait(1.0):
                if (child := children.ended()) is not None:
                    raise CommandError(f"The {child.name} ended by itself.")
        finally:
            children.stop()
