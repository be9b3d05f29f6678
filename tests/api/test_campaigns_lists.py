"""Lists and files over HTTP: as CSV, workbook and JSON lines, with their faults; files for all and for one."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.models import Campaign, ListReading, OwnFile, ReadingState
from campaigns.preparing import readings
from mailboxes.models import Mailbox
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.api.build import Caller, caller
from tests.api.campaigning import LIST, attach, checked, drafted, put, start
from tests.campaigns.lists import book
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
JSON_LINES = "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def mailbox(vendor: Sandbox) -> Mailbox:
    return kernel.mailbox(kernel.organisation(), vendor=vendor)


@pytest.fixture
def erp(mailbox: Mailbox) -> Caller:
    return caller(mailbox.organisation, Role.CAMPAIGNS_READ, Role.CAMPAIGNS_WRITE, Role.CAMPAIGNS_START)


@pytest.fixture
def draft(erp: Caller, mailbox: Mailbox) -> str:
    return drafted(erp, mailbox)


def lines(*rows: Any) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def items(erp: Caller, address: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = erp.get(address).json()["items"]
    return found


def test_json_lines_are_a_list(erp: Caller, draft: str) -> None:
    rows = [
        {"pec": "a@pec.example", "nome": "Ditta; «A»", "importo": 12.50},
        {"pec": "b@pec.example", "nome": "B", "note": "uno\ndue", "pagato": True},
    ]

    answer = put(erp, draft, lines(*rows) + b"\n" + lines({"pec": "c", "nome": None}), kind=JSON_LINES)

    assert (answer.status_code, answer.json()["state"]) == (202, "done")
    first, second = items(erp, f"{draft}recipients/")
    assert (first["line"], first["address"]) == (1, "a@pec.example")
    assert first["values"] == {
        "pec": "a@pec.example",
        "nome": "Ditta; «A»",
        "importo": "12.5",
        "note": "",
        "pagato": "",
    }
    assert (second["values"]["note"], second["values"]["pagato"]) == ("uno\ndue", "true")
    [problem] = items(erp, f"{draft}recipients/problems/")
    assert (problem["line"], problem["column"], problem["value"], problem["code"]) == (4, "pec", "c", "address_syntax")


def test_a_workbook_is_a_list(erp: Caller, draft: str, tmp_path: Path) -> None:
    path = book(tmp_path, [["x"], ["y"]], [["nome", "pec"], ["A", "a@pec.example"]])

    answer = put(erp, draft, path.read_bytes(), kind=XLSX, query="?sheet=1&name=clienti")

    assert answer.json()["state"] == "done"
    assert [each["address"] for each in items(erp, f"{draft}recipients/")] == ["a@pec.example"]
    assert Campaign.objects.get().list_name == "clienti.xlsx"


def test_columns_may_be_named(erp: Caller, draft: str) -> None:
    content = b"nome;prima;seconda;cod\nA;a@pec.example;b@pec.example;7\n"

    put(erp, draft, content, query="?address=Seconda&reference=COD&recipient_name=nome")

    campaign = Campaign.objects.get()
    assert campaign.roles == {"address": "seconda", "reference": "cod", "name": "nome"}
    assert [each["address"] for each in items(erp, f"{draft}recipients/?address=b@pec.example")] == ["b@pec.example"]


@pytest.mark.parametrize(
    ("content", "kind", "query", "status", "place"),
    [
        (b"", "text/csv", "", 400, None),
        (b"nome;citta\nA;Roma\n", "text/csv", "", 400, "address"),
        (LIST, "text/csv", "?address=indirizzo", 400, "address"),
        (LIST, "text/csv", "?reference=pratica", 400, "reference"),
        (LIST, "text/csv", "?colour=red", 400, "colour"),
        (LIST, "application/json", "", 415, None),
        (b"PK\x03\x04 no workbook", XLSX, "", 400, ""),
        (b'{"pec": "a@pec.example"}\n{"pec": ["b"]}\n', JSON_LINES, "", 400, ""),
        (b'{"pec": "a@pec.example", "pec": "b@pec.example"}\n', JSON_LINES, "", 400, ""),
    ],
)
def test_a_list_that_cannot_be_used_leaves_the_one_that_was_there(
    erp: Caller, draft: str, content: bytes, kind: str, query: str, status: int, place: str | None
) -> None:
    put(erp, draft)

    answer = put(erp, draft, content, kind=kind, query=query)

    assert answer.status_code == status, answer.content
    told = answer.json().get("errors", [{}])[0]
    assert told.get("pointer", told.get("parameter")) == place
    assert len(items(erp, f"{draft}recipients/")) == 2
    assert set(ListReading.objects.values_list("state", flat=True)) <= {ReadingState.DONE, ReadingState.CANCELLED}


def test_the_line_that_is_no_object_is_named(erp: Caller, draft: str) -> None:
    answer = put(erp, draft, b'{"pec": "a@pec.example"}\n\n[1]\n', kind=JSON_LINES)

    assert "Line 3" in answer.json()["errors"][0]["detail"]


def test_a_long_list_is_read_by_a_job(erp: Caller, draft: str, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "SMALL", 1)

    answer = put(erp, draft)
    before = len(items(erp, f"{draft}recipients/"))
    jobs.run()

    job = erp.get(answer.headers["Location"]).json()
    assert (answer.json()["state"], before) == ("waiting", 0)
    assert (job["state"], job["kind"], job["done"]) == ("done", "list-reading", 2)
    assert len(erp.get(job["result"]).json()["items"]) == 2


def test_faulty_rows_are_left_out_on_demand_alone(erp: Caller, draft: str, jobs: Jobs) -> None:
    put(erp, draft, LIST + b"Ditta Neri;neri\nDitta Rossi;consegnata.1@prova.example\n")
    erp.post(f"{draft}check/")
    jobs.run()
    blocked = erp.get(f"{draft}check/").json()

    found = items(erp, f"{draft}recipients/problems/?is_warning=false")
    refused = erp.send("PATCH", draft, {"leaves_out_faulty": False})
    changed = erp.send("PATCH", draft, {"leaves_out_faulty": True})

    assert (blocked["is_clean"], len(blocked["blocking"])) == (False, 1)
    assert [(each["line"], each["code"], each["first_line"]) for each in found] == [
        (4, "address_syntax", None),
        (5, "duplicate", 2),
    ]
    assert refused.status_code == 400
    assert (changed.json()["recipients"], changed.json()["faulty_rows"]) == (2, 2)
    assert len(checked(erp, draft, jobs)) == 64


def test_problems_are_paged(erp: Caller, draft: str) -> None:
    put(erp, draft, LIST + b"A;a\nB;b\nC;c\n")

    first = erp.get(f"{draft}recipients/problems/?limit=2").json()
    rest = erp.get(f"{draft}recipients/problems/?limit=2&cursor={first['next']}").json()

    assert [each["line"] for each in first["items"] + rest["items"]] == [4, 5, 6]
    assert rest["next"] is None


def test_a_file_attached_again_with_its_key_is_answered_alike(erp: Caller, draft: str) -> None:
    made, again = (attach(erp, draft, key="nota-1", file=SimpleUploadedFile("nota.txt", b"Nota.\n")) for _n in range(2))
    other = attach(erp, draft, key="nota-1", file=SimpleUploadedFile("nota.txt", b"Altra.\n"))

    assert (made.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (made.content, "true")
    assert len(items(erp, f"{draft}attachments/")) == 1


def test_files_for_everybody_are_kept_once_handed_out_and_removed(erp: Caller, draft: str) -> None:
    made, again = (attach(erp, draft, file=SimpleUploadedFile("nota.txt", b"Nota.\n")) for _time in range(2))
    other = attach(erp, draft, file=SimpleUploadedFile("nota.txt", b"Altra.\n"))
    bad = attach(erp, draft, file=SimpleUploadedFile("nota.exe", b"MZ"))

    assert (made.status_code, made.json()["kind"]) == (201, "common")
    assert again.json()["id"] == made.json()["id"]
    assert [each.status_code for each in (other, bad)] == [409, 409]
    assert [each.json()["errors"][0]["pointer"] for each in (other, bad)] == ["/file", "/file"]
    file = erp.get(made.headers["Location"], Accept="text/plain")
    assert (file.getvalue(), file.headers["X-Content-Type-Options"]) == (b"Nota.\n", "nosniff")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert erp.send("DELETE", made.headers["Location"]).status_code == 204
    assert erp.get(made.headers["Location"]).status_code == 404
    assert items(erp, f"{draft}attachments/") == []


def test_each_recipient_may_have_a_file_of_their_own(
    vendor: Sandbox, erp: Caller, draft: str, jobs: Jobs, mailbox: Mailbox
) -> None:
    type(mailbox.organisation).objects.update(programs_daily_limit=10)
    put(erp, draft)
    nobody = attach(erp, draft, file=SimpleUploadedFile("a.txt", b"A\n"), recipient="x@pec.example")
    made = attach(erp, draft, file=SimpleUploadedFile("a.txt", b"A\n"), recipient="consegnata.1@prova.example")
    other = erp.send("PATCH", draft, {"without_own_files": 2})
    waived = erp.send("PATCH", draft, {"without_own_files": 1})

    assert (nobody.status_code, nobody.json()["errors"][0]["pointer"]) == (400, "/recipient")
    assert (made.json()["recipient"], made.json()["recipients_total"]) == ("consegnata.1@prova.example", 1)
    assert (other.status_code, waived.status_code) == (409, 200)
    assert items(erp, f"{draft}attachments/?kind=own") == [made.json()]
    assert items(erp, f"{draft}attachments/?recipient=consegnata.1@prova.example") == [made.json()]
    assert start(erp, draft, checked(erp, draft, jobs)).status_code == 200
    jobs.run()
    sent = {each.recipient: [name for name, _size, _hash in each.attachments] for each in vendor.ledger}
    assert sent == {"consegnata.1@prova.example": ["a.txt"], "casella-piena@prova.example": []}


def test_an_archive_is_given_to_the_rows_that_name_its_files(erp: Caller, draft: str, jobs: Jobs) -> None:
    put(erp, draft, b"pec;file\na@pec.example;f1.txt\nb@pec.example;f2.txt\n")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("f1.txt", "Uno\n")
        file.writestr("f2.txt", "Due\n")
        file.writestr("f3.xyz", "?")

    answer = attach(erp, draft, file=SimpleUploadedFile("tutti.zip", archive.getvalue()), column="File")
    jobs.run()

    assert answer.status_code == 202, answer.content
    assert answer.json()["kind"] == "archive"
    job = erp.get(answer.headers["Location"]).json()
    assert (job["state"], job["done"]) == ("done", 3)
    assert "f3.xyz" in job["message"]
    found = erp.get(job["result"]).json()["items"]
    told = {each["name"]: (each["recipient"], each["recipients_total"]) for each in found}
    assert told == {"f1.txt": ("a@pec.example", 1), "f2.txt": ("b@pec.example", 1)}
    assert OwnFile.objects.count() == 2


@pytest.mark.parametrize("form", [{"column": "Importo"}, {"column": "pec", "recipient": "a@pec.example"}, {}])
def test_a_form_that_says_too_much_or_too_little_is_refused(erp: Caller, draft: str, form: dict[str, str]) -> None:
    put(erp, draft)
    file = {"file": SimpleUploadedFile("a.txt", b"A\n")} if form else {}

    assert attach(erp, draft, **file, **form).status_code in (400, 409)
    assert not OwnFile.objects.exists()
