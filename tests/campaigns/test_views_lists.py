"""The pages of a list and of the address book, as a clerk uses them."""

import io
import re
from zipfile import ZipFile

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Contact, ContactGroup, ListReading, ReadingState
from campaigns.preparing import contacts
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.lists import book
from tests.campaigns.pages import Answer, as_guessed, words
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db

LONG = "nome;pec\n" + "".join(f"Ditta {n};ditta{n}@pec.example\n" for n in range(2_500))


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.fixture
def campaign(clerk: User) -> Campaign:
    return build.draft(clerk)


def url(name: str, *args: object) -> str:
    return reverse(f"campaigns:{name}", args=args)


def hand_in(browser: Client, campaign: Campaign, content: str | bytes, name: str = "elenco.csv") -> Answer:
    file = SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)
    return browser.post(url("recipients", campaign.pk), {"file": file}, follow=True)


def test_each_column_is_shown_with_three_values_and_a_guess(browser: Client, campaign: Campaign) -> None:
    content = "Ente;PEC;Rif\n" + "".join(f"Ente {n};e{n}@pec.example;R{n}\n" for n in range(5))

    page = hand_in(browser, campaign, content)

    assert as_guessed(page) == {"column_0": "name", "column_1": "address", "column_2": "reference"}
    assert "e0@pec.example e1@pec.example e2@pec.example" in words(page)
    assert "e3@pec.example" not in words(page)
    assert not campaign.recipients.exists()


def test_the_clerk_corrects_the_guess(browser: Client, campaign: Campaign) -> None:
    hand_in(browser, campaign, "pec;pec2;n\nfalsa@pec.example;vera@pec.example;12/26\n")

    browser.post(url("columns", campaign.pk), {"column_1": "address", "column_2": "protocol"})

    campaign.refresh_from_db()
    assert campaign.recipients.get().address == "vera@pec.example"
    assert campaign.roles == {"address": "pec2", "protocol": "n"}


@pytest.mark.parametrize(
    "given", [{"column_0": "address", "column_1": "address"}, {"column_0": "x"}, {"column_0": "name"}, {}]
)
def test_columns_that_make_no_sense_are_told_in_the_page(
    browser: Client, campaign: Campaign, given: dict[str, str]
) -> None:
    hand_in(browser, campaign, "pec;pec2\na@pec.example;b@pec.example\n")

    page = browser.post(url("columns", campaign.pk), given)

    assert page.status_code == 422
    assert not campaign.recipients.exists()


def test_without_a_file_that_waits_there_are_no_columns_to_confirm(browser: Client, campaign: Campaign) -> None:
    assert browser.get(url("columns", campaign.pk))["Location"] == url("recipients", campaign.pk)


