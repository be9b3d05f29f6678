"""Where a mailbox stands: one thing to do on top, the facts, the history; live while something is awaited."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mailboxes import acts
from mailboxes.models import Mailbox, VendorAct
from mailboxes.states import CredentialsState
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.pages import Answer, words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def box(clerk: User) -> Mailbox:
    """The clerk's active mailbox."""
    return kernel.mailbox(build.office_of(clerk), created_by=clerk)


def detail(browser: Client, box: Mailbox) -> Answer:
    return browser.get(box.get_absolute_url())


SITUATIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"state": "draft"}, "The registration is not complete", "registration/kind/"),
    ({"state": "registering"}, "is being sent to the provider", ""),
    ({"state": "registering", "problem_code": "unreachable"}, "cannot be reached", "registration/again/"),
    ({"state": "uncertain"}, "not known yet whether the mailbox was registered", ""),
    ({"vendor_state": "registrata"}, "Sign the activation form and hand it in", "documents/"),
    ({"vendor_state": "documenti_errati"}, "did not accept the documents", "documents/"),
    ({"vendor_state": "in_evasione"}, "examining the documents", ""),
    ({"credentials_state": "missing"}, "Enter the mailbox's user name and password", "credentials/"),
    ({"credentials_state": "refused"}, "refuses the user name and password", "credentials/"),
    ({"credentials_state": "untested"}, "not tested yet", "credentials/test/"),
    ({}, "Campaigns may be sent from it.", ""),
    ({"kind": "GOLD"}, "the contract of the others forbids it", ""),
    ({"vendor_state": "revocata"}, "Nothing can be sent from this mailbox", ""),
    ({"vendor_state": "in_lavorazione"}, "calls the mailbox's state “in_lavorazione”", ""),
    ({"vendor_state": ""}, "has not said yet how it stands", ""),
]


@pytest.mark.parametrize(("fields", "sentence", "target"), SITUATIONS)
@pytest.mark.parametrize("role", [Role.KEEPER, Role.AUDITOR])
def test_each_situation_is_told_with_the_one_thing_to_do_for_those_who_may(
    client: Client, clerk: User, fields: dict[str, Any], sentence: str, target: str, role: Role
) -> None:
    box = build.draft(clerk) if fields.get("state") else kernel.mailbox(build.office_of(clerk), created_by=clerk)
    Mailbox.objects.filter(pk=box.pk).update(**fields)
    if fields.get("state") == "draft":
        box.application.steps_done = ["address"]
        box.application.save()
    client.force_login(kernel.user(build.office_of(clerk), role))

    page = detail(client, box)

    assert sentence in words(page)
    html = page.content.decode().partition('id="facts"')[0]
    actions = [link for link in ("kind/", "again/", "documents/", "credentials/", "test/") if f'{link}"' in html]
    if target and role == Role.KEEPER:
        assert f'{target}"' in html
    else:
        assert actions == []


@pytest.mark.parametrize(
    ("problem_code", "sentence"),
    [
        ("", "The registration is complete, but not sent yet"),
        ("credit", "Put it right and send the registration again"),
    ],
)
def test_a_complete_draft_says_what_is_left_to_do(
    browser: Client, clerk: User, problem_code: str, sentence: str
) -> None:
    box = build.draft(clerk)
    Mailbox.objects.filter(pk=box.pk).update(problem_code=problem_code)

    assert sentence in words(detail(browser, box))


def test_who_may_not_do_it_is_told_who_can(client: Client, clerk: User) -> None:
    box = build.draft(clerk)
    client.force_login(kernel.user(build.office_of(clerk), Role.PREPARER))

    assert "A mailbox keeper or an administrator of your organisation can do this." in words(detail(client, box))


AWAITED = [
    ({"state": "registering"}, True),
    ({"state": "uncertain"}, True),
    ({"vendor_state": "in_evasione"}, True),
    ({"vendor_state": "registrata"}, False),
    ({"state": "draft"}, False),
    ({}, False),
]


@pytest.mark.parametrize(("fields", "is_live"), AWAITED)
def test_the_page_asks_again_only_while_something_is_awaited(
    browser: Client, clerk: User, fields: dict[str, Any], is_live: bool
) -> None:
    box = build.draft(clerk) if "state" in fields else kernel.mailbox(build.office_of(clerk), created_by=clerk)
    Mailbox.objects.filter(pk=box.pk).update(**fields)

    for headers in ({}, HTMX):
        page = browser.get(box.get_absolute_url(), headers=headers).content.decode()
        assert ('hx-trigger="every 3s"' in page) is is_live


