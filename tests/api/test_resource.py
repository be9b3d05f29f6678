"""Bodies, queries, lists, limits and errors, on resources that only tests have."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from pecportal.api import rates
from pecportal.api.models import Job
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.registers.models import LookUp
from tests import build
from tests.api.build import Caller, caller, program

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.urls")]
PROBLEM = "application/problem+json"


@pytest.fixture
def office() -> Organisation:
    return build.organisation()


def kind(answer: Any) -> str:
    """The slug of a problem; its body says what its status does."""
    assert answer.headers["Content-Type"] == PROBLEM
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["request_id"] == answer.headers["X-Request-Id"]
    assert {"type", "title", "detail"} <= set(told)
    assert Client().get(told["type"].removeprefix(django_settings.PORTAL_URL)).status_code == 200
    return str(told["type"]).rstrip("/").rpartition("/")[2]


# --- bodies


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/number", "required"),
        ({"number": "5"}, "/number", "type"),
        ({"number": True}, "/number", "type"),
        ({"number": 0}, "/number", "min_value"),
        ({"number": 1, "is_superuser": True}, "/is_superuser", "unknown"),
        ({"number": 1, "a/b~c": 1}, "/a~1b~0c", "unknown"),
        ({"number": 1, "at": "2026-03-31T08:00:00"}, "/at", "zone"),
        ({"number": 1, "at": 7}, "/at", "type"),
        ({"number": 1, "lines": [{"text": "a"}, {"text": "a", "is_urgent": "true"}]}, "/lines/1/is_urgent", "type"),
        ({"number": 1, "lines": [{"text": "a" * 11}]}, "/lines/0/text", "max_length"),
        ({"number": 1, "lines": [{"text": 5}]}, "/lines/0/text", "type"),
        ({"number": 1, "words": ["a", 5]}, "/words/1", "type"),
        ([], "", "invalid"),
        ("text", "", "invalid"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(office: Organisation, body: Any, pointer: str, code: str) -> None:
    answer = caller(office).post("/api/test/orders/", body)

    assert answer.status_code == 400
    assert kind(answer) == "invalid"
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"number": 1, "number": 2}', b'{"number": NaN}', b"\xff", b'{"a": "\\ud800"}', b"[" * 4000, b"9" * 4900],
)
def test_what_can_be_read_in_two_ways_is_not_read(office: Organisation, body: bytes) -> None:
    answer = caller(office).post("/api/test/orders/", body)

    assert answer.status_code == 400
    assert kind(answer) == "malformed"


def test_times_with_any_zone_are_understood(office: Organisation) -> None:
    answer = caller(office).post("/api/test/orders/", {"number": 1, "at": "2026-03-31T10:00:00+02:00"})

    assert answer.json()["at"] == "2026-03-31 08:00:00+00:00"


# --- whatever else goes wrong


def test_every_error_is_a_problem(office: Organisation) -> None:
    erp = caller(office)
    post = "/api/test/orders/"
    told = {
        "unsupported-type": erp.client.generic("POST", post, b"x", "text/plain"),
        "too-large": erp.post(post, {"number": "1" * 5000}),
        "method-not-allowed": erp.get(post),
        "not-acceptable": erp.get("/api/v1/", Accept="text/html"),
        "not-found": erp.get("/api/none/"),
        "refused": erp.get("/api/test/faults/refusal/"),
        "internal": erp.get("/api/test/faults/bug/"),
        "not-authenticated": Caller().get("/api/v1/"),
        "key-refused": Caller("ppk_none").get("/api/v1/"),
        "malformed": Client(raise_request_exception=False).get("/api/v1/", headers={"Host": "evil.example"}),
    }

    assert {slug: kind(answer) for slug, answer in told.items()} == {slug: slug for slug in told}
    statuses = {slug: answer.status_code for slug, answer in told.items()}
    assert statuses == {
        "unsupported-type": 415,
        "too-large": 413,
        "method-not-allowed": 405,
        "not-acceptable": 406,
        "not-found": 404,
        "refused": 409,
        "internal": 500,
        "not-authenticated": 401,
        "key-refused": 401,
        "malformed": 400,
    }
    assert told["method-not-allowed"].headers["Allow"] == "POST"
    assert told["refused"].json()["detail"] == "Not on Sundays."
    assert told["refused"].json()["errors"][0]["pointer"] == "/a~1b~0c"
    assert "secret" not in told["internal"].content.decode()
    assert all(answer.headers["Cache-Control"] == "no-store" for answer in told.values())


def test_the_language_is_that_which_is_asked_for(office: Organisation) -> None:
    answers = [caller(office).get("/api/none/", Accept_Language=each) for each in ("it", "en")]

    assert answers[0].headers["Content-Language"] == "it"
    assert answers[1].json()["title"] == "This is not there"


# --- lists


def lines(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [item["id"] for item in answer.json()["items"]]


def jobs(office: Organisation, maker: Any, count: int) -> list[str]:
    """Jobs of which several have the same time; the ids in the list's order."""
    start = timezone.now()
    rows = [
        Job(
            organisation=office,
            created_by=maker,
            kind="look-up",
            target=n,
            created_at=start - timedelta(seconds=n // 3),
        )
        for n in range(count)
    ]
    Job.objects.bulk_create(rows)
    return [str(row.public_id) for row in sorted(rows, key=lambda row: (row.created_at, row.pk), reverse=True)]


def test_pages_have_every_row_once_whatever_comes_meanwhile(office: Organisation) -> None:
    maker, key = program(office)
    wanted, erp = jobs(office, maker, 25), Caller(key)
    found, url = [], "/api/test/jobs/?limit=4"

    cursor = ""
    while True:
        answer = erp.get(url + cursor)
        found += lines(answer)
        if answer.json()["next"] is None:
            break
        cursor = f"&cursor={answer.json()['next']}"
        Job.objects.create(organisation=office, created_by=maker, kind="new", target=len(found))

    assert found == wanted
    assert answer.json()["items"][0]["at"].endswith("Z")


def test_a_cursor_says_nothing_and_goes_with_its_list_alone(office: Organisation) -> None:
    maker, key = program(office)
    jobs(office, maker, 5)
    erp = Caller(key)
    cursor = erp.get("/api/test/jobs/?limit=2").json()["next"]

    assert lines(erp.get(f"/api/test/jobs/?limit=3&cursor={cursor}"))
    other, others_key = program(build.organisation())
    jobs(others_key.row.organisation, other, 5)
    wrong = [
        erp.get(f"/api/test/jobs/?cursor={cursor}&kind=look-up"),
        erp.get(f"/api/test/jobs/?cursor={cursor[:-4]}AAAA"),
        erp.get("/api/test/jobs/?cursor=k1:AAAA"),
        erp.get("/api/test/jobs/?cursor=%C3%A8"),
        Caller(others_key).get(f"/api/test/jobs/?cursor={cursor}"),
    ]
    for answer in wrong:
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "limit=1&limit=2", "offset=3", "fields=id,none"])
def test_a_query_that_is_none_is_told(office: Organisation, query: str) -> None:
    answer = caller(office).get(f"/api/test/jobs/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_list_tells_the_fields_asked_for(office: Organisation) -> None:
    maker, key = program(office)
    jobs(office, maker, 2)

    items = Caller(key).get("/api/test/jobs/?fields=kind").json()["items"]

    assert items == [{"kind": "look-up"}] * 2


def test_a_list_has_what_its_program_made_alone(office: Organisation) -> None:
    maker, _key = program(office)
    jobs(office, maker, 3)

    assert lines(caller(office).get("/api/test/jobs/")) == []


def test_a_page_costs_the_same_queries_however_many_rows(office: Organisation, django_assert_num_queries: Any) -> None:
    maker, key = program(office)
    erp = Caller(key)
    erp.get("/api/test/jobs/")  # the key's use is written down once a minute
    for count in (1, 60):
        Job.objects.all().delete()
        jobs(office, maker, count)
        with django_assert_num_queries(2):  # the key, and the list
            erp.get("/api/test/jobs/")


# --- limits


def test_who_asks_too_often_is_told_when_to_come_back(office: Organisation, settings: Settings) -> None:
    settings.API_REQUESTS_A_MINUTE = 2
    rates.forget()
    erp, other = caller(office), caller(office)

    answers = [erp.get("/api/v1/") for _n in range(5)]

    late = [answer for answer in answers if answer.status_code == 429]
    assert len(late) >= 1  # of five, unless a minute began meanwhile all but two
    assert kind(late[0]) == "too-many-requests"
    assert 1 <= int(late[0].headers["Retry-After"]) <= 61
    assert late[0].headers["RateLimit"].startswith('"minute";r=0;t=')
    assert late[0].headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert other.get("/api/v1/").status_code == 200


def test_without_a_limit_none_is_told(office: Organisation, settings: Settings) -> None:
    settings.API_REQUESTS_A_MINUTE = 0

    assert "RateLimit" not in caller(office).get("/api/v1/").headers


# --- files, once


def upload(erp: Caller, text: bytes, key: str, name: str = "a.pdf") -> Any:
    file = SimpleUploadedFile(name, text)
    headers = {"Idempotency-Key": key} if key else {}
    return erp.client.post("/api/test/uploads/", {"file": file}, headers=headers)


def test_a_file_is_taken_once_and_another_is_another_request(office: Organisation) -> None:
    erp = caller(office)

    first, again = upload(erp, b"abc", "k"), upload(erp, b"abc", "k")

    assert first.json() == again.json() == {"bytes": 3}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert LookUp.objects.count() == 1
    assert upload(erp, b"abd", "k").status_code == 422
    assert upload(erp, b"abc", "k", name="b.pdf").status_code == 422
    answer = upload(erp, b"abc", "")
    assert answer.status_code == 400
    assert kind(answer) == "idempotency-key-missing"
    assert LookUp.objects.count() == 1


# --- who


def test_what_is_for_people_no_program_does(office: Organisation) -> None:
    assert kind(caller(office).get("/api/test/people/")) == "forbidden"
    person = Client()
    person.force_login(build.user(office, Role.APPROVER))
    assert person.get("/api/test/people/").status_code == 200


def test_a_person_needs_the_token_against_forged_requests(office: Organisation) -> None:
    person = Client(enforce_csrf_checks=True)
    person.force_login(build.user(office, Role.PREPARER))

    answer = person.post("/api/test/orders/", b'{"number": 1}', "application/json")

    assert answer.status_code == 403
    assert kind(answer) == "forbidden"


def test_a_key_counts_beside_a_session(office: Organisation) -> None:
    """A browser's cookie adds nothing to a key that is refused."""
    person = Client()
    person.force_login(build.user(office, Role.PREPARER))

    assert person.get("/api/v1/", headers={"Authorization": "Bearer ppk_none"}).status_code == 401
    assert person.get("/api/v1/", headers={"Authorization": "Basic eDp5"}).status_code == 401
