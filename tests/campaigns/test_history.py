"""Every change of a campaign's state says who, when and why; the word that is shown is never ahead of the facts."""

import pytest

from campaigns import standing
from campaigns.models import Campaign, Message, StateChange
from campaigns.preparing import writing
from campaigns.sending import launch
from campaigns.states import CampaignState, MessageState, Shown, Standing
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def told(campaign: Campaign) -> list[tuple[str, int | None, str]]:
    return list(campaign.history.order_by("pk").values_list("state", "by", "reason"))


def test_a_campaigns_way_is_written_down_with_its_people() -> None:
    campaign = build.launched(build.ready())
    clerk = campaign.created_by
    launch.pause(campaign, actor=clerk)
    launch.stop(campaign, actor=clerk, reason="L'elenco era quello di ieri.")

    assert told(campaign) == [
        ("draft", clerk.pk, ""),
        ("checked", clerk.pk, ""),
        ("launching", clerk.pk, ""),
        ("running", None, ""),
        ("paused", clerk.pk, ""),
        ("stopped", clerk.pk, "L'elenco era quello di ieri."),
    ]
    assert all(change.at for change in campaign.history.all())


def test_a_move_that_the_table_forbids_leaves_no_row() -> None:
    campaign = build.draft()

    assert Campaign.objects.filter(pk=campaign.pk).move(CampaignState.PAUSED, by=campaign.created_by) == 0

    assert [state for state, _by, _reason in told(campaign)] == ["draft"]


def test_many_campaigns_that_move_at_once_have_a_row_each() -> None:
    clerk = build.clerk()
    for _number in range(3):
        build.started(clerk)

    launch.complete()

    assert StateChange.objects.filter(state="completed", by=None).count() == 3


@pytest.mark.parametrize(("act", "before", "after"), [("pause", "pausing", "paused"), ("stop", "stopping", "stopped")])
def test_it_is_on_its_way_to_a_halt_until_the_last_message_has_its_answer(act: str, before: str, after: str) -> None:
    campaign = build.started(statuses=[Shown.SENDING, Shown.QUEUED])

    result = getattr(launch, act)(campaign, actor=campaign.created_by)

    assert (result if act == "pause" else result.on_their_way) == 1
    campaign.refresh_from_db()
    assert standing.of(campaign) == before
    Message.objects.filter(state=MessageState.SENDING).move(MessageState.SUBMITTED)
    assert standing.of(campaign) == after


def test_a_draft_is_called_checked_until_it_is_changed() -> None:
    campaign = build.ready()
    assert standing.of(campaign) == Standing.DRAFT
    build.checked(campaign)
    assert standing.of(campaign) == Standing.CHECKED

    campaign = writing.save(campaign, subject="Altro", body=campaign.body, actor=campaign.created_by)

    assert standing.of(campaign) == Standing.DRAFT
