"""Sessions end by themselves, from elsewhere, and by changes; what binds asks once more who it is."""

import re
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from pecportal.journal.models import Entry
from pecportal.organisations import members
from pecportal.organisations.members import Reach
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build
from tests.campaigns import build as campaigns
from tests.signin import people
from tests.signin.conftest import PASSWORD

pytestmark = pytest.mark.django_db
MINUTE = 60


def at(minutes: float) -> object:
    """So many minutes after now."""
    return travel(timezone.now().timestamp() + minutes * MINUTE, tick=False)


def signed_in(user: User) -> Client:
    client = Client()
    people.log_in(client, user.email)
    return client


@pytest.mark.parametrize(("minutes", "is_in"), [(29, True), (31, False)])
def test_a_session_that_is_not_used_ends(clerk: User, minutes: int, is_in: bool) -> None:
    client = signed_in(clerk)

    with at(minutes):  # type: ignore[attr-defined]
        assert people.is_in(client) == is_in


def test_a_session_that_is_used_ends_all_the_same_after_ten_hours(clerk: User) -> None:
    client = signed_in(clerk)
    for minutes in range(20, 600, 20):
        with at(minutes):  # type: ignore[attr-defined]
            assert people.is_in(client)
    with at(601):  # type: ignore[attr-defined]
        answer = client.get("/campaigns/")
    assert answer["Location"] == "/login/?next=/campaigns/"


@pytest.mark.parametrize(("minutes", "is_in"), [(14, True), (16, False)])
def test_an_operators_session_is_shorter(operator: User, minutes: int, is_in: bool) -> None:
    secret = people.authenticator(operator)
    client = signed_in(operator)
    client.post(reverse("mfa_authenticate"), {"code": people.code(secret)})

    with at(minutes):  # type: ignore[attr-defined]
        assert (client.get("/admin/").status_code == 200) == is_in


