"""What did not arrive is told by its cause, until it is in a new campaign or has a note."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import approvals, failures
from campaigns.failures import Cause
from campaigns.models import Campaign, Closing, Message, Recipient
from campaigns.preparing import copying, following
from campaigns.sending import launch
from campaigns.states import CampaignState, Shown
from pecportal.errors import Refusal
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def failed(cause: str = "mailbox_full", count: int = 2) -> Campaign:
    campaign = build.started(statuses=[Shown.DELIVERED, *[Shown.UNDELIVERED] * count])
    for row in campaign.messages.filter(status=Shown.UNDELIVERED):
        build.receipt(row, "acceptance")
        build.receipt(row, "non_delivery", cause=cause)
    return campaign


def groups(campaign: Campaign) -> dict[str, tuple[int, int]]:
    return {group.cause.value: (group.total, group.open) for group in failures.of(campaign)}


@pytest.mark.parametrize("cause", ["mailbox_full", "unknown_address", "not_certified", "virus"])
def test_a_cause_that_a_receipt_names_is_the_group(cause: str) -> None:
    assert groups(failed(cause)) == {cause: (2, 2)}


def test_a_cause_in_the_providers_own_words_is_a_refusal() -> None:
    assert groups(failed("other")) == {"refused": (2, 2)}
    assert groups(failed("")) == {"refused": (2, 2)}


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (Shown.EXPIRED, "expired"),
        (Shown.FAILED, "provider"),
        (Shown.ORDINARY_MAIL, "not_certified"),
        (Shown.NOT_ACCEPTED, "refused"),
    ],
)
def test_a_status_that_says_it_is_the_group(status: Shown, cause: str) -> None:
    assert groups(build.started(statuses=[status, Shown.DELIVERED])) == {cause: (1, 1)}


def test_what_arrived_or_may_still_arrive_is_no_failure() -> None:
    good = [Shown.QUEUED, Shown.SENDING, Shown.SUBMITTED, Shown.ACCEPTED, Shown.DELIVERED, Shown.CANCELLED]

    assert groups(build.started(statuses=good)) == {}


def test_the_latest_receipt_with_a_cause_counts() -> None:
    campaign = failed("unknown_address", count=1)
    build.receipt(campaign.messages.get(status=Shown.UNDELIVERED), "non_delivery", cause="mailbox_full")

    assert groups(campaign) == {"mailbox_full": (1, 1)}


def test_a_new_campaign_with_them_is_linked_row_by_row() -> None:
    campaign = failed("unknown_address")
    build.attach_to(campaign)

    draft = following.again(campaign, Cause.UNKNOWN, actor=campaign.created_by)

    old = list(campaign.messages.filter(status=Shown.UNDELIVERED).order_by("line"))
    rows = list(draft.recipients.order_by("line"))
    assert [row.follows_id for row in rows] == [message.pk for message in old]
    assert [(row.line, row.address, row.values["nome"]) for row in rows] == [
        (message.line, message.recipient, f"Ditta {message.line}") for message in old
    ]
    assert (draft.subject, draft.recipients_total, draft.state) == (campaign.subject, 2, CampaignState.DRAFT)
    assert draft.attachments.get().sha256 == campaign.attachments.get().sha256
    assert groups(campaign) == {"unknown_address": (2, 0)}
    build.launched(draft)
    assert set(draft.messages.values_list("recipient", flat=True)) == {message.recipient for message in old}


def test_made_twice_the_second_time_finds_none_left() -> None:
    campaign = failed()
    following.again(campaign, Cause.FULL, actor=campaign.created_by)

    with pytest.raises(Refusal, match="None of these messages is left"):
        following.again(campaign, Cause.FULL, actor=campaign.created_by)

    assert Recipient.objects.filter(follows__isnull=False).count() == 2


def test_a_new_campaign_that_was_given_up_gives_them_free() -> None:
    campaign = failed()
    draft = following.again(campaign, Cause.FULL, actor=campaign.created_by)

    launch.stop(draft, actor=campaign.created_by)

    assert groups(campaign) == {"mailbox_full": (2, 2)}


def test_full_mailboxes_are_tried_again_after_seven_days() -> None:
    campaign = failed()
    when = timezone.now() - timedelta(days=2)
    campaign.messages.update(decided_at=when)

    assert following.again(campaign, Cause.FULL, actor=campaign.created_by).starts_at == when + timedelta(days=7)

    late = failed()
    late.messages.update(decided_at=timezone.now() - timedelta(days=9))
    assert following.again(late, Cause.FULL, actor=late.created_by).starts_at is None


def test_a_virus_is_not_sent_a_second_time() -> None:
    campaign = failed("virus")
    build.attach_to(campaign)

    draft = following.again(campaign, Cause.VIRUS, actor=campaign.created_by)

    assert not draft.attachments.exists()


def test_corrected_addresses_make_an_earlier_check_void() -> None:
    campaign = failed("unknown_address")
    draft = following.again(campaign, Cause.UNKNOWN, actor=campaign.created_by)
    sheet = build.checked(draft)
    line, other = draft.recipients.order_by("line").values_list("line", flat=True)

    assert following.correct(draft, {line: " Nuova@pec.example "}, actor=campaign.created_by) == 1
    assert following.correct(draft, {line: "Nuova@pec.example"}, actor=campaign.created_by) == 0

    draft.refresh_from_db()
    assert draft.recipients.get(line=line).address == "Nuova@pec.example"
    assert approvals.is_void(sheet, draft)
    for wrong, sentence in (("nuova@PEC.example", "another row has"), ("nuova", "not an e-mail address")):
        with pytest.raises(Refusal, match=sentence) as refused:
            following.correct(draft, {other: wrong}, actor=campaign.created_by)
        assert refused.value.field == f"address-{other}"


def test_a_note_closes_them_and_again_finds_none() -> None:
    campaign = failed("not_certified")
    with pytest.raises(Refusal, match="Say why"):
        following.close(campaign, Cause.NOT_CERTIFIED, reason=" ", actor=campaign.created_by)

    assert following.close(campaign, Cause.NOT_CERTIFIED, reason="Raccomandata.", actor=campaign.created_by) == 2
    assert following.close(campaign, Cause.NOT_CERTIFIED, reason="Altro.", actor=campaign.created_by) == 0

    assert groups(campaign) == {"not_certified": (2, 0)}
    assert set(Closing.objects.values_list("reason", flat=True)) == {"Raccomandata."}
    assert Message.objects.filter(closing__isnull=False).count() == 2


def test_a_copy_has_the_text_the_files_and_the_hours_and_no_list() -> None:
    campaign = build.ready()
    build.attach(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(weekdays="12345", protocol="2026/1")
    campaign.refresh_from_db()

    copy = copying.duplicate(campaign, actor=campaign.created_by)

    assert (copy.subject, copy.body, copy.weekdays, copy.mailbox) == (
        campaign.subject,
        campaign.body,
        "12345",
        campaign.mailbox,
    )
    assert (copy.recipients_total, copy.list_name, copy.protocol) == (0, "", "")
    assert copy.attachments.get().stored_as != campaign.attachments.get().stored_as


def test_a_file_that_is_gone_leaves_no_copy_behind() -> None:
    campaign = build.ready()
    build.path(build.attach(campaign)).unlink()

    with pytest.raises(Refusal, match="cannot be read"):
        copying.duplicate(campaign, actor=campaign.created_by)

    assert Campaign.objects.count() == 1


def test_many_failures_are_taken_over_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 2)
    campaign = failed(count=5)

    draft = following.again(campaign, Cause.FULL, actor=campaign.created_by)

    rows = list(draft.recipients.order_by("line"))
    old = {row.line: row for row in campaign.messages.filter(status=Shown.UNDELIVERED)}
    assert [row.line for row in rows] == sorted(old)
    assert all((row.follows, row.address) == (old[row.line], old[row.line].recipient) for row in rows)
    assert draft.recipients_total == 5
    assert draft.starts_at is not None
    with pytest.raises(Refusal, match="None of these messages is left"):
        following.again(campaign, Cause.FULL, actor=campaign.created_by)


def test_many_failures_are_closed_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 2)
    campaign = failed(count=5)

    assert following.close(campaign, Cause.FULL, reason="Per posta.", actor=campaign.created_by) == 5
    assert following.close(campaign, Cause.FULL, reason="Per posta.", actor=campaign.created_by) == 0
    assert Closing.objects.count() == 5


def test_no_more_than_a_batch_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BATCH", 2)
    campaign = failed(count=5)

    sizes = [len(rows) for rows in following._batches(campaign, Cause.FULL)]

    assert sizes == [2, 2, 1]
