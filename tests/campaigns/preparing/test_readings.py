"""A list is read under a version of its own: the old one stays until the new one is whole, and nobody has to wait."""

import csv
import io
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from campaigns import tables
from campaigns.models import Campaign, ListProblem, ListReading, ReadingState, Recipient
from campaigns.preparing import faults, merging, readings, recipients, writing
from campaigns.states import CampaignState
from pecportal import stored
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from pecportal.registers.models import Domain
from tests.campaigns import build
from tests.campaigns.lists import book
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db

LONG = "nome;pec\n" + "".join(f"Ditta {n};ditta{n}@pec.example\n" for n in range(2_500))


def taken(tmp_path: Path, content: str = LONG, *, campaign: Campaign | None = None, bare: bool = False) -> ListReading:
    draft = campaign or build.draft()
    path = tmp_path / "elenco.csv"
    path.write_text(content)
    return readings.take(draft, path, name=path.name, actor=draft.created_by, is_bare=bare)


def chosen(tmp_path: Path, content: str = LONG, *, campaign: Campaign | None = None) -> ListReading:
    reading = taken(tmp_path, content, campaign=campaign)
    return readings.choose(reading, reading.roles)


def lines(campaign: Campaign) -> int:
    return campaign.recipients.count()


def test_a_long_list_waits_for_its_job_and_the_old_one_stays_meanwhile(tmp_path: Path, jobs: Jobs) -> None:
    campaign = build.upload(build.draft(), build.CSV)

    reading = chosen(tmp_path, campaign=campaign)
    assert (reading.state, lines(campaign)) == (ReadingState.WAITING, 3)
    jobs.run()

    reading.refresh_from_db()
    assert (reading.state, reading.rows, lines(campaign)) == (ReadingState.DONE, 2_500, 2_500)


def test_a_short_list_is_there_at_once(tmp_path: Path, jobs: Jobs) -> None:
    reading = chosen(tmp_path, build.CSV)

    assert (reading.state, jobs.names()) == (ReadingState.DONE, [])
    assert lines(reading.campaign) == 3


def test_the_job_run_twice_reads_once(tmp_path: Path) -> None:
    reading = chosen(tmp_path)

    for _time in range(2):
        readings.run(reading.pk)

    assert Recipient.objects.count() == 2_500
    assert Entry.objects.filter(action="campaign.upload_list").count() == 1


def test_what_a_dead_worker_left_is_read_anew_and_its_rows_are_seen_by_nobody(tmp_path: Path, jobs: Jobs) -> None:
    reading = chosen(tmp_path)
    jobs.clear()
    Campaign.objects.filter(pk=reading.campaign_id).update(list_versions=1)
    Recipient.objects.create(campaign=reading.campaign, version=1, line=2, address="mezzo@pec.example")
    long_ago = timezone.now() - timedelta(hours=1)
    ListReading.objects.filter(pk=reading.pk).update(state=ReadingState.READING, version=1, alive_at=long_ago)
    assert lines(reading.campaign) == 0

    for _minute in range(2):
        readings.sweep()
        jobs.run()

    assert lines(reading.campaign) == 2_500
    assert not Recipient.objects.filter(version=1).exists()


def test_a_waiting_list_whose_job_was_lost_is_asked_for_again_once(tmp_path: Path, jobs: Jobs) -> None:
    reading = chosen(tmp_path)
    jobs.clear()
    ListReading.objects.filter(pk=reading.pk).update(alive_at=timezone.now() - timedelta(hours=1))

    for _time in range(2):
        readings.sweep()

    assert jobs.names() == ["campaigns.tasks.read_list"]


def test_a_cancelled_reading_leaves_the_old_list_and_no_rows(tmp_path: Path, jobs: Jobs) -> None:
    campaign = build.upload(build.draft(), build.CSV)
    reading = chosen(tmp_path, campaign=campaign)

    assert [readings.cancel(reading) for _time in range(2)] == [True, False]
    readings.sweep()
    jobs.run()

    assert lines(campaign) == Recipient.objects.count() == 3


def test_a_reading_that_is_overtaken_while_it_reads_stores_nothing_more(tmp_path: Path) -> None:
    reading = chosen(tmp_path)
    claimed = readings._claim(reading.pk)
    assert claimed is not None
    readings.cancel(claimed)

    with pytest.raises(readings._Overtaken):
        readings._still(claimed, rows=1)


def test_another_file_takes_the_place_of_one_that_is_not_through(tmp_path: Path, jobs: Jobs) -> None:
    first = chosen(tmp_path)
    second = chosen(tmp_path, build.CSV, campaign=first.campaign)
    jobs.run()

    first.refresh_from_db()
    assert (first.state, second.state) == (ReadingState.CANCELLED, ReadingState.DONE)
    assert lines(second.campaign) == 3


