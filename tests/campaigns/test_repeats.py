"""What was sent not long ago is told before it is sent again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import readiness, repeats
from campaigns.models import Campaign
from campaigns.preparing import writing
from campaigns.states import CampaignState
from tests.campaigns import build

pytestmark = pytest.mark.django_db

SAME_PEOPLE = "denominazione;indirizzo\nB;bianchi@pec.example\nV;VERDI@pec.example\nR;rossi@pec.example\n"


def sent(campaign: Campaign, *, days_ago: int = 1) -> Campaign:
    Campaign.objects.filter(pk=campaign.pk).move(
        CampaignState.LAUNCHING, launched_at=timezone.now() - timedelta(days=days_ago)
    )
    return campaign


def test_the_same_file_is_told_whatever_the_subject() -> None:
    first = sent(build.ready())

    again = build.upload(build.draft(first.created_by), build.CSV)

    found = repeats.earlier(again)
    assert found is not None
    assert (found.campaign, found.is_same_file) == (first, True)
    assert any(finding.code == "sent_before" and not finding.blocks for finding in readiness.check(again))


def test_the_same_subject_to_the_same_recipients_is_told_whatever_the_file() -> None:
    first = sent(build.ready(subject="Avviso"))
    again = build.upload(build.draft(first.created_by), SAME_PEOPLE)
    assert repeats.earlier(again) is None

    again = writing.save(again, subject="Avviso", body="<p>x</p>", actor=again.created_by)

    found = repeats.earlier(again)
    assert found is not None
    assert (found.campaign, found.is_same_file) == (first, False)


@pytest.mark.parametrize("case", ["long ago", "another organisation", "never started"])
def test_nothing_is_told_of_what_was_not_sent_here_lately(case: str) -> None:
    first = build.ready()
    if case != "never started":
        sent(first, days_ago=31 if case == "long ago" else 1)

    again = build.upload(build.draft(None if case == "another organisation" else first.created_by), build.CSV)

    assert repeats.earlier(again) is None
