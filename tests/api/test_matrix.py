"""Every address of the API × every scope and role × one's own, a foreign and a missing object; from the resolver."""

import logging
import uuid
from collections.abc import Iterator, Mapping

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client
from django.urls import resolve, reverse

from pecportal.api.resource import Resource
from pecportal.journal.models import Entry
from pecportal.organisations import glass
from pecportal.organisations.models import Organisation, User
from pecportal.permissions import PEOPLES, POWERS, SCOPES, Role
from tests import build
from tests.api import access, world
from tests.api.build import Caller, program
from tests.tenancy import routes
from tests.tenancy.routes import Route

pytestmark = pytest.mark.django_db
API = [route for route in routes.every() if route.name.startswith("api:")]
METHODS = ("get", "post", "put", "patch", "delete")
NOBODYS = uuid.UUID("00000000-0000-4000-8000-000000000000")
RESOURCES = [route for route in API if route.name.removeprefix("api:") not in access.OPEN]
WITH_OBJECTS = [
    route
    for route in RESOURCES
    if any(f"{route.name.removeprefix('api:')}:{a}" not in access.FIXED for a in route.arguments)
]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.ERROR)
    settings.API_REQUESTS_A_MINUTE, before = 0, settings.API_REQUESTS_A_MINUTE
    yield
    settings.API_REQUESTS_A_MINUTE = before
    logging.disable(logging.NOTSET)


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


def name_of(route: Route) -> str:
    return route.name.removeprefix("api:")


def address(route: Route, objects: Mapping[str, object] | None) -> str:
    """The address with these objects, with nobody's if there are none. Raises `LookupError` if one is not declared."""
    given = {}
    for argument in route.arguments:
        key = f"{name_of(route)}:{argument}"
        if key in access.FIXED:
            given[argument] = access.FIXED[key]
        else:
            named = access.OBJECTS.get(key) or access.OBJECTS[argument]
            given[argument] = NOBODYS if objects is None else objects[named]
    return reverse(route.name, kwargs=given)


def ask(caller: Caller, method: str, route: Route, url: str) -> tuple[int, str]:
    """Status and answer, without what differs by itself; whatever the call did is undone."""
    body = access.BODIES.get((name_of(route), method))
    mark = transaction.savepoint()
    answer = caller.send(method.upper(), url, body if method != "get" else None, Idempotency_Key=str(uuid.uuid4()))
    text = (answer.getvalue() if answer.streaming else answer.content).decode(errors="replace")
    transaction.savepoint_rollback(mark)
    told = answer.headers.get("X-Request-Id", "-")
    return answer.status_code, text.replace(url, "HERE").replace(told, "NUMBER")


def as_person(user: User | None) -> Caller:
    found = Caller()
    if user is not None:
        found.client = Client(raise_request_exception=False)
        found.client.force_login(user)
    return found


def test_every_address_is_declared_with_its_methods_and_its_objects() -> None:
    """A new address fails here until it is said, in tests/api/access.py, what it asks and which objects it names."""
    assert {name_of(route) for route in API} == set(access.TABLE) | access.OPEN
    for route in RESOURCES:
        view: type[Resource] = resolve(address(route, None)).func.view_class  # type: ignore[attr-defined]
        assert issubclass(view, Resource), f"{route.name} is no Resource"
        own = {method for method in METHODS if hasattr(view, method)}
        assert own == set(access.TABLE[name_of(route)]), f"{route.name}: its methods"
        for method, asked in access.TABLE[name_of(route)].items():
            found = view.access[method]
            assert (found.scopes, found.power, found.people) == tuple(asked), f"{route.name} {method}"
            for scope in asked.scopes:
                assert asked.power is None or asked.power in POWERS[scope], f"{scope} gives no {asked.power}"


def test_nothing_under_api_is_outside_of_it() -> None:
    inside = [route for route in routes.every() if route.pattern.lstrip("^").startswith("api/")]

    assert sorted(route.name for route in inside if route not in API) == ["api_problem", "api_problems", "api_unknown"]