def test_a_fault_of_the_file_that_shows_only_far_down_is_told_and_leaves_the_old_list(
    tmp_path: Path, jobs: Jobs
) -> None:
    campaign = build.upload(build.draft(), build.CSV)
    reading = chosen(tmp_path, LONG + '"mai chiusa;x@pec.example\n', campaign=campaign)
    jobs.run()

    reading.refresh_from_db()
    assert reading.state == ReadingState.FAILED
    assert "In row 2502 of the file a quotation mark" in reading.problem
    assert lines(campaign) == 3
    readings.tidy()
    assert Recipient.objects.count() == 3


def test_a_campaign_that_was_started_meanwhile_keeps_its_list(tmp_path: Path, jobs: Jobs) -> None:
    campaign = build.upload(build.draft(), build.CSV)
    reading = chosen(tmp_path, campaign=campaign)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)
    jobs.run()

    reading.refresh_from_db()
    assert (reading.state, lines(campaign)) == (ReadingState.FAILED, 3)


def test_rows_of_a_replaced_list_are_removed_and_the_present_ones_stay(tmp_path: Path, jobs: Jobs) -> None:
    campaign = build.upload(build.draft(), build.CSV + "Neri;neri\n")
    campaign = build.upload(campaign, "pec\nneri@pec.example\nfalso\n")
    assert Recipient.objects.count() == 4

    readings.sweep()
    jobs.run()

    assert [row.address for row in Recipient.objects.all()] == ["neri@pec.example"]
    assert ListProblem.objects.count() == 1
    campaign.refresh_from_db()
    assert not campaign.has_litter
    readings.sweep()
    assert jobs.names() == []


def test_a_text_that_was_changed_while_the_list_was_read_is_merged_anew(tmp_path: Path) -> None:
    reading = chosen(tmp_path, LONG + ";senza@pec.example\n")
    claimed = readings._claim(reading.pk)
    assert claimed is not None
    writing.save(reading.campaign, subject="Avviso", body="<p>{{ nome }}</p>", actor=reading.by)
    with tables.open_table(readings._path(claimed), name="elenco.csv") as table:
        readings._finish(claimed, readings._read(claimed, table))
    merging.run(reading.campaign_id)

    assert [(row.line, row.code) for row in reading.campaign.problems] == [(2_502, "merge_missing")]


def test_the_columns_of_the_last_time_are_remembered_for_the_organisation_alone(tmp_path: Path) -> None:
    content = "a;b;c\nrossi@pec.example;x;y\n"
    first = taken(tmp_path, content)
    assert first.roles == {"address": 0}
    readings.choose(first, {"address": 0, "protocol": 2})

    ours = taken(tmp_path, content, campaign=build.draft(first.by))
    theirs = taken(tmp_path, content)

    assert ours.roles == {"address": 0, "protocol": 2}
    assert theirs.roles == {"address": 0}


@pytest.mark.parametrize("roles", [{}, {"name": 0}, {"address": 0, "name": 0}, {"address": 9}, {"address": 1, "x": 0}])
def test_columns_that_make_no_sense_are_refused(tmp_path: Path, roles: dict[str, int]) -> None:
    with pytest.raises(Refusal):
        readings.choose(taken(tmp_path, build.CSV), roles)


def test_another_sheet_of_a_workbook_may_be_read(tmp_path: Path) -> None:
    path = book(tmp_path, [["note"], ["da leggere"]], [["pec"], ["rossi@pec.example"]])
    campaign = build.draft()
    reading = readings.take(campaign, path, name="elenco.xlsx", actor=campaign.created_by)
    assert (reading.sheets, reading.columns) == (["Sheet1", "Sheet2"], ["note"])

    reading = readings.turn_to(reading, 1)
    readings.choose(reading, reading.roles)

    assert campaign.recipients.get().address == "rossi@pec.example"
    with pytest.raises(Refusal, match="no such sheet"):
        readings.turn_to(reading, 2)


@pytest.mark.parametrize(
    ("pasted", "columns"),
    [
        ("rossi@pec.example\nbianchi@pec.example\n", ["pec"]),
        ("Rossi\trossi@pec.example\nBianchi\tbianchi@pec.example", ["campo 1", "pec"]),
        ("Rossi;rossi@pec.example\nBianchi;bianchi@pec.example", ["campo 1", "pec"]),
        ("Rossi,rossi@pec.example\nBianchi,bianchi@pec.example", ["campo 1", "pec"]),
        ("nome\tpec\nRossi\trossi@pec.example\nBianchi\tbianchi@pec.example", ["nome", "pec"]),
    ],
)
def test_pasted_rows_need_no_headings(tmp_path: Path, pasted: str, columns: list[str]) -> None:
    reading = taken(tmp_path, pasted, bare=True)
    readings.choose(reading, reading.roles)

    assert reading.columns == columns
    assert [row.address for row in reading.campaign.recipients] == ["rossi@pec.example", "bianchi@pec.example"]


