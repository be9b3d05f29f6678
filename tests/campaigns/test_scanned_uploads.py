"""Whatever a clerk uploads is scanned before it is kept, where a scanner is configured: nothing else comes in."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as portal
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from pytest_django import Settings

from campaigns.models import Attachment, Campaign, Intake, Letterhead, ListReading, OwnFile
from campaigns.models.decisions import Choice
from campaigns.preparing import letterheads, unpacking
from campaigns.sending import decisions
from campaigns.states import IntakeState
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests import clamd as scanners
from tests.campaigns import build, doubts
from tests.clamd import MARK, SIGNATURE, Clamd
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db
CSV = "nome;codice;pec\nRossi;001;rossi@pec.example\nBianchi;002;bianchi@pec.example\n"


@pytest.fixture
def clamd(settings: Settings) -> Iterator[Clamd]:
    with scanners.serve() as served:
        settings.CLAMD_URL, settings.CLAMD_SECONDS = served.url, 5.0
        yield served


@pytest.fixture
def draft(clamd: Clamd) -> Campaign:
    return build.ready(csv=CSV)


def kept() -> set[str]:
    return {path.parent.name for path in Path(portal.MEDIA_ROOT).rglob("*") if path.is_file()}


def logo(path: Path) -> Path:
    Image.new("RGB", (40, 40), "blue").save(path, "PNG")
    path.write_bytes(path.read_bytes() + MARK)
    return path


def add_letterhead(draft: Campaign, folder: Path) -> None:
    letterheads.save(
        draft.organisation,
        None,
        name="Comune",
        heading="",
        footer="",
        picture=logo(folder / "file.txt"),
        picture_name="file.txt",
        actor=draft.created_by,
    )


def hand_in_proof(draft: Campaign, folder: Path) -> None:
    attempt = doubts.doubt(build.started(draft.created_by, name="Altri"))
    path = folder / "proof"
    path.write_bytes(b"Received: from x\r\nSubject: y\r\n\r\n" + MARK)
    decisions.decide(
        attempt,
        choice=Choice.SENT,
        reason="Arrivata.",
        seen=doubts.seen(attempt),
        actor=doubts.approver(draft.organisation),
        file=path,
        file_name="file.txt.eml",
    )


DOORS: dict[str, tuple[str, Callable[[Campaign, Path], object]]] = {
    "attachments": ("attachments", lambda draft, folder: build.attach(draft, MARK, name="file.txt")),
    "own files": ("own", lambda draft, folder: build.own_file(draft, MARK, name="file.txt")),
    "lists": ("", lambda draft, folder: build.upload(draft, CSV.encode() + MARK + b";;\n", name="file.txt")),
    "letterheads": ("letterheads", add_letterhead),
    "receipts": ("proofs", hand_in_proof),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_lets_a_virus_in(draft: Campaign, tmp_path: Path, door: str) -> None:
    folder, upload = DOORS[door]
    before = ListReading.objects.count()

    with pytest.raises(Refusal, match=r"There is a virus in “file.txt") as caught:
        upload(draft, tmp_path)

    assert SIGNATURE in str(caught.value)
    assert folder not in kept()
    assert ListReading.objects.count() == before
    entry = Entry.objects.get(action="upload.virus")
    assert (entry.facts["signature"], entry.organisation) == (SIGNATURE, draft.organisation)


@pytest.mark.parametrize("door", DOORS)
def test_no_door_opens_while_the_scanner_is_away(
    draft: Campaign, tmp_path: Path, door: str, settings: Settings
) -> None:
    settings.CLAMD_URL = "tcp://127.0.0.1:9"
    folder, upload = DOORS[door]

    with pytest.raises(Refusal, match="cannot be checked for viruses now"):
        upload(draft, tmp_path)

    assert folder not in kept()


def test_what_is_clean_comes_in(draft: Campaign, clamd: Clamd) -> None:
    build.attach(draft, b"Ciao.", name="nota.txt")
    assert b"Ciao." in clamd.seen
    assert Attachment.objects.get().name == "nota.txt"
    assert not Letterhead.objects.exists()


def test_the_page_names_the_file_once(draft: Campaign, client: Client) -> None:
    client.force_login(draft.created_by)
    url = reverse("campaigns:attachments", args=[draft.pk])

    page = client.post(url, {"upload": [io.BytesIO(MARK)]}).content.decode()
    assert page  # a browser's file without a name is refused by the form
    file = io.BytesIO(MARK)
    file.name = "nota.txt"
    answer = client.post(url, {"upload": file})

    assert answer.status_code == 422
    told = re.findall(r"[^<>]*There is a virus[^<>]*", answer.content.decode())
    assert told
    assert all(sentence.count("nota.txt") == 1 for sentence in told)


# --- archives


def receive(draft: Campaign, folder: Path, files: dict[str, bytes]) -> Intake:
    path = folder / "fatture.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return unpacking.receive(draft, path, name="fatture.zip", actor=draft.created_by)


def test_of_an_archive_the_infected_file_alone_stays_out(draft: Campaign, tmp_path: Path, jobs: Jobs) -> None:
    intake = receive(draft, tmp_path, {"001.txt": b"a", "002.txt": MARK, "003.txt": b"c"})

    jobs.run()

    intake.refresh_from_db()
    assert intake.state == IntakeState.DONE
    assert [name for name, _why in intake.refused] == ["002.txt"]
    assert SIGNATURE in intake.refused[0][1]
    assert set(OwnFile.objects.values_list("name", flat=True)) == {"001.txt", "003.txt"}


def test_an_archive_waits_for_the_scanner_and_goes_on(
    draft: Campaign, tmp_path: Path, jobs: Jobs, settings: Settings, client: Client
) -> None:
    intake = receive(draft, tmp_path, {"001.txt": b"a", "002.txt": b"b"})
    answers, settings.CLAMD_URL = settings.CLAMD_URL, "tcp://127.0.0.1:9"

    jobs.run()

    intake.refresh_from_db()
    assert intake.state == IntakeState.READING
    assert not OwnFile.objects.exists()
    client.force_login(draft.created_by)
    page = client.get(reverse("campaigns:own", args=[draft.pk])).content.decode()
    assert "cannot be checked for viruses now" in page

    settings.CLAMD_URL = answers
    unpacking.resume_lost()  # not yet: it tries in a minute
    assert jobs.run() == 0
    Intake.objects.update(leased_until=timezone.now())
    unpacking.resume_lost()
    jobs.run()

    intake.refresh_from_db()
    assert (intake.state, intake.problem, intake.faults) == (IntakeState.DONE, "", [])
    assert OwnFile.objects.count() == 2
