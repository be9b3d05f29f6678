"""What belongs to others is exactly as absent as what never was; what one may not do is not there."""

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import urls
from mailboxes.models import Found, Mailbox
from pecportal.organisations.models import User
from pecportal.permissions import PEOPLES, Role
from tests import build as kernel
from tests.mailboxes import build
from tests.mailboxes.pages import file, same

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NOBODYS = 987_654_321
ROUTES = {str(pattern.name) for pattern in urls.urlpatterns}
WITHOUT_MAILBOX = {"index", "start", "availability", "places", "expiries", "record"}
FOR_EVERYBODY = {"callback"}  # the vendor's: it has tests of its own
FOR_MEMBERS = {"detail"}
MORE: dict[str, list[str | int]] = {  # arguments beside the mailbox
    "step": ["applicant"],
    "put_paper": ["identity"],
    "take_paper_back": ["identity"],
    "use_paper_again": ["identity"],
    "paper": [1],
    "page_picture": [1, 1],
}
OF_A_MAILBOX = sorted(ROUTES - WITHOUT_MAILBOX - FOR_EVERYBODY)


@pytest.fixture
def foreign() -> Mailbox:
    """Another organisation's draft."""
    return build.draft()


def address(name: str, pk: int) -> str:
    return reverse(f"mailboxes:{name}", args=[pk, *MORE.get(name, [])])


def rows() -> str:
    """All that stands in the table."""
    return str(list(Mailbox.objects.order_by("pk").values()))


@pytest.mark.parametrize("name", OF_A_MAILBOX)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_foreign_mailbox_answers_as_one_that_does_not_exist(
    browser: Client, foreign: Mailbox, name: str, method: str
) -> None:
    there, nowhere, before = address(name, foreign.pk), address(name, NOBODYS), rows()

    found, missing = getattr(browser, method)(there), getattr(browser, method)(nowhere)

    assert found.status_code == missing.status_code
    assert found.status_code in (404, 405)
    assert same(found, there) == same(missing, nowhere)
    assert rows() == before


@pytest.mark.parametrize("name", sorted(set(OF_A_MAILBOX) - FOR_MEMBERS))
@pytest.mark.parametrize("role", [Role.PREPARER, Role.APPROVER, Role.AUDITOR])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_member_without_the_power_finds_nothing(client: Client, name: str, role: Role, method: str) -> None:
    box = build.draft()
    client.force_login(kernel.user(box.organisation, role))
    there, nowhere, before = address(name, box.pk), address(name, NOBODYS), rows()

    found, missing = getattr(client, method)(there), getattr(client, method)(nowhere)

    assert found.status_code in (404, 405)
    assert same(found, there) == same(missing, nowhere)
    assert rows() == before


def test_an_upload_to_a_foreign_mailbox_finds_nothing(browser: Client, foreign: Mailbox) -> None:
    assert (
        browser.post(address("put_paper", foreign.pk), {"identity-file": file("b.jpg", build.picture())}).status_code
        == 404
    )
    assert not foreign.papers.exists()


@pytest.mark.parametrize("role", PEOPLES)
def test_every_member_sees_where_a_mailbox_stands_and_nobody_else_does(client: Client, role: Role) -> None:
    box = build.draft()
    client.force_login(kernel.user(box.organisation, role))
    assert client.get(address("detail", box.pk)).status_code == 200

    client.force_login(kernel.user(kernel.organisation(), role))
    assert client.get(address("detail", box.pk)).status_code == 404


def test_data_of_people_are_shown_to_those_alone_who_may_enter_them(client: Client) -> None:
    box = build.draft()
    client.force_login(kernel.user(box.organisation, Role.PREPARER))

    page = client.get(address("detail", box.pk)).content.decode()

    assert "RSSMRA82D51H501H" not in page
    assert "Rossi" not in page


@pytest.mark.parametrize("name", sorted(ROUTES - FOR_EVERYBODY))
def test_a_stranger_is_sent_to_the_log_in(client: Client, foreign: Mailbox, name: str) -> None:
    url = reverse(f"mailboxes:{name}") if name in WITHOUT_MAILBOX else address(name, foreign.pk)

    for method in ("get", "post"):
        response = getattr(client, method)(url)
        assert response.status_code in (302, 405)
        if response.status_code == 302:
            assert response["Location"].startswith("/login/")


def test_an_operator_sees_no_mailbox_in_the_portal(client: Client, foreign: Mailbox) -> None:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))

    assert client.get(address("detail", foreign.pk)).status_code == 404
    assert client.get(reverse("mailboxes:start")).status_code == 404


@pytest.mark.parametrize("role", [Role.PREPARER, Role.APPROVER, Role.AUDITOR])
@pytest.mark.parametrize("name", ["start", "availability", "places", "record"])
def test_who_may_not_get_a_mailbox_cannot_ask_for_addresses(client: Client, role: Role, name: str) -> None:
    client.force_login(kernel.user(kernel.organisation(), role))

    assert client.get(reverse(f"mailboxes:{name}"), {"address": "x@pecmassiva.com"}).status_code == 404


def test_what_was_found_for_another_organisation_is_not_there(browser: Client, foreign: Mailbox) -> None:
    now = foreign.created_at
    found = Found.objects.create(
        vendor_id="a1", address="x@pecmassiva.com", organisation=foreign.organisation, found_at=now, seen_at=now
    )
    there, nowhere = reverse("mailboxes:adopt", args=[found.pk]), reverse("mailboxes:adopt", args=[NOBODYS])

    for method in ("get", "post"):
        answers = getattr(browser, method)(there), getattr(browser, method)(nowhere)
        assert [answer.status_code for answer in answers] == [404, 404]
        assert same(answers[0], there) == same(answers[1], nowhere)
    assert "x@pecmassiva.com" not in browser.get(reverse("mailboxes:index")).content.decode()


def test_what_changes_something_is_not_done_by_a_get(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)

    orders = ("confirm_order", "withdraw_order", "settle_order")
    for name in ("submit", "ask_again", "hand_in_again", "refresh", "test_credentials", *orders):
        assert browser.get(address(name, box.pk)).status_code == 405


def test_every_route_has_a_name_and_is_tested_here() -> None:
    assert all(pattern.name for pattern in urls.urlpatterns)
    assert len(ROUTES) == len(urls.urlpatterns)
    assert set(OF_A_MAILBOX) | WITHOUT_MAILBOX | FOR_EVERYBODY == ROUTES
