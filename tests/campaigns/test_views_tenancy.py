"""What belongs to others is exactly as absent as what never was."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from campaigns import urls
from campaigns.models import Campaign
from campaigns.states import Shown
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.pages import Answer

pytestmark = pytest.mark.django_db

NOBODYS = 987_654_321
ROUTES = {str(pattern.name): pattern for pattern in urls.urlpatterns}
OPEN = {"index", "new"}
SECOND = {
    "message": "message_pk",
    "message_body": "message_pk",
    "attachment": "attachment_pk",
    "detach": "attachment_pk",
}


@pytest.fixture
def foreign() -> Campaign:
    return build.started(build.clerk(), statuses=[Shown.DELIVERED, Shown.QUEUED])


def address(name: str, campaign: int, second: int) -> str:
    given = {"pk": campaign} | ({SECOND[name]: second} if name in SECOND else {})
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
    row = foreign.messages.order_by("pk")[0]
    second = row.pk if "message" in name else build_attachment(foreign)
    there, nowhere = address(name, foreign.pk, second), address(name, NOBODYS, NOBODYS)

    found, missing = getattr(client, method)(there), getattr(client, method)(nowhere)

    assert found.status_code == missing.status_code
    assert found.status_code in (404, 405)
    assert without_chance(found, there) == without_chance(missing, nowhere)
    foreign.refresh_from_db()
    assert foreign.state == "running"


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
