"""What every door holds to, read from the resolver: forged forms, other hosts to be led to, exports, headers."""

import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.client import RequestFactory
from django.urls import get_resolver

from pecportal import exports
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import POWERS, Role
from tests import build
from tests.tenancy import access, routes, world
from tests.tenancy.test_matrix import CONSOLE, PORTAL, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.once]
FRAMED = {"campaigns:message_body", "campaigns:preview_body", "campaigns:text_body"}  # letters, in frames of ours
PEOPLES = {"campaigns:attachment", "campaigns:own_file"}  # files in whatever encoding somebody wrote them
FOR_PROGRAMS = {"mailboxes:callback"}  # what it says is not believed, its address is its secret
EVIL = (
    *("//evil.example/", "https://evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"),
    *("https:evil.example", "///evil.example", "http://testserver@evil.example/", "\thttps://evil.example"),
)
HOSTILE = "canarino' OR '1'='1\" --;([.*"
ASKED = (  # what pages and forms are asked by
    *("after", "campaign", "from", "group", "line", "mailbox", "name", "of_status", "page", "q", "state", "status"),
    *("to", "o", "p", "search", "email", "subject", "reason", "address", "organisation", "action"),
)
FIELDS = ("next", "url", "return", "return_to", "redirect", "redirect_to", "continue", "back", "_popup")
# whole tables; what is one stored file, or one's own, may be taken as often as one likes
EXPORTS = {
    *("campaigns:results", "campaigns:export_contacts", "campaigns:sheet_pdf", "campaigns:faulty_file"),
    *("journal:export", "registers:download"),
}
FILES = {
    *("campaigns:attachment", "campaigns:own_file", "campaigns:proof", "campaigns:letter_sample", "mailboxes:paper"),
    *("mailboxes:form", "mfa_download_recovery_codes"),
}
ACTING = {
    *("campaigns:pause", "campaigns:submit", "campaigns:take_back", "campaigns:detach", "campaigns:own_remove"),
    *("campaigns:letterhead_remove", "mailboxes:refresh", "mailboxes:withdraw_order", "journal:verify"),
    *("invitation_revoke", "choose_organisation"),
}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Hundreds of refusals are meant here: they are not written down."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


def read(answer: Any) -> None:
    """To its end, so that the file behind it is closed."""
    if answer.streaming:
        answer.getvalue()


def everybody(office: Organisation) -> Iterator[tuple[Client, list[routes.Route]]]:
    """Members whose roles open all of the portal's doors, each with those that no other opened, and an operator at the
    console's.
    """
    left = list(PORTAL)
    for role in (Role.PREPARER, Role.ADMINISTRATOR, Role.APPROVER, Role.KEEPER, Role.AUDITOR):
        opened = [route for route in left if not access.of(route.name) or access.of(route.name) in POWERS[role]]
        yield signed_in(build.user(office, role)), opened
        left = [route for route in left if route not in opened]
    assert left == []
    yield signed_in(User.objects.create_superuser("operatore@portale.example", "password")), CONSOLE


def test_a_form_without_our_token_is_refused_at_every_door(office: Organisation) -> None:
    own, open_doors = world.populate(office), []
    console = {**routes.FIXED, "row": build.user(office, Role.AUDITOR).pk}
    operator = User.objects.create_superuser("operatore@portale.example", "password")
    for user, where, objects in ((build.user(office, Role.PREPARER), PORTAL, own), (operator, CONSOLE, console)):
        client = Client(enforce_csrf_checks=True)
        client.force_login(user)
        for route in where:
            answer = client.post(routes.address(route, objects), {"x": "y"})
            if answer.status_code not in (403, 405) and route.name not in FOR_PROGRAMS:
                open_doors.append(f"{route.name}: {answer.status_code}")

    assert open_doors == []


def test_nothing_is_left_without_that_guard_but_what_has_it_within() -> None:
    """Views that put it off until their files have a handler are those of `pecportal.uploads`, and no others."""
    exempt = {name for name, view in views() if getattr(view, "csrf_exempt", False)}
    assert {name for name in exempt if name not in FOR_PROGRAMS} == {
        name for name, view in views() if "received_by" in getattr(view, "__qualname__", "") or _is_put_off(view)
    }


def _is_put_off(view: object) -> bool:
    while view is not None:
        if "received_by" in str(getattr(getattr(view, "__code__", None), "co_qualname", "")):
            return True
        if getattr(getattr(view, "__code__", None), "co_filename", "").endswith("pecportal/uploads.py"):
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def views() -> Iterator[tuple[str, object]]:
    for route in PORTAL:
        found = get_resolver().resolve(routes.nowhere(route))
        yield route.name, found.func


