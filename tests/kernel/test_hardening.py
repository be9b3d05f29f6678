"""A portal as in production, its forms, sources and scripts: what guards without anything being done."""

import ast
import base64
import json
import math
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import travel

from campaigns import files
from pecportal import encryption
from pecportal.organisations.forms import JoinForm
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build
from tests.production import FOR_DEVELOPERS, HIDDEN
from tests.run import KEY, PRODUCTION
from tests.signin import people
from tests.signin.conftest import PASSWORD

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def in_use(settings: Settings) -> Settings:
    """Passwords are hashed as in use."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    return settings


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The answers of a portal with the settings of production."""
    folder = str(tmp_path_factory.mktemp("production"))
    env = {**os.environ, **PRODUCTION, "PORTAL_DATA_DIR": folder, "SECRET_KEY": "x" * 60, "ENCRYPTION_KEYS": KEY}
    env |= {"DATABASE_URL": "sqlite://:memory:", "MANIFEST_STATIC": "off", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "tests.production"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def answers(production: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: told for name, told in production.items() if isinstance(told, dict) and "status" in told}


def cookies(production: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Every cookie that any answer set or took back."""
    found: dict[str, list[dict[str, Any]]] = {}
    for told in answers(production).values():
        for name, cookie in told["cookies"].items():
            found.setdefault(name, []).append(cookie)
    return found


def test_cookies_belong_to_this_host_and_travel_by_tls_alone(production: dict[str, Any]) -> None:
    found = cookies(production)
    assert set(found) == {"__Host-sessionid", "__Host-csrftoken", "__Host-language"}
    for cookie in (each for given in found.values() for each in given):
        assert (cookie["path"], cookie["domain"], cookie["secure"]) == ("/", "", True)


def test_no_script_reads_the_session_and_no_other_site_sends_it(production: dict[str, Any]) -> None:
    found = cookies(production)
    assert {cookie["samesite"] for given in found.values() for cookie in given} == {"Lax"}
    sessions = [cookie for cookie in found["__Host-sessionid"] if cookie["value"]]
    assert sessions
    assert all(cookie["httponly"] is True for cookie in sessions)


def test_browsers_are_told_to_use_tls_for_a_year(production: dict[str, Any]) -> None:
    for name in ("page", "in", "first page", "missing", "api", "script", "broken", "out"):
        told = production[name]["headers"].get("strict-transport-security", "")
        assert int(re.search(r"max-age=(\d+)", told)[1]) >= 31_536_000, name  # type: ignore[index]
        assert "includeSubDomains" in told, name


def test_browsers_that_come_in_clear_are_led_to_tls(production: dict[str, Any]) -> None:
    told = production["page in clear"]
    assert (told["status"], told["headers"]["location"]) == (301, "https://portal.example/login/")
    assert told["cookies"] == {}


@pytest.mark.parametrize("name", ["api in clear", "vendor's in clear", "callback in clear"])
def test_programs_that_call_in_clear_are_refused_and_led_nowhere(production: dict[str, Any], name: str) -> None:
    told = production[name]
    assert (told["status"], "location" in told["headers"]) == (403, False)
    assert production["alive in clear"]["status"] == 200


def test_nothing_is_debugged_and_no_check_is_silenced(production: dict[str, Any]) -> None:
    assert (production["settings"]["DEBUG"], production["settings"]["SILENCED_SYSTEM_CHECKS"]) == (False, [])
    assert not [name for name in production["settings"]["INSTALLED_APPS"] if "debug" in name or "extensions" in name]
    for name, status in (("missing", 404), ("broken", 500)):
        assert production[name]["status"] == status
        assert not re.search(r"Traceback|DEBUG|urlpatterns|ValueError|canarino|pecportal\.", production[name]["text"])


def test_no_other_site_is_let_read_answers(production: dict[str, Any]) -> None:
    given = {header for told in answers(production).values() for header in told["headers"]}
    assert [header for header in given if header.startswith("access-control-")] == []
    assert production["first page"]["status"] == 200
    assert production["preflight"]["status"] != 500


def test_passwords_are_hashed_with_argon2_and_operators_need_a_second_factor(production: dict[str, Any]) -> None:
    _name, kind, _version, costs = production["password"].split("$")[:4]
    memory, passes, _lanes = (int(part.partition("=")[2]) for part in costs.split(","))
    assert kind == "argon2id"
    assert memory >= 19 * 1024  # KiB, as OWASP advises
    assert passes >= 2
    assert production["settings"]["SECOND_FACTOR_REQUIRED"] is True


@pytest.mark.parametrize("path", HIDDEN)
def test_no_file_of_the_installation_has_an_address(production: dict[str, Any], path: str) -> None:
    assert production[path]["status"] in (400, 404)


@pytest.mark.parametrize("path", FOR_DEVELOPERS)
def test_nothing_for_developers_is_there(production: dict[str, Any], path: str) -> None:
    assert production[path]["status"] == 404


def test_the_simulated_vendor_does_not_start_beside_the_real_one(production: dict[str, Any]) -> None:
    assert "production" in production["simulated"]


def test_no_folder_is_listed(production: dict[str, Any]) -> None:
    assert {production[name]["status"] for name in ("static/", "static/js/", "static/vendor/")} == {404}
    assert production["script"]["status"] == 200


def test_what_a_request_had_is_not_sent_back(production: dict[str, Any]) -> None:
    for name in ("TRACE", "TRACK"):
        assert production[name]["status"] in (302, 405)
        assert "canarino" not in production[name]["text"]


def test_another_host_name_is_not_answered(production: dict[str, Any]) -> None:
    assert production["other host"]["status"] == 400


@pytest.mark.django_db
def test_a_sessions_key_has_more_than_128_bits_of_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def noted(signs: Sequence[str]) -> str:
        drawn.append(len(signs))
        return signs[0]

    monkeypatch.setattr(secrets, "choice", noted)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session.create()
    assert len(session.session_key) == len(drawn) == 32
    assert math.prod(drawn) > 2**128


@pytest.mark.django_db
def test_a_password_is_taken_as_it_is_typed_and_may_be_long(in_use: Settings) -> None:
    password = "  Quattro cavalli " + "per la strada, e " * 5 + "nessun ALTRO "
    field = JoinForm(email="x@portale.example").fields["password"]
    assert field.clean(password) == password
    user = build.user(build.organisation(), Role.PREPARER, password=password)
    for other in (password.strip(), password.lower(), password[:72]):
        client = Client()
        people.log_in(client, user.email, other)
        assert not people.is_in(client), other
    client = Client()
    people.log_in(client, user.email, password)
    assert people.is_in(client)


@pytest.mark.django_db
def test_a_password_does_not_grow_old() -> None:
    user = build.user(build.organisation(), Role.PREPARER, password=PASSWORD)
    client = Client()
    with travel(time.time() + 10 * 365 * 86_400, tick=False):
        people.log_in(client, user.email)
        assert people.is_in(client)


@pytest.mark.django_db
def test_fields_for_passwords_are_masked_and_programs_may_fill_them() -> None:
    user = build.user(build.organisation(), Role.PREPARER, password=PASSWORD)
    client = Client()
    fields = passwords_of(client, "/login/")
    people.log_in(client, user.email)
    fields += passwords_of(client, "/account/password/")
    assert len(fields) == 4
    for field in fields:
        assert 'type="password"' in field
        assert not re.search(r'onpaste|readonly|autocomplete="off"|data-paste', field), field
        assert int((re.search(r'maxlength="(\d+)"', field) or ["", "200"])[1]) >= 64


def passwords_of(client: Client, url: str) -> list[str]:
    return re.findall(r'<input[^>]*name="[^"]*password[^"]*"[^>]*>', client.get(url).content.decode())


def test_passwords_have_twelve_characters_at_least() -> None:
    with pytest.raises(ValidationError) as caught:
        validate_password("gatti-blu-7")
    assert [each.code for each in caught.value.error_list] == ["password_too_short"]
    validate_password("gatti-blu-7x-sul")


@pytest.mark.django_db
def test_accounts_have_no_hints(client: Client) -> None:
    assert not [field.name for field in User._meta.fields if "hint" in field.name or "question" in field.name]
    page = client.get("/account/forgotten/").content.decode().partition("<main")[2]
    assert set(re.findall(r'name="([^"]+)"', page)) == {"csrfmiddlewaretoken", "email"}


def test_secrets_of_factors_are_made_by_the_systems_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(count: int) -> bytes:
        asked.append(count)
        return b"x" * count

    monkeypatch.setattr(secrets, "token_bytes", noted)
    generate_totp_secret()
    assert asked[0] * 8 >= 112


def test_what_is_sealed_is_aes_256_gcm_with_a_nonce_of_its_own() -> None:
    sealed = [base64.urlsafe_b64decode(encryption.seal(b"segreto", context="x").partition(":")[2]) for _ in range(50)]
    assert len({each[:12] for each in sealed}) == 50
    key = next(iter(encryption.keys().values()))
    assert len(key) == 32
    assert {AESGCM(key).decrypt(each[:12], each[12:], b"x") for each in sealed} == {b"segreto"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["mfa_activate_totp", "mfa_generate_recovery_codes", "mfa_add_webauthn"])
def test_factors_and_passwords_change_only_after_being_asked_again(client: Client, name: str) -> None:
    user = build.user(build.organisation(), Role.PREPARER, password=PASSWORD)
    people.log_in(client, user.email)
    assert client.get(reverse(name)).status_code in (200, 302)
    with travel(time.time() + 660, tick=False):
        assert client.get(reverse(name))["Location"].startswith("/account/confirm/")


def test_our_scripts_keep_nothing_in_the_browser_and_write_text_as_text() -> None:
    writing = set()
    for path in (ROOT / "static" / "js").glob("*.js"):
        text = path.read_text()
        assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie\s*=|__proto__", text), path
        if re.search(r"(?:inner|outer)HTML\s*=|insertAdjacentHTML|document\.write", text):
            writing.add(path.name)
    assert writing <= {"markup.js"}  # of the editor: into a template, which runs nothing; the server cleans it


def test_no_text_is_run() -> None:
    for path in (ROOT / "static" / "js").glob("*.js"):
        assert not re.search(r"\beval\(|new Function\(|set(?:Timeout|Interval)\([\"'`]", path.read_text()), path
    running = {"eval", "exec", "compile", "__import__", "pickle.loads", "pickle.load", "marshal.loads", "yaml.load"}
    assert [(path.name, name) for path, name, _call in calls() if name in running] == []


def test_no_script_hinders_pasting_but_the_editor_which_cleans_what_is_pasted() -> None:
    scripts = (ROOT / "static" / "js").glob("*.js")
    listening = {path.name for path in scripts if re.search(r"""["'](?:on|will)?paste["']""", path.read_text(), re.I)}
    assert listening <= {"editor.js"}


@cache
def calls() -> list[tuple[Path, str, ast.Call]]:
    """Every call of something with a plain name in the product."""
    return [
        (path, ast.unparse(node.func), node)
        for folder in ("pecportal", "mailboxes", "campaigns")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and not isinstance(getattr(node.func, "value", None), ast.Call)
    ]


def test_no_hash_is_asked_for_but_sha_256() -> None:
    asked = {name.partition(".")[2] for _path, name, _call in calls() if name.startswith("hashlib.")}
    keyed = [ast.unparse(call.args[2]) for _path, name, call in calls() if name == "hmac.new"]
    files = [ast.unparse(call.args[1]) for _path, name, call in calls() if name == "hashlib.file_digest"]
    assert asked == {"sha256", "file_digest"}
    assert {*keyed, *files} <= {"hashlib.sha256", "'sha256'"}


def test_no_shell_reads_what_somebody_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    begun: list[tuple[Any, dict[str, Any]]] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, args: Any, **given: Any) -> None:
            begun.append((args, given))
            super().__init__(args, **given)

    monkeypatch.setattr(subprocess, "Popen", Noted)
    path = tmp_path / "x"
    path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(files.FileProblem):
        files.sniff(path, name="a; touch canarino $(id) `id`.pdf")

    assert begun
    for args, given in begun:
        assert isinstance(args, list)
        assert not given.get("shell")
        assert "canarino" not in " ".join(args)
    shells = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput", "pty.spawn"}
    named = {(path.name, name) for path, name, call in calls() if name in shells or _has_shell(call)}
    assert named == set()


def _has_shell(call: ast.Call) -> bool:
    return any(word.arg == "shell" for word in call.keywords)
