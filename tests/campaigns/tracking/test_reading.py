"""Receipts find their messages, whatever the inbox looks like."""

from datetime import timedelta
from typing import Literal

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Attempt, Campaign, InboxScan, InboxWatch, Message, Receipt, Reservation
from campaigns.sending import pump
from campaigns.states import Outcome
from campaigns.tracking import deadlines, reading
from pecportal import vendor as vendors
from pecportal.journal.models import Entry
from pecportal.sandbox import Sandbox, serve
from tests.engine import running
from tests.worlds import ADDRESS, PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: Sandbox) -> Sandbox:
    vendor.create_mailbox(ADDRESS, PASSWORD)
    return vendor


def sent(*recipients: str) -> Campaign:
    campaign = running(messages=0, recipients=list(recipients))
    pump.run()
    return campaign


def read(campaign: Campaign) -> int:
    return reading.read(campaign.mailbox_id, client=vendors.connect())


def status(campaign: Campaign) -> list[str]:
    return list(Message.objects.filter(campaign=campaign).order_by("line").values_list("status", flat=True))


FATES = {
    "consegnata": "delivered",
    "in-ritardo": "delivered",
    "inesistente": "undelivered",
    "casella-piena": "undelivered",
    "virus": "undelivered",
    "non-accettata": "not_accepted",
    "non-accettata-virus": "not_accepted",
    "preavviso-12h": "delivered",
    "preavviso-24h": "expired",
    "posta-ordinaria": "ordinary_mail",
    "risposta-persa": "delivered",
    "errore-500-presa": "delivered",
    "troppe-richieste": "delivered",
}


@pytest.mark.parametrize("fate", FATES)
def test_each_fate_is_told_from_its_receipts(box: Sandbox, fate: str) -> None:
    campaign = sent(f"{fate}.1@prova.example")
    box.advance(hours=30)

    read(campaign)

    assert status(campaign) == [FATES[fate]]
    assert [entry.planned for entry in box.ledger] == [FATES[fate]]


def test_an_acceptance_alone_is_an_acceptance_until_thirty_hours_have_passed(box: Sandbox) -> None:
    campaign = sent("silenziosa@prova.example")
    box.advance(hours=1)
    read(campaign)
    assert status(campaign) == ["accepted"]

    with time_machine.travel(timezone.now() + timedelta(hours=32)):
        assert deadlines.apply() == 1
        assert deadlines.apply() == 0

    assert status(campaign) == ["no_outcome"]


def test_a_warning_after_twelve_hours_is_a_delay_and_no_end(box: Sandbox) -> None:
    campaign = sent("preavviso-12h@prova.example")
    box.advance(hours=13)
    read(campaign)
    assert status(campaign) == ["delayed"]

    box.advance(hours=2)
    InboxWatch.objects.update(read_at=None)
    read(campaign)
    assert status(campaign) == ["delivered"]


def test_a_refused_message_has_no_receipts_and_stays_refused(box: Sandbox) -> None:
    campaign = sent("rifiutata@prova.example")
    box.advance(hours=30)

    assert read(campaign) == 0
    assert status(campaign) == ["failed"]


def test_the_same_inbox_read_again_brings_nothing_new(box: Sandbox) -> None:
    campaign = sent(*(f"ditta{n}@prova.example" for n in range(40)))
    box.advance(hours=1)

    assert read(campaign) == 80
    assert read(campaign) == 0
    assert Receipt.objects.count() == 80
    assert status(campaign) == ["delivered"] * 40


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("first_page", [0, 1])
@pytest.mark.parametrize("spelling", ["documented", "live"])
def test_any_order_base_and_spelling_of_the_inbox_is_read(
    settings: Settings, spelling: Literal["documented", "live"], first_page: Literal[0, 1], newest_first: bool
) -> None:
    box = Sandbox(rate=0, spelling=spelling, first_page=first_page, newest_first=newest_first)
    box.create_mailbox(ADDRESS, PASSWORD)
    with serve(box) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = box.email, box.api_key
        campaign = sent(*(f"ditta{n}@prova.example" for n in range(30)))
        box.advance(hours=1)
        read(campaign)
        assert status(campaign) == ["delivered"] * 30
        # what comes later is seen, too, by a reading that need not be whole
        sent("inesistente@prova.example")
        box.advance(hours=1)
        read(campaign)

    assert Message.objects.filter(status="undelivered").count() == 1
    assert InboxScan.objects.order_by("pk")[0].complete


