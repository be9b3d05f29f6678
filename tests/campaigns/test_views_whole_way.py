"""From an uploaded list to the receipts, through the pages, the queue and the simulated provider."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, InboxWatch
from campaigns.states import Shown
from campaigns.tracking import progress, reading
from pecportal import vendor as vendors
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.campaigns.pages import words
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)

LIST = (
    "Ragione sociale;PEC\nDitta Rossi;consegnata.1@prova.example\nDitta Bianchi;casella-piena@prova.example\n"
    "Ditta Verdi;non-accettata@prova.example\nDitta Neri;rifiutata@prova.example\nDitta Gialli;gialli\n"
)


def test_a_list_becomes_messages_whose_every_fate_is_shown(client: Client, vendor: Sandbox, jobs: Jobs) -> None:
    office = kernel.organisation()
    mailbox = kernel.mailbox(office, vendor=vendor)
    client.force_login(kernel.user(office, Role.PREPARER))
    client.post(reverse("campaigns:new"), {"name": "Solleciti", "mailbox": mailbox.pk})
    campaign = Campaign.objects.get()

    def post(name: str, **data: object) -> None:
        assert client.post(reverse(f"campaigns:{name}", args=[campaign.pk]), data).status_code == 302

    post("recipients", file=SimpleUploadedFile("elenco.csv", LIST.encode()))
    post("columns", column_0="name", column_1="address")
    post("skip")
    post("text", subject="Sollecito per {{ ragione_sociale }}", body="Gentile {{ ragione_sociale }},\n\nsaluti")
    post("attachments", upload=[SimpleUploadedFile("avviso.txt", b"Importo dovuto\n")])
    campaign.refresh_from_db()
    post("check")
    jobs.run()
    post("start", seen=campaign.sheets.get().sha256)
    jobs.run()
    vendor.advance(hours=30)
    InboxWatch.objects.update(read_at=None)
    reading.read(mailbox.pk, client=vendors.connect())

    page = client.get(campaign.get_absolute_url())

    counts = {share.status: share.count for share in progress.of(campaign).shares}
    assert counts == dict.fromkeys((Shown.DELIVERED, Shown.UNDELIVERED, Shown.NOT_ACCEPTED, Shown.FAILED), 1)
    assert "Messages 4 Sent 3 Still open 0 To look at 3" in words(page)
    assert {(sent.recipient, sent.attachments[0][0]) for sent in vendor.ledger} >= {
        ("consegnata.1@prova.example", "avviso.txt"),
        ("casella-piena@prova.example", "avviso.txt"),
    }
    full = campaign.messages.get(status=Shown.UNDELIVERED)
    story = words(client.get(reverse("campaigns:message", args=[campaign.pk, full.pk])))
    assert "The recipient's mailbox is full." in story
    assert "Acceptance receipt" in story
    assert "Notice of non-delivery" in story
    table = b"".join(client.get(reverse("campaigns:results", args=[campaign.pk]))).decode()
    assert "Ditta Rossi;consegnata.1@prova.example" in table
