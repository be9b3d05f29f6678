"""The check before sending puts every row together, and its sheet holds for exactly what it saw."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns import approvals, sheets
from campaigns.models import Recipient, Sheet
from campaigns.preparing import own, preflight, recipients, schedule, writing
from campaigns.preparing.schedule import When
from campaigns.states import SheetState
from mailboxes.models import Mailbox, Plan
from pecportal.errors import Refusal
from pecportal.organisations.models import VendorAccount
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db


def notes(sheet: Sheet) -> str:
    return " ".join(sheet.facts["notes"])


def test_a_prepared_campaign_gets_a_clean_sheet_with_its_numbers() -> None:
    campaign = build.ready()
    build.attach(campaign, b"x" * 3000)

    sheet = build.checked(campaign)

    assert (sheet.state, sheet.is_clean, sheet.rows_done) == (SheetState.READY, True, 3)
    assert sheet.facts["recipients"] == 3
    assert sheet.facts["files"][0][:2] == ["nota.txt", 3000]
    assert sheet.facts["sizes"]["largest"] > 4000  # as base64
    assert sheet.facts["sizes"]["line"] == 3  # Ditta Bianchi has the longest name
    assert len(sheet.sha256) == 64


def test_the_same_campaign_has_the_same_hash_and_any_change_another() -> None:
    campaign = build.ready()
    first = build.checked(campaign)
    assert build.checked(campaign).sha256 == first.sha256
    seen = {first.sha256}

    writing.save(campaign, subject="Altro per {{ nome }}", body=campaign.body, actor=campaign.created_by)
    seen.add(build.checked(campaign).sha256)
    build.attach(campaign)
    seen.add(build.checked(campaign).sha256)
    build.upload(campaign, build.CSV + "Neri;neri@pec.example\n")
    seen.add(build.checked(campaign).sha256)
    schedule.save(campaign, When(weekdays="12345"), actor=campaign.created_by)
    seen.add(build.checked(campaign).sha256)
    schedule.save(campaign, When(weekdays="12345", pilot_size=2), actor=campaign.created_by)
    seen.add(build.checked(campaign).sha256)
    Recipient.objects.filter(campaign=campaign, line=2).update(address="altri@pec.example")  # past every door
    seen.add(build.checked(campaign).sha256)

    assert len(seen) == 7


def test_a_later_change_makes_the_sheet_void_and_leaves_it_as_it_was() -> None:
    campaign = build.ready()
    sheet = build.checked(campaign)
    facts = sheet.facts

    campaign = writing.save(campaign, subject="Altro", body=campaign.body, actor=campaign.created_by)

    assert approvals.is_void(sheet, campaign)
    with pytest.raises(Refusal, match="has changed"):
        approvals.seen_sheet(campaign, seen=sheet.sha256)
    sheet.refresh_from_db()
    assert sheet.facts == facts


def test_what_changes_while_it_is_checked_gets_no_sheet() -> None:
    campaign = build.ready()
    sheet = preflight.ask(campaign, actor=campaign.created_by)
    fingerprint = "0" * 64  # as it was when the job began

    preflight._keep(sheet, fingerprint, preflight._Reading(), {"blocking": []})

    sheet.refresh_from_db()
    assert (sheet.state, sheet.is_clean) == (SheetState.FAILED, False)
    assert "changed while" in sheet.problem


def test_asking_twice_makes_one_sheet_and_making_it_twice_changes_nothing() -> None:
    campaign = build.ready()
    sheet = preflight.ask(campaign, actor=campaign.created_by)
    assert preflight.ask(campaign, actor=campaign.created_by) == sheet
    preflight.make(sheet.pk)
    sheet.refresh_from_db()
    made = sheet.state_since

    preflight.make(sheet.pk)

    sheet.refresh_from_db()
    assert sheet.state_since == made
    assert campaign.history.filter(state="checked").count() == 1


def test_a_sheet_that_names_faults_cannot_be_started_on() -> None:
    campaign = build.ready(csv=build.CSV + "Neri;neri\n")

    sheet = build.checked(campaign)

    assert not sheet.is_clean
    assert "line 5" in sheet.facts["blocking"][0]
    with pytest.raises(Refusal, match="speaks against"):
        approvals.seen_sheet(campaign, seen=sheet.sha256)


def test_rows_that_cannot_be_put_together_are_named_though_no_list_fault_says_so() -> None:
    campaign = build.ready()
    Recipient.objects.filter(campaign=campaign, line=3).update(values={"nome": ""})  # past every door

    sheet = build.checked(campaign)

    assert not sheet.is_clean
    assert "together with the text: 3." in " ".join(sheet.facts["blocking"])


def test_warnings_and_rows_left_out_are_told_with_their_lines() -> None:
    campaign = build.ready(csv=build.CSV + "Neri;neri@gmail.com\nGialli;gialli@gmail.com\nBlu;blu\n")
    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)
    campaign.refresh_from_db()

    sheet = build.checked(campaign)

    told = {warning["code"]: (warning["lines"], warning["count"]) for warning in sheet.facts["warnings"]}
    assert told == {"ordinary_mail": ("5–6", 2), "address_syntax": ("7", 1)}
    assert sheet.is_clean


def test_lines_are_told_as_a_person_would() -> None:
    assert sheets.ranges([2, 3, 4, 7, 9, 9, 10]) == "2–4, 7, 9–10"
    assert sheets.ranges([]) == ""


def test_the_cost_is_that_of_the_plans_noted_price_with_vat() -> None:
    campaign = build.ready()
    plan = Plan.objects.create(name="A consumo", message_price=Decimal("0.0350"), prices_noted_on="2026-01-15")
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(plan=plan)

    cost = build.checked(campaign).facts["cost"]

    # three messages: 0.105, which is 0.10 or 0.11 by the half-even rule of money; 22 % of it
    assert (cost["each"], cost["net"], cost["vat"], cost["total"]) == ("0.035", "0.10", "0.02", "0.12")
    assert cost["percent"] == "22"


def test_a_price_that_nobody_noted_is_not_made_up() -> None:
    cost = build.checked(build.ready()).facts["cost"]

    assert (cost["total"], cost["each"]) == ("", "")


def test_a_mailbox_that_expires_before_the_receipts_are_in_is_told() -> None:
    campaign = build.ready()
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(expires_at=timezone.now() + timedelta(days=1))
    assert "expires on" in notes(build.checked(campaign))

    Mailbox.objects.filter(pk=campaign.mailbox_id).update(expires_at=timezone.now() + timedelta(days=90))

    assert "expires on" not in notes(build.checked(campaign))


def test_receipts_that_may_find_no_room_are_told() -> None:
    campaign = build.ready()
    space = {"space_used": 500, "space_limit": 1000}
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(**space)
    build.attach(campaign, b"x" * 600)

    assert "no room for all of them" in notes(build.checked(campaign))


def test_a_sheet_whose_job_was_lost_is_made_after_a_while(jobs: Jobs) -> None:
    campaign = build.ready()
    sheet = preflight.ask(campaign, actor=campaign.created_by)
    jobs.clear()
    preflight.make_lost()
    assert jobs.names() == []

    Sheet.objects.filter(pk=sheet.pk).update(seen_at=timezone.now() - timedelta(minutes=5))
    preflight.make_lost()

    assert jobs.names() == ["campaigns.tasks.make_sheet"]


def test_nothing_is_checked_without_a_list_or_a_text() -> None:
    campaign = build.draft()

    with pytest.raises(Refusal, match="nothing to check"):
        preflight.ask(campaign, actor=campaign.created_by)

    assert not Sheet.objects.filter(campaign=campaign).exists()


def test_the_credit_is_told_as_it_was_read_and_whether_it_suffices() -> None:
    campaign = build.ready()
    plan = Plan.objects.create(name="A consumo", message_price=Decimal("2"), prices_noted_on="2026-01-15")
    Mailbox.objects.filter(pk=campaign.mailbox_id).update(plan=plan)
    assert build.checked(campaign).facts["credit"] == {}
    account = VendorAccount.objects.create(
        name="uno", email="uno@prova.example", environment="sandbox", is_default=True, credit=Decimal("5")
    )
    campaign.refresh_from_db()

    sheet = build.checked(campaign)
    assert sheet.facts["credit"]["amount"] == "5.00"
    assert "it has to be filled up" in notes(sheet)

    VendorAccount.objects.filter(pk=account.pk).update(credit=Decimal("6"))
    campaign.refresh_from_db()
    assert "it has to be filled up" not in notes(build.checked(campaign))


def test_files_of_single_recipients_are_counted() -> None:
    campaign = build.ready()
    file = build.own_file(campaign, name="001.txt")
    own.place(campaign, file.pk, line=2, actor=campaign.created_by)
    own.go_without(campaign, [3, 4], actor=campaign.created_by)

    assert build.checked(campaign).facts["own"] == {"rows": 1, "files": 1, "waived": 2}