@pytest.mark.parametrize("who", [*SCOPES, "all", *PEOPLES, "outsider", "operator"])
def test_what_is_anothers_answers_as_what_never_was(who: str, office: Organisation) -> None:
    other = build.organisation()
    foreign = world.populate(other, program(other)[0])
    beside = world.populate(office, program(office)[0])  # of another program of the same office
    caller, leaks = someone(who, office), []
    is_program = who in (*SCOPES, "all")

    for route in WITH_OBJECTS:
        for method in access.TABLE[name_of(route)]:
            missing = ask(caller, method, route, address(route, None))
            hidden = [foreign]
            if is_program and name_of(route) in access.OF_THEIR_MAKER:
                hidden.append(beside)
            for objects in hidden:
                found = ask(caller, method, route, address(route, objects))
                if found[0] not in (403, 404) or found != missing:
                    leaks.append(f"{method} {route.name}: {found} / {missing}")

    assert leaks == []


@pytest.mark.parametrize("who", [*SCOPES, "all", *PEOPLES, "outsider", "operator"])
def test_ones_own_is_there_for_exactly_those_who_may(who: str, office: Organisation) -> None:
    maker: User | None = None
    if who in (*SCOPES, "all"):
        maker, key = program(office, *([Role(who)] if who != "all" else []))
        caller = Caller(key)
    else:
        caller = someone(who, office)
        maker = User.objects.get(pk=caller.client.session["_auth_user_id"])
    own = world.populate(office, maker)
    wrong = []

    for route in RESOURCES:
        for method, asked in access.TABLE[name_of(route)].items():
            status, text = ask(caller, method, route, address(route, own))
            if (status in (403, 404)) == may(who, asked) or status in (401, 405) or status >= 500:
                wrong.append(f"{method} {route.name}: {status} {text[:200]}")

    assert wrong == []


def may(who: str, asked: access.Asked) -> bool:
    if who in SCOPES or who == "all":
        return not asked.people and (not asked.scopes or who == "all" or who in asked.scopes)
    if who in PEOPLES:
        return asked.power is None or asked.power in POWERS[Role(who)]
    return False


def someone(who: str, office: Organisation) -> Caller:
    if who == "all":
        return Caller(program(office)[1])
    if who in SCOPES:
        return Caller(program(office, Role(who))[1])
    if who == "outsider":
        return as_person(User.objects.create_user("nessuno@portale.example"))
    if who == "operator":
        return as_person(User.objects.create_superuser("operatore@portale.example", "password"))
    return as_person(build.user(office, Role(who)))


@pytest.mark.parametrize("key", [None, "ppk_none", "ppk_" + "x" * 51])
def test_without_a_key_that_opens_something_every_address_answers_alike(key: str | None, office: Organisation) -> None:
    there = world.populate(office, program(office)[0])

    for route in RESOURCES:
        for method in access.TABLE[name_of(route)]:
            first, second = (ask(Caller(key), method, route, address(route, each)) for each in (there, None))
            assert first[0] == 401, f"{method} {route.name}: {first}"
            assert first == second


def test_other_methods_are_refused_as_such(office: Organisation) -> None:
    caller, own = Caller(program(office)[1]), world.populate(office, program(office)[0])

    for route in RESOURCES:
        for method in set(METHODS) - set(access.TABLE[name_of(route)]):
            status, text = ask(caller, method, route, address(route, own))
            assert status == 405, f"{method} {route.name}: {status} {text}"
            assert ('"success": false' if name_of(route).startswith("compat_") else "method-not-allowed") in text


def test_operators_of_a_broken_glass_read_alone(office: Organisation) -> None:
    build.user(office, Role.ADMINISTRATOR)
    operator = User.objects.create_superuser("operatore@portale.example", "password")
    glass.smash(office, reason="Un guasto da capire", actor=operator)
    caller = as_person(operator)

    assert caller.get("/api/v1/").status_code == 200
    assert Entry.objects.filter(action="glass.read").exists()
    for route in RESOURCES:
        for method in set(access.TABLE[name_of(route)]) - {"get"}:
            assert ask(caller, method, route, address(route, None))[0] in (403, 404)
