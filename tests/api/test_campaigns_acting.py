"""Checks, approvals, starts and stops over HTTP: programs are held to the rules that people are held to."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from pytest_django import Settings

from campaigns.models import Campaign, Message, Package, PackageState, Submission
from campaigns.proving import packages
from campaigns.sending import launch
from campaigns.states import CampaignState, MessageState, SubmissionState
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState
from pecportal import clock, exports
from pecportal.organisations.models import FourEyes, Organisation, User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.api.build import Caller, caller
from tests.api.campaigning import attach, checked, drafted, put, ready, start
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
SCOPES = (Role.CAMPAIGNS_READ, Role.CAMPAIGNS_WRITE, Role.CAMPAIGNS_START)


@pytest.fixture
def mailbox(vendor: Sandbox) -> Mailbox:
    office = kernel.organisation()
    allow(1000)
    office.refresh_from_db()
    return kernel.mailbox(office, vendor=vendor)


@pytest.fixture
def erp(mailbox: Mailbox) -> Caller:
    return caller(mailbox.organisation, *SCOPES)


def allow(most: int) -> None:
    """So many recipients a day without an approver; no limit of the installation's stands in the way."""
    Organisation.objects.update(programs_daily_limit=most)


def person(mailbox: Mailbox, *roles: Role, password: str | None = None) -> tuple[User, Caller]:
    user = kernel.user(mailbox.organisation, *(roles or (Role.APPROVER,)), password=password)
    found = Caller()
    found.client = Client(raise_request_exception=False)
    found.client.force_login(user)
    return user, found


def test_a_start_is_done_once_by_its_key(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)

    bare = erp.post(f"{address}start/", {"check": check})
    first, again = (start(erp, address, check, key="one") for _time in range(2))
    other = start(erp, address, check)

    assert (bare.status_code, first.status_code, again.status_code, other.status_code) == (400, 200, 200, 409)
    assert again.headers["Idempotency-Replayed"] == "true"
    jobs.run()
    assert Message.objects.count() == 2


