"""Every act that changes settings stands in the journal with what was before and what is after, and without secrets."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from mailboxes import adopting, credentials, plans
from mailboxes.models import Found, Plan
from pecportal import clock
from pecportal.journal.models import Entry
from pecportal.operation import deployment, switches
from pecportal.operation.models import Scope
from pecportal.organisations import accounts, members, rules
from pecportal.organisations.models import Environment, Organisation, User, VendorAccount
from pecportal.permissions import Role
from tests import build
from tests.campaigns import build as campaigns

pytestmark = pytest.mark.django_db
SECRET = "parola-segreta-9"
Made = tuple[str, dict[str, object], dict[str, object]]


def of_rules(who: User, client: Client) -> Made:
    office = build.organisation()
    found = rules.Rules.of(Organisation.objects.get(pk=office.pk))
    rules.tighten(office, replace(found, two_decide=True), actor=who)
    return rules.ACTION, {"two_decide": False}, {"two_decide": True}


def of_organisation(who: User, client: Client) -> Made:
    office = build.organisation()
    data = {name: getattr(office, name) for name in ("name", *rules.FIELDS)}
    inline = {"members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}
    inline |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    client.post(
        reverse("admin:organisations_organisation_change", args=[office.pk]),
        {**data, **inline, "second_factor": "on"},
    )
    return rules.SAVED, {"second_factor": False}, {"second_factor": True}


def of_person(who: User, client: Client) -> Made:
    person = build.user(build.organisation(), Role.PREPARER)
    client.post(
        reverse("admin:organisations_user_change", args=[person.pk]),
        {"first_name": person.first_name, "last_name": person.last_name, "is_active": "on", "is_staff": "on"},
    )
    return "person.save", {"is_staff": False}, {"is_staff": True}


def of_member(who: User, client: Client) -> Made:
    office = build.organisation()
    build.user(office, Role.ADMINISTRATOR)
    person = build.user(office, Role.PREPARER)
    members.change(
        office, person, members.Reach(frozenset({Role.APPROVER})), actor=build.user(office, Role.ADMINISTRATOR)
    )
    return "member.change", {"roles": ["preparer"]}, {"roles": ["approver"]}


def of_credentials(who: User, client: Client) -> Made:
    box = build.mailbox(build.organisation(), address="ufficio@prova.example")
    credentials.enter(box, username=box.address, password=SECRET, actor=who)
    credentials.refused(box.pk)
    credentials.enter(box, username=box.address, password=SECRET, actor=who)
    return "mailbox.credentials", {"state": "refused"}, {"state": "untested"}


def of_plan(who: User, client: Client) -> Made:
    box = build.mailbox(build.organisation(), address="ufficio@prova.example")
    plans.assign(box, Plan.objects.create(name="Massiva 1"), actor=who)
    return "mailbox.plan", {"plan": ""}, {"plan": "Massiva 1"}


def of_plans(who: User, client: Client) -> Made:
    plan = Plan.objects.create(name="Massiva 1", daily_limit=1000)
    plan.daily_limit = 2000
    plans.save(plan, actor=who)
    return "plan.save", {"daily_limit": 1000}, {"daily_limit": 2000}


def of_account(who: User, client: Client) -> Made:
    row = VendorAccount(name="Uno", environment=Environment.SANDBOX, email="a@prova.example")
    accounts.save(row, key=SECRET, actor=who)
    row.name = "Due"
    accounts.save(row, key=SECRET, actor=who)
    return "account.save", {"name": "Uno"}, {"name": "Due"}


def of_found(who: User, client: Client) -> Made:
    now, office = clock.now(), build.organisation()
    row = Found.objects.create(vendor_id="f", address="trovata@prova.example", found_at=now, seen_at=now)
    adopting.offer_to(row, office, is_refused=False, actor=who)
    return "found.offer", {"organisation": None}, {"organisation": office.pk}


def of_switch(who: User, client: Client) -> Made:
    switches.turn_off(Scope.ALL, sentence="We look.", reason="x", actor=who)
    return "switch.off", {"sending": "on"}, {"sending": "off"}


def of_switch_on(who: User, client: Client) -> Made:
    switches.turn_off(Scope.ALL, sentence="We look.", reason="x", actor=who)
    switches.turn_on(Scope.ALL, reason="x", actor=who)
    return "switch.on", {"sending": "off"}, {"sending": "on"}


def of_deployment(who: User, client: Client) -> Made:
    deployment.restored(actor=who)
    return "deployment.restored", {"sending": "on"}, {"sending": "off"}


ACTS: list[Callable[[User, Client], Made]] = [
    *(of_rules, of_organisation, of_person, of_member, of_credentials, of_plan, of_plans, of_account),
    *(of_found, of_switch, of_switch_on, of_deployment),
]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_a_change_tells_what_was_and_what_is(act: Callable[[User, Client], Made], client: Client) -> None:
    who = User.objects.create_superuser("olga@portale.example")
    client.force_login(who)
    campaigns.clerk()

    action, before, after = act(who, client)

    entry = Entry.objects.filter(action=action).latest("number")
    assert before.items() <= entry.before.items()
    assert after.items() <= entry.after.items()
    assert SECRET not in f"{entry.before} {entry.after} {entry.facts}"
