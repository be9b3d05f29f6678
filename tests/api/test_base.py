"""What all resources have in common: who asks, errors, strictness, the same request twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.programs import keys, register
from pecportal.programs.keys import Terms
from tests import build
from tests.api.build import Caller, caller, program

pytestmark = pytest.mark.django_db
INDEX = "/api/v1/"


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


def test_a_program_learns_who_it_is(office: Organisation) -> None:
    _program, key = program(office, Role.LOOKUPS, name="ERP")

    answer = Caller(key).get(INDEX)

    assert answer.status_code == 200
    told = answer.json()
    assert told["name"] == "ERP"
    assert told["scopes"] == ["lookups"]
    assert told["organisation"]["id"] == str(office.public_id)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"]
    assert answer.headers["RateLimit"].startswith('"minute";r=')


def test_unknown_addresses_answer_as_problems() -> None:
    for path in ("/api/", "/api/v2/", "/api/v1/none/", "/api/v1"):
        answer = Caller().post(path, {})
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].endswith("/api/problems/not-found/")


def test_a_key_ends_when_it_is_revoked_or_too_old_or_its_program_ends(office: Organisation) -> None:
    head = build.user(office, Role.ADMINISTRATOR)
    one, key = program(office)
    assert keys.revoke(key.row, actor=head)
    assert not keys.revoke(key.row, actor=head)
    assert Caller(key).get(INDEX).status_code == 401

    late = register.another_key(office, one, terms=Terms(expires_at=timezone.now() - timedelta(seconds=1)), actor=head)
    assert Caller(late).get(INDEX).status_code == 401

    good = register.another_key(office, one, terms=Terms(), actor=head)
    assert Caller(good).get(INDEX).status_code == 200
    assert register.end(office, one, actor=head)
    assert not register.end(office, one, actor=head)
    answer = Caller(good).get(INDEX)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_unknown_parameters_are_refused_by_name(office: Organisation) -> None:
    answer = caller(office).get(INDEX + "?page=2")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"parameter": "page", "detail": "This is not known here.", "code": "unknown"}]


def test_fields_leaves_the_others_out(office: Organisation) -> None:
    assert set(caller(office).get(INDEX + "?fields=name,scopes").json()) == {"name", "scopes"}
    assert caller(office).get(INDEX + "?fields=password").status_code == 400