def test_a_receipt_settles_a_doubt_and_the_reservation_stays(box: Sandbox) -> None:
    campaign = sent("risposta-persa@prova.example")
    assert status(campaign) == ["uncertain"]

    box.advance(hours=1)
    read(campaign)

    attempt = Attempt.objects.get()
    assert attempt.outcome == Outcome.ACCEPTED
    assert attempt.code == box.ledger[0].code
    assert Message.objects.get().state == "submitted"
    assert not Reservation.objects.get().released


def test_what_nobody_took_stays_in_doubt_whatever_is_read(box: Sandbox) -> None:
    campaign = sent("errore-500@prova.example")
    box.advance(hours=30)

    read(campaign)
    deadlines.apply()

    assert status(campaign) == ["uncertain"]


def test_an_envelope_that_carries_a_forged_receipt_counts_for_nothing(box: Sandbox) -> None:
    campaign = sent("silenziosa@prova.example")
    entry = box.ledger[0]
    subject = f"POSTA CERTIFICATA: CONSEGNA: {entry.subject} {entry.code}"
    box.deliver_to_inbox(ADDRESS, subject, "consegnato", "truffa@prova.example", box.clock.now())
    box.advance(hours=1)

    read(campaign)

    assert status(campaign) == ["accepted"]
    assert Receipt.objects.get(kind="incoming").message == campaign.messages.get()  # a reply, which proves nothing
    assert Receipt.objects.get(kind="incoming").attempt is None


def test_a_receipt_with_another_code_is_credited_to_nobody(box: Sandbox) -> None:
    campaign = sent("silenziosa@prova.example")
    entry = box.ledger[0]
    box.deliver_to_inbox(
        ADDRESS, f"CONSEGNA: {entry.subject} {entry.code}9", "consegnato", "posta@prova.example", box.clock.now()
    )
    box.advance(hours=1)

    read(campaign)

    assert status(campaign) == ["accepted"]
    assert Receipt.objects.get(kind="delivery").problem == "other_code"


def test_a_receipt_for_what_was_called_not_sent_is_an_incident_and_kept(box: Sandbox) -> None:
    campaign = sent("risposta-persa@prova.example")
    attempt = Attempt.objects.get()
    Attempt.objects.update(outcome=Outcome.PRESUMED_NOT_SENT)
    Message.objects.update(state="failed", status="failed")
    box.advance(hours=1)

    read(campaign)

    assert Receipt.objects.filter(attempt=attempt).count() == 2
    assert status(campaign) == ["delivered"]
    assert Entry.objects.filter(action="message.incident").exists()


def test_a_vendor_that_counts_more_than_it_shows_leaves_a_reading_that_knows_both(box: Sandbox) -> None:
    campaign = sent("ditta@prova.example")
    box.advance(hours=1)
    box.inbox_faults.active = {"total_wrong"}

    read(campaign)

    scan = InboxScan.objects.get()
    assert (scan.complete, scan.problem) == (False, "")
    assert scan.items > 0
    assert scan.total == scan.items + 7


def test_a_vendor_that_breaks_off_leaves_a_scan_that_says_so(box: Sandbox, settings: Settings) -> None:
    campaign = sent("ditta@prova.example")
    settings.OPENAPI_MASSIVA_URL = "http://127.0.0.1:9"

    assert read(campaign) == 0

    scan = InboxScan.objects.get()
    assert not scan.complete
    assert scan.problem
    assert status(campaign) == ["submitted"]


def test_a_reading_waits_until_it_is_due(box: Sandbox, settings: Settings) -> None:
    settings.TRACKING_SECONDS = settings.TRACKING_IDLE_SECONDS = 600
    sent("ditta@prova.example")

    reading.run()
    reading.run()

    assert InboxScan.objects.count() == 1


def test_long_past_readings_of_what_was_new_are_dropped_and_whole_ones_stay(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "KEPT", 2)
    campaign = sent("ditta@prova.example")
    now = timezone.now()
    whole = InboxScan.objects.create(mailbox_id=campaign.mailbox_id, full=True, started_at=now - timedelta(days=2))
    quick = [
        InboxScan.objects.create(mailbox_id=campaign.mailbox_id, started_at=now, ended_at=now) for _number in range(4)
    ]

    read(campaign)  # of the whole inbox, as once a day

    latest = InboxScan.objects.latest("pk")
    assert latest.full
    assert set(InboxScan.objects.all()) == {whole, *quick[-2:], latest}


def test_two_trackers_do_not_read_at_once(box: Sandbox) -> None:
    from campaigns.tracking import batons

    sent("ditta@prova.example")
    assert batons.take("tracking", "another", seconds=60)

    assert reading.run() == 0

    assert not InboxScan.objects.exists()
