"""An uploaded list is stored whole or not at all, and every faulty row is named."""

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter

from campaigns.models import Campaign
from campaigns.preparing import recipients, writing
from campaigns.states import CampaignState
from pecportal.errors import Refusal
from pecportal.journal.models import Entry
from tests.campaigns import build

pytestmark = pytest.mark.django_db

GOOD = "nome;pec\nRossi;rossi@pec.example\nBianchi;bianchi@pec.example\n"


def faults(campaign: Campaign) -> list[tuple[int, str]]:
    return list(campaign.problems.values_list("line", "code"))


def addresses(campaign: Campaign) -> list[str]:
    return list(campaign.recipients.values_list("address", flat=True))


def xlsx(rows: list[list[str | float]]) -> bytes:
    content = BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return content.getvalue()


def test_every_good_row_becomes_a_recipient_with_its_values_and_its_line() -> None:
    campaign = build.upload(build.draft(), 'Ragione sociale;PEC\n"Rossi; figli";ROSSI@PEC.EXAMPLE\n')

    row = campaign.recipients.get()
    assert (row.line, row.address) == (2, "ROSSI@pec.example")
    assert row.values == {"ragione_sociale": "Rossi; figli", "pec": "ROSSI@PEC.EXAMPLE"}
    assert campaign.columns == ["Ragione sociale", "PEC"]
    assert (campaign.address_column, campaign.recipients_total, campaign.list_name) == ("PEC", 1, "elenco.csv")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "address_empty"),
        ("rossi", "address_syntax"),
        ('"rossi@pec.example, bianchi@pec.example"', "address_several"),
        ('"rossi@pec\n.example"', "address_line_break"),
        ("rossì@pec.example", "address_not_ascii_local"),
        ("rossi@pec", "address_domain"),
        (f"{'a' * 65}@pec.example", "address_too_long"),
    ],
)
def test_a_row_with_a_faulty_address_is_named_and_is_no_recipient(cell: str, code: str) -> None:
    campaign = build.upload(build.draft(), f"nome;pec\nRossi;{cell}\nBianchi;bianchi@pec.example\n")

    problem = campaign.problems.get()
    assert (problem.line, problem.column, problem.code, problem.is_warning) == (2, "pec", code, False)
    assert addresses(campaign) == ["bianchi@pec.example"]
    assert campaign.problems_total == 1


def test_the_second_row_of_an_address_names_the_first_whatever_their_case() -> None:
    campaign = build.upload(build.draft(), GOOD + "Rossi bis;Rossi@PEC.example\n")

    problem = campaign.problems.get()
    assert (problem.line, problem.code, problem.first_line) == (4, "duplicate", 2)
    assert len(addresses(campaign)) == 2


def test_an_ordinary_provider_is_a_warning_and_the_row_is_a_recipient() -> None:
    campaign = build.upload(build.draft(), "pec\nqualcuno@gmail.com\n")

    assert campaign.problems.get().is_warning
    assert (campaign.recipients_total, campaign.problems_total) == (1, 0)


def test_a_row_with_other_columns_than_the_heading_is_named() -> None:
    campaign = build.upload(build.draft(), GOOD + "Verdi;verdi@pec.example;di troppo\n")

    assert faults(campaign) == [(4, "column_count")]


def test_empty_rows_are_no_fault_and_lines_stay_true() -> None:
    campaign = build.upload(build.draft(), "nome;pec\nRossi;rossi@pec.example\n;\nBianchi;sbagliato\n")

    assert faults(campaign) == [(4, "address_syntax")]


def test_a_quoted_line_break_counts_as_a_line_like_in_the_file() -> None:
    campaign = build.upload(build.draft(), 'nome;pec\n"Rossi\ne figli";rossi@pec.example\nBianchi;sbagliato\n')

    assert faults(campaign)[0][1] == "address_syntax"
    assert campaign.recipients.get().values["nome"] == "Rossi\ne figli"


