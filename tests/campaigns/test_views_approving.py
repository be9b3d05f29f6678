"""The pages on which a campaign is checked, handed in, approved or sent back, and taken back."""

import io

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader
from pytest_django import Settings

from campaigns.models import Campaign, Submission
from campaigns.preparing import approving, preflight, writing
from campaigns.states import CampaignState
from pecportal import press
from pecportal.organisations.models import FourEyes, Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build
from tests.campaigns.pages import words
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def approver(clerk: User) -> User:
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    return kernel.user(build.organisation_of(clerk), Role.APPROVER)


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def url(name: str, campaign: Campaign, *more: object) -> str:
    return reverse(f"campaigns:{name}", args=[campaign.pk, *more])


def state(campaign: Campaign) -> str:
    campaign.refresh_from_db()
    return campaign.state


def submitted(clerk: User) -> Submission:
    campaign = build.ready(clerk)
    return approving.submit(campaign, seen=build.checked(campaign).sha256, actor=clerk)


@pytest.mark.django_db(transaction=True)
def test_a_check_is_asked_for_followed_and_shown(clerk: User, jobs: Jobs) -> None:
    campaign, client = build.ready(clerk), browser(clerk)
    assert "Check all 3 messages" in words(client.get(url("start", campaign)))

    page = client.post(url("check", campaign), follow=True)
    assert "0 of 3 so far" in words(page)
    htmx = {"HX-Request": "true"}
    assert "0 of 3 so far" in words(client.get(url("checking", campaign), headers=htmx))
    jobs.run()

    assert client.get(url("checking", campaign), headers=htmx).headers["HX-Refresh"] == "true"
    text = words(client.get(url("start", campaign)))
    assert "All 3 messages were put together" in text
    assert "Send 3 certified messages" in text


def test_a_void_check_says_so_and_offers_no_start(clerk: User) -> None:
    campaign = build.ready(clerk)
    sheet = build.checked(campaign)
    writing.save(campaign, subject="Altro", body=campaign.body, actor=clerk)

    text = words(browser(clerk).get(url("start", campaign)))
    assert "The check is void" in text
    assert "Send 3" not in text
    assert "This check is void" in words(browser(clerk).get(sheet.get_absolute_url()))
    assert "void: the campaign was changed since" in words(browser(clerk).get(campaign.get_absolute_url()))


def test_a_check_that_came_to_nothing_says_why(clerk: User) -> None:
    campaign = build.ready(clerk)
    sheet = preflight.ask(campaign, actor=clerk)
    sheet.__class__.objects.filter(pk=sheet.pk).update(state="failed", problem="Fu cambiata nel frattempo.")

    assert "Fu cambiata nel frattempo." in words(browser(clerk).get(url("start", campaign)))


def test_the_sheet_is_a_pdf_too_and_markup_in_it_is_text(clerk: User) -> None:
    campaign = build.ready(clerk, subject="<b>Avviso</b> per {{ nome }}")
    sheet = build.checked(campaign)

    answer = browser(clerk).get(url("sheet_pdf", campaign, sheet.pk))

    assert answer.headers["Content-Type"] == "application/pdf"
    assert ".pdf" in answer.headers["Content-Disposition"]
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert "<b>Avviso</b> per" in text
    assert sheet.sha256 in text.replace("\n", "")


def test_a_pdf_that_is_not_made_in_time_leads_back_to_the_page(clerk: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "SECONDS", 0.0)
    monkeypatch.setattr(press, "START_SECONDS", 0.0)
    campaign = build.ready(clerk)
    sheet = build.checked(campaign)

    answer = browser(clerk).get(url("sheet_pdf", campaign, sheet.pk), follow=True)

    assert answer.redirect_chain[-1][0] == url("sheet", campaign, sheet.pk)
    assert "The PDF was not made in time" in answer.content.decode()


