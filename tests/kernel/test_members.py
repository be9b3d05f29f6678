"""Members: invited by a link that works once, limited to mailboxes, raised by others only, never without a head."""

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import travel

from campaigns.models import Campaign, Message
from mailboxes.models import Mailbox
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations import inviting, members
from pecportal.organisations.members import Reach
from pecportal.organisations.models import Invitation, Membership, Organisation, User
from pecportal.permissions import Power, Role, may, people_with
from tests import build
from tests.campaigns import build as campaigns

pytestmark = pytest.mark.django_db
PASSWORD = "quattro cavalli per la strada"
APPROVER = Reach(frozenset({Role.APPROVER}))


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


@pytest.fixture
def head(office: Organisation) -> User:
    return build.user(office, Role.ADMINISTRATOR)


@pytest.fixture
def browser(client: Client, head: User) -> Client:
    client.force_login(head)
    return client


def link(row: Invitation) -> str:
    """The link in the letter that was sent."""
    mail.outbox.clear()
    Invitation.objects.filter(pk=row.pk).update(sent_at=None)
    assert inviting.send(row.pk)
    found = re.search(r"https?://[^/\s]+(/invitation/\S+)", str(mail.outbox[0].body))
    assert found
    return found[1]


# --- inviting and joining


def test_an_invited_person_chooses_a_password_and_may_do_what_was_given(browser: Client, office: Organisation) -> None:
    answer = browser.post(reverse("member_invite"), {"email": "Nuova@Portale.example", "roles": ["approver"]})
    assert answer.status_code == 302
    row = Invitation.objects.get()
    assert "nuova@portale.example" in browser.get(reverse("members")).content.decode()
    stranger = Client()
    url = link(row)

    page = stranger.post(url, {"first_name": "Nora", "last_name": "Nuova", "password": PASSWORD, "repeated": PASSWORD})

    assert page.status_code == 302
    person = User.objects.get(email="nuova@portale.example")
    assert person.check_password(PASSWORD)
    assert members.reach_of(office, person) == APPROVER
    assert stranger.get(url).status_code == 404  # it works once
    acts = Entry.objects.filter(action__startswith="member.").order_by("number")
    assert [entry.action for entry in acts] == ["member.invite", "member.join"]
    assert PASSWORD not in str(Entry.objects.values())


@pytest.mark.parametrize("password", ["corta", "password1234", "111111111111"])
def test_a_password_that_is_guessed_is_not_taken(office: Organisation, head: User, password: str) -> None:
    url = link(members.invite(office, "nuova@portale.example", APPROVER, actor=head))
    data = {"first_name": "N", "last_name": "N", "password": password, "repeated": password}

    assert Client().post(url, data).status_code == 422
    assert not User.objects.filter(email="nuova@portale.example").exists()


def test_who_has_an_account_signs_in_and_joins(client: Client, office: Organisation, head: User) -> None:
    person = build.user(build.organisation(), Role.PREPARER, email="gia@portale.example")
    url = link(members.invite(office, person.email, APPROVER, actor=head))

    assert client.get(url)["Location"].startswith("/login/?next=/invitation/")
    client.force_login(head)
    assert client.get(url).status_code == 403
    client.force_login(person)
    assert client.get(url).status_code == 200
    assert not person.memberships.filter(organisation=office).exists()
    client.post(url)

    assert members.reach_of(office, person) == APPROVER
    assert person.memberships.count() == 2


def test_a_link_ends_with_time_by_another_link_and_when_it_is_taken_back(office: Organisation, head: User) -> None:
    row = members.invite(office, "nuova@portale.example", APPROVER, actor=head)
    first = link(row)
    members.resend(row, actor=head)
    row.refresh_from_db()
    second = link(row)

    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    with travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert Client().get(second).status_code == 404
    members.revoke(row, actor=head)
    assert Client().get(second).status_code == 404
    assert Client().get(second[:-3] + "abc/").status_code == 404
    with pytest.raises(Refusal):
        members.resend(row, actor=head)


def test_the_page_of_an_invitation_gives_its_secret_to_nobody(office: Organisation, head: User) -> None:
    answer = Client().get(link(members.invite(office, "nuova@portale.example", APPROVER, actor=head)))

    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cache-Control"] == "no-store"


def test_nobody_is_invited_twice_nor_who_is_a_member(office: Organisation, head: User) -> None:
    members.invite(office, "nuova@portale.example", APPROVER, actor=head)

    for email in ("nuova@portale.example", "NUOVA@portale.example", head.email):
        with pytest.raises(Refusal):
            members.invite(office, email, APPROVER, actor=head)
    assert Invitation.objects.count() == 1


def test_a_letter_that_the_mail_server_does_not_take_is_sent_later(office: Organisation, head: User) -> None:
    row = members.invite(office, "nuova@portale.example", APPROVER, actor=head)

    assert inviting.send_due() == 1
    assert inviting.send_due() == 0
    assert not inviting.send(row.pk)
    assert len(mail.outbox) == 1


# --- roles


def test_nobody_raises_themselves(browser: Client, office: Organisation, head: User) -> None:
    build.user(office, Role.ADMINISTRATOR)

    answer = browser.post(reverse("member", args=[head.pk]), {"roles": ["administrator", "approver"]})

    assert answer.status_code == 422
    assert members.reach_of(office, head).roles == {Role.ADMINISTRATOR}
    members.change(office, head, Reach(frozenset({Role.ADMINISTRATOR})), actor=head)


