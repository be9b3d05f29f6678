"""Campaigns over HTTP: made, filled, checked, started; the whole way to the evidence."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from campaigns.models import Campaign, InboxWatch
from campaigns.states import CampaignState
from campaigns.tracking import reading
from mailboxes.models import Mailbox
from pecportal import vendor as vendors
from pecportal.organisations.models import Organisation
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.api.build import Caller, caller
from tests.api.campaigning import CAMPAIGNS, LIST, attach, drafted, put, ready, start
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _english(settings: Settings) -> Iterator[None]:
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def mailbox(vendor: Sandbox) -> Mailbox:
    office = kernel.organisation()
    Organisation.objects.update(programs_daily_limit=1000)
    office.refresh_from_db()
    return kernel.mailbox(office, vendor=vendor)


@pytest.fixture
def erp(mailbox: Mailbox) -> Caller:
    return caller(mailbox.organisation, Role.CAMPAIGNS_READ, Role.CAMPAIGNS_WRITE, Role.CAMPAIGNS_START)


def test_the_whole_way_from_a_list_to_its_evidence(vendor: Sandbox, mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address = drafted(erp, mailbox, reference="ERP-17")
    told = put(erp, address)
    assert (told.status_code, told.json()["state"], told.json()["done"]) == (202, "done", 2)
    assert attach(erp, address, file=SimpleUploadedFile("avviso.txt", b"Importo dovuto\n")).status_code == 201
    checking = erp.post(f"{address}check/")
    jobs.run()
    assert erp.get(checking.headers["Location"]).json()["state"] == "done"
    check = erp.get(f"{address}check/").json()
    assert (check["is_clean"], check["is_current"], check["recipients"]) == (True, True, 2)

    started = start(erp, address, check["sha256"])

    assert (started.status_code, started.json()["state"]) == (200, "launching")
    jobs.run()
    vendor.advance(hours=30)
    InboxWatch.objects.update(read_at=None)
    reading.read(mailbox.pk, client=vendors.connect())
    counts = erp.get(f"{address}counts/").json()
    assert counts["by_status"] == {"delivered": 1, "undelivered": 1}
    assert (counts["total"], counts["sent"], counts["trouble"]) == (2, 2, 1)
    items = erp.get(f"{address}messages/").json()["items"]
    assert [each["status"] for each in items] == ["delivered", "undelivered"]
    assert {sent.attachments[0][0] for sent in vendor.ledger} == {"avviso.txt"}
    report = erp.get(f"{address}report.csv", Accept="text/csv")
    assert "attachment" in report.headers["Content-Disposition"]
    assert "consegnata.1@prova.example;Delivered" in report.getvalue().decode()
    ordered = erp.post(f"{address}evidence/")
    assert ordered.status_code == 202
    jobs.run()
    done = erp.get(ordered.headers["Location"]).json()
    assert (done["state"], done["done"], done["total"]) == ("done", 2, 2)
    _assert_proves(erp.get(done["result"], Accept="application/zip").getvalue(), items)
    [package] = erp.get(f"{address}evidence/").json()["items"]
    assert package["state"] == "made"


def _assert_proves(content: bytes, items: list[dict[str, Any]]) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        hashes = {name: hashlib.sha256(archive.read(name)).hexdigest() for name in manifest["sha256"]}
        messages = [json.loads(line) for line in archive.read("messages.jsonl").splitlines()]
    assert hashes == manifest["sha256"]
    assert [each["id"] for each in messages] == [each["id"] for each in items]
    assert {each["kind"] for each in messages[0]["receipts"]} >= {"acceptance", "delivery"}
    assert messages[0]["files"][0]["name"] == "avviso.txt"
    assert all(
        hashlib.sha256(receipt["raw"].encode()).hexdigest() == receipt["sha256"] for receipt in messages[0]["receipts"]
    )


def test_a_draft_is_made_with_all_its_parts_and_changed(mailbox: Mailbox, erp: Caller) -> None:
    given = {
        "further": [{"name": "Pratica", "value": "17"}],
        "opens": "08:00",
        "closes": "18:00",
        "weekdays": [5, 1],
        "on_holidays": False,
        "wanted_by": (timezone.now() + timedelta(days=9)).isoformat(),
    }
    address = drafted(erp, mailbox, **given)

    found = erp.get(address).json()
    assert (found["opens"], found["weekdays"], found["on_holidays"]) == ("08:00:00", [1, 5], False)
    assert found["further"] == [{"name": "Pratica", "value": "17"}]
    assert found["body"] == "<p>Gentile {{ nome }}</p>"
    changed = erp.send("PATCH", address, {"subject": "Altro", "opens": None, "closes": None})
    assert (changed.status_code, changed.json()["subject"], changed.json()["opens"]) == (200, "Altro", None)
    assert changed.json()["body"] == found["body"]
    assert changed.json()["weekdays"] == [1, 5]


def test_the_same_request_makes_one_draft(mailbox: Mailbox, erp: Caller) -> None:
    told = {"name": "Avvisi", "mailbox": str(mailbox.public_id)}

    first, again = (erp.post(CAMPAIGNS, told, Idempotency_Key="one") for _time in range(2))

    assert first.json()["id"] == again.json()["id"]
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "status", "pointer"),
    [
        ({"name": ""}, 400, "/name"),
        ({"mailbox": "nessuna@pec.example"}, 400, "/mailbox"),
        ({"others": ["nessuna@pec.example"]}, 400, "/others/0"),
        ({"others": ["nessuna@pec.example"] * 51}, 400, "/others"),
        ({"subject": "{{ nome"}, 409, "/subject"),
        ({"weekdays": [8]}, 400, "/weekdays/0"),
        ({"weekdays": []}, 409, "/weekdays"),
        ({"starts_at": "2020-01-01T08:00:00Z"}, 409, "/starts_at"),
        ({"starts_at": "2030-01-01T08:00:00"}, 400, "/starts_at"),
        ({"further": [{"name": "Pratica"}]}, 400, "/further/0/value"),
        ({"state": "running"}, 400, "/state"),
    ],
)
def test_what_is_wrong_is_told_at_its_place_and_nothing_is_made(
    mailbox: Mailbox, erp: Caller, given: dict[str, Any], status: int, pointer: str
) -> None:
    answer = erp.post(
        CAMPAIGNS, {"name": "Avvisi", "mailbox": mailbox.address, "subject": "Avviso", "body": "Testo.", **given}
    )

    assert answer.status_code == status, answer.content
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert not Campaign.objects.exists()


def test_many_mailboxes_are_looked_up_at_once(mailbox: Mailbox, erp: Caller) -> None:
    boxes = [kernel.mailbox(mailbox.organisation, address=f"ufficio{n}@pec.example") for n in range(3)]
    named = [boxes[0].address, str(boxes[1].public_id), f" {boxes[2].address.upper()}"]
    address = drafted(erp, mailbox, others=named)

    def asked(*others: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            answer = erp.send("PATCH", address, {"others": others})
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"/others/{len(others) - 1}"]
        return len(queries)

    found = erp.get(address).json()["others"]
    assert {each["address"] for each in found} == {box.address for box in boxes}
    assert asked(*named, "nessuna@pec.example") == asked("nessuna@pec.example")


def test_campaigns_are_filtered_and_paged(mailbox: Mailbox, erp: Caller) -> None:
    for number in range(3):
        drafted(erp, mailbox, name=f"Avvisi {number}", reference=f"r{number % 2}")

    def names(query: str) -> list[str]:
        return [each["name"] for each in erp.get(f"{CAMPAIGNS}?{query}").json()["items"]]

    assert names("reference=r0") == ["Avvisi 2", "Avvisi 0"]
    assert names(f"state=draft&mailbox={mailbox.public_id}&limit=1") == ["Avvisi 2"]
    assert names("state=running") == []
    assert names(f"until={(timezone.now() - timedelta(days=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}") == []
    assert erp.get(f"{CAMPAIGNS}?colour=red").status_code == 400


def test_a_campaign_that_was_started_is_changed_no_more(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    start(erp, address, check)

    answers = [
        erp.send("PATCH", address, {"subject": "Altro"}),
        put(erp, address),
        attach(erp, address, file=SimpleUploadedFile("nota.txt", b"Nota.\n")),
        erp.post(f"{address}check/"),
        erp.send("DELETE", f"{address}submit/"),
    ]

    assert [each.status_code for each in answers] == [409] * 5
    assert Campaign.objects.get().state == CampaignState.LAUNCHING


def test_counts_and_forecast_of_a_draft(mailbox: Mailbox, erp: Caller) -> None:
    address = drafted(erp, mailbox)
    empty = erp.get(f"{address}forecast/").json()
    put(erp, address, LIST)

    told = erp.get(f"{address}forecast/").json()

    assert (empty["ends_at"], empty["days"]) == (None, [])
    assert sum(each["messages"] for each in told["days"]) == 2
    assert erp.get(f"{address}counts/").json()["total"] == 0
    assert erp.post(f"{address}evidence/").status_code == 409