def test_htmx_gets_the_fragment_alone(browser: Client, box: Mailbox) -> None:
    page = browser.get(box.get_absolute_url(), headers=HTMX).content.decode()

    assert page.lstrip().startswith('<div id="standing"')
    assert "<html" not in page


def test_a_doubt_is_given_to_a_person_after_two_looks(browser: Client, clerk: User) -> None:
    box = build.draft(clerk)
    Mailbox.objects.filter(pk=box.pk).update(state="uncertain")
    act = VendorAct.objects.create(
        mailbox=box, kind="registration", outcome="uncertain", begun_at=box.created_at, leased_until=box.created_at
    )
    again = reverse("mailboxes:ask_again", args=[box.pk])
    assert again not in detail(browser, box).content.decode()
    refused = browser.post(again, follow=True)
    assert "It is not sure yet" in words(refused)

    act.looks = acts.LOOKS
    act.save()
    assert again in detail(browser, box).content.decode()
    page = browser.post(again, follow=True)

    assert "The registration is complete, but not sent yet" in words(page)


def test_a_changed_address_is_shown_beside_the_wish(browser: Client, box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(asked_address="ufficio@pecmassiva.com")

    text = words(detail(browser, box))

    assert "You had asked for ufficio@pecmassiva.com" in text
    assert box.address in text


def test_words_of_the_vendor_are_shown_as_text(browser: Client, box: Mailbox) -> None:
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="<i>strana</i>")

    assert b"<i>strana" not in detail(browser, box).content


def test_the_history_tells_who_and_how(browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs, clerk)

    text = words(detail(browser, box))

    assert f"Being registered A person: {clerk.email}" in text
    assert "Registered, documents awaited The provider's answer" in text


def test_space_in_use_is_shown_once_it_is_known(browser: Client, box: Mailbox) -> None:
    assert "Not known yet" in words(detail(browser, box))

    Mailbox.objects.filter(pk=box.pk).update(space_used=90, space_limit=100, space_at=box.created_at)

    assert "90%" in words(detail(browser, box))


def test_the_state_is_asked_for_by_a_button(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, settings: Settings
) -> None:
    box = build.registered(jobs, clerk)
    refresh = reverse("mailboxes:refresh", args=[box.pk])
    assert "The state has not changed." in words(browser.post(refresh, follow=True))

    vendor.set_state(box.address, "in_evasione")
    assert "The state has changed." in words(browser.post(refresh, follow=True))

    settings.OPENAPI_PEC_URL = "http://127.0.0.1:9"
    assert "The provider did not answer" in words(browser.post(refresh, follow=True))


# --- the list


def test_the_list_shows_the_mailboxes_of_the_organisation_one_works_for(browser: Client, box: Mailbox) -> None:
    other = kernel.organisation(name="Zeta")
    kernel.mailbox(other, address="zeta@prova.example")

    text = words(browser.get(reverse("mailboxes:index")))

    assert box.address in text
    assert "zeta@prova.example" not in text


@pytest.mark.parametrize(("role", "offered"), [(Role.KEEPER, True), (Role.ADMINISTRATOR, True), (Role.AUDITOR, False)])
@pytest.mark.parametrize("empty", [True, False])
def test_a_new_mailbox_is_offered_to_those_who_may_get_one(
    client: Client, db: None, role: Role, offered: bool, empty: bool
) -> None:
    office: Organisation = kernel.organisation()
    if not empty:
        kernel.mailbox(office)
    client.force_login(kernel.user(office, role))

    page = client.get(reverse("mailboxes:index"))

    assert (reverse("mailboxes:start") in page.content.decode()) is offered
    assert client.get(reverse("mailboxes:start")).status_code == (200 if offered else 404)


def test_somebody_without_an_organisation_has_an_empty_list(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("nuova@portale.example"))

    page = client.get(reverse("mailboxes:index"))

    assert page.status_code == 200
    assert reverse("mailboxes:start") not in page.content.decode()


@pytest.mark.parametrize("state", [CredentialsState.MISSING, CredentialsState.GOOD])
def test_the_list_says_what_is_next(browser: Client, box: Mailbox, state: str) -> None:
    Mailbox.objects.filter(pk=box.pk).update(credentials_state=state)

    text = words(browser.get(reverse("mailboxes:index")))

    assert ("Enter the user name and password" if state == "missing" else "Nothing to do.") in text


def test_papers_on_their_way_leave_nothing_to_do(clerk: User, vendor: TroubledSandbox, jobs: Jobs) -> None:
    box = build.registered(jobs, clerk)
    assert build.fresh(box).next_step

    build.handed_in(box)

    assert build.fresh(box).next_step == ""
