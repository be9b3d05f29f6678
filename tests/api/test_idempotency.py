"""The same request twice: carried out once, whoever repeats it and when."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from pecportal.api import idempotency
from pecportal.api.models import Job, KeptAnswer
from pecportal.organisations.models import Organisation
from pecportal.registers.models import LookUp
from tests import build
from tests.api.build import Caller, caller, program
from tests.jobs import Jobs

CODE, OTHER = "/api/v1/lookups/company/12485671007/", "/api/v1/lookups/company/01499590550/"


@pytest.fixture
def office(db: None) -> Organisation:
    return build.organisation()


def test_the_same_request_gets_the_same_answer_and_does_nothing(office: Organisation) -> None:
    erp = caller(office)

    first, second = (erp.post(CODE, Idempotency_Key="ordine-1") for _n in range(2))

    assert first.status_code == second.status_code == 202
    assert first.content == second.content
    assert first.headers["Location"] == second.headers["Location"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert LookUp.objects.count() == Job.objects.count() == 1


def test_the_same_key_for_something_else_is_refused(office: Organisation) -> None:
    erp = caller(office)
    erp.post(CODE, Idempotency_Key="ordine-1")

    for answer in (erp.post(OTHER, Idempotency_Key="ordine-1"), erp.post(CODE, {"a": 1}, Idempotency_Key="ordine-1")):
        assert answer.status_code == 422
        assert answer.json()["type"].endswith("/idempotency-key-reused/")
    assert LookUp.objects.count() == 1


def test_keys_of_two_programs_have_nothing_to_do_with_one_another(office: Organisation) -> None:
    for _n in range(2):
        assert "Idempotency-Replayed" not in caller(office).post(CODE, Idempotency_Key="ordine-1").headers


def test_what_failed_is_not_kept(office: Organisation) -> None:
    erp = caller(office)

    assert erp.post("/api/v1/lookups/company/nessuno/", Idempotency_Key="ordine-1").status_code == 400
    assert erp.post(CODE, Idempotency_Key="ordine-1").status_code == 202


def test_a_key_that_is_too_old_is_a_new_one(office: Organisation) -> None:
    erp = caller(office)
    erp.post(CODE, Idempotency_Key="ordine-1")
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=31))

    assert "Idempotency-Replayed" not in erp.post(CODE, Idempotency_Key="ordine-1").headers
    KeptAnswer.objects.update(at=timezone.now() - timedelta(days=31))
    assert idempotency.forget_old() == 1
    assert idempotency.forget_old() == 0


@pytest.mark.parametrize("key", ["a" * 256, "è"])
def test_a_key_that_is_none_is_told_with_its_header(office: Organisation, key: str) -> None:
    answer = caller(office).post(CODE, Idempotency_Key=key)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["header"] == "Idempotency-Key"


def test_the_same_requests_at_once_make_one(jobs: Jobs) -> None:
    rounds, at_once = (12, 6) if connection.vendor == "postgresql" else (2, 3)
    office = build.organisation()
    key = program(office)[1]

    for number in range(rounds):
        told = ask_at_once(key, f"ordine-{number}", at_once)
        good = [answer for answer in told if answer.status_code == 202]
        assert len(good) >= 1
        assert sum("Idempotency-Replayed" not in answer.headers for answer in good) == 1
        assert {answer.status_code for answer in told} <= {202, 409}
        assert len({answer.content for answer in good}) == 1

    assert LookUp.objects.count() == KeptAnswer.objects.count() == rounds


def ask_at_once(key: Any, name: str, times: int) -> list[Any]:
    start, told = threading.Barrier(times), []

    def ask() -> None:
        start.wait()
        try:
            told.append(Caller(key).post(CODE, Idempotency_Key=name))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _n in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == times
    return told


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time: who comes later waits")
def test_one_that_is_still_being_carried_out_is_told(jobs: Jobs) -> None:
    office = build.organisation()
    one, key = program(office)
    began, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                assert idempotency._locked(one.pk, ["ordine-1"])
                began.set()
                go_on.wait(30)
        finally:
            connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    began.wait(30)
    answer = Caller(key).post(CODE, Idempotency_Key="ordine-1")
    go_on.set()
    thread.join()

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/in-progress/")
    assert answer.headers["Retry-After"] == "1"
    assert Caller(key).post(CODE, Idempotency_Key="ordine-1").status_code == 202