def test_no_door_leads_to_another_host_or_makes_statements_of_what_it_is_sent(office: Organisation) -> None:
    own, led = world.populate(office), []
    console = {**routes.FIXED, "row": build.user(office, Role.AUDITOR).pk}
    hostile = dict.fromkeys(ASKED, HOSTILE)
    asked, posted = hostile | dict.fromkeys(FIELDS, EVIL[0]), hostile | dict.fromkeys(FIELDS, EVIL[1])
    statements: list[str] = []
    values = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.extend([sql] if "canarino" in sql else [])
        values.extend([sql] if "canarino" in str(params) else [])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        for client, where in everybody(office):
            for route in where:
                if "logout" in route.name or route.name == "usersessions_list":
                    continue  # below: one would be out
                url = routes.address(route, console if route.is_admin else own)
                for answer in (client.get(url, asked), client.post(url, posted, headers={"Referer": EVIL[1]})):
                    read(answer)
                    where_to = answer.headers.get("Location", "") + answer.headers.get("HX-Redirect", "")
                    if "evil.example" in where_to.partition("?")[0] or where_to.startswith(("//", "\\", "javascript")):
                        led.append(f"{route.name}: {where_to}")

    assert led == []
    assert statements == []
    assert len(values) > 10  # what was sent came as far as the database, beside the statements


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("url", ["/login/", "/logout/", "/language/setlang/", "/account/confirm/", "/admin/login/"])
def test_what_takes_a_way_back_takes_ours_alone(office: Organisation, url: str, evil: str) -> None:
    user = User.objects.create_superuser("operatore@portale.example", "quattro cavalli per la strada")
    data = {"next": evil, "login": user.email, "password": "quattro cavalli per la strada", "language": "it"}
    for client in (Client(), signed_in(user)):
        for answer in (client.post(url, data), client.get(url, {"next": evil})):
            assert "evil.example" not in answer.headers.get("Location", "").partition("?")[0]
            assert not re.search(r'(?:href|action)="[^"?]*evil\.example', answer.content.decode())


def test_every_export_is_limited_and_every_other_download_is_one_file(office: Organisation) -> None:
    """A new address that hands out a file fails here until it is said which of the two it is."""
    own = world.populate(office)
    found = set()
    for role in (Role.PREPARER, Role.AUDITOR, Role.KEEPER):
        client = signed_in(build.user(office, role))
        for route in PORTAL:
            if route.name in access.ANYBODY:
                continue
            answer = client.get(routes.address(route, own))
            read(answer)
            told = answer.headers.get("Content-Disposition", "")
            if told.startswith("attachment"):
                found.add(route.name)
                assert re.search(r'filename="[^"/\\]+"|filename\*=utf-8\'\'[\w%.~-]+$', told), told
    limited = {name for name, view in views() if _has(view, "limited")}

    assert limited == EXPORTS
    assert found <= EXPORTS | FILES, "Say in EXPORTS or FILES what it is; an export is `exports.limited`."
    assert found >= {"campaigns:results", "campaigns:export_contacts", "journal:export", "registers:download"}


def _has(view: object, decorator: str) -> bool:
    while view is not None:
        code = getattr(view, "__code__", None)
        if code is not None and code.co_filename == exports.__file__ and decorator in code.co_qualname:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def test_every_answer_has_what_guards_a_browser(office: Organisation) -> None:
    own, missing = world.populate(office), []
    wanted = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    for client, where in everybody(office):
        for route in where:
            if route.is_admin:
                continue
            answer = client.get(routes.address(route, own))
            read(answer)
            policy = answer.headers.get("Content-Security-Policy", "")
            missing += [f"{route.name}: {name}" for name, value in wanted.items() if answer.headers.get(name) != value]
            framed = "frame-ancestors 'self'" if route.name in FRAMED else "frame-ancestors 'none'"
            lacking = [part for part in ("default-src 'none'", "base-uri 'none'", framed) if part not in policy]
            if lacking or ("unsafe" in policy and "sandbox;" not in policy):
                missing.append(f"{route.name}: {lacking} {policy}")
            if answer.status_code == 200 and route.name not in access.ANYBODY:
                kept = answer.headers.get("Cache-Control", "")
                missing += [f"{route.name}: may be kept: {kept}"] if "no-store" not in kept else []
            if route.name not in PEOPLES:
                missing += [f"{route.name}: {problem}" for problem in _of_its_type(answer)]
            if route.name not in access.ANYBODY and "sandbox" not in policy:
                missing += [f"{route.name}: {problem}" for problem in _of_a_page(answer)]

    assert missing == []


def _of_a_page(answer: Any) -> Iterator[str]:
    """What a page of a signed-in person lacks, or should not have."""
    text = "" if answer.streaming else answer.content.decode(errors="replace")
    if "<html" in text and not re.search(r'(?:href|action)="/logout/"', text):
        yield "no way out"
    yield from re.findall(r"<(?:object|embed|applet|frameset)\b", text)
    for form in re.findall(r"<form\b.*?</form>", text, re.DOTALL):
        if 'method="post"' not in form and re.search(r'type="password"|csrfmiddlewaretoken', form):
            yield f"a secret would stand in the address: {form[:80]}"


def _of_its_type(answer: Any) -> Iterator[str]:
    """What is wrong with the type that an answer names, for what it holds."""
    content = b"" if answer.streaming else answer.content
    kind, _semicolon, more = answer.headers.get("Content-Type", "").partition(";")
    if content and not kind:
        yield "no type"
    if (kind.startswith("text/") or kind.endswith(("/xml", "+xml"))) and "charset=" not in more:
        yield f"no charset: {kind}"
    if kind == "application/json" and content:
        json.loads(content)
    if kind == "text/html" and content.strip() and not content.lstrip().startswith(b"<"):
        yield f"no page: {content[:40]!r}"
    if kind != "text/html" and content.lstrip()[:9].lower() == b"<!doctype":
        yield f"a page that is called {kind}"


def test_what_acts_does_not_answer_to_reading(office: Organisation) -> None:
    own = world.populate(office)
    client = signed_in(build.user(office, Role.PREPARER))
    told = {route.name: client.get(routes.address(route, own)).status_code for route in PORTAL if route.name in ACTING}

    assert told == dict.fromkeys(ACTING, 405)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH"])
def test_odd_methods_open_nothing(office: Organisation, method: str) -> None:
    client = signed_in(build.user(office, Role.PREPARER))
    assert RequestFactory().generic(method, "/").method == method
    for url in ("/campaigns/", "/journal/", "/members/"):
        assert client.generic(method, url).status_code in (404, 405), url