def test_other_sheets_are_told_and_may_be_chosen(browser: Client, campaign: Campaign, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = book(tmp_path, [["note"], ["x"]], [["pec"], ["rossi@pec.example"]])

    page = hand_in(browser, campaign, path.read_bytes(), "elenco.xlsx")
    assert "The workbook has 2 sheets" in words(page)
    page = browser.post(url("list_sheet", campaign.pk), {"sheet": "1"}, follow=True)
    browser.post(url("columns", campaign.pk), as_guessed(page))

    assert campaign.recipients.get().address == "rossi@pec.example"


@pytest.mark.parametrize("sheet", ["7", "-1", "x", "", "9" * 40])
def test_a_sheet_that_is_none_changes_nothing(browser: Client, campaign: Campaign, sheet: str) -> None:
    hand_in(browser, campaign, build.CSV)

    assert browser.post(url("list_sheet", campaign.pk), {"sheet": sheet}, follow=True).status_code == 200
    assert ListReading.objects.get().sheet == 0


def test_pasted_rows_go_the_same_way(browser: Client, campaign: Campaign) -> None:
    page = browser.post(url("recipients", campaign.pk), {"rows": "Rossi\trossi@pec.example\n"}, follow=True)
    browser.post(url("columns", campaign.pk), as_guessed(page))

    assert campaign.recipients.get().address == "rossi@pec.example"


@pytest.mark.parametrize(("rows", "status"), [("", 422), ("\x00", 422), ("nome\nRossi\n", 200), ("x" * 1_000_001, 422)])
def test_pasted_nonsense_is_told(browser: Client, campaign: Campaign, rows: str, status: int) -> None:
    page = browser.post(url("recipients", campaign.pk), {"rows": rows}, follow=True)

    assert page.status_code == status
    assert not campaign.recipients.exists()


def test_a_long_list_is_watched_and_may_be_cancelled(browser: Client, campaign: Campaign, jobs: Jobs) -> None:
    page = hand_in(browser, campaign, LONG)
    page = browser.post(url("columns", campaign.pk), as_guessed(page), follow=True)
    assert "“elenco.csv” is being read" in words(page)
    assert 'http-equiv="refresh"' in page.content.decode()
    fragment = browser.get(url("reading", campaign.pk), headers={"HX-Request": "true"})
    assert "It begins in a moment" in words(fragment)

    reading = ListReading.objects.get()
    page = browser.post(url("cancel_reading", campaign.pk), {"reading": reading.pk}, follow=True)
    jobs.run()

    assert "not taken in" in words(page)
    assert "is being read" not in words(page)
    assert not campaign.recipients.exists()
    ended = browser.get(url("reading", campaign.pk), headers={"HX-Request": "true"})
    assert ended["HX-Refresh"] == "true"


@pytest.mark.parametrize("reading", ["", "x", "0", "9" * 30])
def test_a_reading_that_is_not_there_cannot_be_cancelled(browser: Client, campaign: Campaign, reading: str) -> None:
    assert browser.post(url("cancel_reading", campaign.pk), {"reading": reading}).status_code == 404


def test_a_foreign_reading_cannot_be_cancelled_through_ones_own_campaign(
    browser: Client, campaign: Campaign, client: Client
) -> None:
    theirs = build.draft()
    build.upload(theirs, build.CSV)
    row = ListReading.objects.get(campaign=theirs)
    ListReading.objects.filter(pk=row.pk).update(state=ReadingState.CHOOSING)

    assert browser.post(url("cancel_reading", campaign.pk), {"reading": row.pk}).status_code == 404
    row.refresh_from_db()
    assert row.state == ReadingState.CHOOSING


def test_what_failed_in_the_background_is_told_on_the_page(browser: Client, campaign: Campaign, jobs: Jobs) -> None:
    page = hand_in(browser, campaign, LONG + '"mai chiusa;x@pec.example\n')
    browser.post(url("columns", campaign.pk), as_guessed(page))
    jobs.run()

    assert "“elenco.csv” could not be taken in In row 2502 of the file" in words(
        browser.get(url("recipients", campaign.pk))
    )


def test_faults_are_summed_up_and_each_kind_leads_to_its_first_row(browser: Client, clerk: User) -> None:
    rows = "".join(f"D{n};d{n}@pec.example\n" for n in range(60)) + "x;falso\ny;falso2\nz;d1@pec.example\n"
    campaign = build.upload(build.draft(clerk), "nome;pec\na;\n" + rows)

    page = browser.get(url("recipients", campaign.pk))

    text = page.content.decode()
    assert "The address is missing. one row" in words(page)
    assert "it must look like name@domain.it. 2 rows" in words(page)
    assert 'href="?after=62#row-63"' in text
    there = browser.get(url("recipients", campaign.pk), {"after": "62"}).content.decode()
    assert re.findall(r'id="row-(\d+)"', there) == ["63", "64", "65"]


def test_all_recipients_are_paged_by_line_and_found_by_their_address(browser: Client, clerk: User) -> None:
    rows = "".join(f"D{n};d{n}@pec.example\n" for n in range(60))
    campaign = build.upload(build.draft(clerk), "nome;pec\n" + rows)

    pages = [browser.get(url("rows", campaign.pk), {"after": after}).content.decode() for after in ("", "51")]
    found = browser.get(url("rows", campaign.pk), {"q": "d59@"}).content.decode()

    assert [len(set(re.findall(r"<td>(d\d+@pec.example)</td>", page))) for page in pages] == [50, 10]
    assert set(re.findall(r"<td>(d\d+@pec.example)</td>", found)) == {"d59@pec.example"}
    assert "No recipient is like that" in words(browser.get(url("rows", campaign.pk), {"q": "nessuno"}))


def test_the_message_stands_in_the_cell_that_it_is_about(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), "nome;pec;importo\nRossi;rossi;12,50\n")

    page = browser.get(url("recipients", campaign.pk)).content.decode()

    row = page[page.index('id="row-2"') :]
    cells = re.findall(r"<td data-label=\"(\w+)\">(.*?)</td>", row, re.DOTALL)
    assert [(name, "campaign-message" in cell) for name, cell in cells] == [
        ("nome", False),
        ("pec", True),
        ("importo", False),
    ]
    assert "12,50" in cells[2][1]


def test_the_faulty_file_comes_back_without_formulas(browser: Client, clerk: User) -> None:
    campaign = build.upload(build.draft(clerk), "nome;pec\n=cmd|x;rossi\n+39;verdi@pec.example\n")

    as_csv = b"".join(browser.get(url("faulty_file", campaign.pk, "csv"))).decode("utf-8-sig")
    as_xlsx = b"".join(browser.get(url("faulty_file", campaign.pk, "xlsx")))

    lines = as_csv.splitlines()
    assert lines[0] == "nome;pec;What is wrong"
    assert lines[1].startswith("'=cmd|x;rossi;This is not an e-mail address")
    assert lines[2] == "'+39;verdi@pec.example;"
    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx)).worksheets[0]
    assert [cell.value for cell in sheet[2]][:2] == ["'=cmd|x", "rossi"]
    assert b"<f>" not in ZipFile(io.BytesIO(as_xlsx)).read("xl/worksheets/sheet1.xml")
    assert browser.get(url("faulty_file", campaign.pk, "pdf")).status_code == 404
    ListReading.objects.update(rows=50_001)
    assert browser.get(url("faulty_file", campaign.pk, "xlsx")).status_code == 404


