"""The log names requests, jobs and messages, and neither addresses nor credentials nor contents."""

import json
import logging
import sys
from collections.abc import Callable

import pytest
from django.db import IntegrityError
from django.test import Client, RequestFactory
from pytest_django import Settings

from pecportal import logs
from pecportal.operation.models import Pulse
from pecportal.upstream.errors import OutcomeUnknown
from pecportal.worker import Watch

CANARY = "canarino"


def record(message: str, *args: object, exc: BaseException | None = None) -> logging.LogRecord:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    return logging.LogRecord("campaigns.x", logging.ERROR, __file__, 1, message, args, info)


def as_json(entry: logging.LogRecord) -> dict[str, object]:
    line = logs.Json().format(entry)
    assert "\n" not in line
    return dict(json.loads(line))


def test_an_address_is_always_the_same_word_and_nobody_elses(settings: Settings) -> None:
    first, second = (as_json(record("To %s", f"{who}@prova.example"))["message"] for who in ("ANNA", "anna"))
    assert first == second
    assert "anna" not in str(first).lower()
    assert logs.hashed("anna@prova.example") != logs.hashed("anno@prova.example")

    settings.SECRET_KEY = "another"
    assert as_json(record("To %s", "anna@prova.example"))["message"] != first


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"password={CANARY}",
        f'{{"password": "{CANARY}"}}',
        f"token: '{CANARY}'",
        f"GET /mailboxes/callback/{CANARY * 4}_x9{CANARY}/ 404",
        f"cookie=sessionid={CANARY}",
        f"to {CANARY}%40prova.example",
        f"to <{CANARY}.rossi@sotto.prova.example>",
    ],
)
@pytest.mark.parametrize("form", [logs.Line, logs.Json])
def test_credentials_and_addresses_are_masked(form: Callable[[], logging.Formatter], text: str) -> None:
    assert CANARY not in form().format(record("%s", text))


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b", "\x1b[2K\x1b[1A", "\x00", "\u202e"])
@pytest.mark.parametrize("form", [logs.Line, logs.Json])
def test_what_somebody_typed_makes_no_line_of_its_own(form: Callable[[], logging.Formatter], end: str) -> None:
    forged = f"x{end}2026-01-01 INFO pecportal All is well"

    for entry in (record("Refused: %s", forged), record("x", exc=raised(OSError(5, forged)))):
        line = form().format(entry)
        assert all(sign.isprintable() or sign == "\n" for sign in line)
        assert not any(each.startswith("2026-01-01") for each in line.splitlines())
    assert len(form().format(record("Refused: %s", forged)).splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["The letter about alert 12 could not be sent: TimeoutError", "Campaign 7 of lane sending:host:123"]
)
def test_ordinary_words_stay(text: str) -> None:
    assert as_json(record(text))["message"] == text


def raised(exc: Exception) -> BaseException:
    try:
        try:
            raise ValueError(f"cause {CANARY}")
        except ValueError as cause:
            raise exc from cause
    except Exception:
        found = sys.exc_info()[1]
        assert found is not None
        return found


@pytest.mark.parametrize(
    "exc",
    [
        ValueError(f"could not convert '{CANARY}'"),
        KeyError(CANARY),
        IntegrityError(f"duplicate key\nDETAIL: Key (email)=({CANARY}) already exists."),
        FileNotFoundError(2, "No such file", f"/{CANARY}.pdf"),
        OutcomeUnknown(f"the vendor said {CANARY}", call="massiva POST /send", status=502),
    ],
)
@pytest.mark.parametrize("form", [logs.Line, logs.Json])
def test_an_exception_is_its_type_and_place_not_its_values(
    form: Callable[[], logging.Formatter], exc: Exception
) -> None:
    line = form().format(record("It broke", exc=raised(exc)))

    assert CANARY not in line
    assert type(exc).__name__ in line
    assert "ValueError" in line
    assert "test_logs.py" in line


def test_what_is_being_worked_on_is_named_in_every_line() -> None:
    with logs.about(request_id="r1"), logs.about(message_id=7):
        assert {"request_id": "r1", "message_id": "7"}.items() <= as_json(record("x")).items()
    assert "request_id" not in as_json(record("x"))


def test_a_request_has_an_id_which_its_answer_tells(client: Client) -> None:
    first, second = (client.get("/login/") for _time in range(2))
    assert first[logs.HEADER] != second[logs.HEADER]
    assert client.get("/login/", headers={logs.HEADER: "a" * 32})[logs.HEADER] == "a" * 32
    assert client.get("/login/", headers={logs.HEADER: "anna@prova.example"})[logs.HEADER] != "anna@prova.example"


def test_a_request_is_named_while_it_is_answered() -> None:
    seen: list[dict[str, str]] = []

    def answer(request: object) -> dict[str, str]:
        seen.append(logs.ids())
        return _Answer()

    logs.RequestIds(answer)(RequestFactory().get("/"))  # type: ignore[arg-type]

    assert set(seen[0]) == {"request_id"}
    assert logs.ids() == {}


class _Answer(dict[str, str]):
    @property
    def headers(self) -> "_Answer":
        return self


@pytest.mark.django_db
def test_a_job_is_named_while_it_runs_and_what_is_kept_of_a_broken_one_names_nobody() -> None:
    watch = Watch.__new__(Watch)
    watch._mark, watch._is_busy = "rest:host:1", False
    task = {"id": "abc", "func": "campaigns.tasks.pump", "result": f"anna@prova.example : password={CANARY}"}

    watch.begin(task=task)
    assert as_json(record("x"))["job_id"] == "abc"
    assert Pulse.objects.filter(name="rest:host:1").exists()
    watch.end(task=task)

    assert "job_id" not in as_json(record("x"))
    assert CANARY not in task["result"]
    assert "anna" not in task["result"]
