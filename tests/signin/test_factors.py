"""Second factors: before portal and console alike, required of operators and where an office wants it, used once."""

import re
import time

import pytest
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import travel

from pecportal import checks, encryption, rotation
from pecportal.journal.models import Entry
from pecportal.organisations.models import Organisation, User
from tests.signin import people

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("door", ["/", "/admin/", "/admin/organisations/user/"])
def test_an_operator_without_one_gets_no_further_than_setting_it_up(client: Client, operator: User, door: str) -> None:
    people.log_in(client, operator.email)

    assert client.get(door)["Location"] == reverse("mfa_index")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200


def test_the_console_has_no_door_of_its_own(client: Client, operator: User) -> None:
    answer = client.get("/admin/login/")
    assert answer["Location"].startswith("/login/")
    assert client.post("/admin/login/", {"username": operator.email, "password": "x"}).status_code == 302


def test_with_one_the_password_alone_opens_nothing(client: Client, operator: User) -> None:
    secret = people.authenticator(operator)

    assert people.log_in(client, operator.email)["Location"].startswith("/account/factors/authenticate/")
    assert client.get("/admin/").status_code == 302
    assert client.get("/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert client.get("/admin/").status_code == 302
    client.post(reverse("mfa_authenticate"), {"code": people.code(secret)})

    assert client.get("/admin/").status_code == 200
    assert [entry.action for entry in Entry.objects.order_by("number")] == ["factor.failed", "access.sign_in"]


def test_a_code_works_once(operator: User) -> None:
    code = people.code(people.authenticator(operator))
    for is_in in (True, False):
        client = Client()
        people.log_in(client, operator.email)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert people.is_in(client) == is_in


@pytest.mark.parametrize(("later", "is_in"), [(28, True), (31, False)])
def test_a_code_lives_thirty_seconds(operator: User, later: int, is_in: bool) -> None:
    secret, client, began = people.authenticator(operator), Client(), time.time() // 30 * 30 + 1
    with travel(began, tick=False):
        people.log_in(client, operator.email)
        code = people.code(secret)
    with travel(began + later, tick=False):
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert people.is_in(client) == is_in


def test_a_password_set_anew_by_mail_does_not_go_round_it(operator: User) -> None:
    secret, client, new = people.authenticator(operator), Client(), "tre gatti grigi sul tetto"
    given = {"uidb36": user_pk_to_url_str(operator), "key": default_token_generator.make_token(operator)}
    form = client.get(reverse("account_reset_password_from_key", kwargs=given), follow=True)

    client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})

    assert not people.is_in(client)
    assert people.log_in(client, operator.email, new)["Location"].startswith("/account/factors/authenticate/")
    assert not people.is_in(client)
    client.post(reverse("mfa_authenticate"), {"code": people.code(secret)})
    assert people.is_in(client)


def test_recovery_codes_are_hard_to_guess_and_all_different(operator: User) -> None:
    people.authenticator(operator)
    codes = RecoveryCodes.activate(operator).get_unused_codes()
    assert len(set(codes)) == len(codes) == 10
    assert all(code.isdecimal() and 10 ** len(code) > 2**20 for code in codes)


@pytest.mark.django_db(transaction=True)
def test_setting_one_up_gives_recovery_codes_ends_other_sessions_and_is_written_down(operator: User) -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        people.log_in(client, operator.email)
    url = reverse("mfa_activate_totp")
    page = here.get(url).content.decode()
    found = re.search(r'value="([A-Z2-7]{32})"', page)
    assert found

    answer = here.post(url, {"code": people.code(found[1])}, follow=True)

    assert answer.status_code == 200
    assert Authenticator.objects.filter(user=operator, type="recovery_codes").exists()
    assert people.is_in(here)
    assert not people.is_in(elsewhere)
    assert "factor.add" in Entry.objects.values_list("action", flat=True)
    assert found[1] not in str(list(Authenticator.objects.values())) + str(list(Entry.objects.values()))


def test_a_recovery_code_opens_once(operator: User) -> None:
    people.authenticator(operator)
    code = RecoveryCodes.activate(operator).get_unused_codes()[0]
    for is_in in (True, False):
        client = Client()
        people.log_in(client, operator.email)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert people.is_in(client) == is_in


def test_an_office_may_want_one_of_its_members(client: Client, clerk: User, office: Organisation) -> None:
    people.log_in(client, clerk.email)
    assert people.is_in(client)

    Organisation.objects.filter(pk=office.pk).update(second_factor=True)

    assert client.get("/campaigns/")["Location"] == reverse("mfa_index")
    people.authenticator(clerk)
    assert client.get("/campaigns/").status_code == 200


def test_who_needs_one_cannot_take_the_last_one_away(client: Client, operator: User) -> None:
    secret = people.authenticator(operator)
    people.log_in(client, operator.email)
    client.post(reverse("mfa_authenticate"), {"code": people.code(secret)})
    client.post(reverse("mfa_reauthenticate"), {"code": people.code(secret, later=0)})

    client.post(reverse("mfa_deactivate_totp"))

    assert Authenticator.objects.filter(user=operator, type="totp").exists()


def test_secrets_are_sealed_and_rotated(operator: User, settings: Settings) -> None:
    secret = people.authenticator(operator)
    row = Authenticator.objects.get()
    assert secret not in str(row.data)
    (holder,) = [each for each in rotation.holders() if each.name == "second factors"]
    new = "new:" + "A" * 43 + "="

    settings.ENCRYPTION_KEYS = [new, *settings.ENCRYPTION_KEYS]
    assert rotation.rotate(holder).resealed == 1

    settings.ENCRYPTION_KEYS = [new]
    assert people.secret_of(operator) == secret
    assert encryption.key_of(Authenticator.objects.get().data["secret"]) == "new"


@pytest.mark.parametrize(("environment", "wrong"), [("sandbox", 0), ("test", 1), ("production", 1)])
def test_only_the_sandbox_may_do_without(settings: Settings, environment: str, wrong: int) -> None:
    settings.SECOND_FACTOR_REQUIRED, settings.OPENAPI_ENV = False, environment

    assert len(checks.second_factors(None)) == wrong


def test_the_pages_are_there(client: Client, clerk: User) -> None:
    people.log_in(client, clerk.email)
    for name in ("mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "mfa_list_webauthn", "usersessions_list"):
        page = client.get(reverse(name))
        assert page.status_code == 200
        assert b"bootstrap-italia" in page.content
    assert client.get(reverse("account_change_password")).status_code == 200
