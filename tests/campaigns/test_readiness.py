"""The check before sending finds everything that speaks against a start."""

import pytest

from campaigns import readiness
from campaigns.models import Attachment, Campaign
from campaigns.preparing import recipients, writing
from campaigns.sending import launch
from campaigns.states import CampaignState
from mailboxes.models import Plan
from mailboxes.states import CredentialsState
from pecportal.errors import Refusal
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def blocking(campaign: Campaign) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in readiness.check(campaign) if finding.blocks]


def notes(campaign: Campaign) -> dict[str, str]:
    return {finding.code: finding.sentence for finding in readiness.check(campaign) if not finding.blocks}


def test_a_prepared_campaign_has_nothing_against_it() -> None:
    assert readiness.check(build.ready()) == []


def test_an_empty_draft_lacks_its_list_and_its_text() -> None:
    assert blocking(build.draft()) == [("no_list", "list"), ("no_text", "text")]


def test_a_mailbox_that_may_not_send_any_more_blocks() -> None:
    campaign = build.ready()
    campaign.mailbox.credentials_state = CredentialsState.REFUSED

    assert blocking(campaign) == [("mailbox", "sender")]


def test_faulty_rows_block_until_they_are_left_out_and_are_named() -> None:
    campaign = build.ready(csv=build.CSV + "Neri;neri\nGialli;gialli\n")
    assert blocking(campaign) == [("faulty_rows", "list")]
    assert "5, 6" in readiness.check(campaign)[0].sentence

    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)

    campaign.refresh_from_db()
    assert blocking(campaign) == []
    assert "5, 6" in notes(campaign)["left_out"]


def test_many_faulty_rows_are_named_in_part() -> None:
    campaign = build.ready(csv=build.CSV + "".join(f"Neri;neri{n}\n" for n in range(9)))

    assert "lines 5, 6, 7, 8, 9 and others" in readiness.check(campaign)[0].sentence


def test_a_list_without_a_good_row_blocks() -> None:
    campaign = build.upload(build.draft(), "pec\nrossi\n")

    assert ("no_recipients", "list") in blocking(campaign)


def test_a_list_that_lacks_a_field_of_the_text_blocks() -> None:
    campaign = build.upload(build.ready(), "pec\nrossi@pec.example\n")

    assert blocking(campaign) == [("unknown_field", "text")]


def test_a_list_with_an_empty_value_blocks_with_its_line() -> None:
    campaign = build.upload(build.ready(), "nome;pec\nRossi;rossi@pec.example\n;bianchi@pec.example\n")

    assert blocking(campaign) == [("faulty_rows", "list")]
    assert "line 3" in readiness.check(campaign)[0].sentence


def test_ordinary_addresses_are_told_and_do_not_block() -> None:
    campaign = build.ready(csv=build.CSV + "Neri;neri@gmail.com\n")

    assert blocking(campaign) == []
    assert "ordinary" in notes(campaign)["ordinary_mail"]


def test_a_changed_file_blocks_and_a_missing_one_too() -> None:
    campaign = build.ready()
    attachment = build.attach(campaign)
    build.path(attachment).write_bytes(b"Allegat0.\n")
    assert blocking(campaign) == [("attachment", "attachments")]

    build.path(attachment).unlink()

    assert blocking(campaign) == [("attachment", "attachments")]
    assert [finding.code for finding in readiness.check(campaign, quick=True)] == ["attachment"]


def test_heavy_files_are_told_and_too_heavy_ones_block() -> None:
    campaign = build.ready()
    attachment = build.attach(campaign)
    Attachment.objects.filter(pk=attachment.pk).update(size=30_000_000)
    assert "heavy" in notes(campaign)

    Attachment.objects.filter(pk=attachment.pk).update(size=80_000_000)

    assert ("too_heavy", "attachments") in blocking(campaign)


@pytest.mark.parametrize(("daily", "monthly", "code"), [(52, None, "days"), (None, 52, "days"), (1000, 9000, None)])
def test_the_plans_limits_become_a_forecast(daily: int | None, monthly: int | None, code: str | None) -> None:
    campaign = build.ready()
    campaign.mailbox.plan = Plan(name="Prova", daily_limit=daily, monthly_limit=monthly, margin=50)

    assert list(notes(campaign)) == ([code] if code else [])
    if code == "days":
        assert "2 days of sending" in notes(campaign)["days"]


def test_a_plan_without_room_blocks() -> None:
    campaign = build.ready()
    campaign.mailbox.plan = Plan(name="Prova", daily_limit=50, margin=50)

    assert blocking(campaign) == [("no_room", "sender")]


def test_any_change_gives_another_fingerprint() -> None:
    campaign = build.ready()
    seen = {readiness.fingerprint(campaign)}

    campaign = writing.save(campaign, subject="Altro", body=campaign.body, actor=campaign.created_by)
    seen.add(readiness.fingerprint(campaign))
    build.attach(campaign)
    seen.add(readiness.fingerprint(campaign))
    campaign = build.upload(campaign, build.CSV + "Neri;neri@pec.example\n")
    seen.add(readiness.fingerprint(campaign))

    assert len(seen) == 4
    assert readiness.fingerprint(campaign) in seen


def test_a_campaign_with_findings_does_not_start() -> None:
    campaign = build.ready(csv=build.CSV + "Neri;neri\n")

    with pytest.raises(Refusal, match="line 5"):
        launch.launch(campaign, actor=campaign.created_by, seen="")

    campaign.refresh_from_db()
    assert campaign.state == CampaignState.DRAFT