def test_a_list_whose_rows_are_all_faulty_is_kept_with_its_faults() -> None:
    campaign = build.upload(build.draft(), "nome;pec\nRossi;rossi\n")

    assert (campaign.recipients_total, campaign.problems_total) == (0, 1)


def test_a_spreadsheet_is_read_like_a_text_and_numbers_look_as_they_do_there() -> None:
    rows: list[list[str | float]] = [["pec", "importo"], ["rossi@pec.example", 7973780013], ["sbagliato", 1]]
    campaign = build.upload(build.draft(), xlsx(rows), name="elenco.xlsx")

    assert campaign.recipients.get().values == {"pec": "rossi@pec.example", "importo": "7973780013"}
    assert faults(campaign) == [(3, "address_syntax")]


def bomb() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 300_000_000)
    return content.getvalue()


WHOLE_FILES = {
    "wrong encoding": (b"nome;pec\nRossi \x81\x8d\x8f;rossi@pec.example\n", "elenco.csv", "characters"),
    "no rows": (b"nome;pec\n", "elenco.csv", "no rows"),
    "only empty rows": (b"nome;pec\n;\n;\n", "elenco.csv", "no rows"),
    "nothing at all": (b"", "elenco.csv", "empty"),
    "not a table": (b"%PDF-1.7 ...", "elenco.pdf", "not a list"),
    "two columns of one name": (b"Nome;NOME ;pec\na;b;rossi@pec.example\n", "elenco.csv", "same"),
    "a damaged spreadsheet": (b"PK\x03\x04rubbish", "elenco.xlsx", "damaged"),
}


@pytest.mark.parametrize("case", WHOLE_FILES)
def test_a_file_that_cannot_be_used_is_refused_with_a_sentence_and_the_old_list_stays(case: str) -> None:
    content, name, word = WHOLE_FILES[case]
    campaign = build.upload(build.draft(), GOOD)

    with pytest.raises(Refusal) as caught:
        build.upload(campaign, content, name=name)

    assert word in str(caught.value)
    assert len(addresses(campaign)) == 2
    campaign.refresh_from_db()
    assert (campaign.list_name, campaign.recipients_total) == ("elenco.csv", 2)


def test_a_zip_bomb_is_refused_and_the_old_list_stays() -> None:
    campaign = build.upload(build.draft(), GOOD)

    with pytest.raises(Refusal, match="unpacked"):
        build.upload(campaign, bomb(), name="elenco.xlsx")

    assert len(addresses(campaign)) == 2


def test_a_list_of_fifty_mebibytes_is_refused() -> None:
    with pytest.raises(Refusal, match="32 MiB"):
        build.upload(build.draft(), GOOD.encode() + b"Rossi;x@pec.example\n" * 2_700_000)


def test_a_fault_far_down_in_the_file_leaves_nothing_half_stored() -> None:
    campaign = build.upload(build.draft(), GOOD)
    rows = b"".join(b"Ditta %d;ditta%d@pec.example\n" % (n, n) for n in range(2500))

    with pytest.raises(Refusal):
        build.upload(campaign, b"nome;pec\n" + rows + b"Rossi \x81;x@pec.example\n")

    assert len(addresses(campaign)) == 2


def test_without_a_column_of_addresses_the_headings_are_named() -> None:
    with pytest.raises(recipients.NoAddressColumn) as caught:
        build.upload(build.draft(), "nome;via\nRossi;via Roma 1\n")

    assert caught.value.columns == ("nome", "via")
    assert caught.value.field == "column"
    assert "nome, via" in str(caught.value)


def test_the_clerk_may_name_the_column() -> None:
    content = "pec;pec 2\nrossi@pec.example;bianchi@pec.example\n"

    assert addresses(build.upload(build.draft(), content, column="PEC 2")) == ["bianchi@pec.example"]


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(recipients.NoAddressColumn, match="telefono"):
        build.upload(build.draft(), GOOD, column="telefono")


