"""A text and a long list are put together by a job, and the check before the start waits for it."""

import pytest
from django.utils import timezone

from campaigns import readiness
from campaigns.models import Campaign, ListProblem, Merging
from campaigns.preparing import merging, preflight, recipients, writing
from campaigns.states import CampaignState, SheetState
from pecportal.errors import Refusal
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db

MANY = merging.SMALL + 500
FAULTY = MANY // 10  # every tenth row has no note


class Killed(BaseException):
    """As if the worker was killed."""


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def draft(clerk: User) -> Campaign:
    rows = (f"Ditta {n};{'' if n % 10 == 0 else 'nota'};ditta{n}@pec.example\n" for n in range(MANY))
    return build.upload(build.draft(clerk), "nome;nota;pec\n" + "".join(rows))


def save(campaign: Campaign, body: str) -> Campaign:
    return writing.save(campaign, subject="Avviso", body=body, actor=campaign.created_by)


def codes(campaign: Campaign) -> list[str]:
    return [finding.code for finding in readiness.check(campaign, quick=True) if finding.blocks]


def killed_after(parts: int, campaign: Campaign) -> None:
    done = 0

    def alive() -> None:
        nonlocal done
        done += 1
        if done == parts:
            raise Killed

    with pytest.raises(Killed):
        merging.run(campaign.pk, alive=alive)


def test_the_text_is_saved_at_once_and_the_rows_are_judged_by_a_job(jobs: Jobs, draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")

    assert campaign.body == "<p>{{ nota }}</p>"
    assert (campaign.problems_total, codes(campaign)) == (0, ["merge_coming"])
    assert jobs.names() == [merging.TASK]
    jobs.run()
    jobs.run()

    campaign.refresh_from_db()
    assert (campaign.problems_total, codes(campaign)) == (FAULTY, ["faulty_rows"])
    assert set(campaign.problems.values_list("code", flat=True)) == {"merge_missing"}


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_job_that_is_killed_anywhere_and_repeated_finds_each_fault_once(draft: Campaign, parts: int) -> None:
    campaign = save(draft, "{{ nota }}")
    killed_after(parts, campaign)

    merging.run(campaign.pk)
    merging.run(campaign.pk)

    campaign.refresh_from_db()
    assert (campaign.problems_total, ListProblem.objects.count()) == (FAULTY, FAULTY)
    assert not Merging.objects.exists()


def test_another_text_meanwhile_begins_anew(draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    killed_after(2, campaign)
    assert ListProblem.objects.exists()

    campaign = save(campaign, "{{ nome }}")
    merging.run(campaign.pk)

    campaign.refresh_from_db()
    assert (campaign.problems_total, ListProblem.objects.count()) == (0, 0)


def test_another_list_meanwhile_needs_no_job_any_more(jobs: Jobs, draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    killed_after(1, campaign)

    campaign = build.upload(campaign, "nome;nota;pec\nRossi;;rossi@pec.example\nBianchi;x;bianchi@pec.example\n")

    assert not Merging.objects.exists()
    assert campaign.problems_total == 1
    jobs.run()
    assert Campaign.objects.get(pk=campaign.pk).problems_total == 1


def test_a_new_fault_asks_for_the_choice_again(draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    merging.run(campaign.pk)
    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)
    campaign = save(campaign, "{{ nota }} {{ nome }}")
    merging.run(campaign.pk)
    campaign.refresh_from_db()
    assert (campaign.skip_problems, campaign.problems_total) == (True, FAULTY)

    line = campaign.recipients.order_by("line").values_list("line", flat=True)[1500]
    campaign.recipients.filter(line=line).update(values={"nome": "", "nota": "x"})
    campaign = save(campaign, "{{ nome }}")
    merging.run(campaign.pk)

    campaign.refresh_from_db()
    assert (campaign.skip_problems, campaign.problems_total) == (False, FAULTY + 1)


def test_the_check_before_the_start_waits_for_it(draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    sheet = preflight.ask(campaign, actor=campaign.created_by)

    preflight.make(sheet.pk)

    sheet.refresh_from_db()
    assert sheet.state == SheetState.READY
    assert not sheet.is_clean
    assert not Merging.objects.exists()


def test_a_campaign_that_is_no_draft_any_more_is_left_alone(draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    merging.run(campaign.pk)

    assert not ListProblem.objects.exists()
    with pytest.raises(Refusal):
        save(campaign, "altro")


def test_a_lost_job_is_nudged(jobs: Jobs, draft: Campaign) -> None:
    campaign = save(draft, "{{ nota }}")
    jobs.clear()
    merging.resume_lost()
    assert jobs.names() == []

    Merging.objects.update(alive_at=timezone.now() - 2 * merging.LOST)
    merging.resume_lost()

    assert jobs.names() == [merging.TASK]
    jobs.run()
    assert Campaign.objects.get(pk=campaign.pk).problems_total == FAULTY
