"""Tokens of both OAuth versions, and what each opens."""

import time
from datetime import datetime

import pytest
import requests

from tests.sandbox.callers import SCOPES, Caller, said


def test_a_v2_token_comes_at_the_root_and_tells_when_it_expires(caller: Caller) -> None:
    answer = caller.mint(SCOPES, name="prova", ttl=3600)

    token = answer.json()
    assert answer.status_code == 200
    assert token["scopes"] == SCOPES
    assert token["name"] == "prova"
    assert token["refreshToken"] != token["token"]
    assert datetime.fromisoformat(token["expireAt"]).timestamp() == pytest.approx(time.time() + 3600, abs=5)


def test_a_v2_token_may_come_under_data(caller: Caller) -> None:
    caller.sandbox.v2_under = "data"

    token = caller.mint(SCOPES).json()["data"]["token"]

    assert caller.call("GET", "/pec", token=token).status_code == 404


def test_a_v1_token_comes_at_the_root_with_unix_seconds(caller: Caller) -> None:
    answer = caller.mint(SCOPES, "/token", ttl=3600).json()

    assert answer["success"] is True
    assert answer["expire"] == pytest.approx(time.time() + 3600, abs=5)
    assert caller.call("GET", "/pec", token=answer["token"]).status_code == 404


@pytest.mark.parametrize(
    ("path", "scopes", "expected"),
    [
        ("/tokens", None, (422, 70, "missing scopes array")),
        ("/tokens", "GET:x", (422, 80, "invalid scopes format")),
        ("/tokens", ["GET:pec.openapi.it/nulla"], (422, 90, "Invalid scopes specified or API not enabled")),
        ("/token", None, (406, 110, "missing scopes array")),
        ("/token", ["GET:pec.openapi.it/nulla"], (406, 270, "invalid scopes specified")),
    ],
)
def test_scopes_that_make_no_sense_are_refused(
    caller: Caller, path: str, scopes: object, expected: tuple[int, int, str]
) -> None:
    assert said(caller.mint(scopes, path)) == expected


def test_an_api_that_is_not_activated_makes_the_whole_mint_fail(caller: Caller) -> None:
    caller.sandbox.activated = ("pec",)

    assert said(caller.mint(SCOPES))[:2] == (422, 90)
    assert caller.mint(["GET:pec.openapi.it/pec"]).status_code == 200


@pytest.mark.parametrize("path", ["/tokens", "/token"])
@pytest.mark.parametrize("account", [("ufficio@prova.example", "falsa"), ("altro@prova.example", "prova"), None])
def test_the_account_must_be_right(caller: Caller, path: str, account: tuple[str, str] | None) -> None:
    answer = requests.post(caller.url + path, json={"scopes": SCOPES}, auth=account, timeout=10)

    assert said(answer)[0] == 401


def test_a_token_opens_what_its_scopes_name_and_no_more(caller: Caller) -> None:
    token = caller.mint(["GET:pec.openapi.it/pec"]).json()["token"]

    assert caller.call("GET", "/pec", token=token).status_code == 404
    assert said(caller.call("POST", "/pec", token=token)) == (401, 125, "Wrong Token")
    assert said(caller.call("GET", "/verifica_pec/x@legalmail.it", token=token))[0] == 401
    assert said(caller.call("GET", "/inbox", token=token)) == (401, None, "Authorization is not valid or empty")


def test_an_asterisk_stands_for_anything(caller: Caller) -> None:
    token = caller.mint(["*:pec.openapi.it/*"], "/token").json()["token"]

    assert caller.call("GET", "/pec", token=token).status_code == 404
    assert caller.call("GET", "/IT-pec/12485671007", token=token).status_code == 401


@pytest.mark.parametrize("token", ["", "0" * 24])
def test_without_a_token_nothing_opens(caller: Caller, token: str) -> None:
    for method, path in [("GET", "/pec"), ("POST", "/send"), ("GET", "/IT-pec/12485671007")]:
        assert caller.call(method, path, token=token).status_code == 401


def test_tokens_outlive_the_story_but_not_being_forgotten(caller: Caller) -> None:
    caller.sandbox.advance(hours=10_000)
    assert caller.call("GET", "/pec").status_code == 404

    caller.sandbox.forget_tokens()
    assert caller.call("GET", "/pec").status_code == 401


def test_a_token_is_shown_listed_changed_and_deleted(caller: Caller) -> None:
    account = (caller.sandbox.email, caller.sandbox.api_key)
    path = f"{caller.url}/tokens/{caller.token}"

    assert requests.get(path, auth=account, timeout=10).json()["data"]["token"] == caller.token
    assert len(requests.get(f"{caller.url}/tokens", auth=account, timeout=10).json()["data"]) == 1
    changed = requests.patch(path, json={"scopes": ["GET:pec.openapi.it/pec"], "ttl": 60}, auth=account, timeout=10)
    assert changed.json()["scopes"] == ["GET:pec.openapi.it/pec"]
    assert caller.call("GET", "/quota/INBOX").status_code == 401
    assert requests.delete(path, auth=account, timeout=10).json()["message"] == "Deleted"
    assert said(requests.delete(path, auth=account, timeout=10)) == (404, 180, "Not Found")
    assert said(requests.get(path, auth=account, timeout=10)) == (404, 120, "Not Found")
    malformed = requests.get(f"{caller.url}/tokens/x", auth=account, timeout=10)
    assert said(malformed) == (422, 60, "Invalid Token Format")


def test_a_refresh_token_replaces_its_token(caller: Caller) -> None:
    old = caller.mint(SCOPES).json()
    refresh = {"Authorization": f"Bearer {old['refreshToken']}"}

    new = requests.patch(f"{caller.url}/tokens/{old['token']}", json={}, headers=refresh, timeout=10).json()

    assert new["scopes"] == SCOPES
    assert caller.call("GET", "/pec", token=old["token"]).status_code == 401
    assert caller.call("GET", "/pec", token=new["token"]).status_code == 404
    again = requests.patch(f"{caller.url}/tokens/{old['token']}", json={}, headers=refresh, timeout=10)
    assert said(again) == (401, 130, "Unauthorized")


def test_v1_tokens_are_shown_and_deleted(caller: Caller) -> None:
    account = (caller.sandbox.email, caller.sandbox.api_key)
    path = f"{caller.url}/token/{caller.token}"

    assert requests.get(path, auth=account, timeout=10).json()["data"][0]["token"] == caller.token
    assert requests.delete(path, auth=account, timeout=10).json()["message"] == "1 deleted token"
    assert said(requests.delete(path, auth=account, timeout=10)) == (404, 150, "Missing Token")
    assert said(requests.get(path, auth=account, timeout=10)) == (402, 125, "Wrong Token")


def test_the_wallet_and_the_scopes_are_told(caller: Caller) -> None:
    account = (caller.sandbox.email, caller.sandbox.api_key)

    wallet = requests.get(f"{caller.url}/wallet", auth=account, timeout=10).json()["data"]["credit"]
    credit = requests.get(f"{caller.url}/credit", auth=account, timeout=10).json()["data"]["credit"]
    scopes = requests.get(f"{caller.url}/scopes", auth=account, timeout=10).json()["data"]

    assert wallet == credit == float(caller.sandbox.wallet)
    assert "POST:ws.pecmassiva.com/send" in scopes
    for path in ("/wallet", "/credit", "/scopes", "/tokens"):
        assert requests.get(caller.url + path, timeout=10).status_code == 401