def test_a_new_upload_replaces_the_list_and_the_choice() -> None:
    campaign = build.upload(build.draft(), GOOD + "Verdi;verdi\n")
    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)

    campaign = build.upload(campaign, "pec\nneri@pec.example\nfalso\n", name="nuovo.csv")

    assert addresses(campaign) == ["neri@pec.example"]
    assert faults(campaign) == [(3, "address_syntax")]
    assert (campaign.skip_problems, campaign.list_name) == (False, "nuovo.csv")


def test_the_same_upload_twice_gives_the_same_list() -> None:
    campaign = build.draft()
    for _time in range(2):
        campaign = build.upload(campaign, GOOD + "Verdi;verdi\n")

    assert (campaign.recipients_total, campaign.problems_total) == (2, 1)
    assert len(addresses(campaign)) == 2


def test_a_started_campaign_takes_no_list() -> None:
    campaign = build.upload(build.draft(), GOOD)
    Campaign.objects.filter(pk=campaign.pk).move(CampaignState.LAUNCHING)

    with pytest.raises(Refusal, match="not a draft"):
        build.upload(campaign, "pec\nneri@pec.example\n")

    assert len(addresses(campaign)) == 2


def test_faulty_rows_are_left_out_by_choice_and_again_changes_nothing() -> None:
    campaign = build.upload(build.draft(), GOOD + "Verdi;verdi\n")

    assert [recipients.go_on_without_faulty(campaign, actor=campaign.created_by) for _time in range(2)] == [1, 1]

    campaign.refresh_from_db()
    assert campaign.skip_problems
    assert Entry.objects.filter(action="campaign.skip_faulty_rows").count() == 1


def test_nobody_left_is_no_choice() -> None:
    campaign = build.upload(build.draft(), "nome;pec\nRossi;rossi\n")

    with pytest.raises(Refusal, match="nobody"):
        recipients.go_on_without_faulty(campaign, actor=campaign.created_by)


def test_a_row_without_a_value_of_the_text_is_a_fault_that_may_be_left_out_for_good() -> None:
    campaign = build.upload(build.draft(), GOOD + ";verdi@pec.example\n")
    campaign = writing.save(campaign, subject="Avviso", body="<p>{{ nome }}</p>", actor=campaign.created_by)
    assert faults(campaign) == [(4, "merge_missing")]

    recipients.go_on_without_faulty(campaign, actor=campaign.created_by)
    campaign = writing.save(campaign, subject="Avviso nuovo", body="<p>{{ nome }}!</p>", actor=campaign.created_by)

    assert faults(campaign) == [(4, "merge_missing")]
    assert (campaign.recipients.count(), campaign.recipients_total, campaign.skip_problems) == (2, 2, True)


def test_the_journal_knows_who_uploaded_what() -> None:
    campaign = build.upload(build.draft(), GOOD)

    entry = Entry.objects.get(action="campaign.upload_list")
    assert entry.actor == campaign.created_by
    assert entry.facts == {"sha256": campaign.list_sha256, "recipients": 2, "faulty": 0}
    assert "rossi" not in str(entry.facts)


SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "samples" / "recipients"
FILES = [
    "publicbodies-it-sample.csv",
    "derived-semicolon-cp1252.csv",
    "derived-semicolon-utf8bom.csv",
    "derived-sample.xlsx",
]


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of public bodies are not beside the repository")
@pytest.mark.parametrize("name", FILES)
def test_the_list_of_public_bodies_is_read_with_each_fault_on_its_line(name: str) -> None:
    campaign = build.draft()

    campaign = recipients.upload(campaign, SAMPLES / name, name=name, actor=campaign.created_by)

    found = faults(campaign)
    assert campaign.address_column == "email"
    assert [line for line, code in found if code == "address_syntax"] == [27, 28]
    assert [line for line, code in found if code == "address_empty"] == list(range(29, 39))
    assert campaign.problems.filter(code="duplicate", first_line__gte=2).count() > 10
    assert campaign.problems.filter(code="ordinary_mail", is_warning=True).count() > 20
    assert campaign.recipients_total + campaign.problems_total == 527
    assert campaign.recipients.count() == campaign.recipients_total
