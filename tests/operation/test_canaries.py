"""A whole small campaign and a registration with canaries planted in everything that is somebody's: none comes out."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_q.models import Failure, OrmQ, Success

from campaigns import figures, tallying
from campaigns.models import Campaign, InboxWatch, Message
from campaigns.tracking import reading
from mailboxes import credentials
from mailboxes.models import Mailbox
from pecportal import logs
from pecportal import vendor as vendors
from pecportal.journal import tasks as of_journal
from pecportal.journal.models import Entry
from pecportal.journal.reading import as_json_lines
from pecportal.operation import alerts, health, letters, metrics
from pecportal.operation.models import Alert, Delivery
from pecportal.organisations.models import User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build as registering

pytestmark = pytest.mark.django_db(transaction=True)
CANARY = "canarino"
SECRET = "canarino-della-miniera"
LIST = (
    "Ragione sociale;PEC\nDitta canarino;canarino.uno@prova.example\nDitta Due;casella-piena@prova.example\n"
    "Ditta Tre;canarino.rifiutata@prova.example\n"
)


class Kept(logging.Handler):
    """Everything that is logged, as both formats would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines += [logs.Json().format(record), logs.Line().format(record)]


@pytest.fixture
def log() -> Iterator[Kept]:
    handler, root = Kept(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


class Watched(Jobs):
    """The queue, each of whose rows is read before it runs."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def run(self, *, most: int = 50) -> int:
        """Run them one by one."""
        done = 0
        while done < most and OrmQ.objects.exists():
            self.rows += [json.dumps(row.task, default=str) for row in OrmQ.objects.all()]
            done += super().run(most=1)
        return done


def campaign(client: Client, vendor: Sandbox, jobs: Watched) -> Campaign:
    """From a list to the receipts, through the pages."""
    office = kernel.organisation()
    box = kernel.mailbox(office, address="canarino@prova.example", password=SECRET, vendor=vendor)
    client.force_login(kernel.user(office, Role.PREPARER))
    client.post(reverse("campaigns:new"), {"name": "Solleciti", "mailbox": box.pk})
    row = Campaign.objects.get()

    def post(name: str, **data: object) -> None:
        assert client.post(reverse(f"campaigns:{name}", args=[row.pk]), data).status_code == 302

    post("recipients", file=SimpleUploadedFile("canarino.csv", LIST.encode()))
    post("columns", column_0="name", column_1="address")
    post("text", subject="Sollecito canarino", body="Gentile {{ ragione_sociale }}, canarino,\n\nsaluti")
    post("attachments", upload=[SimpleUploadedFile("canarino.txt", b"canarino\n")])
    row.refresh_from_db()
    post("check")
    jobs.run()
    post("start", seen=row.sheets.get().sha256)
    jobs.run()
    vendor.advance(hours=30)
    InboxWatch.objects.update(read_at=None)
    reading.read(box.pk, client=vendors.connect())
    client.get(row.get_absolute_url())
    client.get(reverse("campaigns:message", args=[row.pk, row.messages.first().pk]))  # type: ignore[union-attr]
    client.get(reverse("campaigns:message", args=[row.pk, 10**9]))  # refused, and recorded
    client.get(f"/campaigns/?search={CANARY}@prova.example&token={SECRET}")
    client.post(reverse("account_login"), {"login": f"{CANARY}@prova.example", "password": SECRET})
    return row


def registration(jobs: Watched) -> Mailbox:
    """A mailbox is registered, and its password entered."""
    box = registering.registered(jobs)
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="evasa")
    credentials.enter(registering.fresh(box), username=box.address, password=SECRET, actor=box.created_by)
    jobs.run()
    return registering.fresh(box)


def test_no_canary_comes_out_anywhere(client: Client, vendor: Sandbox, transactional_db: None, log: Kept) -> None:
    jobs = Watched()
    User.objects.create_superuser("operatore@portale.example", "password")
    row = campaign(client, vendor, jobs)
    assert row.messages.count() == Message.objects.count() == 3
    box = registration(jobs)
    alerts.alert("campaign.stuck", row.pk, organisation=row.organisation)
    of_journal.nightly()
    letters.send()
    tallying.run()
    figures.count()

    places = {
        "logs": "\n".join(log.lines),
        "queue": "\n".join(jobs.rows),
        "errors": json.dumps([*Failure.objects.values(), *Success.objects.values()], default=str),
        "sessions": json.dumps([session.get_decoded() for session in Session.objects.all()], default=str),
        "metrics": metrics.exposed().decode(),
        "health": json.dumps(health.look().checks),
        "alerts": json.dumps([*Alert.objects.values(), *Delivery.objects.values()], default=str),
        "letters": "\n".join(f"{letter.subject}\n{letter.body}" for letter in mail.outbox),
        "journal": b"".join(as_json_lines(Entry.objects.all())).decode(),
        "refusals": json.dumps(list(apps.get_model("journal.Refused").objects.values()), default=str),
    }
    planted = [CANARY, SECRET, box.callback_sha256, vendor.api_key]
    planted += list(Message.objects.values_list("recipient", flat=True))
    hits = [(where, word) for where, text in places.items() for word in planted if word and word in text]
    assert hits == []
    assert all(places[where] for where in ("logs", "queue", "metrics", "alerts", "letters", "journal", "refusals"))
    assert len(jobs.rows) >= 5
    assert len(log.lines) > 10


def test_the_canaries_would_be_found(log: Kept) -> None:
    """The grep itself works: what the formatters do not know of is seen."""
    logging.getLogger("campaigns").warning("Of %s", CANARY)

    assert any(CANARY in line for line in log.lines)
