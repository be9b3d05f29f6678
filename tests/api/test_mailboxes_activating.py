"""A registered mailbox made usable over HTTP: its form, its documents, its user name and password."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from mailboxes import credentials
from mailboxes.models import HandIn, Mailbox, Paper
from mailboxes.models.papers import PaperKind
from mailboxes.states import CredentialsState
from pecportal.journal.models import Entry
from pecportal.organisations.models import User
from pecportal.permissions import Role
from tests import build as kernel
from tests.api.build import Caller, program
from tests.jobs import Jobs
from tests.mailboxes import build, signing
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS, PASSWORD = kernel.ADDRESS, kernel.PASSWORD


@pytest.fixture
def box(troubled: TroubledSandbox, jobs: Jobs) -> Mailbox:
    """A registered mailbox that waits for its documents."""
    return build.registered(jobs)


@pytest.fixture
def robot(box: Mailbox) -> tuple[User, Caller]:
    """A program of its organisation, and how it asks."""
    who, key = program(box.organisation, Role.MAILBOXES_READ, Role.MAILBOXES_WRITE)
    return who, Caller(key)


@pytest.fixture
def erp(robot: tuple[User, Caller]) -> Caller:
    return robot[1]


def url(box: Mailbox, name: str = "") -> str:
    return f"/api/v1/mailboxes/{box.public_id}/{name}"


def give(erp: Caller, box: Mailbox, *, form: Any = None, identity: Any = None, key: str = "", **others: str) -> Any:
    """Upload papers, each as bytes or several as a list of them."""
    told: dict[str, Any] = dict(others)
    for field, given in (("signed_form", form), ("identity", identity)):
        files = given if isinstance(given, list) else [given] if given is not None else []
        if files:
            told[field] = [SimpleUploadedFile(f"{field}-{n}", each) for n, each in enumerate(files)]
    return erp.client.post(url(box, "documents/"), told, headers={"Idempotency-Key": key} if key else {})


def error(answer: Any) -> dict[str, str]:
    [found] = answer.json()["errors"]
    return dict(found)


# --- the form


def test_the_form_is_a_pdf_to_keep(box: Mailbox, erp: Caller) -> None:
    for headers in ({}, {"Accept": "application/pdf"}, {"Accept": "application/json"}):
        answer = erp.get(url(box, "activation-form/"), **headers)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
        assert answer.content.startswith(b"%PDF")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_form_that_is_not_to_be_had_is_told_as_a_problem(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, erp: Caller
) -> None:
    early = build.draft(box.created_by, address="altro@pecmassiva.com")
    answer = erp.get(url(early, "activation-form/"), Accept="application/pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert "not registered" in json.loads(answer.content)["detail"]

    Paper.objects.all().delete()
    troubled.lose("GET", taken=False)
    answer = erp.get(url(box, "activation-form/"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    troubled.refuse("GET", "/pec", 404, "Casella non trovata")
    assert erp.get(url(box, "activation-form/")).status_code == 409
    assert erp.get(url(box, "activation-form/")).status_code == 200


# --- the documents


def test_documents_are_examined_kept_and_handed_in(
    troubled: TroubledSandbox, jobs: Jobs, box: Mailbox, robot: tuple[User, Caller]
) -> None:
    who, erp = robot
    kept = give(erp, box, form=build.pdf())
    assert kept.status_code == 200
    told = kept.json()
    assert (told["are_wanted"], told["identity"], told["hand_ins"]) == (True, None, [])
    assert (told["signed_form"]["pages"], told["signed_form"]["signatures"]) == (1, [])
    assert told["signed_form"]["remarks"]

    done = give(erp, box, identity=[build.picture(), build.picture()], hand_in="true")

    assert done.status_code == 200
    assert [each["state"] for each in done.json()["hand_ins"]] == ["waiting"]
    assert Paper.objects.get(kind=PaperKind.IDENTITY).by == who
    jobs.run()
    found = erp.get(url(box, "documents/")).json()
    assert (found["are_wanted"], found["hand_ins"][0]["state"]) == (False, "taken")
    assert erp.get(url(box)).json()["state"] == "in_review"
    assert HandIn.objects.get().by == who


def test_a_repeated_hand_in_is_refused_and_hands_in_nothing(box: Mailbox, erp: Caller) -> None:
    papers: dict[str, Any] = {"form": build.pdf(), "identity": build.picture()}
    assert give(erp, box, **papers, hand_in="true").status_code == 200

    again = give(erp, box, **papers, hand_in="true")

    assert again.status_code == 409
    assert "No documents are wanted" in again.json()["detail"]
    assert HandIn.objects.count() == 1


def test_a_hand_in_repeated_with_its_key_is_answered_alike(box: Mailbox, erp: Caller) -> None:
    papers: dict[str, Any] = {"form": build.pdf(), "identity": build.picture(), "hand_in": "true", "key": "modulo-7"}
    first, again = give(erp, box, **papers), give(erp, box, **papers)

    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, again.headers["Idempotency-Replayed"]) == (first.content, "true")
    assert give(erp, box, form=build.pdf(), key="modulo-7").status_code == 422
    assert HandIn.objects.count() == 1


@pytest.mark.parametrize(
    ("papers", "status", "pointer"),
    [
        ({"identity": b"MZ\x90\x00 a program"}, 409, "/identity"),
        ({"form": b"%PDF-1.7 broken"}, 409, "/signed_form"),
        ({"form": [build.pdf()] * 21}, 400, "/signed_form"),
        ({"identity": b"x" * (10 * 2**20 + 1)}, 400, "/identity"),
        ({"identity": b""}, 400, "/identity/0"),
        ({}, 400, ""),
        ({"colour": "red"}, 400, "/colour"),
    ],
)
def test_a_paper_that_cannot_be_taken_is_told_at_its_place(
    box: Mailbox, erp: Caller, papers: dict[str, Any], status: int, pointer: str
) -> None:
    answer = give(erp, box, **papers)

    assert (answer.status_code, error(answer)["pointer"]) == (status, pointer)
    assert not Paper.objects.exclude(kind=PaperKind.FORM).exists()


def test_what_is_missing_is_told_and_what_came_is_kept(box: Mailbox, erp: Caller) -> None:
    answer = give(erp, box, form=build.pdf(), hand_in="true")

    assert (answer.status_code, error(answer)["pointer"]) == (409, "/identity")
    assert erp.get(url(box, "documents/")).json()["signed_form"]["pages"] == 1


def test_that_a_signature_is_lost_has_to_be_known(box: Mailbox, erp: Caller) -> None:
    papers: dict[str, Any] = {"form": signing.pades(build.pdf(), signing.person()), "identity": build.picture()}

    told = give(erp, box, **papers, hand_in="true")
    assert (told.status_code, error(told)["pointer"]) == (409, "/knows_loss")
    kept = erp.get(url(box, "documents/")).json()
    assert kept["loses_signature"] is True
    assert kept["signed_form"]["signatures"][0]["title"].startswith("Digital signature")
    assert give(erp, box, hand_in="true", knows_loss="true").status_code == 200


def test_documents_come_as_a_form_and_in_no_larger_request(box: Mailbox, erp: Caller) -> None:
    assert erp.post(url(box, "documents/"), {"hand_in": True}).status_code == 415
    assert give(erp, box, form=b"x" * (22 * 2**20)).status_code == 413


# --- user name and password


@pytest.fixture
def active(troubled: TroubledSandbox, box: Mailbox) -> Mailbox:
    """An active mailbox whose password was never entered."""
    found = kernel.mailbox(box.organisation, vendor=troubled, password="vecchia")
    troubled.create_mailbox("altra@prova.example", PASSWORD)
    Mailbox.objects.filter(pk=found.pk).update(credentials_state=CredentialsState.MISSING, password_sealed="")
    return build.fresh(found)


def enter(erp: Caller, box: Mailbox, password: str = PASSWORD, username: str = "altra@prova.example") -> Any:
    return erp.send("PUT", url(box, "credentials/"), {"username": username, "password": password})


def test_a_password_is_tried_out_and_never_told(active: Mailbox, erp: Caller) -> None:
    assert erp.get(url(active)).json()["next"]["act"] == "credentials"

    for _again in range(2):
        answer = enter(erp, active)
        assert (answer.status_code, answer.json()) == (200, {"state": "good"})

    told = erp.get(url(active))
    assert (told.json()["credentials"], told.json()["cannot_send_because"]) == ("good", "")
    for each in (answer, told, erp.get(url(active, "timeline/"))):
        assert PASSWORD.encode() not in each.content
    assert credentials.of(build.fresh(active)).password == PASSWORD
    assert PASSWORD not in str([each.facts for each in Entry.objects.all()])
    assert erp.get(url(active, "credentials/")).status_code == 405


def test_a_password_that_the_provider_refuses_is_told_at_its_place(active: Mailbox, erp: Caller) -> None:
    answer = enter(erp, active, "sbagliata")

    assert (answer.status_code, error(answer)["pointer"]) == (409, "/password")
    assert "sbagliata" not in answer.content.decode()
    assert erp.get(url(active)).json()["credentials"] == "refused"


def test_without_an_answer_they_are_kept_untested(troubled: TroubledSandbox, active: Mailbox, erp: Caller) -> None:
    troubled.lose("GET", "/", taken=False)

    assert enter(erp, active).json() == {"state": "untested"}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"username": "a"}, "/password"),
        ({"username": "a", "password": ""}, "/password"),
        ({"username": "a", "password": 12345678}, "/password"),
        ({"username": "a" * 255, "password": "b"}, "/username"),
        ({"username": "a", "password": "b", "shown": True}, "/shown"),
    ],
)
def test_credentials_that_are_none_are_told(active: Mailbox, erp: Caller, body: dict[str, Any], pointer: str) -> None:
    answer = erp.send("PUT", url(active, "credentials/"), body)

    assert (answer.status_code, error(answer)["pointer"]) == (400, pointer)


def test_before_it_is_active_there_are_none(box: Mailbox, erp: Caller) -> None:
    assert enter(erp, box).status_code == 409


def test_a_person_shows_first_that_it_is_they(active: Mailbox, settings: Any) -> None:
    settings.STEP_UP_SECONDS = 0
    person = Caller()
    person.client = Client()
    person.client.force_login(kernel.user(active.organisation, Role.KEEPER, password=PASSWORD))

    assert enter(person, active).json()["type"].endswith("/step-up-needed/")
