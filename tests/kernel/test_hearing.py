"""What the vendor's APIs answer is counted in memory, written down by keep, and tells no contents."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from pytest_django import Settings

from pecportal import clock, vendor
from pecportal.operation import hearing, tidying
from pecportal.operation.models import VendorCall, VendorSpan
from pecportal.sandbox import Sandbox
from pecportal.upstream.errors import UpstreamError
from pecportal.upstream.massiva import Credentials

pytestmark = pytest.mark.django_db
ACCESS = Credentials("ufficio@prova.example", "una parola d'ordine")


def test_a_good_answer_is_kept_for_its_api_and_for_the_sign_in(vendor: Sandbox) -> None:
    box = vendor
    box.create_mailbox(ACCESS.username, ACCESS.password)
    ask()

    hearing.keep()

    assert {(row.api, row.problem) for row in VendorCall.objects.all()} == {("massiva", ""), ("oauth", "")}
    assert VendorCall.objects.get(api="massiva").good_at is not None
    assert hearing.rate().calls == 2
    assert hearing.rate().percent == 0


def test_a_refused_password_is_a_failure_with_a_sentence_of_ours(vendor: Sandbox) -> None:
    vendor.create_mailbox(ACCESS.username, "another one")

    ask()
    hearing.keep()

    row = VendorCall.objects.get(api="massiva")
    assert row.problem == "401"
    assert "refused a sign-in" in hearing.sentence(row.problem)


def test_an_account_that_is_refused_is_told_of_the_sign_in_alone(vendor: Sandbox, settings: Settings) -> None:
    settings.OPENAPI_API_KEY = "wrong"

    ask()
    hearing.keep()

    assert [(row.api, row.problem) for row in VendorCall.objects.all()] == [("oauth", "sign_in")]


def test_a_vendor_that_is_away_is_told(settings: Settings) -> None:
    settings.OPENAPI_TOKEN = "a-ready-token-0123456789"

    ask()
    hearing.keep()

    row = VendorCall.objects.get()
    assert (row.api, row.problem, row.good_at) == ("massiva", "no_answer", None)
    assert (hearing.rate().calls, hearing.rate().failed) == (1, 1)


def test_counts_add_up_and_are_written_once() -> None:
    for problem in ("", "503", ""):
        hearing.hear(7, "pec", problem)
    hearing.keep()
    hearing.keep()
    hearing.hear(7, "pec", "")
    hearing.keep()

    row = VendorSpan.objects.get()
    assert (row.calls, row.failed) == (4, 1)
    assert hearing.rate(7).percent == 25
    assert hearing.rate(8).calls == 0
    assert "503" in hearing.sentence("503")


def test_what_cannot_be_written_down_is_kept_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    hearing.hear(0, "pec", "503")
    with connection.execute_wrapper(away):
        hearing.keep()
    hearing.hear(0, "pec", "")

    hearing.keep()

    row = VendorCall.objects.get()
    assert row.problem == "503"
    assert row.good_at is not None
    assert VendorSpan.objects.get().calls == 2


def away(execute: object, sql: str, params: object, many: bool, context: dict[str, CursorWrapper]) -> None:
    raise OperationalError("the database is away")


def test_a_page_writes_down_what_was_heard(client: Client) -> None:
    hearing.hear(0, "company", "")

    client.get("/login/")

    assert VendorCall.objects.filter(api="company").exists()


def test_old_counts_are_dropped() -> None:
    old = VendorSpan.objects.create(at=clock.now() - timedelta(days=3), api="pec", calls=1)
    new = VendorSpan.objects.create(at=clock.now() - timedelta(hours=3), api="pec", calls=1)

    tidying.run()

    assert list(VendorSpan.objects.all()) == [new]
    assert old != new


def ask() -> None:
    try:
        vendor.connect().massiva.quota(ACCESS)
    except UpstreamError:
        return