def test_the_last_administrator_stays(browser: Client, office: Organisation, head: User) -> None:
    with pytest.raises(Refusal):
        members.remove(office, head, actor=head)
    with pytest.raises(Refusal):
        members.change(office, head, APPROVER, actor=build.user(office, Role.AUDITOR))
    browser.post(reverse("member_remove", args=[head.pk]))
    assert members.administrators(office) == [head]
    gone = build.user(office, Role.ADMINISTRATOR)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(Refusal):  # who cannot sign in does not count
        members.remove(office, head, actor=gone)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once_leave_one() -> None:
    office = build.organisation()
    heads = [build.user(office, Role.ADMINISTRATOR) for _ in range(2)]
    refused: list[str] = []

    def act(one: User, other: User) -> None:
        try:
            members.remove(office, other, actor=one)
        except Refusal as refusal:
            refused.append(str(refusal))
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=pair) for pair in (heads, heads[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert len(members.administrators(office)) == 1


@pytest.mark.parametrize("role", [each for each in Role if each != Role.ADMINISTRATOR])
def test_only_administrators_see_the_page(client: Client, office: Organisation, head: User, role: Role) -> None:
    client.force_login(build.user(office, role))

    assert client.get(reverse("members")).status_code == 404
    assert client.post(reverse("member_remove", args=[head.pk])).status_code == 404


# --- limits


def test_who_is_limited_to_a_mailbox_sees_it_and_what_is_sent_from_it_alone(office: Organisation, head: User) -> None:
    boxes = [build.mailbox(office, address=f"{name}@prova.example") for name in "ab"]
    clerk = campaigns.clerk(office)
    sent = [campaigns.draft(clerk, mailbox=box) for box in boxes]
    for each in sent:
        campaigns.message(each)
    person = build.user(office, Role.PREPARER, Role.APPROVER)
    reach = Reach(frozenset({Role.PREPARER, Role.KEEPER}), frozenset({boxes[0].pk}))

    members.change(office, person, reach, actor=head)

    assert members.reach_of(office, person) == reach
    assert list(Mailbox.objects.visible_to(person)) == [boxes[0]]
    assert list(Campaign.objects.visible_to(person, Power.PREPARE)) == [sent[0]]
    assert [row.campaign for row in Message.objects.visible_to(person, Power.READ)] == [sent[0]]
    assert [may(person, Power.START, each) for each in sent] == [True, False]
    assert [may(person, Power.CREDENTIALS, box) for box in boxes] == [True, False]
    assert not may(person, Power.APPROVE, office)
    assert may(person, Power.REGISTER, office)
    assert not may(person, Power.REGISTER, office, whole=True)
    assert person in people_with(Power.START, boxes[0])
    assert person not in people_with(Power.START, boxes[1])


def test_two_roles_with_different_limits_do_not_lend_each_other_mailboxes(office: Organisation) -> None:
    boxes = [build.mailbox(office, address=f"{name}@prova.example") for name in "ab"]
    sent = [campaigns.draft(campaigns.clerk(office), mailbox=box) for box in boxes]
    person = build.user(office)
    for role, box in ((Role.PREPARER, boxes[0]), (Role.APPROVER, boxes[1])):
        row = Membership.objects.create(user=person, organisation=office, role=role, is_limited=True)
        row.mailboxes.set([box])

    assert list(Campaign.objects.visible_to(person, Power.APPROVE)) == [sent[1]]
    assert not may(person, Power.APPROVE, sent[0])


def test_a_limit_without_mailboxes_shows_none(office: Organisation) -> None:
    box = build.mailbox(office)
    person = build.user(office)
    Membership.objects.create(user=person, organisation=office, role=Role.KEEPER, is_limited=True)

    assert not Mailbox.objects.visible_to(person).exists()
    assert not may(person, Power.CREDENTIALS, box)


def test_the_limits_are_chosen_on_the_page_and_only_ones_own_mailboxes(browser: Client, office: Organisation) -> None:
    box, foreign = build.mailbox(office), build.mailbox(address="altra@prova.example")
    person = build.user(office, Role.PREPARER)
    url, data = reverse("member", args=[person.pk]), {"roles": ["preparer"], "extent": "some"}

    assert browser.post(url, {**data, "mailboxes": [foreign.pk]}).status_code == 422
    assert browser.post(url, data).status_code == 422
    assert browser.post(url, {**data, "mailboxes": [box.pk]}).status_code == 302

    assert members.reach_of(office, person).mailboxes == frozenset({box.pk})
    assert "for one mailbox only" in browser.get(reverse("members")).content.decode()


# --- operators


def test_an_operator_names_the_first_administrator_and_nobody_else(client: Client, office: Organisation) -> None:
    operator = User.objects.create_superuser("operatore@portale.example", "password")
    client.force_login(operator)
    url = reverse("admin:organisations_organisation_change", args=[office.pk])
    empty = {
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
        "four_eyes": "never",
        "programs_daily_limit": "0",
    }
    data = {**empty, "name": office.name, "four_eyes_above": "1000", "first_administrator": "capo@portale.example"}

    assert client.post(url, data).status_code == 302
    row = Invitation.objects.get()
    assert row.roles == ["administrator"]
    members.join(row, password=PASSWORD, first_name="C", last_name="C")

    assert client.post(url, {**data, "first_administrator": "altro@portale.example"}).status_code == 200
    assert Invitation.objects.count() == 1
    assert client.get(reverse("admin:organisations_membership_add")).status_code == 403


def test_an_operator_takes_nobodys_place(client: Client, office: Organisation) -> None:
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    person = build.user(office, Role.APPROVER)
    url = reverse("admin:organisations_user_change", args=[person.pk])

    client.post(url, {"email": "mia@portale.example", "is_superuser": "on", "is_active": "on"})

    person.refresh_from_db()
    assert not person.is_superuser
    assert person.email != "mia@portale.example"
    assert client.get(f"/admin/organisations/user/{person.pk}/password/").status_code in (302, 404)
