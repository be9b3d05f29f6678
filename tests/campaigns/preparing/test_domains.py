"""Domains are asked about by a person's order, once, and what is known costs nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from campaigns.models import Campaign, DomainState, ListDomain
from campaigns.preparing import domains
from pecportal import clock, queue
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.registers.models import Body, Domain
from pecportal.sandbox import Sandbox
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "pec\na@pecmassiva.com\nb@pecmassiva.com\nc@posta.example\nd@gmail.com\ne@comune.example\n"


@pytest.fixture
def campaign() -> Campaign:
    return build.upload(build.draft(), LIST)


def warned(campaign: Campaign) -> list[int]:
    return list(campaign.problems.filter(code="not_certified").values_list("line", flat=True))


def test_what_is_known_is_told_without_asking(campaign: Campaign, settings: Settings) -> None:
    settings.LOOKUP_DOMAIN_PRICE = "0.05"
    Domain.objects.create(name="posta.example", is_certified=False, at=timezone.now())
    Body.objects.create(ipa_code="c", name="Comune", addresses=["x@comune.example"], loaded_at=timezone.now())

    found = domains.standing(campaign)

    assert (found.total, found.certified, found.uncertified, found.ordinary, found.unknown) == (4, 1, 1, 1, 1)
    assert found.cost == Decimal("0.05")


def test_each_domain_is_asked_about_once_and_rows_of_uncertified_ones_are_warned_of(
    vendor: Sandbox, jobs: Jobs, campaign: Campaign
) -> None:
    for _time in range(2):
        domains.order(campaign, unknown=3, actor=campaign.created_by)
    assert jobs.names() == ["campaigns.tasks.check_domains"]
    jobs.run()
    domains.sweep()
    assert jobs.names() == []

    assert dict(Domain.objects.values_list("name", "is_certified"))["pecmassiva.com"]
    uncertified = set(Domain.objects.filter(is_certified=False).values_list("name", flat=True))
    assert uncertified
    expected = [row.line for row in campaign.recipients if row.address.rpartition("@")[2] in uncertified]
    assert warned(campaign) == expected
    assert Entry.objects.filter(action="campaign.check_domains").count() == 1


def test_a_check_that_was_lost_is_asked_for_again(campaign: Campaign, jobs: Jobs) -> None:
    domains.order(campaign, unknown=3, actor=campaign.created_by)
    jobs.clear()

    domains.sweep()

    assert jobs.names() == ["campaigns.tasks.check_domains"]


def test_a_check_that_takes_long_is_gone_on_with_by_other_jobs(
    vendor: Sandbox, jobs: Jobs, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BOX", 0)
    domains.order(campaign, unknown=3, actor=campaign.created_by)
    jobs.run()
    assert campaign.domains.filter(state=DomainState.WAITING).count() == 2

    for _minute in range(3):
        domains.sweep()
        jobs.run()

    assert not campaign.domains.filter(state=DomainState.WAITING).exists()
    bad = set(Domain.objects.filter(is_certified=False).values_list("name", flat=True))
    assert bad
    assert warned(campaign) == [row.line for row in campaign.recipients if row.address.rpartition("@")[2] in bad]


def test_more_than_was_shown_is_not_asked_for(campaign: Campaign, jobs: Jobs) -> None:
    with pytest.raises(Refusal, match="more domains"):
        domains.order(campaign, unknown=2, actor=campaign.created_by)

    assert not ListDomain.objects.filter(state=DomainState.WAITING).exists()
    assert jobs.names() == []


def test_while_the_provider_is_away_nothing_is_claimed_to_be_known(campaign: Campaign, jobs: Jobs) -> None:
    domains.order(campaign, unknown=3, actor=campaign.created_by)
    jobs.run()

    assert set(campaign.domains.exclude(name="gmail.com").values_list("state", flat=True)) == {DomainState.FAILED}
    assert domains.standing(campaign).unknown == 3
    assert warned(campaign) == []


def test_a_question_whose_answer_was_lost_may_be_asked_again_by_a_person_who_is_told(
    vendor: Sandbox, client: Client, jobs: Jobs, campaign: Campaign
) -> None:
    rows = ListDomain.objects.filter(campaign=campaign, name="pecmassiva.com")
    rows.update(state=DomainState.ASKED, asked_at=clock.database_now())
    assert domains.standing(campaign).lost == 0  # the call may be under way
    assert domains.order(campaign, unknown=3, actor=campaign.created_by) == 2
    jobs.run()

    rows.update(asked_at=clock.database_now() - domains.LOST - timedelta(seconds=1))
    client.force_login(campaign.created_by)
    page = client.get(reverse("campaigns:domains", args=[campaign.pk])).content.decode()

    assert domains.standing(campaign).lost == 1
    assert "One of them was asked before, and the answer was lost: it may be charged a second time." in page
    assert domains.order(campaign, unknown=1, actor=campaign.created_by) == 1
    jobs.run()
    assert domains.standing(campaign).lost == 0
    assert Domain.objects.filter(name="pecmassiva.com").count() == 1
