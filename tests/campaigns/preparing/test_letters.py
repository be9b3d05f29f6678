"""Letters as PDF: each row's own, made once, and made anew when the letter or the list changes."""

from datetime import date
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader
from pytest_django import DjangoAssertNumQueries, Settings

from campaigns import enclosures, readiness
from campaigns.models import Campaign, Letter, Letterhead, OwnFile
from campaigns.preparing import letterheads, letters, waste
from campaigns.preparing.letters import Written
from campaigns.states import LetterState
from pecportal import queue, stored
from pecportal.errors import Refusal
from tests.campaigns import build
from tests.jobs import Jobs

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CSV = "nome;prot;pec\nDitta Rossi;12/2026;rossi@pec.example\nDitta Niccolò;13/2026;bianchi@pec.example\n"
WRITTEN = Written(
    "lettera",
    "Avviso per {{ nome }}",
    "Gentile {{ nome }},\n\nla pratica è pronta.",
    protocol="{{ prot }}",
    place="Bari",
    dated=date(2026, 11, 2),
)


@pytest.fixture
def draft() -> Campaign:
    return build.ready(csv=CSV)


def write(draft: Campaign, written: Written = WRITTEN) -> Letter:
    return letters.save(draft, written, actor=draft.created_by)


def made(draft: Campaign, jobs: Jobs) -> dict[int, str]:
    """The words of each row's letter, by line."""
    letters.make(draft, actor=draft.created_by)
    jobs.run()
    found = enclosures.own(draft.pk, [row.line for row in draft.recipients.all()])
    return {line: words(file) for line, (file,) in found.items()}


def words(file: enclosures.Enclosure) -> str:
    with stored.opened(file.stored_as) as source:
        reader = PdfReader(BytesIO(source.read()))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def codes(draft: Campaign) -> set[str]:
    return {finding.code for finding in readiness.check(draft) if finding.blocks}


def head(draft: Campaign, folder: Path) -> Letterhead:
    picture = folder / "stemma.jpg"
    Image.new("RGB", (40, 40), "blue").save(picture)
    return letterheads.save(
        draft.organisation,
        None,
        name="Comune",
        heading="Comune di Prova\nUfficio tributi",
        footer="Via Roma 1",
        picture=picture,
        actor=draft.created_by,
    )