def test_what_was_not_looked_at_is_not_started(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    unseen = start(erp, address, "0" * 64)
    erp.send("PATCH", address, {"subject": "Altro"})
    void = start(erp, address, check)

    assert (unseen.status_code, void.status_code) == (409, 409)
    assert erp.get(f"{address}check/").json()["is_current"] is False
    assert not Message.objects.exists()
    assert start(erp, address, checked(erp, address, jobs)).status_code == 200


def test_nothing_is_started_or_told_before_it_is_checked(mailbox: Mailbox, erp: Caller) -> None:
    address = drafted(erp, mailbox)

    assert erp.get(f"{address}check/").status_code == 409
    assert erp.post(f"{address}check/").status_code == 409  # it has no list yet
    assert start(erp, address, "0" * 64).status_code == 409


def test_where_recipients_are_many_their_number_is_told(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    allow(5000)
    rows = "".join(f"D{n};d{n}@pec.example\n" for n in range(1001))
    address, check = ready(erp, mailbox, jobs, content=f"nome;pec\n{rows}".encode())

    lacking, wrong = start(erp, address, check), start(erp, address, check, count=1000)

    assert [each.json()["errors"][0]["pointer"] for each in (lacking, wrong)] == ["/count", "/count"]
    assert start(erp, address, check, count=1001).status_code == 200


def test_programs_start_so_many_a_day_and_no_more(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    second, its_check = ready(erp, mailbox, jobs)

    allow(1)
    too_few = start(erp, address, check)
    allow(3)
    good, too_many = start(erp, address, check), start(erp, second, its_check)

    assert (too_few.status_code, good.status_code, too_many.status_code) == (409, 200, 409)
    assert "an approver" in too_many.json()["detail"]
    assert Campaign.objects.filter(state=CampaignState.LAUNCHING).count() == 1


def test_a_start_that_was_taken_back_is_not_counted_nor_told(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    allow(2)
    address, check = ready(erp, mailbox, jobs)
    assert start(erp, address, check).json()["started_at"]
    campaign = Campaign.objects.get()
    launch.undo(campaign, actor=campaign.created_by)

    assert erp.get(address).json()["started_at"] is None
    assert start(erp, address, check).status_code == 200
    launch.undo(campaign, actor=campaign.created_by)
    assert erp.post(f"{address}stop/").status_code == 200
    assert erp.get(address).json()["started_at"] is None
    other, its_check = ready(erp, mailbox, jobs)
    assert start(erp, other, its_check).status_code == 200


def test_what_was_approved_is_not_counted_once_it_is_stopped(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    allow(2)
    address, check = ready(erp, mailbox, jobs)
    erp.post(f"{address}submit/", {"check": check})
    person(mailbox)[1].post(f"{address}approve/", {"check": check})
    assert start(erp, address, check).status_code == 200
    launch.freeze(Campaign.objects.get().pk)

    assert erp.post(f"{address}stop/").json()["kept_back"] == 2

    second, its_check = ready(erp, mailbox, jobs)
    assert start(erp, second, its_check).status_code == 200
    assert erp.get(address).json()["approval"]["state"] == "approved"


def test_of_what_was_never_started_a_stop_ends_the_approval(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    erp.post(f"{address}submit/", {"check": check})
    person(mailbox)[1].post(f"{address}approve/", {"check": check})

    assert erp.post(f"{address}stop/").status_code == 200

    assert Submission.objects.get().state == SubmissionState.VOID


def test_attachments_are_read_before_the_transaction_of_a_start(
    mailbox: Mailbox, erp: Caller, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = drafted(erp, mailbox)
    put(erp, address)
    attach(erp, address, file=SimpleUploadedFile("avviso.txt", b"Importo dovuto\n"))
    check = checked(erp, address, jobs)
    read, held = FileSystemStorage._open, list[bool]()  # type: ignore[attr-defined]

    def watched(storage: FileSystemStorage, name: str, mode: str = "rb") -> Any:
        held.append(connection.in_atomic_block)
        return read(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "_open", watched)

    assert start(erp, address, check).status_code == 200
    assert held == [False]


def test_a_start_is_told_again_whatever_speaks_against_one_by_now(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    other, its_check = ready(erp, mailbox, jobs)
    first = start(erp, address, check, key="one")
    Mailbox.objects.update(credentials_state=CredentialsState.REFUSED)

    again, refused = start(erp, address, check, key="one"), start(erp, other, its_check)

    assert (again.status_code, again.json()) == (200, first.json())
    assert (refused.status_code, refused.json()["detail"][:22]) == (409, "The provider refuses t")


def test_what_people_approved_is_not_counted(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    allow(0)
    address, check = ready(erp, mailbox, jobs)
    refused = start(erp, address, check)
    submitted = erp.post(f"{address}submit/", {"check": check})
    early = start(erp, address, check)
    user, head = person(mailbox)
    jobs.run()

    approved = head.post(f"{address}approve/", {"check": check})

    assert (refused.status_code, submitted.status_code, early.status_code) == (409, 200, 409)
    assert submitted.json()["approval"] == {"needed": 0, "state": "open", "given": 0, "reason": ""}
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    jobs.run()
    assert {each for letter in mail.outbox for each in letter.to} == {user.email}  # no program is written to
    assert start(erp, address, check).status_code == 200
    jobs.run()
    assert Message.objects.count() == 2


def test_rules_of_the_organisation_hold_for_programs(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    address, check = ready(erp, mailbox, jobs)

    assert start(erp, address, check).status_code == 409
    erp.post(f"{address}submit/", {"check": check})
    assert erp.post(f"{address}approve/", {"check": check}).status_code == 403
    assert erp.post(f"{address}reject/", {"reason": "No"}).status_code == 403
    assert not Submission.objects.filter(approvals__isnull=False).exists()


def test_a_campaign_is_sent_back_or_taken_back(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    address, check = ready(erp, mailbox, jobs)
    _user, head = person(mailbox)
    erp.post(f"{address}submit/", {"check": check})

    unseen = head.post(f"{address}approve/", {"check": "0" * 64})
    silent = head.post(f"{address}reject/", {"reason": ""})
    rejected = head.post(f"{address}reject/", {"reason": "Importi sbagliati"})

    assert (unseen.status_code, silent.status_code) == (409, 400)
    assert rejected.json()["approval"]["reason"] == "Importi sbagliati"
    assert erp.get(address).json()["state"] == "draft"
    erp.post(f"{address}submit/", {"check": check})
    assert erp.send("DELETE", f"{address}submit/").status_code == 204
    assert head.post(f"{address}approve/", {"check": check}).status_code == 409


def test_nobody_approves_what_they_prepared(mailbox: Mailbox, jobs: Jobs) -> None:
    Organisation.objects.update(four_eyes=FourEyes.ALWAYS)
    _user, head = person(mailbox)
    address, check = ready(head, mailbox, jobs)
    head.post(f"{address}submit/", {"check": check})

    assert head.post(f"{address}approve/", {"check": check}).status_code == 409


def test_people_show_first_who_they_are(mailbox: Mailbox, erp: Caller, jobs: Jobs, settings: Settings) -> None:
    user, head = person(mailbox, Role.APPROVER, Role.PREPARER, password="una parola d'ordine")
    address, check = ready(head, mailbox, jobs)
    settings.STEP_UP_SECONDS = 0

    answers = [
        start(head, address, check),
        head.post(f"{address}resume/"),
        head.post(f"{address}approve/", {"check": check}),
        head.post(f"{address}reject/", {"reason": "No"}),
    ]

    assert {each.status_code for each in answers} == {403}
    assert all(each.json()["type"].endswith("/step-up-needed/") for each in answers)
    assert head.post(f"{address}pause/").status_code == 409  # which does not bind
    assert Campaign.objects.get(created_by=user).is_draft
    mine, its_check = ready(erp, mailbox, jobs)
    assert start(erp, mine, its_check).status_code == 200  # a key is asked for nothing more


def test_a_running_campaign_is_paused_resumed_and_stopped(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    early = erp.post(f"{address}pause/")
    start(erp, address, check)
    launch.freeze(Campaign.objects.get().pk)

    paused, again = (erp.post(f"{address}pause/", Idempotency_Key="p") for _time in range(2))
    resumed = erp.post(f"{address}resume/")
    stopped = erp.post(f"{address}stop/", {"reason": "Lista sbagliata"})

    assert early.status_code == 409
    assert paused.json() == again.json() == {"state": "paused", "on_their_way": 0}
    assert resumed.json()["state"] == "running"
    assert stopped.json() == {"state": "stopped", "on_their_way": 0, "kept_back": 2}
    assert Campaign.objects.get().history.filter(state="stopped", reason="Lista sbagliata").exists()
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.CANCELLED}
    assert erp.post(f"{address}stop/").status_code == 409


@pytest.mark.parametrize("scope", SCOPES)
def test_each_scope_does_its_own_part(mailbox: Mailbox, erp: Caller, scope: Role, jobs: Jobs) -> None:
    one = caller(mailbox.organisation, scope)
    written = one.post("/api/v1/campaigns/", {"name": "Avvisi", "mailbox": mailbox.address})

    assert one.get("/api/v1/campaigns/").status_code == (200 if scope == Role.CAMPAIGNS_READ else 403)
    assert written.status_code == (201 if scope == Role.CAMPAIGNS_WRITE else 403)
    address = drafted(erp, mailbox)
    assert one.post(f"{address}stop/").status_code == (404 if scope == Role.CAMPAIGNS_START else 403)


def going(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> str:
    address, check = ready(erp, mailbox, jobs)
    start(erp, address, check)
    jobs.run()
    return address


def test_evidence_is_gathered_once_and_goes_after_some_days(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address = going(mailbox, erp, jobs)
    first, second = erp.post(f"{address}evidence/"), erp.post(f"{address}evidence/")
    row = Package.objects.get()
    early = erp.get(f"{address}evidence/{row.public_id}/")
    jobs.clear()
    Package.objects.update(alive_at=clock.real_now() - packages.LOST - timedelta(seconds=1))
    packages.sweep()
    jobs.run()
    packages.make(row.pk)

    assert first.json()["id"] == second.json()["id"]
    assert early.status_code == 409
    row.refresh_from_db()
    assert len(erp.get(f"{address}evidence/{row.public_id}/").getvalue()) == row.size
    Package.objects.update(alive_at=clock.real_now() - packages.KEPT - timedelta(seconds=1))
    packages.sweep()
    assert erp.get(f"{address}evidence/{row.public_id}/").status_code == 409
    assert erp.get(first.headers["Location"]).json()["state"] == "failed"


def test_orders_of_evidence_are_limited(
    mailbox: Mailbox, erp: Caller, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = going(mailbox, erp, jobs)
    monkeypatch.setattr(exports, "MOST", 1)

    good, refused = erp.post(f"{address}evidence/"), erp.post(f"{address}evidence/")

    assert (good.status_code, refused.status_code) == (202, 429)
    assert refused.headers["Retry-After"] == "600"
    assert Package.objects.count() == 1


def test_evidence_that_could_not_be_made_is_told_so_and_ordered_again(
    mailbox: Mailbox, erp: Caller, jobs: Jobs
) -> None:
    address = going(mailbox, erp, jobs)
    job = erp.post(f"{address}evidence/").headers["Location"]
    waiting = erp.get(job).json()
    Package.objects.update(state=PackageState.WAITING, tries=packages.MOST_TRIES, alive_at=clock.real_now() - DAY)
    packages.sweep()

    failed = erp.get(job).json()

    assert (waiting["state"], failed["state"], failed["result"]) == ("waiting", "failed", None)
    assert "order another one" in failed["message"]
    row = Package.objects.get()
    assert erp.get(f"{address}evidence/{row.public_id}/").status_code == 409
    assert erp.post(f"{address}evidence/").headers["Location"] != job


def test_reports_are_limited(mailbox: Mailbox, erp: Caller, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    address = going(mailbox, erp, jobs)
    monkeypatch.setattr(exports, "MOST", 1)

    good, refused = erp.get(f"{address}report.csv"), erp.get(f"{address}report.csv")

    assert (good.status_code, refused.status_code) == (200, 429)
    assert refused.headers["Retry-After"] == "600"
    good.close()


def test_messages_are_filtered_and_paged(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address = going(mailbox, erp, jobs)

    def lines(query: str) -> list[Any]:
        return [each["to"] for each in erp.get(f"{address}messages/?{query}").json()["items"]]

    everybody = ["consegnata.1@prova.example", "casella-piena@prova.example"]
    page = erp.get(f"{address}messages/?limit=1").json()
    assert lines(f"limit=1&cursor={page['next']}") == everybody[1:]
    assert lines("status=submitted") == everybody
    assert lines("status=delivered") == []
    assert lines(f"to={everybody[0]}&mailbox={mailbox.public_id}") == everybody[:1]


def test_what_one_program_made_another_does_not_start(mailbox: Mailbox, erp: Caller, jobs: Jobs) -> None:
    address, check = ready(erp, mailbox, jobs)
    other = caller(mailbox.organisation, *SCOPES)

    assert start(other, address, check).status_code == 404
    assert put(other, address).status_code == 404