def test_a_page_that_refreshes_itself_keeps_no_session(clerk: User) -> None:
    client = signed_in(clerk)
    for minutes in (10, 20, 29):
        with at(minutes):  # type: ignore[attr-defined]
            client.get("/", headers={"HX-Request": "true"})
    with at(31):  # type: ignore[attr-defined]
        answer = client.get("/", headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"
    assert not people.is_in(client)


def test_other_sessions_are_listed_and_ended_from_here(clerk: User) -> None:
    here, elsewhere = signed_in(clerk), signed_in(clerk)
    page = here.get(reverse("usersessions_list")).content.decode()
    assert page.count("127.0.0.1") == 2

    here.post(reverse("usersessions_list"))

    assert people.is_in(here)
    assert not people.is_in(elsewhere)


def test_who_shows_once_more_who_they_are_goes_on_under_another_key(clerk: User) -> None:
    client = signed_in(clerk)
    former = client.cookies["sessionid"].value

    client.post("/account/confirm/", {"password": "sbagliata"})
    assert client.cookies["sessionid"].value == former
    client.post("/account/confirm/", {"password": PASSWORD})

    thief = Client()
    thief.cookies["sessionid"] = former
    assert client.cookies["sessionid"].value != former
    assert people.is_in(client)
    assert not people.is_in(thief)
    assert client.get(reverse("usersessions_list")).content.decode().count("127.0.0.1") == 1


def test_who_logs_out_leaves_a_key_that_opens_nothing(clerk: User) -> None:
    client, thief = signed_in(clerk), Client()
    thief.cookies["sessionid"] = client.cookies["sessionid"].value
    assert people.is_in(thief)

    client.post("/logout/")

    assert not people.is_in(thief)


def test_who_is_switched_off_is_out_at_once(clerk: User) -> None:
    client = signed_in(clerk)

    User.objects.filter(pk=clerk.pk).update(is_active=False)

    assert not people.is_in(client)


def test_sessions_are_ended_only_after_being_asked_again(clerk: User) -> None:
    here, elsewhere = signed_in(clerk), signed_in(clerk)

    with at(11):  # type: ignore[attr-defined]
        assert here.get(reverse("usersessions_list")).status_code == 200
        assert here.post(reverse("usersessions_list"))["Location"].startswith("/account/confirm/")
        assert people.is_in(elsewhere)
        here.post("/account/confirm/", {"password": PASSWORD})
        here.post(reverse("usersessions_list"))
        assert people.is_in(here)
        assert not people.is_in(elsewhere)


def test_an_operator_ends_the_sessions_of_a_person(clerk: User, operator: User) -> None:
    theirs, console = signed_in(clerk), Client()
    console.force_login(operator)
    people.authenticator(operator)
    chosen = {"action": "end_sessions", "_selected_action": [clerk.pk]}

    console.post(reverse("admin:organisations_user_changelist"), chosen)

    assert not people.is_in(theirs)
    entry = Entry.objects.get(action="person.end_sessions")
    assert (entry.actor, entry.target_id) == (operator, clerk.pk)
    theirs = signed_in(clerk)
    assert people.is_in(theirs)
    theirs.post(reverse("admin:organisations_user_changelist"), chosen)
    assert people.is_in(theirs)


def test_an_operator_who_ends_their_own_sessions_stays_in_this_one_and_is_told(operator: User) -> None:
    people.authenticator(operator)
    here, elsewhere = Client(), Client()
    for browser in (here, elsewhere):
        browser.force_login(operator)
    people_page = reverse("admin:organisations_user_changelist")

    told = here.post(people_page, {"action": "end_sessions", "_selected_action": [operator.pk]}, follow=True)

    assert "All sessions of one person were ended" in told.content.decode()
    assert here.get(people_page).status_code == 200
    assert elsewhere.get(people_page).status_code == 302


def test_however_many_sessions_a_person_has_all_go_on(clerk: User) -> None:
    clients = [signed_in(clerk) for _time in range(6)]
    assert all(people.is_in(client) for client in clients)
    assert "Any number at once" in (Path(__file__).resolve().parents[2] / "docs" / "security.md").read_text()


def test_a_new_password_ends_the_other_sessions(clerk: User) -> None:
    here, elsewhere = signed_in(clerk), signed_in(clerk)
    new = "tre gatti grigi sul tetto"

    here.post(reverse("account_change_password"), {"oldpassword": PASSWORD, "password1": new, "password2": new})

    clerk.refresh_from_db()
    assert clerk.check_password(new)
    assert people.is_in(here)
    assert not people.is_in(elsewhere)


def test_another_role_ends_the_sessions(clerk: User, office: Organisation) -> None:
    client = signed_in(clerk)

    members.change(office, clerk, Reach(frozenset({Role.AUDITOR})), actor=build.user(office, Role.ADMINISTRATOR))

    assert not people.is_in(client)


# --- once more


def test_a_start_asks_again_after_some_minutes_and_leads_back(clerk: User) -> None:
    campaign = campaigns.ready(clerk)
    client = signed_in(clerk)
    url = reverse("campaigns:start", args=[campaign.pk])
    assert client.get(url).status_code == 200

    with at(11):  # type: ignore[attr-defined]
        asked = client.get(url)["Location"]
        assert asked == f"/account/confirm/?next={url.replace('/', '%2F')}"
        page = client.get(asked).content.decode()
        assert re.search(rf'name="next"[^>]*value="{url}"', page)
        assert client.post("/account/confirm/", {"password": "sbagliata", "next": url}).status_code == 200
        assert client.get(url).status_code == 302
        assert client.post("/account/confirm/", {"password": PASSWORD, "next": url})["Location"] == url
        assert client.get(url).status_code == 200


def test_an_act_is_not_done_until_it_was_asked(clerk: User) -> None:
    campaign = campaigns.ready(clerk)
    sheet = campaigns.checked(campaign)
    client = signed_in(clerk)
    url = reverse("campaigns:start", args=[campaign.pk])

    with at(11):  # type: ignore[attr-defined]
        answer = client.post(url, {"seen": sheet.sha256}, headers={"Referer": f"http://testserver{url}"})

    assert answer["Location"].startswith("/account/confirm/?next=%2Fcampaigns%2F")
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    with at(11):  # type: ignore[attr-defined]
        foreign = client.post(url, headers={"Referer": "https://evil.example/x"})
    assert foreign["Location"] == "/account/confirm/?next=%2F"


def test_what_was_typed_is_not_kept_in_the_session(clerk: User, office: Organisation) -> None:
    keeper = build.user(office, Role.KEEPER, email="karl@portale.example", password=PASSWORD)
    box = build.mailbox(office)
    client = signed_in(keeper)

    with at(11):  # type: ignore[attr-defined]
        client.post(reverse("mailboxes:credentials", args=[box.pk]), {"username": "x", "password": "segretissima"})

    assert "segretissima" not in str(dict(client.session))


ASKING = [
    *("campaigns:start", "campaigns:approval", "campaigns:resume", "campaigns:doubt", "campaigns:confirm_decision"),
    *("campaigns:close", "mailboxes:renew", "mailboxes:revoke", "mailboxes:confirm_order", "mailboxes:settle_order"),
    *("mailboxes:credentials", "mailboxes:submit", "member", "member_invite", "member_remove"),
]


@pytest.mark.parametrize("name", ASKING)
def test_what_binds_asks(clerk: User, name: str) -> None:
    given = {"pk": 1, "message_pk": 1, "decision_pk": 1, "cause": "mailbox_full"}
    wanted: dict[str, tuple[str, ...]] = {
        "campaigns:doubt": ("pk", "message_pk"),
        "campaigns:confirm_decision": ("pk", "decision_pk"),
        "campaigns:close": ("pk", "cause"),
        "member_invite": (),
    }
    url = reverse(name, kwargs={key: given[key] for key in wanted.get(name, ("pk",))})
    client = signed_in(clerk)

    with at(11):  # type: ignore[attr-defined]
        assert client.post(url)["Location"].startswith("/account/confirm/")
