"""Signing in at an OpenID Connect provider is there where it is set, and believes only what is proven."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.signin.visits import FORGED

ROOT = Path(__file__).resolve().parents[2]
Told = dict[str, Any]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Told]:
    """What came of each visit, in a portal whose settings name a provider."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "pecportal.settings",
        "DATABASE_URL": "sqlite://:memory:",
        "PORTAL_DATA_DIR": str(tmp_path_factory.mktemp("elsewhere")),
        "MANIFEST_STATIC": "off",
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "tests.signin.visits"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Told] = json.loads(done.stdout)
    return found


def refused(told: dict[str, Told], *names: str) -> None:
    """None of these opened anything, and the one that differs by nothing else did."""
    assert told["good"] == {"status": 302, "to": "/", "in": True}
    assert {name: told[name]["in"] for name in names} == dict.fromkeys(names, False)
    assert {name: told[name]["status"] for name in names} == dict.fromkeys(names, 401)


def test_who_has_an_account_here_comes_in(told: dict[str, Told]) -> None:
    assert told["good"] == {"status": 302, "to": "/", "in": True}


def test_a_token_that_the_provider_did_not_sign_opens_nothing(told: dict[str, Told]) -> None:
    refused(told, "unsigned", "signed by another", "of a key it does not have", "no token", "none")


def test_a_public_key_is_not_taken_for_a_secret(told: dict[str, Told]) -> None:
    refused(told, "signed with its public key", "unsigned")


def test_keys_that_come_with_a_token_are_not_looked_at(told: dict[str, Told]) -> None:
    refused(told, "keys_that_come_along")
    assert "/forged" not in told["keys_that_come_along"]["asked"]


def test_a_token_counts_within_its_time_alone(told: dict[str, Told]) -> None:
    refused(told, "over", "not valid yet", "without an end")


def test_tokens_of_another_kind_open_nothing(told: dict[str, Told]) -> None:
    refused(told, "an access token", "a token for logging out")


def test_a_token_for_another_portal_opens_nothing(told: dict[str, Told]) -> None:
    refused(told, "for another", "for others too", "ordered by another", "for nobody")


def test_another_provider_cannot_speak_for_this_one(told: dict[str, Told]) -> None:
    refused(told, "of another issuer", "described as another", "described with a slash")
    assert told["another_provider"]["statuses"] == [404, 404]


def test_a_token_of_another_visit_opens_nothing(told: dict[str, Told]) -> None:
    refused(told, "of another visit", "of no visit", "the_token_of_before")


def test_a_visit_belongs_to_the_browser_that_began_it(told: dict[str, Told]) -> None:
    refused(told, "a_visit_that_another_began", "the_same_way_back_twice")
    assert told["a_visit_that_another_began"]["redeemed"] is False


def test_each_visit_has_secrets_of_its_own(told: dict[str, Told]) -> None:
    first, second = (parse_qs(urlsplit(place).query) for place in told["what_binds_it"]["to"])
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 16
        assert first[name] != second[name]
    assert first["code_challenge_method"] == ["S256"]
    assert told["what_binds_it"]["proofs"] == [True]


def test_people_are_known_by_the_providers_name_for_them(told: dict[str, Told]) -> None:
    refused(told, "about somebody else")
    assert told["another_person_with_that_address"] == {"first": True, "second": False}
    assert told["the_same_person_with_another_address"] == {"who": "anna@portale.example"}


def test_it_makes_no_accounts_and_believes_no_unverified_address(told: dict[str, Told]) -> None:
    assert not told["of an unverified address"]["in"]
    assert not told["of an unknown address"]["in"]


def test_our_own_second_factor_is_asked_all_the_same(told: dict[str, Told]) -> None:
    visit = told["with_a_factor_of_ours"]
    assert (visit["in"], visit["then"]) == (False, True)
    assert visit["to"].startswith("/account/factors/authenticate/")
    assert told["an_operator_without_a_factor"]["in"] is False
    assert told["an_operator_without_a_factor"]["console"] == "/account/factors/"


def test_a_session_ends_by_our_own_times(told: dict[str, Told]) -> None:
    assert (told["half_an_hour_later"]["in"], told["half_an_hour_later"]["then"]) == (True, False)


def test_nobody_is_sent_there_without_having_asked(told: dict[str, Told]) -> None:
    assert told["a_question_first"] == {"status": 200, "asked": [], "in": False}


def test_tokens_stay_with_the_portal_and_are_not_kept(told: dict[str, Told]) -> None:
    visit = told["what_the_browser_got"]
    assert (visit["in"], visit["handed out"], visit["leaked"], visit["rows"]) == (True, 2, [], 0)


def test_every_forgery_is_looked_at_above() -> None:
    text = Path(__file__).read_text()
    assert [name for name in FORGED if f'"{name}"' not in text] == []


@pytest.mark.django_db
def test_without_a_provider_there_is_no_door(client: Client) -> None:
    assert client.get("/account/oidc/elsewhere/login/").status_code == 404
    assert b"elsewhere" not in client.get("/login/").content
