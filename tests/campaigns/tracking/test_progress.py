"""The counts of a campaign add up, and a message's story tells what happened."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign, SendingLane
from campaigns.models.tracking import Hold
from campaigns.states import CampaignState, Outcome, Shown
from campaigns.tracking import progress
from campaigns.tracking.progress import Progress, Share
from mailboxes.states import CredentialsState
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def test_the_shares_add_up_to_the_total_whatever_the_statuses() -> None:
    counts = progress.of(build.started(statuses=[*Shown, Shown.DELIVERED]))

    assert counts.total == len(Shown) + 1
    assert {share.status for share in counts.shares} == set(Shown)
    assert counts.count(Shown.DELIVERED) == 2


def test_sent_are_only_those_that_are_known_to_have_gone() -> None:
    counts = progress.of(build.started(statuses=list(Shown)))

    gone = set(Shown) - {Shown.QUEUED, Shown.SENDING, Shown.UNCERTAIN, Shown.FAILED, Shown.CANCELLED}
    assert counts.sent == len(gone)


def test_open_are_those_that_may_change_by_themselves() -> None:
    counts = progress.of(build.started(statuses=list(Shown)))

    assert counts.open == 6
    assert counts.trouble == 6
    assert counts.decided_percent == 100 * (len(Shown) - 6) // len(Shown)


def test_percents_never_say_all_before_it_is_all() -> None:
    counts = Progress((Share(Shown.DELIVERED, 9_999), Share(Shown.QUEUED, 1)))

    assert (counts.sent_percent, counts.decided_percent) == (99, 99)


def test_a_campaign_without_messages_counts_nothing() -> None:
    counts = progress.of(build.draft())

    assert (counts.total, counts.sent_percent, counts.decided_percent) == (0, 0, 0)


def test_several_campaigns_are_counted_each_for_itself() -> None:
    clerk = build.clerk()
    first = build.started(clerk, statuses=[Shown.DELIVERED])
    second = build.started(clerk, statuses=[Shown.QUEUED, Shown.QUEUED])

    found = progress.of_many([first, second])

    assert (found[first.pk].total, found[second.pk].total) == (1, 2)


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        (CampaignState.RUNNING, Shown.DELIVERED, True),
        (CampaignState.COMPLETED, Shown.ACCEPTED, True),
        (CampaignState.COMPLETED, Shown.UNCERTAIN, True),
        (CampaignState.COMPLETED, Shown.DELIVERED, False),
        (CampaignState.STOPPED, Shown.CANCELLED, False),
    ],
)
def test_a_page_looks_again_as_long_as_something_may_change(
    state: CampaignState, status: Shown, expected: bool
) -> None:
    campaign = build.started(statuses=[status])
    Campaign.objects.filter(pk=campaign.pk).update(state=state)
    campaign.refresh_from_db()

    assert progress.may_change(campaign, progress.of(campaign)) is expected


def lane(campaign: Campaign, hold: Hold, *, minutes: int = 5, level: int = 0) -> None:
    until = timezone.now() + timedelta(minutes=minutes)
    row = SendingLane(
        mailbox=campaign.mailbox, hold=hold, held_until=until, breaker_level=level, hold_words="attendere"
    )
    row.save()


@pytest.mark.parametrize("hold", [Hold.WALLET, Hold.RATE, Hold.VENDOR, Hold.CAP])
def test_what_holds_a_running_campaign_up_is_told_with_the_providers_words(hold: Hold) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    lane(campaign, hold)

    found = progress.hold(campaign)

    assert found is not None
    assert found.words == "attendere"
    assert (found.until is None, found.goes_on is None) == ((True, False) if hold == Hold.CAP else (False, True))


def test_a_rest_that_is_over_is_not_told_but_an_open_breaker_is() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    lane(campaign, Hold.RATE, minutes=-1)
    assert progress.hold(campaign) is None

    lane(campaign, Hold.VENDOR, minutes=-1, level=2)

    found = progress.hold(campaign)
    assert found is not None
    assert found.until is None


def test_a_campaign_outside_its_hours_says_so_and_when_it_goes_on() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    campaign.starts_at = timezone.now() + timedelta(days=2)

    found = progress.hold(campaign)

    assert found is not None
    assert "not begun yet" in found.sentence
    assert found.goes_on == campaign.starts_at


def test_hours_of_other_days_hold_it_up_and_those_of_now_do_not() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    today = timezone.localtime().isoweekday()
    campaign.weekdays = "".join(str(day) for day in range(1, 8) if day != today)

    found = progress.hold(campaign)
    assert found is not None
    assert "waits for its hours" in found.sentence
    assert found.goes_on is not None

    campaign.weekdays = "1234567"
    assert progress.hold(campaign) is None


def test_where_nothing_waits_hours_hold_nothing_up() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED])
    campaign.starts_at = timezone.now() + timedelta(days=2)

    assert progress.hold(campaign) is None


def test_a_mailbox_that_may_not_send_is_the_reason_and_the_way_to_mend_it() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    campaign.mailbox.credentials_state = CredentialsState.REFUSED

    found = progress.hold(campaign)

    assert found is not None
    assert "refuses" in found.sentence
    assert str(campaign.mailbox.pk) in found.url


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.COMPLETED, CampaignState.STOPPED])
def test_what_does_not_run_is_not_held_up(state: CampaignState) -> None:
    campaign = build.started(statuses=[Shown.QUEUED])
    lane(campaign, Hold.WALLET)
    campaign.state = state

    assert progress.hold(campaign) is None


def titles(campaign: Campaign) -> list[str]:
    return [happening.title for happening in progress.story(campaign.messages.get())]


def test_a_delivered_messages_story_goes_from_the_start_to_the_receipt() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    row = campaign.messages.get()
    build.receipt(row, "acceptance")
    build.receipt(row, "delivery")

    told = titles(campaign)

    assert "started" in told[0]
    assert "sending began" in told[1]
    assert "with code" in told[2]
    assert [title.split(" ")[0] for title in told[3:]] == ["Acceptance", "Delivery"]


def test_a_receipt_of_a_kind_that_nobody_knows_is_told_by_its_subject() -> None:
    campaign = build.started(statuses=[Shown.ACCEPTED])
    build.receipt(campaign.messages.get(), "kind_of_2031")

    assert any("kind_of_2031" in title for title in titles(campaign))


def test_a_receipt_without_a_time_comes_last() -> None:
    campaign = build.started(statuses=[Shown.ACCEPTED])
    row = build.receipt(campaign.messages.get(), "acceptance")
    row.at = None
    row.save()

    assert titles(campaign)[-1].startswith("Acceptance")


def test_an_answer_that_was_lost_and_then_proven_is_told_as_such() -> None:
    campaign = build.started(statuses=[Shown.UNCERTAIN])
    attempt = campaign.messages.get().attempts.get()
    attempt.outcome, attempt.code = Outcome.ACCEPTED, "1234567890123456"
    attempt.save()

    assert any("a receipt proves" in title for title in titles(campaign))


def test_a_cancelled_message_says_so() -> None:
    assert "Cancelled" in titles(build.started(statuses=[Shown.CANCELLED]))[-1]