def test_lost_zeros_are_put_back_with_a_note(tmp_path: Path) -> None:
    reading = chosen(tmp_path, "pec;partita iva\nrossi@pec.example;7973780013\n")

    assert reading.campaign.recipients.get().values["partita_iva"] == "07973780013"
    note = reading.campaign.problems.get()
    assert (note.code, note.is_warning, note.value) == ("zeros_restored", True, "7973780013 → 07973780013")


def test_domains_that_the_provider_called_uncertified_are_a_warning_and_nobody_is_asked(tmp_path: Path) -> None:
    for name, is_certified in (("posta.example", False), ("pec.example", True)):
        Domain.objects.create(name=name, is_certified=is_certified, at=timezone.now())

    reading = chosen(tmp_path, "pec\nrossi@posta.example\nbianchi@pec.example\n")

    problem = reading.campaign.problems.get()
    assert (problem.line, problem.code, problem.is_warning) == (2, "not_certified", True)
    assert dict(reading.campaign.domains.values_list("name", "count")) == {"posta.example": 1, "pec.example": 1}


def test_the_file_comes_back_with_its_faults_beside_its_rows(tmp_path: Path) -> None:
    content = "nome;pec;note\n=1+1;rossi;x\nBianchi;bianchi@pec.example;y\n"
    reading = chosen(tmp_path, content)

    rows = list(faults.corrected_with(reading.campaign, reading))

    sentence = "This is not an e-mail address: it must look like name@domain.it."
    assert rows == [
        ["nome", "pec", "note", "What is wrong"],
        ["=1+1", "rossi", "x", sentence],
        ["Bianchi", "bianchi@pec.example", "y", ""],
    ]


def test_a_file_that_came_back_and_was_corrected_has_the_column_once(tmp_path: Path) -> None:
    reading = chosen(tmp_path, "pec;What is wrong\nrossi;vecchio\n")

    assert next(iter(faults.corrected_with(reading.campaign, reading))) == ["pec", "What is wrong"]


def test_files_are_kept_for_a_draft_and_removed_once_they_are_of_no_use(tmp_path: Path) -> None:
    reading = chosen(tmp_path, build.CSV)
    readings.tidy()
    assert stored.size(reading.stored_as)

    Campaign.objects.filter(pk=reading.campaign_id).move(CampaignState.LAUNCHING)
    readings.tidy()

    with pytest.raises(FileNotFoundError):
        stored.size(reading.stored_as)
    reading.refresh_from_db()
    assert reading.stored_as == ""


def test_the_hash_of_the_recipients_knows_neither_order_nor_case(tmp_path: Path) -> None:
    one = chosen(tmp_path, "pec\na@pec.example\nB@pec.example\n").campaign
    two = chosen(tmp_path, "nome;pec\nx;b@pec.example\ny;A@pec.example\nz;falso\n").campaign
    three = chosen(tmp_path, "pec\na@pec.example\n").campaign

    digests = [Campaign.objects.get(pk=each.pk).recipients_sha256 for each in (one, two, three)]
    assert digests[0] == digests[1] != digests[2]


def test_leaving_rows_out_makes_the_recipients_others(tmp_path: Path) -> None:
    campaign = build.upload(build.draft(), build.CSV + ";senza@pec.example\n")
    campaign = writing.save(campaign, subject="x", body="<p>{{ nome }}</p>", actor=campaign.created_by)
    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)

    alike = build.upload(build.draft(), build.CSV)

    campaign.refresh_from_db()
    assert campaign.recipients_sha256 == alike.recipients_sha256


@pytest.mark.django_db(transaction=True)
def test_others_write_while_a_long_list_is_read(tmp_path: Path) -> None:
    content = io.StringIO()
    csv.writer(content).writerows([["nome", "pec"], *([f"D{n}", f"d{n}@pec.example"] for n in range(60_000))])
    reading = chosen(tmp_path, content.getvalue())
    other = build.draft()
    seen, longest = set(), 0.0

    def read() -> None:
        readings.run(reading.pk)
        connection.close()

    worker = threading.Thread(target=read)
    worker.start()
    while worker.is_alive():
        begun = time.monotonic()
        Campaign.objects.filter(pk=other.pk).update(problem=f"{begun}")
        longest = max(longest, time.monotonic() - begun)
        seen.add(ListReading.objects.get(pk=reading.pk).rows)
        time.sleep(0.01)
    worker.join()

    assert lines(reading.campaign) == 60_000
    assert len(seen & {10_000, 20_000, 30_000, 40_000, 50_000}) >= 3, "written only before and after"
    assert longest < 5
