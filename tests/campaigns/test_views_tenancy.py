"""What belongs to others is exactly as absent as what never was."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns import incidents, urls
from campaigns.models import Campaign, Choice, Decision, IncidentKind, Intake, Letterhead, OwnFile
from campaigns.preparing import texts
from campaigns.states import Shown
from pecportal.organisations.models import User
from tests.campaigns import build, doubts
from tests.campaigns.pages import Answer

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NOBODYS = 987_654_321
ROUTES = {str(pattern.name): pattern for pattern in urls.urlpatterns}
BOOK = {
    *("contacts", "new_contact", "import_contacts", "export_contacts", "contacts_history", "make_group"),
}
RUNS = {"contact_run", "contact_run_cancel"}
OPEN = {"index", "new", "doubts", "desk", "letterheads", "letterhead_new", "saved_texts", *BOOK}
SECOND = {
    "message": "message_pk",
    "message_body": "message_pk",
    "attachment": "attachment_pk",
    "detach": "attachment_pk",
    "doubt": "message_pk",
    "confirm_decision": "decision_pk",
    "withdraw_decision": "decision_pk",
    "proof": "decision_pk",
    "incident_seen": "incident_pk",
    "own_file": "file_pk",
    "own_place": "file_pk",
    "own_cancel": "intake_pk",
    "saved_text": "text_pk",
    "text_put_away": "text_pk",
    "text_edit": "text_pk",
    "text_body": "version_pk",
    "letterhead": "letterhead_pk",
    "letterhead_remove": "letterhead_pk",
    "sheet": "sheet_pk",
    "sheet_pdf": "sheet_pk",
    "move": "mailbox_pk",
}


@pytest.fixture
def foreign() -> Campaign:
    return build.started(build.clerk(), statuses=[Shown.DELIVERED, Shown.QUEUED])


def address(name: str, campaign: int, second: int) -> str:
    if name.startswith("desk_") or name in ("contact", "contact_remove", "group_remove", *RUNS):
        return reverse(f"campaigns:{name}", kwargs={"pk": second})
    if SECOND.get(name) in ("text_pk", "version_pk"):
        return reverse(f"campaigns:{name}", kwargs={SECOND[name]: second})
    if name.startswith("letterhead"):
        return reverse(f"campaigns:{name}", kwargs={"letterhead_pk": second})
    given: dict[str, int | str] = {"pk": campaign}
    if name in SECOND:
        given[SECOND[name]] = second
    if name in ("again", "close"):
        given["cause"] = "mailbox_full"
    if name == "faulty_file":
        given["kind"] = "csv"
    return reverse(f"campaigns:{name}", kwargs=given)


def without_chance(response: Answer, url: str) -> str:
    """The page without what differs by itself: the token against forged forms, and the address that was asked."""
    page = response.content.decode().replace(url, "HERE")
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", page)


@pytest.mark.parametrize("name", sorted(set(ROUTES) - OPEN))
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_object_answers_as_one_that_does_not_exist(
    client: Client, foreign: Campaign, name: str, method: str
) -> None:
    client.force_login(build.clerk())
    second = second_object(foreign, SECOND.get(name, "attachment_pk"))
    if name.startswith("desk_"):
        second = build.unmatched(foreign.mailbox, "CONSEGNA: Avviso").pk
    if name in ("contact", "contact_remove"):
        second = build.contact(foreign.created_by).pk
    if name == "group_remove":
        second = build.group(foreign.created_by).pk
    there, nowhere = address(name, foreign.pk, second), address(name, NOBODYS, NOBODYS)

    found, missing = getattr(client, method)(there), getattr(client, method)(nowhere)

    assert found.status_code == missing.status_code
    assert found.status_code in (404, 405)
    assert without_chance(found, there) == without_chance(missing, nowhere)
    foreign.refresh_from_db()
    assert foreign.state == "running"


def second_object(foreign: Campaign, kind: str) -> int:
    if kind == "attachment_pk":
        return build_attachment(foreign)
    if kind == "mailbox_pk":
        return foreign.mailbox_id
    if kind == "file_pk":
        file: OwnFile = OwnFile.objects.create(campaign=foreign, name="001.txt", size=1, stored_as="own/1")
        return file.pk
    if kind == "intake_pk":
        return Intake.objects.create(campaign=foreign, name="x.zip", size=1, stored_as="x", by=foreign.created_by).pk
    if kind in ("text_pk", "version_pk"):
        version = texts.keep(build.ready(foreign.created_by), name="Solleciti", actor=foreign.created_by)
        return version.pk if kind == "version_pk" else version.saved_text_id
    if kind == "letterhead_pk":
        organisation, person = foreign.organisation, foreign.created_by
        return Letterhead.objects.create(organisation=organisation, name="Comune", changed_by=person).pk
    if kind == "sheet_pk":
        return build.checked(build.ready(foreign.created_by)).pk
    attempt = doubts.doubt(foreign)
    if kind == "message_pk":
        return attempt.message_id
    if kind == "incident_pk":
        return incidents.tell(attempt.message, attempt, IncidentKind.SENT_TWICE).pk
    waiting = Decision(attempt=attempt, choice=Choice.SENT, reason="x", evidence={}, by=foreign.created_by)
    waiting.at = timezone.now()
    waiting.save()
    return waiting.pk


def build_attachment(campaign: Campaign) -> int:
    draft = build.draft(campaign.created_by)
    attachment = build.attach(draft)
    attachment.campaign = campaign
    attachment.save()
    return attachment.pk


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_a_stranger_is_sent_to_the_log_in(client: Client, foreign: Campaign, name: str) -> None:
    url = reverse(f"campaigns:{name}") if name in OPEN else address(name, foreign.pk, 1)

    response = client.get(url)

    assert response.status_code in (302, 405)
    if response.status_code == 302:
        assert response["Location"].startswith("/login/")


def test_the_index_shows_nothing_of_others(client: Client, foreign: Campaign) -> None:
    client.force_login(build.clerk())

    assert foreign.name.encode() not in client.get(reverse("campaigns:index")).content


def test_an_operator_sees_no_campaign_in_the_portal(client: Client, foreign: Campaign) -> None:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))

    assert client.get(foreign.get_absolute_url()).status_code == 404


def test_every_route_has_a_name_and_is_tested_here() -> None:
    assert all(pattern.name for pattern in urls.urlpatterns)
    assert len(ROUTES) == len(urls.urlpatterns)
