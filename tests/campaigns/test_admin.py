"""Operators see how things stand, never what is said or to whom."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from campaigns.models import Intake, Letter, Letterhead, OwnWaiver, Route, SavedText, SendingLane, TextVersion
from campaigns.models.tracking import Hold
from campaigns.preparing import own
from campaigns.states import Shown
from mailboxes import gauge
from pecportal.operation import deployment
from pecportal.organisations.models import User
from tests.campaigns import build, doubts

pytestmark = pytest.mark.django_db
MODELS = [model._meta.model_name or "" for model in apps.get_app_config("campaigns").get_models()]
SECRETS = ["segreto@pec.example", "Oggetto segreto", "Testo segreto", "Valore segreto", "segreto.txt", "Parola segreta"]


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    return client


def fill() -> None:
    """One row of everything, each with something that is not the operators' business."""
    csv = "nome;pec\nValore segreto;segreto@pec.example\nNeri;Parola segreta\n"
    draft = build.upload(build.draft(), csv)
    build.attach(draft, name="segreto.txt")
    build.own_file(draft, name="segreto.txt")
    own.place(draft, draft.own_files.get().pk, line=2, actor=draft.created_by)
    facts = {"campaign": draft, "size": 1, "by": draft.created_by}
    Intake.objects.create(name="segreto.txt", stored_as="x", faults=[["segreto.txt", "Parola segreta"]], **facts)
    OwnWaiver.objects.create(campaign=draft, line=3, by=draft.created_by)
    Letter.objects.create(campaign=draft, file_name="segreto.txt", subject="Oggetto segreto", body="Testo segreto")
    Letterhead.objects.create(organisation=draft.organisation, name="Comune", changed_by=draft.created_by)
    saved = SavedText.objects.create(organisation=draft.organisation, name="Solleciti")
    said = {"subject": "Oggetto segreto", "body": "Testo segreto"}
    TextVersion.objects.create(saved_text=saved, n=1, by=draft.created_by, **said)
    campaign = build.started(draft.created_by)
    row = build.message(campaign, status=Shown.UNDELIVERED, recipient="segreto@pec.example")
    row.content.subject, row.content.body = "Oggetto segreto", "Testo segreto"
    row.content.save()
    row.attempts.update(answer="Parola segreta segreto@pec.example")
    receipt = build.receipt(row, "non_delivery", reason="segreto@pec.example", body="Testo segreto")
    receipt.subject = "Oggetto segreto"
    receipt.save()
    doubt = doubts.doubt(campaign)
    doubt.message.recipient, doubt.answer = "segreto@pec.example", "Parola segreta segreto@pec.example"
    doubt.route = Route.objects.create(
        mailbox=doubt.mailbox, url="https://pec.example/send", sender="u@pec.example", username="u", version="1"
    )
    doubt.message.save()
    doubt.save()
    doubt.message.content.subject, doubt.message.content.body = "Oggetto segreto", "Testo segreto"
    doubt.message.content.save()
    build.attach_to(campaign, name="segreto.txt")
    campaign.subject, campaign.body = "Oggetto segreto", "Testo segreto"
    campaign.save()


@pytest.mark.parametrize("name", MODELS)
def test_no_page_of_the_console_tells_contents_or_recipients(operator: Client, name: str) -> None:
    fill()
    rows = apps.get_model("campaigns", name)._default_manager.all()

    pages = [operator.get(reverse(f"admin:campaigns_{name}_changelist"))]
    pages += [operator.get(reverse(f"admin:campaigns_{name}_change", args=[row.pk])) for row in rows]

    assert {page.status_code for page in pages} <= {200, 403}
    told = " ".join(page.content.decode() for page in pages)
    assert [secret for secret in SECRETS if secret in told] == []


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_added_changed_or_deleted_in_the_console(operator: Client, name: str) -> None:
    fill()
    row = apps.get_model("campaigns", name)._default_manager.first()

    assert operator.get(reverse(f"admin:campaigns_{name}_add")).status_code == 403
    if row is not None:
        assert (
            operator.post(reverse(f"admin:campaigns_{name}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
        )
        assert operator.post(reverse(f"admin:campaigns_{name}_change", args=[row.pk]), {"name": "x"}).status_code == 403


def test_every_model_is_registered() -> None:
    assert [model for model in apps.get_app_config("campaigns").get_models() if model not in admin.site._registry] == []


def lanes_page(operator: Client) -> str:
    return operator.get(reverse("admin:campaigns_sendinglane_changelist")).content.decode()


def test_the_lanes_page_tells_what_holds_each_up(operator: Client) -> None:
    mailbox = build.started().mailbox
    lane = SendingLane.objects.create(mailbox=mailbox)
    assert "92% full" not in lanes_page(operator)

    gauge.keep(mailbox, used=92, limit=100)
    assert "92% full" in lanes_page(operator)
    detail = operator.get(reverse("admin:campaigns_sendinglane_change", args=[lane.pk])).content.decode()
    assert "92% full" in detail

    gauge.keep(mailbox, used=1, limit=100)
    SendingLane.objects.update(hold=Hold.WALLET)
    assert "wallet is empty" in lanes_page(operator)

    deployment.restored()
    assert "Sending is switched off" in lanes_page(operator)
