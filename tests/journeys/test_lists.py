"""A clerk brings a list in a real browser: columns, faults, domains, contacts, on a desk and on a telephone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.models import Campaign, Contact, ListReading
from campaigns.preparing import readings
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.lists import book
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

ROWS: list[list[object]] = [
    ["Ragione sociale", "Indirizzo PEC", "P. IVA", "Protocollo", "Importo dovuto"],
    ["Ditta Rossi S.r.l.", "rossi@pec.example", 7973780013, "1201/2026", 1250.5],
    ["Ditta Bianchi & Figli", "bianchi@pec.example", "12485671007", "1202/2026", 980],
    ["Ditta Verdi", "verdi.pec.example", "00000000000", "1203/2026", 120],
    ["Ditta Rossi (sede di Bari)", "Rossi@PEC.example", "", "1204/2026", 44.1],
    ["Ditta Neri", "neri@gmail.com", "", "1205/2026", 75],
    ["Ditta Gialli", None, "", "1206/2026", 75],
]


@pytest.fixture
def clerk() -> User:
    person = build.clerk()
    build.sender(build.organisation_of(person))
    return person


@pytest.fixture
def screen(chromium: Browser, request: pytest.FixtureRequest, clerk: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    domain = page.context.cookies()[0]["domain"]
    page.context.add_cookies([{"name": "django_language", "value": "en", "domain": domain, "path": "/"}])
    return page


both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@both
def test_a_workbook_becomes_a_list_with_its_faults_told(
    screen: Page, clerk: User, tmp_path: Path, look: Look, accessible: Accessible
) -> None:
    page, campaign = screen, build.draft(clerk, name="Solleciti TARI 2026")
    workbook = book(tmp_path, [["Note interne"], ["Da non spedire"]], ROWS)
    url = f"/campaigns/{campaign.pk}/recipients/"
    page.goto(url)
    look(page, "lists-none")
    accessible(page)
    page.locator("#id_file").set_input_files(workbook)
    page.get_by_role("button", name="Upload and check").click()

    expect(page.get_by_text("The workbook has 2 sheets")).to_be_visible()
    page.locator("#sheet").select_option("1")
    page.get_by_role("button", name="Read this sheet").click()
    expect(page.locator("#id_column_1")).to_have_value("address")
    expect(page.locator("#id_column_3")).to_have_value("protocol")
    look(page, "lists-columns")
    accessible(page)
    page.locator("#id_column_4").select_option("reference")
    page.get_by_role("button", name="Take the list in").click()

    expect(page.locator("#row-4")).to_contain_text("verdi.pec.example")
    look(page, "lists-faults")
    accessible(page)
    page.get_by_role("link", name="Check whether the domains are certified").click()
    look(page, "lists-domains")
    accessible(page)
    page.get_by_role("button", name="Check the domains").click()
    expect(page.locator("#domains")).to_contain_text("The provider is being asked")
    look(page, "lists-domains-asked")
    campaign.refresh_from_db()
    assert campaign.roles["protocol"] == "protocollo"
    assert campaign.recipients.get(line=2).values["p_iva"] == "07973780013"


@both
def test_a_long_list_is_watched_until_it_is_there(
    screen: Page, clerk: User, tmp_path: Path, jobs: Jobs, look: Look, accessible: Accessible
) -> None:
    page, campaign = screen, build.draft(clerk)
    path = tmp_path / "elenco.csv"
    path.write_text("nome;pec\n" + "".join(f"Ditta {n};ditta{n}@pec.example\n" for n in range(3_000)))
    page.goto(f"/campaigns/{campaign.pk}/recipients/")
    page.locator("#id_file").set_input_files(path)
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("button", name="Take the list in").click()
    expect(page.locator("#reading")).to_contain_text("is being read")
    look(page, "lists-reading")
    accessible(page)

    readings.run(ListReading.objects.get().pk)

    expect(page.locator("#reading")).to_have_count(0)
    expect(page.locator(".campaign-numbers").first).to_contain_text("3,000")
    assert Campaign.objects.get().recipients_total == 3_000
    page.get_by_role("link", name="All 3,000 recipients").click()
    look(page, "lists-rows")
    accessible(page)


@both
def test_contacts_are_kept_and_become_a_list(
    screen: Page, clerk: User, tmp_path: Path, look: Look, accessible: Accessible
) -> None:
    page, campaign = screen, build.draft(clerk)
    page.goto("/campaigns/contacts/")
    look(page, "contacts-none")
    accessible(page)
    page.locator("#id_name").fill("Scuole")
    page.get_by_role("button", name="Make the group").click()
    page.goto("/campaigns/contacts/import/")
    path = tmp_path / "scuole.csv"
    path.write_text(
        "Istituto;PEC;codice meccanografico\nLiceo Uno;liceo@pec.example;X1\nScuola Due;due@pec.example;X2\n;no;\n"
    )
    page.locator("#id_file").set_input_files(path)
    page.locator("#id_group").select_option(label="Scuole")
    page.get_by_role("button", name="Take the file in").click()
    expect(page.locator(".campaign-numbers")).to_contain_text("2")
    look(page, "contacts-imported")
    accessible(page)
    page.goto("/campaigns/contacts/")
    look(page, "contacts")
    accessible(page)
    page.goto(Contact.objects.order_by("pk")[0].get_absolute_url())
    page.locator("#id_name").fill("Liceo Uno di Prova")
    page.get_by_role("button", name="Save").click()
    page.goto(Contact.objects.order_by("pk")[0].get_absolute_url())
    look(page, "contact")
    accessible(page)
    page.goto("/campaigns/contacts/history/")
    look(page, "contacts-history")
    accessible(page)

    page.goto(f"/campaigns/{campaign.pk}/recipients/")
    page.get_by_text("Scuole", exact=True).click()
    page.get_by_role("button", name="Make the list of these groups").click()
    expect(page.locator(".campaign-numbers").first).to_contain_text("2")
    look(page, "lists-of-groups")
    assert campaign.recipients.count() == 2
