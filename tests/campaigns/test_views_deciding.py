"""The pages of messages in doubt: what they show, to whom, and what may be done there."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import incidents
from campaigns.models import Attempt, Campaign, Choice, Decision, InboxScan, Incident, IncidentKind, Message, Search
from campaigns.sending import decisions, routes
from campaigns.states import Shown
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.campaigns import build, doubts
from tests.campaigns.pages import Answer, words

pytestmark = pytest.mark.django_db
EML = b"From: posta-certificata@gestore.example\r\nSubject: ACCETTAZIONE: Avviso\r\n\r\nricevuta\r\n"


@pytest.fixture
def attempt() -> Attempt:
    return doubts.doubt(absent=True)


@pytest.fixture
def approver(attempt: Attempt) -> User:
    return doubts.approver(attempt.message.campaign.organisation)


@pytest.fixture
def browser(client: Client, approver: User) -> Client:
    client.force_login(approver)
    return client


def page(attempt: Attempt) -> str:
    return reverse("campaigns:doubt", args=[attempt.message.campaign_id, attempt.message_id])


def post(browser: Client, attempt: Attempt, decided: str, **more: object) -> Answer:
    data = {"seen": doubts.seen(attempt), "choice": decided, "reason": "La ricevuta non arriva."} | more
    return browser.post(page(attempt), data)


def test_the_page_shows_attempt_answer_readings_searches_and_the_warning(browser: Client, attempt: Attempt) -> None:
    Search.objects.create(attempt=attempt, at=timezone.now())

    text = words(browser.get(page(attempt)))

    assert "It was not sent, as far as can be known" in text
    assert attempt.ref in text
    assert "no answer came" in text
    assert "No answer: timed out" in text
    assert "complete, 7 items" in text
    assert "at most 10 %" in text
    assert "nothing found" in text
    assert "Sending again may deliver this message twice." in text


def test_sending_again_is_offered_only_with_evidence_and_otherwise_says_why_not(client: Client) -> None:
    attempt = doubts.doubt()
    client.force_login(doubts.approver(attempt.message.campaign.organisation))

    response = client.get(page(attempt))

    assert "It cannot be sent again yet" in words(response)
    assert "two whole readings are needed" in words(response)
    assert 'value="send_again" disabled' in response.content.decode()
    assert 'value="wait" disabled' not in response.content.decode()


def test_a_provider_that_counts_more_than_it_shows_is_told_of_in_plain_words(client: Client) -> None:
    attempt = doubts.doubt()
    scan = doubts.scan(attempt, complete=False)
    InboxScan.objects.filter(pk=scan.pk).update(problem="", total=1200)
    client.force_login(doubts.approver(attempt.message.campaign.organisation))

    text = words(client.get(page(attempt)))

    assert "The provider counts 1,200 items in the mailbox and shows 7" in text
    assert "the search cannot be called complete" in text


@pytest.mark.parametrize(("choice", "state"), [("wait", "uncertain"), ("send_again", "queued"), ("not_sent", "failed")])
def test_a_decision_is_taken_on_the_page(browser: Client, attempt: Attempt, choice: str, state: str) -> None:
    response = post(browser, attempt, choice)

    assert response.status_code == 302
    assert Message.objects.get(pk=attempt.message_id).state == state


def test_a_receipt_is_handed_in_and_given_out_again_and_called_declared(browser: Client, attempt: Attempt) -> None:
    post(browser, attempt, "sent", proof=SimpleUploadedFile("ricevuta.eml", EML, "message/rfc822"))

    decision = Decision.objects.get()
    text = words(browser.get(attempt.message.get_absolute_url()))
    assert "Sent, as a person declared" in text
    assert "a person declared that it took the message" in text
    assert "declared by a person, not read by the portal" in text
    given = browser.get(reverse("campaigns:proof", args=[attempt.message.campaign_id, decision.pk]))
    assert b"".join(given.streaming_content) == EML  # type: ignore[attr-defined]
    assert given["Content-Disposition"] == 'attachment; filename="ricevuta.eml"'
    assert given["Content-Security-Policy"].startswith("sandbox")


def test_a_decision_without_a_file_has_none_to_give_out(browser: Client, attempt: Attempt) -> None:
    post(browser, attempt, "wait")

    url = reverse("campaigns:proof", args=[attempt.message.campaign_id, Decision.objects.get().pk])
    assert browser.get(url).status_code == 404


def test_outdated_evidence_is_shown_anew_with_what_was_typed(browser: Client, attempt: Attempt) -> None:
    seen = doubts.seen(attempt)
    Search.objects.create(attempt=attempt, at=timezone.now())

    response = post(browser, attempt, "send_again", seen=seen)

    assert response.status_code == 422
    assert "The evidence has changed" in words(response)
    assert "La ricevuta non arriva." in words(response)
    assert doubts.seen(attempt) in response.content.decode()
    assert Message.objects.get(pk=attempt.message_id).state == "uncertain"


@pytest.mark.parametrize("data", [{"choice": "nonsense"}, {"choice": ""}, {"reason": " "}])
def test_what_is_no_decision_is_refused_on_the_page(browser: Client, attempt: Attempt, data: dict[str, str]) -> None:
    assert post(browser, attempt, "wait", **data).status_code == 422
    assert not Decision.objects.exists()


def test_who_only_prepares_sees_the_evidence_and_who_may_decide(
    client: Client, attempt: Attempt, approver: User
) -> None:
    client.force_login(build.clerk(attempt.message.campaign.organisation))

    response = client.get(page(attempt))

    assert "Only an approver" in words(response)
    assert str(approver) in words(response)
    assert 'name="choice"' not in response.content.decode()
    assert post(client, attempt, "not_sent").status_code == 422
    assert Message.objects.get(pk=attempt.message_id).state == "uncertain"


def test_the_author_is_told_why_not(client: Client, attempt: Attempt, approver: User) -> None:
    Campaign.objects.update(launched_by=approver)
    client.force_login(approver)

    assert "You prepared or started this campaign" in words(client.get(page(attempt)))


def test_two_people_decide_through_the_pages(client: Client, attempt: Attempt, approver: User) -> None:
    Organisation.objects.update(two_decide=True)
    second = doubts.approver(attempt.message.campaign.organisation)
    client.force_login(approver)
    post(client, attempt, "send_again")
    decision = Decision.objects.get()
    confirm = reverse("campaigns:confirm_decision", args=[attempt.message.campaign_id, decision.pk])
    text = words(client.get(page(attempt)))
    assert "Withdraw the decision" in text
    assert "Confirm the decision" not in text

    client.force_login(second)
    text = words(client.get(page(attempt)))
    assert "Confirm the decision" in text
    assert "Withdraw the decision" not in text
    client.post(confirm, {"seen": "0" * 64})
    assert Message.objects.get(pk=attempt.message_id).state == "uncertain"
    client.post(confirm, {"seen": doubts.seen(attempt)})

    assert Message.objects.get(pk=attempt.message_id).state == "queued"
    story = words(client.get(attempt.message.get_absolute_url()))
    assert f"{second} confirmed the decision" in story


def test_a_decision_is_withdrawn_on_the_page(browser: Client, attempt: Attempt) -> None:
    Organisation.objects.update(two_decide=True)
    post(browser, attempt, "not_sent")

    browser.post(reverse("campaigns:withdraw_decision", args=[attempt.message.campaign_id, Decision.objects.get().pk]))

    assert Decision.objects.get().withdrawn_at is not None
    assert "withdrawn" in words(browser.get(page(attempt)))


def test_a_settled_doubt_leads_to_the_message(browser: Client, attempt: Attempt) -> None:
    Message.objects.filter(pk=attempt.message_id).update(state="submitted")

    assert browser.get(page(attempt))["Location"] == attempt.message.get_absolute_url()


def test_the_desk_lists_the_oldest_first_with_what_is_missing_and_who_decides(
    browser: Client, attempt: Attempt, approver: User
) -> None:
    newer = doubts.doubt(attempt.message.campaign, ago=timedelta(minutes=10))

    response = browser.get(reverse("campaigns:doubts"))

    assert [row.message.pk for row in response.context["rows"]] == [attempt.message_id, newer.message_id]
    assert "two whole readings are needed" in words(response)
    assert f"May decide: {approver}" in words(response)


def test_the_desk_shows_one_organisations_doubts_and_one_campaigns_if_asked(browser: Client, attempt: Attempt) -> None:
    doubts.doubt()
    other = doubts.doubt(build.started(attempt.message.campaign.created_by, name="Altra"))
    desk = reverse("campaigns:doubts")

    assert len(browser.get(desk).context["rows"]) == 2
    narrowed = browser.get(desk, {"campaign": other.message.campaign_id})
    assert [row.message.pk for row in narrowed.context["rows"]] == [other.message_id]
    assert len(browser.get(desk, {"campaign": "nonsense"}).context["rows"]) == 2


def test_an_administrator_who_may_see_no_recipients_sees_no_doubts(client: Client, attempt: Attempt) -> None:
    client.force_login(kernel.user(attempt.message.campaign.organisation, Role.ADMINISTRATOR))

    response = client.get(reverse("campaigns:doubts"))

    assert response.context["rows"] == []
    assert 'id="nav-doubts"' not in response.content.decode()
    assert client.get(page(attempt)).status_code == 404


def test_an_empty_desk_says_so(client: Client) -> None:
    client.force_login(build.clerk())

    assert "No message is in doubt" in words(client.get(reverse("campaigns:doubts")))


def test_the_navigation_counts_doubts_only_when_there_are_any(browser: Client, attempt: Attempt) -> None:
    assert "In doubt 1" in words(browser.get(reverse("home")))

    Message.objects.filter(pk=attempt.message_id).update(state="submitted")
    assert 'id="nav-doubts"' not in browser.get(reverse("home")).content.decode()


def test_the_campaigns_page_leads_to_its_doubts(browser: Client, attempt: Attempt) -> None:
    doubts.doubt(attempt.message.campaign)

    response = browser.get(attempt.message.campaign.get_absolute_url())

    assert "2 messages whose outcome is unknown" in words(response)
    assert f"{reverse('campaigns:doubts')}?campaign={attempt.message.campaign_id}" in response.content.decode()


class TestIncidents:
    """Contradictions stand on the pages until somebody has seen them."""

    @pytest.fixture
    def incident(self, attempt: Attempt) -> Incident:
        return incidents.tell(attempt.message, attempt, IncidentKind.SENT_TWICE)

    def test_they_stand_on_the_campaigns_and_the_messages_page(
        self, browser: Client, attempt: Attempt, incident: Incident
    ) -> None:
        for url in (attempt.message.get_absolute_url(), attempt.message.campaign.get_absolute_url()):
            assert "The message was probably sent twice" in words(browser.get(url))

    def test_once_seen_they_leave_the_campaigns_page_and_stay_on_the_messages(
        self, browser: Client, attempt: Attempt, approver: User, incident: Incident
    ) -> None:
        browser.post(reverse("campaigns:incident_seen", args=[attempt.message.campaign_id, incident.pk]))

        assert "probably sent twice" not in words(browser.get(attempt.message.campaign.get_absolute_url()))
        assert f"Seen by {approver}" in words(browser.get(attempt.message.get_absolute_url()))

    def test_who_may_not_decide_does_not_take_note(self, client: Client, attempt: Attempt, incident: Incident) -> None:
        client.force_login(build.clerk(attempt.message.campaign.organisation))

        client.post(reverse("campaigns:incident_seen", args=[attempt.message.campaign_id, incident.pk]))

        incident.refresh_from_db()
        assert incident.seen_by is None


def test_a_messages_page_shows_the_request_as_it_went_without_the_password(browser: Client, attempt: Attempt) -> None:
    attempt.route_id = routes.of(attempt.mailbox)
    attempt.save()

    text = words(browser.get(attempt.message.get_absolute_url()))

    assert "Request sent to the provider" in text
    assert f'"subject": "Avviso per Ditta {attempt.message.line} Rif. {attempt.ref}"' in text
    assert '"password": "***"' in text
    assert kernel.PASSWORD not in text


def test_a_message_that_was_refused_is_not_called_closed(browser: Client, attempt: Attempt) -> None:
    row = build.message(attempt.message.campaign, line=90, status=Shown.FAILED)

    assert "Refused by the provider" in words(browser.get(row.get_absolute_url()))


def test_a_closed_message_is_called_closed_in_the_table_and_in_the_results(
    browser: Client, attempt: Attempt, approver: User
) -> None:
    decisions.decide(attempt, choice=Choice.NOT_SENT, reason="x", seen=doubts.seen(attempt), actor=approver)
    campaign = attempt.message.campaign

    assert "Closed as not sent by a person" in words(browser.get(campaign.get_absolute_url()))
    table = browser.get(reverse("campaigns:results", args=[campaign.pk]))
    assert b"Closed as not sent by a person" in b"".join(table.streaming_content)  # type: ignore[attr-defined]
