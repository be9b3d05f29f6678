"""Each command of the API's manual, run as it stands there, one after the other, in a shell; the portal answers it."""

import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from django.conf import settings as portal
from django_q.models import OrmQ
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from pecportal.organisations.models import Organisation
from pecportal.permissions import SCOPES
from tests import build as kernel
from tests.api.build import program
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]
TEXT = (Path(portal.BASE_DIR) / "docs" / "api.md").read_text()
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ENDLESS = {"campaigns.tasks.pump", "campaigns.tasks.track", "campaigns.tasks.read_whole"}
NOT_YET = ("/credentials/", "/renew/", "/revoke/")  # of a mailbox that is active, which takes the provider some days


def commands() -> list[str]:
    """What stands in the manual for a shell, in its order: calls, and variables of which calls make use."""
    found: list[str] = []
    for line in TEXT.splitlines():
        told = line.removeprefix("    ")
        if told == line:
            continue
        if re.match(r"curl |[A-Z]+=", told):
            found.append(told)
        elif found and told.startswith(" ") and (found[-1].endswith("\\") or found[-1].count("'") % 2):
            found[-1] += f"\n{told}"
    return found


class Shell:
    """Variables so far, and what the latest call answered; `real` are values for those that the manual makes up."""

    def __init__(self, folder: Path, real: dict[str, str]) -> None:
        self.folder = folder
        self.real = real
        self.said: list[str] = []
        self.answer: dict[str, str] = {}

    def set(self, command: str) -> None:
        """A variable: what the manual takes from an answer is taken from it."""
        name, _is, value = command.partition("=")
        if name == "CHECK":
            value = self.answer["sha256"]
        elif name == "RESULT":
            self.call(f'curl $API/jobs/{self.answer["id"]}/ -H "$AUTH"')
            value = self.answer["result"]
        else:
            value = UUID.sub(self.answer.get("id", ""), self.real.get(name, value))
        self.said.append(f"{name}={value}")

    def call(self, command: str) -> int:
        """A call; its status."""
        script = "\n".join([*self.said, f"{command} -s -w '\n%{{http_code}}'"])
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, check=True, timeout=60
        )
        told, _line, status = done.stdout.rpartition("\n")
        self.answer = json.loads(told) if told.startswith("{") else {}
        return int(status)


def test_every_command_of_the_manual_does_what_it_says(
    troubled: TroubledSandbox, live_server: LiveServer, settings: Settings, jobs: Jobs, tmp_path: Path
) -> None:
    settings.PORTAL_URL = live_server.url
    build.plan()
    office = kernel.organisation()
    Organisation.objects.update(programs_daily_limit=100)
    kernel.mailbox(office, address="ufficio@pec.example", vendor=troubled)
    _write_files(tmp_path)
    key = program(office, *SCOPES)[1].text
    shell = Shell(tmp_path, {"PORTAL": live_server.url, "KEY": key})
    told = commands()
    assert sum(command.startswith("curl") for command in told) > 20

    for command in told:
        if not command.startswith("curl"):
            shell.set(command)
            continue
        status = shell.call(command)
        wanted = {409} if any(each in command for each in NOT_YET) else {200, 201, 202}
        assert status in wanted, f"{command}\n{shell.answer}"
        _run(jobs)

    assert (tmp_path / "modulo.pdf").read_bytes().startswith(b"%PDF")
    assert list(tmp_path.glob("solleciti-di-marzo*.csv"))
    [proof] = tmp_path.glob("*-20*.zip")
    assert "messages.jsonl" in zipfile.ZipFile(proof).namelist()


def _run(jobs: Jobs) -> None:
    """What waits in the background, but for what sends and what reads inboxes, which go on for ever."""
    for _time in range(5):
        OrmQ.objects.filter(pk__in=[row.pk for row in OrmQ.objects.all() if row.func() in ENDLESS]).delete()
        jobs.run(most=1)


def _write_files(folder: Path) -> None:
    """What the commands hand in; the list is that of the manual."""
    for name in ("fattura.pdf", "modulo-firmato.pdf", "avviso.pdf", "fattura-1042.pdf"):
        (folder / name).write_bytes(build.pdf())
    for name in ("fronte.jpg", "retro.jpg"):
        (folder / name).write_bytes(build.picture())
    with zipfile.ZipFile(folder / "fatture.zip", "w") as archive:
        archive.writestr("fattura-1041.pdf", build.pdf(2))
    found = re.search(r"    (nome;PEC;file\n(?:    .+\n)+)", TEXT)
    assert found is not None
    (folder / "clienti.csv").write_text(found[1].replace("\n    ", "\n"))