def test_where_approval_is_wanted_the_button_hands_in_instead(clerk: User, approver: User) -> None:
    campaign = build.ready(clerk)
    sheet = build.checked(campaign)
    text = words(browser(clerk).get(url("start", campaign)))
    assert "Hand it in for approval" in text
    assert "Send 3" not in text

    page = browser(clerk).post(url("submit", campaign), {"seen": sheet.sha256}, follow=True)

    assert state(campaign) == CampaignState.WAITING
    assert "It waits for its approval" in words(page)
    assert "Look at it and decide" not in words(page)
    assert campaign.name in words(browser(approver).get("/"))


def test_an_approver_sees_the_sheet_and_approves_it_once(clerk: User, approver: User) -> None:
    submission = submitted(clerk)
    campaign, client = submission.campaign, browser(approver)
    assert "Look at it and decide" in words(client.get(campaign.get_absolute_url()))
    page = words(client.get(url("approval", campaign)))
    assert submission.sha256 in page
    assert "Avviso per Ditta Rossi" in page

    for _time in range(2):
        answer = client.post(url("approval", campaign), {"seen": submission.sha256}, follow=True)
        assert answer.status_code == 200

    assert state(campaign) == CampaignState.APPROVED
    assert submission.approvals.count() == 1
    starter = browser(clerk)
    assert "It is approved" in words(starter.get(campaign.get_absolute_url()))
    starter.post(url("start", campaign), {"seen": submission.sha256})
    assert state(campaign) == CampaignState.LAUNCHING
    assert f"Approved by {approver}" in words(starter.get(campaign.get_absolute_url()))


def test_sent_back_the_preparer_reads_why(clerk: User, approver: User) -> None:
    submission = submitted(clerk)
    client = browser(approver)
    empty = client.post(url("approval", submission.campaign), {"act": "reject", "reason": ""})
    assert empty.status_code == 422

    client.post(url("approval", submission.campaign), {"act": "reject", "reason": "Manca l'allegato."}, follow=True)

    assert state(submission.campaign) == CampaignState.DRAFT
    assert "Manca l'allegato." in words(browser(clerk).get(submission.campaign.get_absolute_url()))
    approving.tell(submission.pk)
    assert "Manca l'allegato." in mail.outbox[0].body


def test_ones_own_campaign_is_shown_without_the_forms_and_a_post_is_refused(approver: User) -> None:
    submission = submitted(approver)
    client = browser(approver)

    page = client.get(url("approval", submission.campaign))
    answer = client.post(url("approval", submission.campaign), {"seen": submission.sha256})

    assert "You cannot approve this campaign" in words(page)
    assert "may then be sent" not in words(page)
    assert answer.status_code == 422
    assert state(submission.campaign) == CampaignState.WAITING


@pytest.mark.parametrize("role", [Role.PREPARER, Role.ADMINISTRATOR, Role.KEEPER, Role.AUDITOR])
def test_the_approvers_page_is_not_there_for_others(clerk: User, approver: User, role: Role) -> None:
    submission = submitted(clerk)
    client = browser(kernel.user(build.organisation_of(clerk), role))

    assert client.get(url("approval", submission.campaign)).status_code == 404
    assert client.post(url("approval", submission.campaign), {"seen": submission.sha256}).status_code == 404


def test_taken_back_it_can_be_changed_again(clerk: User, approver: User) -> None:
    submission = submitted(clerk)

    page = browser(clerk).post(url("take_back", submission.campaign), follow=True)

    assert state(submission.campaign) == CampaignState.DRAFT
    assert "a draft again" in words(page)


def test_a_start_is_taken_back_on_its_page(clerk: User, settings: Settings) -> None:
    settings.SENDING_UNDO_SECONDS = 300.0
    campaign, client = build.launched(build.ready(clerk)), browser(clerk)
    page = words(client.get(campaign.get_absolute_url()))
    assert "It leaves in 5 minutes." in page
    assert "Take the start back" in page

    answer = client.post(url("undo", campaign), follow=True)

    assert "nothing was sent" in words(answer)
    assert state(campaign) == CampaignState.DRAFT
    again = client.post(url("undo", campaign), follow=True)
    assert "too late" in words(again)
