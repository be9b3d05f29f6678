"""The whole way of a program that knows no more than the manual: from no mailbox to the evidence of what it sent."""

import json
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from campaigns.models import InboxWatch
from campaigns.tracking import reading
from mailboxes import following
from mailboxes.models import Mailbox
from pecportal import vendor as vendors
from pecportal.organisations.models import Organisation
from pecportal.permissions import SCOPES
from pecportal.webhooks import delivering
from tests import build as kernel
from tests import examples
from tests.api.build import program
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "nome;PEC\nDitta Rossi;consegnata.1@prova.example\nDitta Bianchi;casella-piena@prova.example\n"
BOX = "ufficio.tributi@pecmassiva.com"
PASSWORD = "una-parola-lunga"


@pytest.fixture
def stranger(
    troubled: TroubledSandbox,
    live_server: LiveServer,
    settings: Settings,
) -> Iterator[Any]:
    build.plan()
    office = kernel.organisation()
    Organisation.objects.update(programs_daily_limit=100)
    settings.PORTAL_URL, settings.WEBHOOK_NETWORKS = live_server.url, ["127.0.0.0/8"]
    client = examples.load("portal_client").Portal(live_server.url, program(office, *SCOPES)[1].text, tries=2)
    with client.session:
        yield client


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    """The receiver of the manual, at work."""
    module = examples.load("receive_webhook")
    running = HTTPServer(("127.0.0.1", 0), module.Receiver)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.server_close()
    thread.join()


def manual(begin: str) -> Any:
    """The JSON of the manual that begins so."""
    text = (Path(portal.BASE_DIR) / "docs" / "api.md").read_text()
    found = re.search(rf"-d '(\{{{re.escape(begin)}.*?\}})'", text, re.DOTALL)
    assert found, begin
    return json.loads(found[1])


def test_from_no_mailbox_to_the_evidence(
    stranger: Any,
    troubled: TroubledSandbox,
    jobs: Jobs,
    receiver: HTTPServer,
    tmp_path: Path,
) -> None:
    seen = _listening(stranger, receiver)
    box = _mailbox(stranger, troubled, jobs, tmp_path)

    campaign = _campaign(stranger, jobs, tmp_path)
    message = stranger.send(box, "consegnata.2@prova.example", "Sollecito", "Gentile cliente, ...", key="order-1042")
    jobs.run()
    troubled.advance(hours=30)
    InboxWatch.objects.update(read_at=None)
    reading.read(Mailbox.objects.get().pk, client=vendors.connect())

    assert stranger.get(f"{campaign}counts/")["by_status"] == {"delivered": 1, "undelivered": 1}
    assert stranger.message(message["id"])["status"] == "delivered"
    assert {each["kind"] for each in stranger.evidence(message["id"])["receipts"]} >= {"acceptance", "delivery"}
    report = stranger.download(f"{campaign}report.csv", tmp_path / "report.csv").read_text()
    assert "casella-piena@prova.example" in report
    ordered = stranger.change("POST", f"{campaign}evidence/").json()
    jobs.run()
    proof = stranger.download(stranger.done(ordered)["result"], tmp_path / "evidence.zip")
    with zipfile.ZipFile(proof) as archive:
        assert {"manifest.json", "messages.jsonl", "report.csv"} <= set(archive.namelist())

    delivering.run(linger=0, soon=0)
    told = [event["type"] for event in stranger.events()]
    assert {"mailbox.state_changed", "campaign.state_changed", "message.status_changed"} <= set(told)
    assert sorted(seen) == sorted(event["id"] for event in stranger.events() if event["type"] in _WANTED)


_WANTED = ["message.status_changed", "campaign.state_changed"]


def _listening(stranger: Any, receiver: HTTPServer) -> set[str]:
    url = f"http://127.0.0.1:{receiver.server_address[1]}/"
    made = stranger.change("POST", "webhooks/", {"name": "ERP", "url": url, "types": _WANTED}).json()
    handler: Any = receiver.RequestHandlerClass
    handler.secret = made["secret"]
    seen: set[str] = handler.seen
    return seen


def _mailbox(stranger: Any, troubled: TroubledSandbox, jobs: Jobs, tmp_path: Path) -> str:
    asked = manual('"address"')
    made = stranger.change("POST", "mailboxes/", asked, key="mailbox-7").json()
    jobs.run()
    one = f"mailboxes/{made['id']}/"
    assert stranger.get(one)["next"]["act"] == "documents"
    assert stranger.download(f"{one}activation-form/", tmp_path / "modulo.pdf").read_bytes().startswith(b"%PDF")
    (tmp_path / "firmato.pdf").write_bytes(build.pdf())
    (tmp_path / "carta.jpg").write_bytes(build.picture())
    papers = {"signed_form": [tmp_path / "firmato.pdf"], "identity": [tmp_path / "carta.jpg"]}
    stranger.change("POST", f"{one}documents/", {"hand_in": "true"}, papers)
    jobs.run()
    assert stranger.get(one)["state"] == "in_review"
    troubled.create_mailbox(asked["address"], PASSWORD)  # the provider activates it, and writes to its holder
    following.refresh(Mailbox.objects.get().pk, client=vendors.connect())
    assert stranger.get(one)["next"]["act"] == "credentials"
    stranger.change("PUT", f"{one}credentials/", {"username": asked["address"], "password": PASSWORD})
    assert stranger.get(one)["cannot_send_because"] == ""
    return str(asked["address"])


def _campaign(stranger: Any, jobs: Jobs, tmp_path: Path) -> str:
    (tmp_path / "clienti.csv").write_text(LIST)
    (tmp_path / "avviso.txt").write_text("Importo dovuto\n")
    asked = {**manual('"name": "Solleciti'), "mailbox": BOX}
    one = f"campaigns/{stranger.change('POST', 'campaigns/', asked, key='campaign-17').json()['id']}/"
    reading_it = stranger.put_file(f"{one}recipients/?address=PEC", tmp_path / "clienti.csv", "text/csv").json()
    jobs.run()
    stranger.done(reading_it)
    stranger.change("POST", f"{one}attachments/", {}, {"file": [tmp_path / "avviso.txt"]})
    checking = stranger.change("POST", f"{one}check/").json()
    jobs.run()
    stranger.done(checking)
    check = stranger.get(f"{one}check/")
    assert check["is_clean"], check
    start = {"check": check["sha256"], "count": check["recipients"]}
    stranger.change("POST", f"{one}start/", start, key="start-17")
    jobs.run()
    return one
