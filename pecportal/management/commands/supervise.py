"""`manage.py supervise`: the background workers, lane by lane, kept alive until SIGTERM."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pecportal import queue
from pecportal.supervising import Supervisor


class Command(BaseCommand):
    """Starts one cluster for each lane, in a process group of its own; `all` is one that serves every lane."""

    help = "Run the background workers, and start anew those that die or make no progress."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which lanes."""
        parser.add_argument("--lanes", default=",".join(queue.LANES), help="comma-separated; or “all” in one cluster")

    def handle(self, *args: Any, lanes: str, **options: Any) -> None:
        """Serve until SIGTERM or Ctrl-C; everything ends within 15 s of it."""
        wanted = [lane.strip() for lane in lanes.split(",") if lane.strip()]
        unknown = set(wanted) - {*queue.LANES, queue.ALL}
        if unknown or not wanted or len(set(wanted)) < len(wanted):
            raise CommandError(f"Lanes are {', '.join(queue.LANES)}, each once, or {queue.ALL}; not: {lanes}")
        Supervisor(wanted).run()
