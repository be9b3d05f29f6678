"""`manage.py demo`: the portal with a simulated vendor, which does its main job before one's eyes."""

import os
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from pecportal import processes
from pecportal.demo import environment, people, vendor
from pecportal.demo.progress import Progress


class Command(BaseCommand):
    """Starts everything in a world of its own, in `var/demo`, which each demo begins anew."""

    help = "Show the whole portal on this machine, with a simulated vendor and a quick clock."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen, and whether to stop at the end."""
        parser.add_argument("--exit", action="store_true", help="stop when the story is told; status 0 if all is well")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sandbox-port", type=int, default=9000)

    def handle(self, *args: Any, port: int, sandbox_port: int, exit: bool, **options: Any) -> None:  # noqa: A002
        """Tell the story, then serve until Ctrl-C; every process that was started is stopped."""
        ports = environment.Ports(port, sandbox_port)
        if os.environ.get(environment.MARK) != "1":
            _begin_anew(ports)
        children = processes.Children(patience=15.0)
        children.heed_signals()
        try:
            self._start(children, ports)
            is_well = self._tell(children)
            if not exit and not children.asked_to_stop.is_set():
                self._serve(children)
        finally:
            children.stop()
        if not is_well:
            raise CommandError("The story did not end as planned.")

    def _start(self, children: processes.Children, ports: environment.Ports) -> None:
        logs = settings.PORTAL_DATA_DIR / "logs"
        logs.mkdir()
        call_command("prepare", verbosity=0)
        sandbox = ["sandbox", "--port", str(ports.sandbox), "--rate", str(environment.RATE)]
        sandbox += ["--office-hours", str(environment.OFFICE_HOURS)]
        children.start("simulated vendor", processes.manage(*sandbox), log=logs / "sandbox.log")
        children.start("web server", processes.web(host="127.0.0.1", port=ports.web), log=logs / "web.log")
        children.start("worker", processes.worker(), log=logs / "worker.log")
        vendor.wait_for(settings.OPENAPI_PEC_URL)

    def _tell(self, children: processes.Children) -> bool:
        from pecportal.demo import story

        tell = Progress()
        office, clerk, operator = people.make()
        tell.say(_welcome(clerk, operator))
        started = time.monotonic()
        try:
            box = story.mailbox(office, clerk.user, tell)
            sent = story.campaign(office, clerk.user, box, tell)
            outcome = story.follow(sent, tell)
        except (story.StoryFailed, vendor.SandboxAway) as exc:
            tell.say(f"{exc}\n{story.logs(settings.PORTAL_DATA_DIR / 'logs')}")
            return False
        tell.say("")
        for label, count in outcome.counts:
            tell.say(f"  {count:4}  {label}")
        tell.say(
            f"  {sum(count for _label, count in outcome.counts):4}  in all, after {time.monotonic() - started:.0f} s"
        )
        for difference in outcome.differences:
            tell.say(f"  NOT AS PLANNED: {difference}")
        tell.say(f"\nThe campaign: {settings.PORTAL_URL}{sent.get_absolute_url()}")
        tell.say(f"The simulated vendor, and what it took: {settings.OPENAPI_PEC_URL}/")
        if (ended := children.ended()) is not None:
            tell.say(f"The {ended.name} ended by itself.")
            return False
        return not outcome.differences

    def _serve(self, children: processes.Children) -> None:
        print(f"\nServing at {settings.PORTAL_URL} until Ctrl-C …", flush=True)
        while not children.asked_to_stop.wait(1.0):
            if (ended := children.ended()) is not None:
                raise CommandError(f"The {ended.name} ended by itself; see {settings.PORTAL_DATA_DIR / 'logs'}.")


def _begin_anew(ports: environment.Ports) -> None:
    """Become a process with the demo's settings: those of the installation itself were read already."""
    for port in (ports.web, ports.sandbox):
        if not environment.is_free(port):
            raise CommandError(f"Port {port} is taken: choose others with --port and --sandbox-port.")
    folder: Path = environment.fresh_folder()
    os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | environment.environment(ports, folder))  # noqa: S606


def _welcome(clerk: people.LogIn, operator: people.LogIn) -> str:
    return (
        f"\npecportal: {settings.PORTAL_URL}\n"
        f"  clerk     {clerk.user.email}   {clerk.password}\n"
        f"  operator  {operator.user.email}   {operator.password}   (at {settings.PORTAL_URL}/admin/)\n\n"
        "The vendor is simulated: nothing is sent to anybody.\n"
        f"The clock is sped up: an hour passes in {3600 / environment.CLOCK_SPEED:.0f} s. "
        f"The pace is sped up: {environment.RATE} messages a second instead of the vendor's 1.\n"
    )
