"""`manage.py sandbox`: the simulated vendor in a process of its own, until Ctrl-C or SIGTERM."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pecportal.sandbox import Sandbox, serve
from pecportal.sandbox.behaviour import Behaviour
from pecportal.sandbox.clock import Clock


class Command(BaseCommand):
    """Serves the four APIs under one address, with the account that the settings name."""

    help = "Serve the simulated vendor: its PEC, PEC Massiva, Company and OAuth APIs under one address."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and how it behaves."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=9000, help="0: a free one")
        parser.add_argument("--rate", type=float, default=1.0, help="POST /send per second and mailbox; 0: no limit")
        parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer to POST /send")
        parser.add_argument("--office-hours", type=float, default=24.0, help="hours until documents are judged")
        parser.add_argument("--clock-speed", type=float, default=settings.CLOCK_SPEED)
        parser.add_argument("--clock-origin", type=float, default=settings.CLOCK_ORIGIN, help="Unix seconds; 0: now")
        parser.add_argument("--quota", type=int, default=Behaviour.quota_limit, help="KiB that a mailbox holds")
        parser.add_argument("--mailbox", action="append", default=[], metavar="ADDRESS:PASSWORD", help="ready to send")

    def handle(self, *args: Any, host: str, port: int, mailbox: list[str], **options: Any) -> None:
        """Serve until a signal comes; beside the real vendor it has no place."""
        if settings.OPENAPI_ENV == "production":
            raise CommandError("The simulated vendor does not start where OPENAPI_ENV is production.")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        sandbox = _sandbox(options)
        for each in mailbox:
            address, colon, password = each.partition(":")
            if not colon or "@" not in address or not password:
                raise CommandError(f"{each!r} is not ADDRESS:PASSWORD.")
            sandbox.create_mailbox(address, password)
        try:
            with serve(sandbox, host=host, port=port) as server:
                self.stdout.write(f"Simulated vendor at {server.url} (account {sandbox.email}); Ctrl-C stops it.")
                self.stdout.flush()
                stop.wait()
        except OSError as exc:
            raise CommandError(f"{host}:{port} cannot be listened on: {exc}") from exc


def _sandbox(options: dict[str, Any]) -> Sandbox:
    return Sandbox(
        email=settings.OPENAPI_EMAIL or Behaviour.email,
        api_key=settings.OPENAPI_API_KEY or Behaviour.api_key,
        rate=options["rate"],
        latency=options["latency"],
        office_hours=options["office_hours"],
        quota_limit=options["quota"],
        clock=Clock(speed=options["clock_speed"], origin=options["clock_origin"] or None),
    )
