"""Every address × every role × what is one's own, another's, and nobody's.

What is another's answers, byte for byte, as what never was; one's own is there for exactly those who have the power.
"""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from pecportal.organisations.models import Organisation, User
from pecportal.permissions import PEOPLES, POWERS, Role
from tests import build
from tests.tenancy import access, routes, world
from tests.tenancy.routes import NOBODYS

pytestmark = [pytest.mark.django_db, pytest.mark.once]
PORTAL = [route for route in routes.every() if not (route.is_admin or route.is_api)]
WITH_OBJECTS = [
    route
    for route in PORTAL
    if set(routes.keys(route).values()) - set(routes.FIXED) and route.name not in access.ANYBODY
]
CONSOLE = [route for route in routes.every() if route.is_admin]
OUTSIDER, OPERATOR = "of no organisation", "operator"
WHO = [*PEOPLES, OUTSIDER, OPERATOR]
OPEN = {"admin:login", "admin:logout", "admin:jsi18n"}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Thousands of refusals are meant here: they are not written down."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


def person(who: str, where: Organisation) -> User:
    if who == OPERATOR:
        return User.objects.create_superuser("operatore@portale.example", "password")
    if who == OUTSIDER:
        return User.objects.create_user("nessuno@portale.example")
    return build.user(where, Role(who))


def signed_in(user: User | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, method: str, url: str, data: dict[str, Any] | None = None) -> tuple[int, str]:
    """Status and page; whatever the call did is undone."""
    mark = transaction.savepoint()
    answer = getattr(client, method)(url, data or {})
    body = answer.getvalue().decode(errors="replace") if answer.streaming else answer.content.decode(errors="replace")
    transaction.savepoint_rollback(mark)
    return answer.status_code, body + answer.headers.get("Location", "")


def without_chance(answer: tuple[int, str], url: str) -> tuple[int, str]:
    """The answer without what differs by itself: the token against forged forms, and the address that was asked."""
    return answer[0], re.sub(r"[A-Za-z0-9]{64}", "TOKEN", answer[1].replace(url, "HERE"))


def test_every_address_is_named_and_its_objects_and_its_power_are_declared() -> None:
    """A new address fails here until it is said which objects it names and what it asks of a person."""
    for route in PORTAL:
        assert route.name, f"{route.pattern} has no name"
        routes.nowhere(route)
        access.of(route.name)
    for route in CONSOLE:
        routes.nowhere(route)
    declared = access.ANYBODY | access.SIGNED_IN | access.MEMBERS | set().union(*access.POWERS.values())
    assert declared == {route.name for route in PORTAL}
    assert len({route.name for route in PORTAL}) == len(PORTAL)


@pytest.mark.parametrize("who", WHO)
def test_what_is_anothers_answers_as_what_never_was(who: str, office: Organisation) -> None:
    foreign = world.populate(build.organisation())
    client, leaks = signed_in(person(who, office)), []

    for route in WITH_OBJECTS:
        there, nowhere = routes.address(route, foreign), routes.nowhere(route)
        for method in ("get", "post"):
            found = without_chance(ask(client, method, there), there)
            if found[0] == 405:
                continue  # which is said before anything is looked up
            if found[0] != 404 or found != without_chance(ask(client, method, nowhere), nowhere):
                leaks.append(f"{method} {there}: {found[0]}")

    assert leaks == []


@pytest.mark.parametrize("who", WHO)
def test_ones_own_is_there_for_exactly_those_who_have_the_power(who: str, office: Organisation) -> None:
    own = world.populate(office)
    client, wrong = signed_in(person(who, office)), []
    powers = POWERS[Role(who)] if who in set(Role) else frozenset()

    for route in PORTAL:
        if route.name in access.ANYBODY | access.SIGNED_IN | access.NOT_THERE:
            continue
        url, power = routes.address(route, own), access.of(route.name)
        status, page = ask(client, "get", url)
        if status == 405:
            status, page = ask(client, "post", url)
        may = (power in powers) if power else who in set(Role)
        is_empty = who in (OUTSIDER, OPERATOR) and not route.arguments and not any(name in page for name in world.NAMES)
        if ((status == 404) == may and not is_empty) or status >= 500:
            wrong.append(
                f"{url}: {status} for {who}, who has {'' if may else 'not '}the power {power or 'of a member'}"
            )

    assert wrong == []


def test_who_is_not_signed_in_is_sent_to_the_log_in_wherever_they_knock() -> None:
    there, client = world.populate(build.organisation()), signed_in(None)

    for route in PORTAL:
        if route.name in access.ANYBODY:
            continue
        for objects in (there, None):
            url = routes.address(route, objects) if objects else routes.nowhere(route)
            for method in ("get", "post"):
                status, told = ask(client, method, url)
                assert status == 405 or (status == 302 and told.startswith("/login/?next=")), (
                    f"{method} {url}: {status}"
                )


@pytest.mark.parametrize("who", [Role.ADMINISTRATOR, OUTSIDER, None])
def test_the_console_is_closed_to_all_but_operators(who: str | None, office: Organisation) -> None:
    client = signed_in(person(who, office) if who else None)
    row = {**routes.FIXED, "row": build.user(office, Role.AUDITOR).pk}

    for route in CONSOLE:
        if route.name in OPEN:
            continue
        for url in (routes.address(route, row), routes.nowhere(route)):
            for method in ("get", "post") if who == Role.ADMINISTRATOR else ("get",):
                status, told = ask(client, method, url)
                assert status in (302, 404, 405), f"{method} {url}: {status}"
                assert status != 302 or "/login/" in told, f"{url} leads to {told}"


BODIES = {
    "choose_organisation": {"organisation": "organisation"},
    "campaigns:new": {"mailbox": "sender"},
    "campaigns:edit": {"mailbox": "sender"},
    "campaigns:text_use": {"version": "version", "text": "text"},
    "campaigns:list_of_groups": {"groups": "group"},
    "campaigns:letter": {"letterhead": "letterhead"},
    "campaigns:new_contact": {"groups": "group"},
    "campaigns:desk_link": {"message": "message"},
}


@pytest.mark.parametrize("name", BODIES)
def test_anothers_object_in_a_form_answers_as_one_that_never_was(name: str, office: Organisation) -> None:
    own, other = world.populate(office), build.organisation()
    foreign = {**world.populate(other), "organisation": other.pk}
    client = signed_in(build.user(office, Role.PREPARER))
    route = next(each for each in PORTAL if each.name == name)
    draft = {**own, "campaign": own["drafted"]}
    url, common = routes.address(route, draft), {"name": "Nome", "address": "x@pec.example"}
    theirs = {field: foreign[key] for field, key in BODIES[name].items()}
    nobodys = dict.fromkeys(theirs, NOBODYS)

    answers = [ask(client, "post", url, {**common, **data}) for data in (theirs, nobodys)]

    # the number that was posted may stand in the page again, and be that of something else on it as well
    posted = re.compile(rf"(?<=[\" ])({'|'.join(str(value) for value in theirs.values())})(?=[\" ])")
    pages = [without_chance(answer, url) for answer in answers]
    first, second = ((status, posted.sub(str(NOBODYS), page)) for status, page in pages)
    assert first == second


def test_the_switch_of_organisations_takes_ones_own_alone(office: Organisation) -> None:
    client, foreign = signed_in(build.user(office, Role.PREPARER)), build.organisation()
    url = reverse("choose_organisation")

    assert ask(client, "post", url, {"organisation": office.pk})[0] == 302
    assert ask(client, "post", url, {"organisation": foreign.pk})[0] == 404
