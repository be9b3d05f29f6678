"""An organisation's administrator makes its rules stricter, an operator less strict, too; the journal has both."""

from dataclasses import asdict, replace

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.organisations import rules
from pecportal.organisations.models import Organisation, User
from pecportal.organisations.rules import Rules
from pecportal.permissions import Role
from tests import build

pytestmark = pytest.mark.django_db
LOOSE = Rules("never", 1000, None, two_decide=False, two_order=False, second_factor=False)
STRICT = Rules("always", 1000, 500, two_decide=True, two_order=True, second_factor=True)
URL = "/organisation/settings/"


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


@pytest.fixture
def chief(office: Organisation) -> User:
    return build.user(office, Role.ADMINISTRATOR)


@pytest.fixture
def browser(client: Client, chief: User) -> Client:
    client.force_login(chief)
    return client


def put(office: Organisation, told: Rules) -> None:
    Organisation.objects.filter(pk=office.pk).update(**asdict(told))


def holds(office: Organisation) -> Rules:
    return Rules.of(Organisation.objects.get(pk=office.pk))


def posted(told: Rules) -> dict[str, str]:
    data = {"four_eyes": told.four_eyes, "four_eyes_above": str(told.four_eyes_above)}
    data["programs_daily_limit"] = str(told.programs_daily_limit)
    data |= {"two_approve_above": "" if told.two_approve_above is None else str(told.two_approve_above)}
    return data | {name: "on" for name in ("two_decide", "two_order", "second_factor") if getattr(told, name)}


def test_stricter_rules_hold_at_once_and_are_recorded(office: Organisation, chief: User) -> None:
    assert rules.tighten(office, STRICT, actor=chief)
    assert not rules.tighten(office, STRICT, actor=chief)

    assert holds(office) == STRICT
    entry = Entry.objects.get(action="organisation.rules")
    assert (entry.actor, entry.organisation) == (chief, office)
    assert entry.facts == {
        "four_eyes": ["never", "always"],
        "two_approve_above": [None, 500],
        "two_decide": [False, True],
        "two_order": [False, True],
        "second_factor": [False, True],
    }


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        (STRICT, replace(STRICT, four_eyes="above"), "four_eyes"),
        (STRICT, replace(STRICT, four_eyes="never"), "four_eyes"),
        (replace(LOOSE, four_eyes="above"), replace(LOOSE, four_eyes="above", four_eyes_above=1001), "four_eyes_above"),
        (STRICT, replace(STRICT, two_approve_above=None), "two_approve_above"),
        (STRICT, replace(STRICT, two_approve_above=501), "two_approve_above"),
        (STRICT, replace(STRICT, two_decide=False), "two_decide"),
        (STRICT, replace(STRICT, two_order=False), "two_order"),
        (STRICT, replace(STRICT, programs_daily_limit=1), "programs_daily_limit"),
        (STRICT, replace(STRICT, second_factor=False), "second_factor"),
    ],
)
def test_none_may_be_loosened(office: Organisation, chief: User, before: Rules, after: Rules, field: str) -> None:
    put(office, before)

    with pytest.raises(Refusal, match="only be made stricter") as caught:
        rules.tighten(office, replace(after, two_order=after.two_order), actor=chief)

    assert caught.value.field == field
    assert holds(office) == before
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (LOOSE, replace(LOOSE, four_eyes="above", four_eyes_above=5000)),
        (replace(LOOSE, four_eyes="above"), replace(LOOSE, four_eyes="always", four_eyes_above=9)),
        (replace(LOOSE, four_eyes="above"), replace(LOOSE, four_eyes="above", four_eyes_above=0)),
        (STRICT, replace(STRICT, two_approve_above=0)),
        (LOOSE, replace(LOOSE, second_factor=True)),
        (replace(LOOSE, programs_daily_limit=100), replace(LOOSE, programs_daily_limit=99)),
        (LOOSE, replace(LOOSE, four_eyes_above=2000)),  # it means nothing as long as none need be approved
    ],
)
def test_each_may_be_tightened(office: Organisation, chief: User, before: Rules, after: Rules) -> None:
    put(office, before)
    assert rules.tighten(office, after, actor=chief)
    assert holds(office) == after


# --- the page


def test_the_administrator_has_a_page_for_it(browser: Client, office: Organisation) -> None:
    assert reverse("organisation_settings") == URL
    assert URL in browser.get("/").content.decode()

    answer = browser.post(URL, posted(STRICT), follow=True)

    assert holds(office) == STRICT
    page = answer.content.decode()
    assert "The settings are saved." in page
    assert "None → All" in page
    assert "no → yes" in page
    answer = browser.post(URL, posted(LOOSE))
    assert answer.status_code == 422
    assert "only be made stricter" in answer.content.decode()
    assert holds(office) == STRICT
    assert "Nothing was changed." in browser.post(URL, posted(STRICT), follow=True).content.decode()


def test_members_without_a_second_factor_set_one_up_as_soon_as_it_is_wanted(
    browser: Client, office: Organisation, settings: Settings
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    clerk = Client()
    clerk.force_login(build.user(office, Role.PREPARER))
    assert clerk.get("/campaigns/").status_code == 200

    browser.post(URL, posted(replace(LOOSE, second_factor=True)))

    assert clerk.get("/campaigns/")["Location"] == reverse("mfa_index")
    assert browser.get("/")["Location"] == reverse("mfa_index")  # whoever wanted it included


def test_no_other_role_and_no_stranger_sees_it(client: Client, office: Organisation) -> None:
    assert client.get(URL).status_code == 302
    for role in set(Role) - {Role.ADMINISTRATOR}:
        client.force_login(build.user(office, role))
        assert client.get(URL).status_code == 404
        assert client.post(URL, posted(STRICT)).status_code == 404
        assert URL not in client.get("/").content.decode()
    client.force_login(User.objects.create_superuser("operatore@portale.example", "password"))
    assert client.get(URL).status_code == 404
    assert holds(office) == LOOSE


def test_another_organisations_rules_stay(browser: Client, office: Organisation) -> None:
    other = build.organisation()
    browser.post(URL, posted(STRICT) | {"organisation": str(other.pk), "id": str(other.pk)})
    assert holds(other) == LOOSE
    assert holds(office) == STRICT


def test_an_operator_may_loosen_them_and_it_is_recorded(client: Client, office: Organisation) -> None:
    put(office, STRICT)
    operator = User.objects.create_superuser("operatore@portale.example", "password")
    client.force_login(operator)
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    url = reverse("admin:organisations_organisation_change", args=[office.pk])

    answer = client.post(url, posted(LOOSE) | inline | {"name": office.name, "vendor_account": ""})

    assert answer.status_code == 302
    assert holds(office) == LOOSE
    entry = Entry.objects.get(action="organisation.save")
    assert entry.actor == operator
    assert entry.facts["four_eyes"] == ["always", "never"]
    assert entry.facts["two_order"] == [True, False]
    assert "name" not in entry.facts
    client.force_login(build.user(office, Role.ADMINISTRATOR))
    assert "All → None" in client.get(URL).content.decode()