def test_each_row_gets_a_letter_of_its_own(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    assert codes(draft) == {"letters_unmade"}

    found = made(draft, jobs)

    assert "Gentile Ditta Rossi" in found[2]
    assert "Prot. 12/2026 Bari, 2 novembre 2026" in found[2]
    assert "rossi@pec.example" in found[2]
    assert "Oggetto: Avviso per Ditta Niccolò" in found[3]
    assert "Rossi" not in found[3]
    assert (Letter.objects.get().state, codes(draft)) == (LetterState.MADE, set())


def test_the_headed_paper_is_printed(draft: Campaign, jobs: Jobs, tmp_path: Path) -> None:
    write(draft, Written("lettera", "Avviso", "Testo", letterhead=head(draft, tmp_path)))

    text = made(draft, jobs)[2]

    assert text.startswith("Comune di Prova Ufficio tributi")
    assert "Via Roma 1" in text
    assert "pag. 1 di 1" in text


def test_letters_are_made_once_by_whomever_and_however_often(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    letters.make(draft, actor=draft.created_by)
    letters.make(draft, actor=draft.created_by)
    letters._leased(draft.pk)  # another worker has it
    letters.run(draft.pk)
    assert not OwnFile.objects.exists()

    Letter.objects.update(leased_until="2020-01-31T12:00:00Z")
    letters.resume_lost()
    jobs.run()
    letters.run(draft.pk)

    assert (OwnFile.objects.count(), draft.own_links.count()) == (2, 2)


def test_letters_that_take_long_are_gone_on_with_by_other_jobs(
    draft: Campaign, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BOX", 0)
    monkeypatch.setattr(letters, "BATCH", 1)
    write(draft)
    letters.make(draft, actor=draft.created_by)
    jobs.clear()

    letters.run(draft.pk)

    assert OwnFile.objects.count() == 1
    assert jobs.run() == 2  # the second, and the end
    assert OwnFile.objects.count() == 2
    assert Letter.objects.get().state == LetterState.MADE


def test_a_changed_letter_is_made_anew_and_the_same_is_not(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    made(draft, jobs)
    first = OwnFile.objects.order_by("pk")[0]

    write(draft)
    assert Letter.objects.get().state == LetterState.MADE

    write(draft, Written("lettera", "Avviso", "Altro testo"))
    assert (OwnFile.objects.count(), codes(draft)) == (0, {"letters_unmade"})
    jobs.run()
    with pytest.raises(FileNotFoundError):
        stored.local(first.stored_as, sha256=first.sha256)
    assert "Altro testo" in made(draft, jobs)[2]


def test_another_list_asks_for_letters_anew(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    made(draft, jobs)

    build.upload(draft, "nome;prot;pec\nDitta Neri;1;neri@pec.example\n")

    assert codes(draft) == {"letters_unmade"}
    assert "Gentile Ditta Neri" in made(draft, jobs)[2]


def test_a_row_without_a_value_names_itself_and_the_others_are_made(draft: Campaign, jobs: Jobs) -> None:
    build.upload(draft, CSV + "Ditta Verdi;;verdi@pec.example\n")
    write(draft)

    assert set(made(draft, jobs)) == {2, 3}

    letter = Letter.objects.get()
    assert (letter.state, letter.made) == (LetterState.WRITTEN, 2)
    assert [line for line, _why in letter.unmade] == [4]
    assert "no value for {{ prot }}" in letter.unmade[0][1]
    assert codes(draft) == {"letters_faulty"}


def test_a_letter_that_was_changed_while_it_is_printed_keeps_nothing_of_the_old_one(
    draft: Campaign, jobs: Jobs
) -> None:
    write(draft)
    letters.make(draft, actor=draft.created_by)
    old = letters._leased(draft.pk)
    assert old is not None

    write(draft, Written("lettera", "Avviso", "Nuovo"))

    assert not letters._keep(old, {2: b"%PDF old"})
    assert not OwnFile.objects.exists()


def test_stopped_letters_stay_and_the_rest_is_made_later(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    letters.make(draft, actor=draft.created_by)

    letters.stop(draft)
    jobs.run()

    assert not OwnFile.objects.exists()
    assert len(made(draft, jobs)) == 2


@pytest.mark.parametrize(
    ("written", "field", "word"),
    [
        (Written("lettera", "Avviso {{ x }}", "Testo"), "body", "no column"),
        (Written("lettera", "", "Testo"), "subject", "nothing written"),
        (Written("lettera", "Avviso", "{% for x in y %}"), "body", "Conditions"),
        (Written("lettera", "Avviso", "{{ nome.__class__ }}"), "body", "name"),
        (Written("///", "Avviso", "Testo"), "file_name", "name cannot be used"),
    ],
)
def test_a_letter_that_cannot_be_used_is_refused(draft: Campaign, written: Written, field: str, word: str) -> None:
    with pytest.raises(Refusal, match=word) as refused:
        write(draft, written)

    assert refused.value.field == field
    assert not Letter.objects.exists()


def test_what_stands_in_the_list_cannot_become_part_of_the_page(draft: Campaign, jobs: Jobs) -> None:
    build.upload(draft, 'nome;prot;pec\n"<img src=file:///etc/passwd><style>*{display:none}</style>";1;a@pec.example\n')
    write(draft)

    text = made(draft, jobs)[2]

    assert "<img src=file:///etc/passwd>" in text
    assert "root:" not in text


def test_a_foreign_letterhead_is_refused(draft: Campaign, tmp_path: Path) -> None:
    foreign = head(build.draft(), tmp_path)

    with pytest.raises(Refusal, match="another organisation"):
        write(draft, Written("lettera", "Avviso", "Testo", letterhead=foreign))


def test_removing_the_letter_removes_what_was_made(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    made(draft, jobs)

    letters.remove(draft, actor=draft.created_by)
    letters.remove(draft, actor=draft.created_by)

    assert (Letter.objects.count(), OwnFile.objects.count(), codes(draft)) == (0, 0, set())


def test_the_bytes_of_removed_letters_go_by_a_job_that_finds_its_way_after_an_outage(
    draft: Campaign, jobs: Jobs, settings: Settings, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    write(draft)
    made(draft, jobs)
    paths = [build.path(file) for file in OwnFile.objects.all()]
    rows = OwnFile.objects.values("campaign", "origin", "name", "content_type", "size", "sha256")[0]
    rows["campaign_id"] = rows.pop("campaign")
    OwnFile.objects.bulk_create(OwnFile(**rows, stored_as=f"own/{number}") for number in range(2_000))

    with django_assert_max_num_queries(25):  # however many there are
        letters.remove(draft, actor=draft.created_by)

    assert (OwnFile.objects.count(), draft.own_files.count(), draft.own_links.count()) == (0, 0, 0)
    assert all(path.exists() for path in paths)
    assert jobs.names() == ["campaigns.tasks.clear_waste"]

    folder = Path(settings.MEDIA_ROOT)
    folder.rename(folder.with_name("away"))
    jobs.run()
    assert OwnFile.removed.count() == 2_002  # nothing is known of them
    folder.with_name("away").rename(folder)
    jobs.clear()  # it was lost
    waste.ring()
    jobs.run()

    assert not any(path.exists() for path in paths)
    assert not OwnFile.removed.exists()
    waste.ring()
    assert jobs.names() == []


def test_nothing_is_changed_once_it_is_no_draft(draft: Campaign, jobs: Jobs) -> None:
    write(draft)
    made(draft, jobs)
    build.launched(draft)

    for deed in (lambda: write(draft, Written("x", "y", "z")), lambda: letters.remove(draft, actor=draft.created_by)):
        with pytest.raises(Refusal, match="not a draft any more"):
            deed()

    assert OwnFile.objects.count() == 2


def test_a_sample_is_printed_before_any_is_made(draft: Campaign) -> None:
    write(draft)

    reader = PdfReader(BytesIO(letters.sample(draft, 3)))

    assert "Niccolò" in reader.pages[0].extract_text()


@pytest.mark.parametrize("content", [b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b""])
def test_a_picture_that_is_none_is_refused_and_nothing_is_kept(draft: Campaign, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stemma.png"
    path.write_bytes(content)

    with pytest.raises(Refusal, match="no picture"):
        letterheads.save(
            draft.organisation, None, name="x", heading="", footer="", picture=path, actor=draft.created_by
        )

    assert not Letterhead.objects.exists()


def test_a_letterhead_of_the_same_name_is_refused(draft: Campaign, tmp_path: Path) -> None:
    head(draft, tmp_path)

    with pytest.raises(Refusal, match="another letterhead of this name"):
        head(draft, tmp_path)

    letterheads.remove(Letterhead.objects.get(), actor=draft.created_by)
    assert head(draft, tmp_path).picture_stored_as
