"""What programs are told of campaigns, messages and mailboxes: each change once, in its order, and nothing else."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from campaigns import evidence
from campaigns.models import Campaign, Choice, Message
from campaigns.sending import decisions, launch, pump
from campaigns.states import CampaignState, MessageState
from campaigns.tracking import deadlines, reading, statuses
from mailboxes.models import Mailbox
from pecportal import vendor as vendors
from pecportal.organisations.models import Organisation
from pecportal.sandbox import Sandbox
from pecportal.webhooks import publishing
from pecportal.webhooks.models import Event, EventType
from tests import build as kernel
from tests.campaigns import build, doubts
from tests.engine import running
from tests.webhooks import build as hooks
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    hooks.webhook(Organisation.objects.get_or_create(name="Banco di prova")[0])
    return vendor


def told(about: Message | Campaign | Mailbox, kind: EventType) -> list[str]:
    """The statuses, or states, that the feed tells of one, in its order."""
    publishing.publish()
    rows = Event.objects.filter(subject=about.public_id, type=kind).order_by("position")
    return [row.data.get("status") or row.data["state"] for row in rows]


def of_messages(campaign: Campaign) -> list[list[str]]:
    rows = Message.objects.filter(campaign=campaign).order_by("line")
    return [told(row, EventType.MESSAGE_STATUS) for row in rows]


def read(campaign: Campaign) -> None:
    reading.read(campaign.mailbox_id, client=vendors.connect())


FATES = {
    "consegnata": ["submitted", "accepted", "delivered"],
    "inesistente": ["submitted", "accepted", "undelivered"],
    "non-accettata": ["submitted", "not_accepted"],
    "preavviso-24h": ["submitted", "accepted", "delayed", "expired"],
    "rifiutata": ["failed"],
    "troppe-richieste": ["submitted", "accepted", "delivered"],
}


@pytest.mark.parametrize("fate", FATES)
def test_each_change_on_a_messages_way_is_told_once_and_in_order(box: Sandbox, fate: str) -> None:
    campaign = running(messages=0, recipients=[f"{fate}.1@prova.example"])
    pump.run()
    for seconds in (6, 70, 13 * 3600, 12 * 3600):  # by then accepted, delivered, the first notice, the last one
        box.advance(hours=seconds / 3600)
        read(campaign)
        read(campaign)

    assert of_messages(campaign) == [FATES[fate]]
    assert told(campaign, EventType.CAMPAIGN_STATE) == ["launching", "running", "completed"]


def test_a_lost_answer_is_told_as_uncertain_and_then_as_what_the_receipts_prove(box: Sandbox) -> None:
    campaign = running(messages=0, recipients=["risposta-persa.1@prova.example"])
    pump.run()
    box.advance(hours=30)
    read(campaign)

    assert of_messages(campaign) == [["uncertain", "submitted", "delivered"]]


def test_an_event_names_the_message_the_campaign_and_the_reference_and_no_content(box: Sandbox) -> None:
    campaign = running(messages=1)
    Campaign.objects.filter(pk=campaign.pk).update(reference="PRAT-7")
    pump.run()
    message = Message.objects.get(campaign=campaign)

    publishing.publish()
    event = Event.objects.get(type=EventType.MESSAGE_STATUS)

    assert event.data == {
        "message": str(message.public_id),
        "campaign": str(campaign.public_id),
        "client_reference": "PRAT-7",
        "status": "submitted",
        "accepted_at": None,
        "decided_at": None,
    }
    assert event.made_by_id == campaign.created_by_id
    assert event.mailbox_id == campaign.mailbox_id


def test_being_sent_and_being_tried_again_are_told_to_nobody(box: Sandbox) -> None:
    box.fail_next(503)  # before anything was taken it is not known
    campaign = running(messages=1)
    pump.run()

    assert not {"sending", "queued"} & {status for each in of_messages(campaign) for status in each}


def test_a_stopped_campaigns_messages_are_told_as_cancelled(box: Sandbox) -> None:
    campaign = running(messages=3)
    launch.stop(campaign, actor=campaign.created_by, reason="Errore nel testo")

    assert of_messages(campaign) == [["cancelled"]] * 3
    assert told(campaign, EventType.CAMPAIGN_STATE)[-1] == "stopped"


def test_a_message_without_outcome_is_told_once(box: Sandbox) -> None:
    campaign = running(messages=0, recipients=["silenziosa@prova.example"])
    pump.run()
    box.advance(hours=1)
    read(campaign)
    with time_machine.travel(timezone.now() + timedelta(hours=32)):
        deadlines.apply()
        deadlines.apply()

    assert of_messages(campaign) == [["submitted", "accepted", "no_outcome"]]


def test_what_a_person_decides_about_a_doubt_is_told() -> None:
    campaign = build.started()
    hooks.webhook(campaign.organisation)
    doubt = doubts.doubt(campaign, absent=True)
    decider = doubts.approver(campaign.organisation)
    shown = evidence.of(doubt).sha256
    decisions.decide(doubt, choice=Choice.SEND_AGAIN, reason="Non risulta inviato.", seen=shown, actor=decider)

    assert told(doubt.message, EventType.MESSAGE_STATUS) == ["queued"]


def test_judging_again_tells_nothing_new(box: Sandbox) -> None:
    campaign = running(messages=2)
    pump.run()
    box.advance(hours=30)
    read(campaign)
    before = of_messages(campaign)

    with transaction.atomic():
        statuses.rejudge(Message.objects.values_list("pk", flat=True))

    assert of_messages(campaign) == before


def test_a_move_that_moves_nothing_tells_nothing() -> None:
    campaign = build.started()
    hooks.webhook(campaign.organisation)
    message = build.message(campaign)

    assert Message.objects.filter(pk=message.pk).move(MessageState.CANCELLED) == 1
    assert Message.objects.filter(pk=message.pk).move(MessageState.CANCELLED) == 0
    assert Campaign.objects.filter(pk=campaign.pk).move(CampaignState.RUNNING) == 0

    assert told(message, EventType.MESSAGE_STATUS) == ["cancelled"]
    assert told(campaign, EventType.CAMPAIGN_STATE) == []


def test_where_nobody_listens_nothing_is_written(vendor: Sandbox) -> None:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    hooks.webhook()  # another organisation's
    running(messages=3)
    pump.run()

    assert not Event.objects.exists()


def test_a_list_and_a_check_that_are_ready_are_told() -> None:
    office = kernel.organisation()
    hooks.webhook(office)
    campaign = build.ready(build.clerk(office))
    build.checked(campaign)

    publishing.publish()
    rows = Event.objects.filter(type=EventType.JOB_COMPLETED).order_by("position")
    assert [(row.data["kind"], row.data["outcome"], row.data["campaign"]) for row in rows] == [
        ("list-reading", "done", str(campaign.public_id)),
        ("check", "done", str(campaign.public_id)),
    ]
