"""Hours and dates of a draft are kept, journalled, and refused where they make no sense."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import readiness
from campaigns.models import Campaign
from campaigns.preparing import schedule
from campaigns.preparing.schedule import When
from campaigns.states import CampaignState, Shown
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests.campaigns import build
from tests.campaigns.pages import words

pytestmark = pytest.mark.django_db
OFFICE = When(opens=time(8), closes=time(18), weekdays="12345", on_holidays=False)


def save(campaign: Campaign, when: When) -> None:
    schedule.save(campaign, when, actor=campaign.created_by)


def test_hours_are_kept_and_recorded_once() -> None:
    campaign = build.draft()

    save(campaign, OFFICE)
    save(campaign, OFFICE)

    campaign.refresh_from_db()
    assert schedule.of(campaign) == OFFICE
    entry = Entry.objects.get(action="campaign.schedule")
    assert (entry.facts["weekdays"], entry.facts["opens"], entry.facts["on_holidays"]) == ("12345", "08:00:00", False)


def soon(**span: int) -> datetime:
    return timezone.now() + timedelta(**span)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("weekdays", {"weekdays": ""}),
        ("closes", {"opens": time(8), "closes": time(8)}),
        ("starts_at", {"starts_at": soon(minutes=-5)}),
        ("wanted_by", {"wanted_by": soon(minutes=-5)}),
        ("wanted_by", {"starts_at": soon(days=3), "wanted_by": soon(days=2)}),
    ],
)
def test_what_makes_no_sense_is_refused_beside_its_field(field: str, changes: dict[str, Any]) -> None:
    campaign = build.draft()

    with pytest.raises(Refusal) as refused:
        save(campaign, replace(OFFICE, **changes))

    assert refused.value.field == field
    campaign.refresh_from_db()
    assert schedule.of(campaign) == When()


def test_a_start_that_has_passed_meanwhile_may_stay() -> None:
    campaign = build.draft()
    Campaign.objects.filter(pk=campaign.pk).update(starts_at=(passed := soon(hours=-1)))

    save(campaign, replace(OFFICE, starts_at=passed))

    campaign.refresh_from_db()
    assert campaign.opens == time(8)


def test_what_runs_keeps_its_hours() -> None:
    campaign = build.started(statuses=[Shown.QUEUED])

    with pytest.raises(Refusal):
        save(campaign, OFFICE)

    assert campaign.state == CampaignState.RUNNING


def test_other_hours_are_another_campaign_to_be_seen_before_the_start() -> None:
    campaign = build.ready()
    seen = readiness.fingerprint(campaign)

    save(campaign, OFFICE)

    campaign.refresh_from_db()
    assert readiness.fingerprint(campaign) != seen


def test_the_page_shows_what_was_chosen_and_keeps_what_is_sent(client: Client) -> None:
    clerk = build.clerk()
    campaign = build.ready(clerk)
    client.force_login(clerk)
    url = reverse("campaigns:when", args=[campaign.pk])
    given = {"opens": "22:00", "closes": "06:00", "weekdays": ["1", "5"], "on_holidays": "on", "starts_at": ""}

    assert client.post(url, given).status_code == 302

    campaign.refresh_from_db()
    assert schedule.of(campaign) == When(opens=time(22), closes=time(6), weekdays="15")
    page = client.get(url)
    assert 'value="22:00"' in page.content.decode()
    assert "Forecast" in words(page)
    assert client.post(url, {**given, "weekdays": []}).status_code == 422


def test_nobody_else_sees_or_changes_the_hours(client: Client) -> None:
    campaign = build.ready()
    client.force_login(build.clerk())

    for name in ("when", "outlook"):
        assert client.get(reverse(f"campaigns:{name}", args=[campaign.pk])).status_code == 404
