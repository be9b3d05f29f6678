"""No acceptance an hour after the sending is told; no outcome after thirty hours is shown, and later receipts count."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import tasks
from campaigns.models import Campaign, Message
from campaigns.states import Shown
from campaigns.tracking import deadlines, intake, silence
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, VendorState
from pecportal.operation.models import Alert
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db


def sent(*hours: float) -> Campaign:
    """A campaign with a message handed over so many hours ago each."""
    campaign = build.started(statuses=[Shown.SUBMITTED] * len(hours))
    for row, ago in zip(campaign.messages.order_by("pk"), hours, strict=True):
        at = timezone.now() - timedelta(hours=ago)
        Message.objects.filter(pk=row.pk).update(sent_at=at, deadline_at=at + timedelta(hours=30))
    return campaign


def accept(message: Message, kind: str = "ACCETTAZIONE") -> None:
    code = message.attempts.get().code
    intake.take(message.mailbox, [build.item(f"{kind}: Avviso Rif. {message.ref} {code}")])


def test_an_hour_without_acceptance_raises_one_alert_for_the_campaign() -> None:
    campaign = sent(0.9, 1.1, 5)

    assert silence.of(campaign) == 2
    assert silence.watch() == silence.watch() == 1

    alert = Alert.objects.get(kind=silence.ALERT)
    assert (alert.key, alert.facts["messages"], alert.ended_at) == (str(campaign.pk), 2, None)
    assert alert.organisation == campaign.organisation


def test_every_sweep_watches_for_silence_and_for_the_space_of_boxes_that_send(jobs: Jobs) -> None:
    campaign = sent(2)
    build.message(campaign, line=9)
    Mailbox.objects.update(vendor_state=VendorState.ACTIVE, credentials_state=CredentialsState.GOOD)

    tasks.sweep()

    assert Alert.objects.get(kind=silence.ALERT).key == str(campaign.pk)
    assert "mailboxes.tasks.read_space" in jobs.names()


def test_the_all_clear_comes_with_the_last_receipt() -> None:
    campaign = sent(2, 3)
    first, second = campaign.messages.order_by("pk")
    silence.watch()

    accept(first)
    silence.watch()
    assert Alert.objects.get().ended_at is None

    accept(second)
    silence.watch()
    assert Alert.objects.get().ended_at is not None
    assert silence.of(campaign) == 0


def test_an_inbox_gets_the_time_for_three_readings_whatever_the_clock(settings: object) -> None:
    settings.TRACKING_SECONDS = 3600.0  # type: ignore[attr-defined]

    assert silence.of(sent(2)) == 0


def test_a_receipt_after_the_end_of_the_deadline_still_counts() -> None:
    message = sent(31).messages.get()
    assert deadlines.apply() == 1
    message.refresh_from_db()
    assert message.status == Shown.NO_OUTCOME
    assert silence.of(message.campaign) == 1

    accept(message, "CONSEGNA")

    message.refresh_from_db()
    assert message.status == Shown.DELIVERED
    assert deadlines.apply() == 0


def test_a_late_acceptance_alone_leaves_it_without_outcome_until_the_delivery() -> None:
    message = sent(31).messages.get()
    at = timezone.now() - timedelta(hours=31)
    body = f"Il giorno {at:%d/%m/%Y} alle ore {at:%H:%M:%S} (+0000) il messaggio"
    intake.take(message.mailbox, [build.item(f"ACCETTAZIONE: Avviso Rif. {message.ref}", body=body)])

    message.refresh_from_db()
    assert (message.status, message.verdict) == (Shown.NO_OUTCOME, "accepted")
    accept(message, "CONSEGNA")
    message.refresh_from_db()
    assert message.status == Shown.DELIVERED
