"""Exports are given so often in some minutes, to each person by themselves, and who wants more is written down."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import travel

from pecportal import exports, frequency
from pecportal.journal.models import Entry
from pecportal.permissions import Role
from tests import build

pytestmark = pytest.mark.django_db
URL = "/journal/export.jsonl"


@pytest.fixture
def auditor(client: Client) -> Client:
    client.force_login(build.user(build.organisation(), Role.AUDITOR))
    return client


def test_a_person_gets_so_many_and_then_waits(auditor: Client) -> None:
    assert reverse("journal:export", args=["jsonl"]) == URL
    given = [auditor.get(URL).status_code for _ in range(exports.MOST)]
    refused = auditor.get(URL)

    assert set(given) == {200}
    assert (refused.status_code, refused["Retry-After"]) == (429, str(exports.SECONDS))
    assert "too often" in refused.content.decode()
    assert auditor.get("/journal/").status_code == 200
    assert Entry.objects.filter(action="export.limited").count() == 1
    auditor.get(URL)
    assert Entry.objects.filter(action="export.limited").count() == 1


def test_another_person_is_not_made_to_wait(auditor: Client) -> None:
    for _ in range(exports.MOST + 1):
        auditor.get(URL)
    other = Client()
    other.force_login(build.user(build.organisation(), Role.AUDITOR))

    assert other.get(URL).status_code == 200


@pytest.mark.parametrize("backend", ["locmem.LocMemCache", "db.DatabaseCache"])
def test_a_window_ends_however_often_somebody_knocks(settings: Settings, backend: str) -> None:
    location = "portal_cache" if "db" in backend else "window"
    settings.CACHES = {"default": {"BACKEND": f"django.core.cache.backends.{backend}", "LOCATION": location}}
    with travel(1_800_000_000, tick=False) as clock:
        assert [frequency.is_within("x", most=2, seconds=60) for _ in range(4)] == [True, True, False, False]
        assert frequency.is_within("y", most=2, seconds=60)
        clock.shift(61)
        assert frequency.is_within("x", most=2, seconds=60)
