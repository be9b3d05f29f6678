"""A program: a portal with the settings of production, and how it answers, told as JSON.

It is a process of its own because the settings are decided when it starts, and because nothing is changed for tests.
"""

import json
import os
import sys
from collections.abc import Iterator
from io import StringIO
from types import ModuleType
from typing import Any, NoReturn

HOST = "portal.example"
PASSWORD = "quattro cavalli per la strada"
CANARY = "canarino"
HIDDEN = (
    *(".git/config", ".git/HEAD", ".svn/entries", ".hg/store", ".env", "pyproject.toml", "manage.py", ".gitignore"),
    *("static/.git/config", "static/../.env", "static/%2e%2e/.env", "static/..%2f.env", "static//etc/passwd"),
    *("static/../pecportal/settings.py", "var/portal.sqlite3", "files/", "media/", "../../etc/passwd"),
)
FOR_DEVELOPERS = (
    *("__debug__/", "silk/", "sandbox/", "control/", "demo/", "test/", "tests/", "docs/", "shell/", "metrics"),
    *("phpinfo.php", "server-status", "api/test/orders/"),
)


def main() -> None:
    """Ask, and tell the answers."""
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    connection.settings_dict["TEST"]["MIGRATE"] = False
    connection.creation.create_test_db(verbosity=0, serialize=False)
    sys.stdout, shown = StringIO(), sys.stdout  # letters go to the console
    told: dict[str, Any] = {name: _of(answer) for name, answer in _answers()}
    told |= {"password": _kept(), "settings": _settings(settings), "simulated": _refusal()}
    json.dump(told, shown)


def _answers() -> Iterator[tuple[str, Any]]:
    from django.test import Client, override_settings

    from pecportal.organisations.models import User

    User.objects.create_user("anna@portale.example", PASSWORD)
    client = Client(SERVER_NAME=HOST, raise_request_exception=False)
    foreign = {"Origin": "https://evil.example"}
    asked = {**foreign, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    yield "page", client.get("/login/", secure=True, headers=foreign)
    yield "another language", client.post("/language/setlang/", {"language": "en"}, secure=True)
    yield "in", client.post("/login/", {"login": "anna@portale.example", "password": PASSWORD}, secure=True)
    yield "first page", client.get("/", secure=True, headers=foreign)
    yield "other sessions ended", client.post("/account/sessions/", secure=True)
    yield "missing", client.get("/no/such/page", secure=True)
    yield "api", client.get("/api/v1/", secure=True, headers=foreign)
    yield "preflight", client.options("/api/v1/", secure=True, headers=asked)
    yield "script", client.get("/static/js/portal.js", secure=True)
    yield "alive", client.get("/health/live", secure=True)
    for name, method in (("TRACE", "TRACE"), ("TRACK", "TRACK")):
        yield name, client.generic(method, "/", secure=True, headers={"X-Secret": CANARY})
    for path in HIDDEN + FOR_DEVELOPERS:
        yield path, client.get(f"/{path}", secure=True)
    for folder in ("static/", "static/js/", "static/vendor/"):
        yield folder, client.get(f"/{folder}", secure=True)
    in_clear = {"page": "/login/", "api": "/api/v1/", "vendor's": "/compat/send", "alive": "/health/live"}
    for name, path in in_clear.items():
        yield f"{name} in clear", client.get(path, headers={"Authorization": f"Bearer {CANARY}"})
    yield "callback in clear", client.post("/mailboxes/callback/nosuchtoken/", {"x": "y"})
    with override_settings(ROOT_URLCONF=_broken()):
        yield "broken", client.get("/broken/?word=canarino", secure=True)
    yield "other host", Client(SERVER_NAME="evil.example").get("/login/", secure=True)
    yield "out", client.post("/logout/", secure=True)


def _of(answer: Any) -> dict[str, Any]:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    cookies = {name: {"value": each.value, **dict(each.items())} for name, each in answer.cookies.items()}
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return {"status": answer.status_code, "headers": headers, "cookies": cookies, "text": body.decode(errors="replace")}


def _broken() -> ModuleType:
    from django.urls import path

    def fails(request: object) -> NoReturn:
        secret = CANARY
        raise ValueError(f"It broke: {secret}")

    made = ModuleType("broken")
    made.urlpatterns = [path("broken/", fails)]  # type: ignore[attr-defined]
    sys.modules["broken"] = made
    return made


def _kept() -> str:
    from pecportal.organisations.models import User

    return str(User.objects.get(email="anna@portale.example").password)


def _settings(settings: Any) -> dict[str, Any]:
    names = ("DEBUG", "SILENCED_SYSTEM_CHECKS", "SECOND_FACTOR_REQUIRED", "INSTALLED_APPS", "MIDDLEWARE")
    return {name: getattr(settings, name) for name in names}


def _refusal() -> str:
    from django.core.management import CommandError, call_command

    try:
        call_command("sandbox", "--port", "0", "--mailbox", "no mailbox")  # it would go on for ever
    except CommandError as exc:
        return str(exc)
    return ""


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "pecportal.settings"
    main()
