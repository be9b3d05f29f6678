"""The documents of an activation: gathered one at a time, not accepted, put right; with and without scripts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from mailboxes import activation, erasing, papers, tasks
from mailboxes.models import Mailbox, Paper
from pecportal import vendor as vendors
from pecportal.organisations.models import User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.mailboxes import build, signing

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

UPLOAD_MS = 60_000  # up to three processes start for a file: on a busy machine that takes its time
See = Callable[[str], None]
both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@pytest.fixture
def clerk() -> User:
    """A person who keeps mailboxes."""
    build.plan()
    return kernel.user(kernel.organisation(name="Comune di Prova"), Role.KEEPER, email="anna@comune.example")


@pytest.fixture
def box(vendor: Sandbox, jobs: Jobs, clerk: User) -> Mailbox:
    """The clerk's mailbox, which waits for its documents."""
    return build.registered(jobs, clerk)


@pytest.fixture
def screen(request: pytest.FixtureRequest, clerk: User, sign_in: SignIn, vendor: Sandbox) -> Page:
    """The clerk's browser."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    speak(page, "en")
    return page


@pytest.fixture
def see(screen: Page, look: Look, accessible: Accessible) -> See:
    """Look at the present page, also in Italian, and ask whether it is accessible."""

    def act(name: str) -> None:
        look(screen, f"documents-{name}")
        accessible(screen)
        if screen.url.endswith("/") or "#" in screen.url:
            speak(screen, "it")
            screen.goto(screen.url.partition("#")[0])
            look(screen, f"documents-{name}-it")
            speak(screen, "en")
            screen.goto(screen.url)

    return act


def speak(page: Page, language: str) -> None:
    """Choose a language as its button does."""
    domain = page.context.cookies()[0]["domain"]
    page.context.add_cookies([{"name": "django_language", "value": language, "domain": domain, "path": "/"}])


def upload(page: Page, label: str, name: str, data: bytes, folder: Path) -> None:
    """Choose a file and press its button."""
    path = folder / name
    path.write_bytes(data)
    place = page.locator("section", has=page.get_by_role("heading", name=re.compile(label, re.IGNORECASE)))
    if place.locator("details").count():
        place.locator("summary").click()
    place.locator("input[type=file]").set_input_files(path)
    place.get_by_role("button", name=re.compile("^Upload")).click(timeout=UPLOAD_MS)


@both
def test_documents_that_were_not_accepted_are_put_right_without_losing_the_good_one(
    screen: Page, box: Mailbox, see: See, vendor: Sandbox, jobs: Jobs, tmp_path: Path
) -> None:
    page = screen
    vendor.reason_field = "motivo"
    vendor.judge_documents("reject", "Il documento d'identità è scaduto.")
    page.goto(f"{box.get_absolute_url()}documents/")
    see("empty")
    upload(page, "signed activation form", "modulo.pdf", build.merged(*[build.text_picture()] * 2), tmp_path)
    expect(page.locator("#signed-form img")).to_have_count(2)
    upload(page, "identity document", "testo.txt", b"Gentile ufficio", tmp_path)
    expect(page.locator(".form-problems")).to_be_focused()
    expect(page.locator(".form-problems")).to_contain_text("neither a PDF")
    expect(page.locator("#signed-form")).to_contain_text("modulo.pdf")
    blurred = build.text_picture(blur=14)
    upload(page, "identity document", "carta.jpg", blurred, tmp_path)
    expect(page.locator("#identity")).to_contain_text("seems blurred")
    see("ready")
    with page.expect_download() as download:
        page.locator("#hand-in ~ ul a").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.get_by_text("are being handed in").first).to_be_visible()
    jobs.run()
    vendor.advance(hours=25)
    tasks.refresh(box.pk)

    page.goto(box.get_absolute_url())
    expect(page.get_by_text("Il documento d'identità è scaduto.").first).to_be_visible()
    see("not-accepted")
    page.get_by_role("link", name="Form and documents").click()
    see("again")
    page.get_by_role("button", name="Use the same signed form").click()
    expect(page.locator("#signed-form")).to_contain_text("modulo.pdf")
    upload(page, "identity document", "passaporto.jpg", build.text_picture(), tmp_path)
    vendor.judge_documents("accept")
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.get_by_text("are being handed in").first).to_be_visible()
    jobs.run()
    vendor.advance(hours=25)
    page.goto(box.get_absolute_url())
    page.get_by_role("button", name="Ask the provider now").click()
    expect(page.get_by_text("accepted, the mailbox became active")).to_be_visible()
    see("accepted")
    Paper.objects.exclude(hand_in=None).update(erase_because="active")
    erasing.sweep()
    page.goto(box.get_absolute_url())
    expect(page.get_by_text("this fact and the hash stay").first).to_be_visible()
    see("erased")


@both
def test_a_digital_signature_is_shown_and_its_loss_is_confirmed(
    screen: Page, box: Mailbox, see: See, jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    page = screen
    form = papers.contents(activation.fetch_form(box, client=vendors.connect()))
    page.goto(f"{box.get_absolute_url()}documents/")
    upload(page, "signed activation form", "modulo.pdf", form, tmp_path)
    expect(page.locator("#signed-form")).to_contain_text("nobody has signed it")
    see("unsigned")
    other = signing.person(name=("Ugo", "Bianchi"), tax_code="BNCGUO70A01H501X")
    once = signing.pades(form, signing.person(), stamper=signing.stamping())
    signed = signing.changed_after(signing.pades(once, other, field="Firma2"))
    upload(page, "signed activation form", "modulo-firmato.pdf", signed, tmp_path)
    expect(page.get_by_text("The file was changed after it was signed").first).to_be_visible()
    see("changed")
    settings.SIGNATURE_TRUST_DIR = str(signing.folder(tmp_path / "trusted", signing.authority()))
    upload(page, "signed activation form", "modulo.pdf.p7m", signing.p7m(form, signing.person()), tmp_path)
    expect(page.locator("#signed-form")).to_contain_text("Digital signature: valid")
    upload(page, "identity document", "carta.png", build.picture(1700, 1100, kind="PNG"), tmp_path)
    see("signed")
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.locator(".form-problems")).to_contain_text("Confirm that you know")
    page.locator("label[for=id_knows_loss]").click()  # which draws the box
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.get_by_text("are being handed in").first).to_be_visible()


def test_without_scripts_documents_are_handed_in(
    chromium: Browser, live_server: LiveServer, clerk: User, box: Mailbox, sign_in: SignIn, tmp_path: Path
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, clerk)
    speak(page, "en")
    page.goto(f"{box.get_absolute_url()}documents/")
    upload(page, "signed activation form", "modulo.pdf", build.pdf(2), tmp_path)
    upload(page, "identity document", "carta.jpg", build.text_picture(), tmp_path)
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.get_by_text("are being handed in").first).to_be_visible()
    context.close()
