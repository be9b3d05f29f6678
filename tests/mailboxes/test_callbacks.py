"""The vendor calls: a hint and no more, at an address that nobody can guess."""

import json
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from mailboxes import callbacks
from mailboxes.models import Mailbox, StateChange
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
PAYLOAD = {"id": "000000000000000000000000", "stato": "evasa", "casella_pec": "altra@pecmassiva.com"}
FORMS = {
    "form": (urlencode({"data": json.dumps(PAYLOAD)}), "application/x-www-form-urlencoded"),
    "json": (json.dumps(PAYLOAD), "application/json"),
    "nonsense": ("\x00\xff{{{", "text/plain"),
    "nothing": ("", "application/json"),
}


@pytest.fixture
def box(vendor: TroubledSandbox) -> Mailbox:
    """A mailbox that the vendor has as `registrata`, and the portal too."""
    box = kernel.mailbox(vendor=vendor)
    vendor.set_state(box.address, "registrata")
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="registrata")
    return box


def path_of(box: Mailbox) -> str:
    return urlsplit(callbacks.new_address(box)).path


@pytest.mark.parametrize("form", FORMS)
def test_a_call_in_any_form_makes_the_state_be_read_and_nothing_it_says_is_believed(
    client: Client, jobs: Jobs, box: Mailbox, form: str
) -> None:
    body, kind = FORMS[form]

    response = client.post(path_of(box), body.encode("latin-1"), content_type=kind)

    assert response.status_code == 200
    assert jobs.names() == ["mailboxes.tasks.refresh_after_call"]
    jobs.run()
    fresh = build.fresh(box)
    assert (fresh.vendor_state, fresh.address) == ("registrata", box.address)


def test_what_the_vendor_says_when_asked_is_kept_with_the_call_as_its_source(
    client: Client, jobs: Jobs, vendor: TroubledSandbox, box: Mailbox
) -> None:
    vendor.set_state(box.address, "in_evasione")

    client.post(path_of(box), "{}", content_type="application/json")
    jobs.run()

    assert StateChange.objects.get(mailbox=box, state="in_evasione").source == "callback"


def test_an_unknown_address_is_not_there(client: Client, jobs: Jobs, box: Mailbox) -> None:
    path_of(box)

    response = client.post(reverse("mailboxes:callback", args=["x" * 43]), "{}", content_type="application/json")

    assert response.status_code == 404
    assert jobs.names() == []


def test_a_newer_address_takes_the_place_of_the_older(client: Client, box: Mailbox) -> None:
    old, new = path_of(box), path_of(box)

    assert client.post(old, "{}", content_type="application/json").status_code == 404
    assert client.post(new, "{}", content_type="application/json").status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_calls_that_post_are_heard(client: Client, jobs: Jobs, box: Mailbox, method: str) -> None:
    assert getattr(client, method)(path_of(box)).status_code == 405
    assert jobs.names() == []


def test_a_call_of_more_than_64_kib_is_refused(client: Client, jobs: Jobs, box: Mailbox) -> None:
    path = path_of(box)

    assert client.post(path, b"x" * 65_537, content_type="application/json").status_code == 413
    assert client.post(path, b"x" * 65_536, content_type="application/json").status_code == 200
    assert len(jobs.names()) == 1


def test_more_than_thirty_calls_a_minute_are_not_heeded(client: Client, jobs: Jobs, box: Mailbox) -> None:
    path, other = path_of(box), path_of(kernel.mailbox(address="altra@prova.example"))

    statuses = [client.post(path, "{}", content_type="application/json").status_code for _call in range(32)]

    assert statuses == [200] * 30 + [429] * 2
    assert len(jobs.names()) == 30
    assert client.post(other, "{}", content_type="application/json").status_code == 200


def test_it_needs_no_token_against_forged_forms_and_no_log_in(jobs: Jobs, box: Mailbox) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(path_of(box), "{}", content_type="application/json").status_code == 200


def test_the_vendors_own_calls_reach_the_portal(
    vendor: TroubledSandbox, jobs: Jobs, settings: Settings, live_server: LiveServer
) -> None:
    settings.PORTAL_URL = live_server.url
    box = build.registered(jobs)
    jobs.clear()

    vendor.set_state(box.address, "in_evasione")
    vendor.close()  # waits until its calls are made
    jobs.run()

    assert StateChange.objects.get(mailbox=box, state="in_evasione").source == "callback"
