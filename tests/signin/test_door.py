"""Signing in: guesses are limited and written down, strangers learn nothing, forgotten passwords are set anew."""

import re
import time

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import travel

from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from pecportal.signin import letters, passwords
from tests.jobs import Jobs
from tests.signin import people
from tests.signin.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def acts() -> list[str]:
    return [entry.action for entry in Entry.objects.order_by("number")]


def test_a_password_lets_in_and_it_is_written_down_from_where(client: Client, clerk: User) -> None:
    answer = people.log_in(client, "ANNA@portale.example", address="192.0.2.7")

    assert answer.status_code == 302
    assert people.is_in(client)
    entry = Entry.objects.get()
    assert (entry.action, entry.actor, entry.address) == ("access.sign_in", clerk, "192.0.2.7")
    client.post("/logout/", REMOTE_ADDR="192.0.2.7")
    assert acts() == ["access.sign_in", "access.sign_out"]


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: Client, clerk: User) -> None:
    wrong = people.log_in(client, clerk.email, "sbagliata").content.decode()
    unknown = people.log_in(client, "nina@portale.example", "sbagliata").content.decode()

    assert re.sub(r"[A-Za-z0-9]{64}", "", wrong).replace("anna@", "nina@") == re.sub(r"[A-Za-z0-9]{64}", "", unknown)
    assert acts() == ["access.sign_in_failed", "access.sign_in_failed"]
    assert "sbagliata" not in str(Entry.objects.values())
    assert "nina" not in str(Entry.objects.values())


def test_an_unknown_address_takes_as_long_as_a_wrong_password(client: Client, clerk: User, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    clerk.set_password(PASSWORD)
    clerk.save()

    def seconds(email: str) -> float:
        started = time.process_time()
        people.log_in(Client(), email, "sbagliata")
        return time.process_time() - started

    seconds(clerk.email)  # whatever is loaded once
    assert seconds("nina@portale.example") > 0.5 * seconds(clerk.email)


def test_guesses_at_one_account_are_few_from_however_many_networks(clerk: User) -> None:
    for n in range(60):
        people.log_in(Client(), clerk.email, f"prova {n}", address=f"198.51.100.{n}")

    assert Entry.objects.filter(action="access.sign_in_failed").count() <= 5
    assert Entry.objects.filter(action="signin.locked").exists()
    client = Client()
    assert people.log_in(client, clerk.email, address="203.0.113.1").status_code == 200
    assert not people.is_in(client)


def test_a_days_guesses_at_one_account_are_fifty_at_most_however_patient(clerk: User) -> None:
    """One each six minutes, just too seldom for the short limit, each from another network."""
    for n in range(240):
        with travel(1_800_000_000 + n * 360, tick=False):
            people.log_in(Client(), clerk.email, f"prova {n}", address=f"198.51.{n % 100}.{n}")

    entries = Entry.objects.filter(action="access.sign_in_failed")
    tried = sum(1 + int(entry.facts.get("times_before", 0)) for entry in entries)
    assert tried <= 50


def test_guesses_from_one_network_are_few_at_however_many_accounts() -> None:
    for n in range(30):
        people.log_in(Client(), f"persona{n}@portale.example", "sbagliata", address="198.51.100.9")

    assert Entry.objects.filter(action="access.sign_in_failed").count() == 10


def test_a_forged_header_does_not_make_another_network(settings: Settings) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    for n in range(30):
        data = {"login": f"p{n}@portale.example", "password": "x"}
        Client().post("/login/", data, headers={"X-Forwarded-For": f"203.0.113.{n}"})

    assert Entry.objects.filter(action="access.sign_in_failed").count() == 10


@pytest.mark.parametrize("evil", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_it_leads_to_no_other_host(client: Client, clerk: User, evil: str) -> None:
    assert people.log_in(client, clerk.email, next=evil)["Location"] == "/"


def test_it_leads_on_to_the_page_that_was_asked_for(client: Client, clerk: User) -> None:
    assert people.log_in(client, clerk.email, next="/campaigns/?page=2")["Location"] == "/campaigns/?page=2"


def test_strangers_make_no_accounts(client: Client) -> None:
    for path in ("/account/signup/", "/accounts/signup/", "/signup/", "/account/email/", "/login/code/"):
        assert client.post(path, {"email": "x@portale.example", "password1": PASSWORD}).status_code == 404
    assert not User.objects.exists()


def test_who_is_switched_off_does_not_come_in(client: Client, clerk: User) -> None:
    User.objects.filter(pk=clerk.pk).update(is_active=False)

    people.log_in(client, clerk.email)

    assert not people.is_in(client)


def test_the_session_of_before_is_not_the_one_after(client: Client, clerk: User) -> None:
    client.get("/login/")
    session = client.session
    session["x"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before or ""

    people.log_in(client, clerk.email)

    assert client.session.session_key != before


# --- forgotten


@pytest.mark.django_db(transaction=True)
def test_a_forgotten_password_is_set_anew_by_a_link_that_works_once(client: Client, clerk: User, jobs: Jobs) -> None:
    other = Client()
    people.log_in(other, clerk.email)
    answers = [
        client.post(reverse("account_reset_password"), {"email": email}, follow=True).content.decode()
        for email in ("x@portale.example", clerk.email)
    ]
    pages = [re.sub(r"[A-Za-z0-9]{64}", "", page) for page in answers]
    assert pages[0] == pages[1]
    assert jobs.names() == ["pecportal.signin.tasks.send_reset"]
    jobs.run()
    (letter,) = mail.outbox
    assert letter.to == [clerk.email]
    found = re.search(r"https?://[^/\s]+(/account/forgotten/\S+)", str(letter.body))
    assert found
    form = client.get(found[1], follow=True)
    client.post(form.request["PATH_INFO"], {"password1": "tre gatti sul tetto", "password2": "tre gatti sul tetto"})

    clerk.refresh_from_db()
    assert clerk.check_password("tre gatti sul tetto")
    assert not people.is_in(client)  # one still logs in, with the second factor
    assert not people.is_in(other)
    assert "password.reset" in acts()
    assert "tre gatti" not in client.get(found[1], follow=True).content.decode()


def test_nobody_who_is_switched_off_gets_a_link(clerk: User) -> None:
    User.objects.filter(pk=clerk.pk).update(is_active=False)

    assert not letters.reset(clerk.pk)
    assert mail.outbox == []


# --- passwords


@pytest.mark.parametrize(
    "password",
    [
        "Password2026!!",
        "P@ssw0rd12345",
        "pecportal2026!",
        "qwertyuiop123",
        "abcabcabcabc",
        "1234567890123",
        "!!!postacertificata1",
    ],
)
def test_what_is_guessed_first_is_refused(password: str) -> None:
    with pytest.raises(Exception, match="tried first"):
        passwords.GuessedFirst().validate(password)


@pytest.mark.parametrize("password", [PASSWORD, "correttacavallobatteria", "Xk2fPq9vLm4t", "una domenica di pioggia"])
def test_what_is_long_and_odd_is_taken_whatever_its_signs(password: str) -> None:
    passwords.GuessedFirst().validate(password)
