"""Signing in with a second factor, and seeing to members, as a person at a browser does."""

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django import Settings

from pecportal.organisations import inviting
from pecportal.organisations.models import Invitation, Organisation, User
from pecportal.permissions import Role
from tests import build
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.signin import people

pytestmark = [pytest.mark.journey, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
PASSWORD = "quattro cavalli per la strada"


@pytest.fixture
def operator(settings: Settings) -> User:
    settings.SECOND_FACTOR_REQUIRED = True
    return User.objects.create_superuser("olga@portale.example", PASSWORD)


@pytest.fixture
def office() -> Organisation:
    return build.organisation(name="Comune di Prova")


def test_an_operator_sets_up_an_authenticator_and_logs_in_with_it(
    page: Page, operator: User, look: Look, accessible: Accessible
) -> None:
    page.goto("/admin/")
    page.fill("[name=login]", operator.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.get_by_text("Set up a second factor first")).to_be_visible()
    look(page, "factors")
    accessible(page)

    page.get_by_role("link", name="Activate").click()
    secret = page.locator("#authenticator_secret").input_value()
    look(page, "factors-app")
    accessible(page)
    page.fill("[name=code]", people.code(secret, left=12))
    page.get_by_role("button", name="Activate").click()
    expect(page.locator("#recovery_codes")).to_be_visible()
    look(page, "factors-codes")
    accessible(page)

    page.goto("/admin/")
    expect(page.locator("#site-name")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.goto("/login/")
    page.fill("[name=login]", operator.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    expect(page.locator("[name=code]")).to_be_visible()
    look(page, "factors-code")
    accessible(page)
    page.fill("[name=code]", people.code(people.secret_of(operator), later=1, left=12))
    page.get_by_role("button", name="Sign In").click()
    expect(page.locator("[name=code]")).to_be_visible()  # of the next half minute: not taken


def test_a_passkey_is_added_and_logs_in_by_itself(page: Page, look: Look, office: Organisation) -> None:
    clerk = build.user(office, Role.PREPARER, email="anna@portale.example", password=PASSWORD)
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": {**key, "isUserVerified": True}})
    page.goto("/account/factors/webauthn/add/")
    page.fill("[name=login]", clerk.email)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.fill("[name=name]", "Portatile")
    page.locator("label[for=id_passwordless]").click()
    look(page, "passkey-add")
    page.click("#mfa_webauthn_add")
    expect(page.locator("#recovery_codes")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/login/")
    page.click("#passkey_login")

    expect(page.get_by_role("heading", level=1)).to_have_text("What to do next")


@pytest.mark.parametrize("size", ["page", "phone"])
def test_an_administrator_invites_somebody_who_joins(
    request: pytest.FixtureRequest, size: str, sign_in: SignIn, look: Look, accessible: Accessible, office: Organisation
) -> None:
    page: Page = request.getfixturevalue(size)
    build.mailbox(office)
    sign_in(page, build.user(office, Role.ADMINISTRATOR, email="capo@portale.example"))
    page.goto("/")
    page.get_by_role("link", name="Members").click()
    page.get_by_role("link", name="Invite somebody").click()
    look(page, "members-invite")
    accessible(page)
    page.fill("[name=email]", "nora@portale.example")
    page.get_by_text("Approver", exact=True).click()
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.locator(".portal-todo-title", has_text="nora@portale.example")).to_be_visible()
    look(page, "members")
    accessible(page)

    inviting.send(Invitation.objects.get().pk)
    link = next(word for word in mail.outbox[-1].body.split() if "/invitation/" in word)
    page.context.clear_cookies()
    page.goto("/invitation/" + link.split("/invitation/")[1])
    look(page, "invitation")
    accessible(page)
    for name, value in (("first_name", "Nora"), ("last_name", "Nuova"), ("password", PASSWORD), ("repeated", PASSWORD)):
        page.fill(f"[name={name}]", value)
    page.get_by_role("button", name="Accept the invitation").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert User.objects.get(email="nora@portale.example").memberships.get().role == Role.APPROVER
