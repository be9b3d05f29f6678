"""Files that one recipient alone gets: whose they are, what is said of those without a row, and what is sent."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as portal
from pypdf import PdfWriter

from campaigns import auditing, enclosures, readiness
from campaigns.failures import Cause
from campaigns.models import Campaign, Intake, Message, MessageContent, OwnFile, OwnLink
from campaigns.preparing import following, own, unpacking
from campaigns.sending import launch, pump
from campaigns.states import CampaignState, IntakeState
from mailboxes import credentials
from pecportal import queue, stored
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.sandbox import Sandbox
from tests.campaigns import build
from tests.jobs import Jobs
from tests.worlds import PASSWORD

pytestmark = pytest.mark.django_db
CSV = "nome;codice;pec\nRossi;001;rossi@pec.example\nBianchi;002;bianchi@pec.example\nVerdi;003;verdi@pec.example\n"


@pytest.fixture
def draft() -> Campaign:
    return build.ready(csv=CSV)


def add(campaign: Campaign, name: str, content: bytes = b"") -> OwnFile:
    return build.own_file(campaign, content or name.encode(), name=name)


def owners(campaign: Campaign) -> dict[int, list[str]]:
    lines = [row.line for row in campaign.recipients.all()]
    return {line: [file.name for file in given] for line, given in enclosures.own(campaign.pk, lines).items()}


def codes(campaign: Campaign) -> set[str]:
    return {finding.code for finding in readiness.check(campaign) if finding.blocks}


def packed(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture
def receive(tmp_path: Path) -> Callable[[Campaign, bytes], Intake]:
    def work(campaign: Campaign, content: bytes) -> Intake:
        path = tmp_path / "fatture.zip"
        path.write_bytes(content)
        return unpacking.receive(campaign, path, name="fatture.zip", actor=campaign.created_by)

    return work


# --- whose a file is


def test_files_find_their_rows_by_the_column_that_names_them(draft: Campaign) -> None:
    for name in ("001.txt", "003.txt", "002.txt"):
        add(draft, name)

    own.match(draft)

    assert owners(draft) == {2: ["001.txt"], 3: ["002.txt"], 4: ["003.txt"]}
    assert Campaign.objects.get().own_column == "codice"
    assert not codes(draft)


def test_the_start_waits_until_each_row_and_each_file_is_looked_after(draft: Campaign) -> None:
    add(draft, "001.txt")
    loose = add(draft, "9.txt")
    own.match(draft, column="codice")
    assert codes(draft) == {"loose_files", "rows_without"}
    with pytest.raises(Refusal, match="belongs to no row"):
        launch.launch(draft, actor=draft.created_by, seen="")

    own.leave_out(draft, [loose.pk], actor=draft.created_by)
    own.go_without(draft, [3], actor=draft.created_by)
    assert codes(draft) == {"rows_without"}
    own.go_without(draft, [3, 4], actor=draft.created_by)

    assert not codes(draft)
    said = Entry.objects.filter(action="campaign.go_without_own_files")
    assert [entry.facts["lines"] for entry in said.order_by("pk")] == [[3], [4]]


def test_a_file_is_placed_by_hand_and_stays_there(draft: Campaign) -> None:
    file = add(draft, "fattura di rossi.txt")
    own.place(draft, file.pk, line=2, actor=draft.created_by)
    own.place(draft, file.pk, line=2, actor=draft.created_by)

    own.match(draft, column="codice")

    assert owners(draft) == {2: ["fattura di rossi.txt"]}
    with pytest.raises(Refusal, match="no recipient in line 9"):
        own.place(draft, file.pk, line=9, actor=draft.created_by)


def test_a_file_for_a_row_that_is_not_there_is_not_kept(draft: Campaign, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(b"Fattura.\n")

    def give(line: int) -> OwnFile:
        return own.add(draft, path, name="fattura.txt", line=line, actor=draft.created_by)

    with pytest.raises(Refusal, match="no recipient in line 9"):
        give(9)
    assert not OwnFile.objects.exists()
    assert not list(Path(portal.MEDIA_ROOT, "own").glob("*"))

    assert give(2) == give(2)
    assert owners(draft) == {2: ["fattura.txt"]}
    with pytest.raises(Refusal, match="no recipient in line 9"):
        give(9)
    assert owners(draft) == {2: ["fattura.txt"]}
    assert len(list(Path(portal.MEDIA_ROOT, "own").glob("*"))) == 1


def test_a_file_that_fits_two_rows_roughly_tells_which(draft: Campaign) -> None:
    build.upload(draft, "nome;pec\nDe Rossi;a@pec.example\nde-rossi;b@pec.example\n")
    file = add(draft, "DEROSSI.txt")

    own.match(draft, column="nome")

    file.refresh_from_db()
    assert (file.candidates, owners(draft)) == ([2, 3], {})
    assert codes(draft) >= {"loose_files", "rows_without"}


def test_another_list_begins_anew(draft: Campaign) -> None:
    file = add(draft, "001.txt")
    own.match(draft)
    own.go_without(draft, [3, 4], actor=draft.created_by)

    build.upload(draft, "nome;codice;pec\nNeri;007;neri@pec.example\nRossi;001;rossi@pec.example\n")

    assert owners(draft) == {3: [file.name]}
    assert not draft.own_waivers.exists()


def test_a_file_of_the_same_name_is_refused_unless_it_is_the_same(draft: Campaign) -> None:
    first = add(draft, "001.txt", b"uno")

    assert add(draft, "001.TXT", b"uno") == first
    with pytest.raises(Refusal, match="another file of this name"):
        add(draft, "001.txt", b"due")
    assert OwnFile.objects.count() == 1


def test_removing_files_erases_them_and_again_does_nothing(draft: Campaign, jobs: Jobs) -> None:
    file = add(draft, "001.txt")
    own.match(draft)

    assert own.remove(draft, [file.pk], actor=draft.created_by) == 1
    assert own.remove(draft, [file.pk], actor=draft.created_by) == 0
    assert not OwnLink.objects.exists()
    jobs.run()
    with pytest.raises(FileNotFoundError):
        stored.local(file.stored_as, sha256=file.sha256)


@pytest.mark.parametrize("deed", ["remove", "leave_out", "go_without", "match", "place", "add"])
def test_nothing_is_changed_once_it_is_no_draft(draft: Campaign, deed: str) -> None:
    file = add(draft, "001.txt")
    own.match(draft)
    Campaign.objects.update(state=CampaignState.RUNNING)
    actor = draft.created_by
    deeds: dict[str, Callable[[], object]] = {
        "remove": lambda: own.remove(draft, [file.pk], actor=actor),
        "leave_out": lambda: own.leave_out(draft, [file.pk], actor=actor),
        "go_without": lambda: own.go_without(draft, [3], actor=actor),
        "match": lambda: own.match(draft, column="codice"),
        "place": lambda: own.place(draft, file.pk, line=3, actor=actor),
        "add": lambda: add(draft, "002.txt"),
    }

    with pytest.raises(Refusal, match="not a draft any more"):
        deeds[deed]()

    assert owners(draft) == {2: ["001.txt"]}


def test_the_heaviest_message_is_weighed_with_its_own_files(draft: Campaign) -> None:
    build.attach(draft, b"x" * 100)
    add(draft, "003.txt", b"y" * 60_000)
    own.match(draft, column="codice")

    weight, line = readiness.most_weight(draft)

    assert line == 4
    assert weight > readiness.weight(draft) + 80_000


def test_the_fingerprint_changes_with_whom_a_file_goes_to(draft: Campaign) -> None:
    file = add(draft, "x.txt")
    own.place(draft, file.pk, line=2, actor=draft.created_by)
    before = readiness.fingerprint(draft)

    OwnLink.objects.update(line=3)

    assert readiness.fingerprint(draft) != before


# --- archives


def test_an_archive_is_unpacked_in_the_background(
    draft: Campaign, jobs: Jobs, receive: Callable[[Campaign, bytes], Intake]
) -> None:
    content = {f"lettere/{number:03d}.txt": b"n %d" % number for number in range(1, 60)}
    intake = receive(draft, packed(content | {"__MACOSX/._001.txt": b"x", "lettere/.DS_Store": b"x"}))
    assert codes(draft) == {"unpacking"}

    jobs.run()

    intake.refresh_from_db()
    assert (intake.state, intake.entries, intake.taken, intake.faults) == (IntakeState.DONE, 59, 59, [])
    assert owners(draft) == {2: ["001.txt"], 3: ["002.txt"], 4: ["003.txt"]}
    with pytest.raises(FileNotFoundError):
        stored.local(intake.stored_as, sha256=intake.sha256)


def test_the_same_archive_again_is_the_one_on_its_way(
    draft: Campaign, receive: Callable[[Campaign, bytes], Intake], jobs: Jobs
) -> None:
    content = packed({"001.txt": b"1", "002.txt": b"2"})

    first, again, other = receive(draft, content), receive(draft, content), receive(draft, packed({"003.txt": b"3"}))

    assert first == again != other
    assert jobs.names().count(unpacking.TASK) == 2
    assert len(list(Path(portal.MEDIA_ROOT, "intakes").glob("*"))) == 2
    jobs.run()
    assert receive(draft, content) != first  # that one is over: its files come once all the same
    jobs.run()
    assert draft.own_files.count() == 3


def test_a_worker_that_died_is_gone_on_for_where_it_was(
    draft: Campaign, jobs: Jobs, receive: Callable[[Campaign, bytes], Intake]
) -> None:
    intake = receive(draft, packed({f"{number:03d}.txt": b"%d" % number for number in range(1, 61)}))
    jobs.clear()
    unpacking._leased(intake.pk)  # another has begun, and holds it
    unpacking.unpack(intake.pk)
    assert not OwnFile.objects.exists()

    Intake.objects.update(leased_until="2020-01-31T12:00:00Z", taken=25)
    unpacking.resume_lost()
    jobs.run()

    assert OwnFile.objects.count() == 35
    assert Intake.objects.get().state == IntakeState.DONE


def test_an_archive_that_takes_long_is_gone_on_with_by_other_jobs(
    draft: Campaign, jobs: Jobs, receive: Callable[[Campaign, bytes], Intake], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BOX", 0)
    intake = receive(draft, packed({f"{number:03d}.txt": b"%d" % number for number in range(1, 61)}))
    jobs.clear()

    unpacking.unpack(intake.pk)

    assert draft.own_files.count() == 25
    assert jobs.run() == 3  # 25, 10, and the end
    intake.refresh_from_db()
    assert (intake.state, draft.own_files.count()) == (IntakeState.DONE, 60)


def test_files_of_an_archive_that_may_not_be_sent_are_named_and_the_others_come(
    draft: Campaign, jobs: Jobs, receive: Callable[[Campaign, bytes], Intake]
) -> None:
    writer, page = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.write(page)
    content = {
        "001.pdf": page.getvalue(),
        "002.pdf": b"%PDF-1.7 no",
        "003.xyz": b"?",
        "a/004.txt": b"",
        "005.txt": b"5",
    }

    intake = receive(draft, packed(content))
    jobs.run()

    intake.refresh_from_db()
    assert [name for name, _why in intake.refused] == ["002.pdf", "003.xyz", "a/004.txt"]
    assert not Entry.objects.filter(action="campaign.add_own_file").exists()
    entry = Entry.objects.get(action="campaign.unpack_archive")
    assert (entry.actor, entry.target_id) == (draft.created_by, draft.pk)
    assert entry.facts == {
        "sha256": intake.sha256,
        "files": 2,
        "refused": 3,
        "state": "done",
    }
    assert "not a real PDF" in intake.refused[0][1]
    assert sorted(OwnFile.objects.values_list("name", flat=True)) == ["001.pdf", "005.txt"]


HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "leads out": (lambda: packed({"../../etc/passwd": b"x"}), "lead out of it"),
    "bomb": (lambda: packed({"a.txt": b"0" * 40_000_000}), "far too large"),
    "nested": (lambda: packed({"a.zip": packed({"b.txt": b"x"})}), "archive within"),
    "program": (lambda: packed({"a.exe": b"x"}), "program"),
    "damaged": (lambda: b"PK\x03\x04 no zip", "damaged"),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_an_archive_made_to_do_harm_is_refused_and_not_kept(
    draft: Campaign, receive: Callable[[Campaign, bytes], Intake], kind: str
) -> None:
    content, word = HARMFUL[kind]
    with pytest.raises(Refusal, match=word):
        receive(draft, content())

    assert not Intake.objects.exists()


def test_a_cancelled_archive_brings_nothing_more(
    draft: Campaign, jobs: Jobs, receive: Callable[[Campaign, bytes], Intake]
) -> None:
    intake = receive(draft, packed({"001.txt": b"1"}))

    unpacking.cancel(intake, actor=draft.created_by)
    unpacking.cancel(intake, actor=draft.created_by)
    jobs.run()

    assert not OwnFile.objects.exists()
    assert Intake.objects.get().state == IntakeState.CANCELLED


# --- on its way


@pytest.mark.django_db(transaction=True)
def test_each_recipient_gets_the_common_files_and_their_own_and_nobody_elses(draft: Campaign, vendor: Sandbox) -> None:
    mailbox = draft.mailbox
    vendor.create_mailbox(mailbox.address, PASSWORD)
    credentials.enter(mailbox, username=mailbox.address, password=PASSWORD, actor=draft.created_by)
    build.attach(draft, b"per tutti", name="avviso.txt")
    files = {name: add(draft, name) for name in ("001.txt", "002.txt")}
    own.match(draft, column="codice")
    own.go_without(draft, [4], actor=draft.created_by)

    build.launched(draft)
    pump.run()

    sent = {entry.recipient: [name for name, _size, _sha in entry.attachments] for entry in vendor.ledger}
    assert sent == {
        "rossi@pec.example": ["avviso.txt", "001.txt"],
        "bianchi@pec.example": ["avviso.txt", "002.txt"],
        "verdi@pec.example": ["avviso.txt"],
    }
    hashes = {sha for entry in vendor.ledger for name, _size, sha in entry.attachments if name in files}
    assert hashes == {file.sha256 for file in files.values()}
    assert not list(auditing.payloads_changed())
    OwnLink.objects.filter(line=2).update(line=4)
    assert len(list(auditing.payloads_changed())) == 2


@pytest.mark.django_db(transaction=True)
def test_a_message_whose_own_file_is_another_is_not_sent_and_the_campaign_stands(
    draft: Campaign, vendor: Sandbox
) -> None:
    mailbox = draft.mailbox
    vendor.create_mailbox(mailbox.address, PASSWORD)
    credentials.enter(mailbox, username=mailbox.address, password=PASSWORD, actor=draft.created_by)
    files = [add(draft, f"00{number}.txt") for number in (1, 2, 3)]
    own.match(draft)
    build.launched(draft)
    build.path(files[1]).write_bytes(b"other!!")

    pump.run()

    draft.refresh_from_db()
    assert draft.state == CampaignState.PAUSED
    assert "bianchi@pec.example" not in {entry.recipient for entry in vendor.ledger}
    assert MessageContent.objects.count() == 3


def test_those_that_failed_take_their_own_files_along(draft: Campaign) -> None:
    files = [add(draft, f"00{number}.txt") for number in (1, 2)]
    own.match(draft, column="codice")
    own.go_without(draft, [4], actor=draft.created_by)
    build.launched(draft)
    Message.objects.filter(campaign=draft, line__in=[3, 4]).update(state="failed", status="failed")

    again = following.again(draft, Cause.PROVIDER, actor=draft.created_by)

    assert owners(again) == {3: [files[1].name]}
    assert not codes(again)
    assert again.own_files.get().stored_as != files[1].stored_as
    build.upload(again, "nome;codice;pec\nNeri;1;neri@pec.example\nBlu;2;blu@pec.example\n")
    assert owners(again) == {}