def test_domains_are_shown_with_what_they_would_cost(browser: Client, clerk: User, jobs: Jobs) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)

    page = browser.get(url("domains", campaign.pk))
    assert "One domain would be asked of the provider" in words(page)
    page = browser.post(url("domains", campaign.pk), {"unknown": "1"}, follow=True)

    assert "The provider is being asked about one domain" in words(page)
    assert jobs.names() == ["campaigns.tasks.check_domains"]


@pytest.mark.parametrize("unknown", ["", "x", "0", "-1"])
def test_without_the_cost_having_been_seen_no_domain_is_asked_for(
    browser: Client, clerk: User, jobs: Jobs, unknown: str
) -> None:
    campaign = build.upload(build.draft(clerk), build.CSV)

    browser.post(url("domains", campaign.pk), {"unknown": unknown})

    assert jobs.names() == []


def test_a_contact_is_added_changed_found_and_removed(browser: Client, clerk: User) -> None:
    group = build.group(clerk)
    given = {"address": "rossi@pec.example", "name": "Rossi", "groups": [group.pk], "values": "settore = scuole"}
    browser.post(url("new_contact"), given)
    row = Contact.objects.get()
    assert (row.values, list(row.groups.all())) == ({"settore": "scuole"}, [group])

    page = browser.get(url("contact", row.pk))
    assert "Contact added: rossi@pec.example" in words(page)
    browser.post(url("contact", row.pk), {**given, "name": "Rossi S.r.l."})
    assert "Rossi S.r.l." in words(browser.get(url("contacts"), {"q": "rossi@", "group": str(group.pk)}))
    assert "No contact is like that" in words(browser.get(url("contacts"), {"q": "verdi"}))
    assert "Rossi → Rossi S.r.l." in words(browser.get(url("contacts_history")))

    browser.post(url("contact_remove", row.pk))
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    "field", [{"address": "rossi"}, {"values": "senza segno"}, {"values": "pec = x"}, {"groups": [99]}]
)
def test_a_bad_contact_is_told_in_the_page(browser: Client, clerk: User, field: dict[str, object]) -> None:
    build.group(clerk)

    page = browser.post(url("new_contact"), {"address": "a@pec.example", **field})

    assert page.status_code == 422
    assert not Contact.objects.exists()


def test_nothing_of_other_organisations_address_books_is_shown_or_taken(browser: Client, clerk: User) -> None:
    other = build.clerk()
    theirs = build.group(other, "Segreto")
    build.contact(other, groups=[theirs], name="Ditta Segreta")
    campaign = build.draft(clerk)
    build.group(clerk)

    for name in ("contacts", "contacts_history", "new_contact", "import_contacts"):
        assert "Segret" not in words(browser.get(url(name)))
    assert "Segret" not in b"".join(browser.get(url("export_contacts"))).decode()
    assert browser.get(url("export_contacts"), {"group": theirs.pk}).status_code == 404
    browser.post(url("list_of_groups", campaign.pk), {"groups": [theirs.pk]})
    assert not campaign.recipients.exists()


def test_contacts_come_from_a_file_and_go_into_one(browser: Client, clerk: User) -> None:
    file = SimpleUploadedFile("c.csv", b"nome;pec\n=Rossi;rossi@pec.example\nx;falso\n")

    page = browser.post(url("import_contacts"), {"file": file})

    assert "Added 1 Changed 0 Rows left out 1" in words(page)
    assert "Row 3: This is not an e-mail address" in words(page)
    assert "'=Rossi" in b"".join(browser.get(url("export_contacts"))).decode("utf-8-sig")
    bad = browser.post(url("import_contacts"), {"file": SimpleUploadedFile("c.csv", b"\x00")})
    assert bad.status_code == 422


def test_a_list_goes_into_a_group_and_comes_out_of_it(browser: Client, clerk: User) -> None:
    first = build.upload(build.draft(clerk), build.CSV)
    browser.post(url("group_of_list", first.pk), {"group-name": "Ditte"})
    second = build.draft(clerk)
    group = ContactGroup.objects.get()
    assert "Ditte" in words(browser.get(url("recipients", second.pk)))

    browser.post(url("list_of_groups", second.pk), {"groups": [group.pk]})

    addresses = [list(each.recipients.values_list("address", flat=True)) for each in (first, second)]
    assert addresses[0] == addresses[1]
    assert next(iter(contacts.rows(group.organisation))) == ["pec", "nome", "codice"]
