"""A clerk prepares a campaign in a real browser, starts it and follows it, on a desk and on a telephone."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign, Message, MessageContent
from campaigns.states import CampaignState, Shown
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Complaints, Look, ReadLetter, SignIn

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

FAULTY = (
    "Ragione sociale;PEC;Importo\n"
    "Ditta Rossi S.r.l.;rossi@pec.example;1.250,00\n"
    "Ditta Bianchi & Figli;bianchi@pec.example;980,50\n"
    "Ditta Verdi;verdi.pec.example;120,00\n"
    "Ditta Rossi (sede di Bari);Rossi@PEC.example;44,10\n"
    "Ditta Neri;neri@gmail.com;75,00\n"
    'Ditta Gialli;"gialli@pec\n.example";75,00\n'
)
TEXT = (
    "Gentile {{ ragione_sociale }},\n\nla informiamo che l'importo dovuto è di euro {{ importo }}.\n\nCordiali saluti"
)


@pytest.fixture
def clerk() -> User:
    person = build.clerk()
    build.sender(build.organisation_of(person))
    return person


@pytest.fixture
def screen(chromium: Browser, request: pytest.FixtureRequest, clerk: User, sign_in: SignIn) -> Page:
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    in_english(page.context, page.context.cookies()[0]["domain"])
    return page


def in_english(context: BrowserContext, domain: str) -> None:
    """Labels are looked for in the language in which they were written."""
    context.add_cookies([{"name": "django_language", "value": "en", "domain": domain, "path": "/"}])


both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@both
def test_from_nothing_to_a_started_campaign(
    screen: Page, tmp_path: Path, look: Look, accessible: Accessible, read_letter: ReadLetter, jobs: Jobs
) -> None:
    page = screen
    page.goto("/campaigns/")
    look(page, "campaigns-none")
    accessible(page)
    page.get_by_role("link", name="New campaign").first.click()
    look(page, "campaign-new")
    accessible(page)
    page.get_by_label("Name of the campaign").fill("Solleciti TARI 2026")
    page.get_by_role("button", name="Save and go on").click()

    look(page, "campaign-list-none")
    accessible(page)
    page.get_by_label("File with the recipients").set_input_files(write(tmp_path, "lettera.pdf", b"%PDF-1.7"))
    page.get_by_role("button", name="Upload and check").click()
    expect(page.get_by_text("This is not a list").first).to_be_visible()
    look(page, "campaign-list-refused")
    accessible(page)
    page.get_by_label("File with the recipients").set_input_files(write(tmp_path, "solleciti.csv", FAULTY))
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("button", name="Take the list in").click()
    expect(page.get_by_text("3 rows cannot be sent to")).to_be_visible()
    look(page, "campaign-list-faults")
    accessible(page)
    page.get_by_role("button", name="Go on without the 3 faulty rows").click()
    page.get_by_role("button", name="Yes, go on").click()

    expect(page.get_by_role("heading", name="Subject and text")).to_be_visible()
    page.get_by_label("Subject").fill("Sollecito per ")
    page.get_by_role("button", name="{{ ragione_sociale }}", exact=True).click()
    expect(page.get_by_label("Subject")).to_have_value("Sollecito per {{ ragione_sociale }}")
    page.get_by_role("button", name="Plain view").click()
    page.locator("#id_body").fill("Gentile {{ cognome }}")
    expect(page.locator("#text-faults")).to_contain_text("The list has no column for: {{ cognome }}")
    look(page, "campaign-text-unknown")
    accessible(page)
    page.get_by_role("button", name="Save and go on").click()
    expect(page.locator(".form-problems")).to_contain_text("{{ cognome }}")
    look(page, "campaign-text-refused")
    page.get_by_role("button", name="Plain view").click()
    with page.expect_response("**/text/check/"):  # else it meets the saving, and SQLite in memory locks whole tables
        page.locator("#id_body").fill(TEXT)
    page.get_by_role("button", name="Save and go on").click()

    expect(page.get_by_role("heading", name="Attachments")).to_be_visible()
    page.get_by_label("Files to attach").set_input_files(
        [write(tmp_path, "falso.pdf", b"%PDF-1.7 no"), write(tmp_path, "Avviso di pagamento.txt", "Importo dovuto\n")]
    )
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.locator(".form-problems")).to_contain_text("falso.pdf")
    look(page, "campaign-attachments")
    accessible(page)
    page.get_by_role("link", name="Go on", exact=True).click()

    expect(page.get_by_role("heading", name="When it is sent")).to_be_visible()
    look(page, "campaign-times")
    accessible(page)
    page.get_by_role("button", name="Save and go on").click()

    read_letter(page, "Gentile Ditta Rossi S.r.l.,")
    page.get_by_role("link", name="Next").click()
    read_letter(page, "Gentile Ditta Bianchi & Figli,")
    look(page, "campaign-preview")
    accessible(page)
    page.get_by_role("link", name="Go on to the check").click()

    look(page, "campaign-unchecked")
    accessible(page)
    page.get_by_role("button", name="Check all 3 messages").click()
    expect(page.locator("#checking")).to_contain_text("0 of 3 so far")
    look(page, "campaign-checking")
    jobs.run()
    expect(page.get_by_text("Nothing speaks against it")).to_be_visible()
    read_letter(page, "Gentile Ditta Rossi S.r.l.,")
    look(page, "campaign-start")
    accessible(page)
    page.goto(Campaign.objects.get().get_absolute_url())
    look(page, "campaign-draft")
    accessible(page)
    page.get_by_role("link", name="Check and start").last.click()
    page.get_by_role("button", name="Send 3 certified messages").click()
    expect(page.get_by_text("The campaign is started")).to_be_visible()
    look(page, "campaign-launching")
    accessible(page)
    assert Campaign.objects.get().state == CampaignState.LAUNCHING


@both
def test_a_running_campaign_is_followed_live(screen: Page, clerk: User, look: Look, accessible: Accessible) -> None:
    page = screen
    many = [Shown.DELIVERED] * 30 + [Shown.ACCEPTED] * 9 + [Shown.QUEUED] * 12 + list(Shown)
    campaign = build.started(clerk, statuses=many, name="Solleciti TARI 2026")
    build.draft(clerk, name="Convocazione dell'assemblea")
    build.started(clerk, statuses=[Shown.DELIVERED] * 5, name="Avvisi")
    page.goto("/campaigns/")
    look(page, "campaigns")
    accessible(page)
    page.goto(campaign.get_absolute_url())
    expect(page.locator("#live")).to_contain_text("To be sent 13")
    look(page, "campaign-running")
    accessible(page)
    Message.objects.filter(campaign=campaign, status=Shown.QUEUED).update(status=Shown.SUBMITTED)
    expect(page.locator("#live")).not_to_contain_text("To be sent")
    page.locator("#count-delivered").click()
    expect(page.locator("#table tbody tr")).to_have_count(31)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The campaign is paused.")).to_be_visible()
    look(page, "campaign-paused")
    page.get_by_role("link", name="Stop the campaign").click()
    look(page, "campaign-stop")
    accessible(page)


@both
def test_a_failed_message_tells_its_story(
    screen: Page, clerk: User, look: Look, accessible: Accessible, read_letter: ReadLetter
) -> None:
    page = screen
    campaign = build.started(clerk, statuses=[Shown.UNDELIVERED], name="Solleciti TARI 2026")
    row = campaign.messages.get()
    build.receipt(
        row, "acceptance", body="Il giorno 25/11/2026 alle ore 10:00:00 (+0100) il messaggio è stato accettato."
    )
    build.receipt(
        row,
        "non_delivery",
        cause="mailbox_full",
        reason="5.2.2 - casella piena",
        body="Il messaggio è stato rifiutato.",
    )
    page.goto(campaign.get_absolute_url())
    page.get_by_role("link", name=row.recipient).click()
    expect(page.get_by_text("The recipient's mailbox is full.")).to_be_visible()
    page.get_by_text("The receipt's own words").last.click()
    read_letter(page, "Gentile Ditta 2,")
    look(page, "campaign-message")
    accessible(page)


@pytest.mark.parametrize("screen", ["page"], indirect=True)
def test_a_letter_in_its_frame_runs_and_loads_nothing(
    screen: Page, clerk: User, read_letter: ReadLetter, complaints: Complaints
) -> None:
    page, loaded = screen, list[str]()
    row = build.started(clerk, statuses=[Shown.DELIVERED]).messages.get()
    hostile = "<p>Gentile Ditta Neri,</p><script>document.body.remove()</script><img src='/static/img/spia.svg' alt=''>"
    MessageContent.objects.filter(message=row).update(body=hostile)  # as if the cleaning had failed
    page.on("requestfinished", lambda request: loaded.append(request.url))

    page.goto(f"{row.campaign.get_absolute_url()}messages/{row.pk}/")

    read_letter(page, "Gentile Ditta Neri,")
    refusals = [line for line in complaints[page] if "script" in line or "image" in line or "img-src" in line]
    assert len(refusals) == len(complaints[page]) == 2, complaints[page]
    assert not [address for address in loaded if "spia" in address]
    complaints[page].clear()


def test_without_scripts_every_step_works(
    chromium: Browser, live_server: LiveServer, clerk: User, sign_in: SignIn, tmp_path: Path, jobs: Jobs
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, clerk)
    in_english(context, page.context.cookies()[0]["domain"])
    page.goto("/campaigns/new/")
    page.get_by_label("Name of the campaign").fill("Senza script")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("File with the recipients").set_input_files(write(tmp_path, "solleciti.csv", FAULTY))
    page.get_by_role("button", name="Upload and check").click()
    page.get_by_role("button", name="Take the list in").click()
    page.get_by_role("button", name="Go on without the 3 faulty rows").click()
    page.get_by_label("Subject").fill("Sollecito")
    page.locator("#id_body").fill(TEXT)
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Go on without attachments").click()
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Go on to the check").click()
    page.get_by_role("button", name="Check all 3 messages").click()
    jobs.run()
    page.get_by_role("link", name="See how far it is").click()
    page.get_by_role("button", name="Send 3 certified messages").click()
    expect(page.get_by_text("The campaign is started")).to_be_visible()
    context.close()
