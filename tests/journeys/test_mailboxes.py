"""A mailbox keeper goes from an empty first page to an active, tested mailbox, on a desk and on a telephone."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from mailboxes.models import HandIn, Mailbox, VendorAct
from pecportal.organisations.models import User
from pecportal.permissions import Role
from pecportal.sandbox import Sandbox
from tests import build as kernel
from tests.jobs import Jobs
from tests.journeys.conftest import Accessible, Look, SignIn
from tests.mailboxes import build

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

See = Callable[[str], None]
both = pytest.mark.parametrize("screen", ["page", "phone"], indirect=True)


@pytest.fixture
def clerk() -> User:
    """A person who keeps mailboxes and prepares campaigns."""
    office = kernel.organisation(name="Comune di Prova")
    build.plan()
    return kernel.user(office, Role.KEEPER, Role.PREPARER, email="anna@comune.example")


@pytest.fixture
def screen(request: pytest.FixtureRequest, clerk: User, sign_in: SignIn, vendor: Sandbox) -> Page:
    """The clerk's browser."""
    page: Page = request.getfixturevalue(request.param)
    sign_in(page, clerk)
    domain = page.context.cookies()[0]["domain"]
    page.context.add_cookies([{"name": "django_language", "value": "en", "domain": domain, "path": "/"}])
    return page


@pytest.fixture
def see(screen: Page, look: Look, accessible: Accessible) -> See:
    """Look at the present page and ask whether it is accessible."""

    def act(name: str) -> None:
        look(screen, f"mailbox-{name}")
        accessible(screen)

    return act


def fill(page: Page, **fields: str) -> None:
    """Fill in fields by the names that the form gives them."""
    for name, value in fields.items():
        field = page.locator(f"[name={name}]")
        if field.evaluate("element => element.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)


def fill_holder(page: Page) -> None:
    """A municipality as the holder; the fields follow from that choice."""
    page.get_by_label("Local public body").check()
    data = build.typed(build.HOLDER)
    fill(page, **{name: value for name, value in data.items() if value and name != "tipo_cliente"})


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@both
def test_from_an_empty_first_page_to_an_active_tested_mailbox(
    screen: Page, see: See, vendor: Sandbox, jobs: Jobs, tmp_path: Path
) -> None:
    page = screen
    page.goto("/mailboxes/")
    see("none")
    page.goto("/")
    page.get_by_role("link", name=re.compile("Start")).first.click()
    see("address")
    page.get_by_label("Name before the @").fill(build.ADDRESS.partition("@")[0])
    page.get_by_role("button", name="Check whether it is free").click()
    expect(page.locator("#availability")).to_contain_text("is free")
    save(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("What kind of mailbox?")
    save(page)
    expect(page.locator(".form-problems")).to_contain_text("needs a plan")
    see("kind-refused")
    page.get_by_label("PEC Massiva Standard").check()
    see("kind")
    save(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Who asks for the mailbox?")
    see("applicant")
    wrong = {"codice_fiscale_richiedente": "RSSMRA82D51H501X", "data_nascita_richiedente": "1982"}
    fill(page, **build.typed(build.APPLICANT, **wrong))
    save(page)
    expect(page.locator(".form-problems")).to_be_focused()
    see("applicant-refused")
    fill(page, **build.typed(build.APPLICANT))
    save(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("To whom will it belong?")
    see("holder")
    fill_holder(page)
    see("holder-filled")
    save(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Is everything right?")
    see("review")
    page.get_by_label("Your declaration").fill("I DECLARE")
    page.get_by_role("button", name="Send the registration").click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text("is being sent to the provider")).to_be_visible()
    see("registering")
    jobs.run()
    expect(page.get_by_text("Sign the activation form and hand it in").first).to_be_visible()
    see("registered")

    page.get_by_role("link", name="Form and documents").click()
    see("documents")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the activation form").click()
    form = tmp_path / "modulo.pdf"
    download.value.save_as(form)
    assert form.read_bytes().startswith(b"%PDF")
    scan = build.merged(build.text_picture(), build.text_picture())
    page.locator("[name=signed_form-file]").set_input_files(write(tmp_path, "modulo.pdf", scan))
    page.get_by_role("button", name="Upload the signed form").click()
    expect(page.locator("#signed-form")).to_contain_text("counts as signed by hand")
    page.locator("[name=identity-file]").set_input_files(write(tmp_path, "carta.jpg", build.picture(120, 90)))
    page.get_by_role("button", name="Upload the identity document").click()
    expect(page.locator(".form-problems")).to_contain_text("too small to be read")
    see("documents-refused")
    page.locator("[name=identity-file]").set_input_files(write(tmp_path, "carta.jpg", build.text_picture()))
    page.get_by_role("button", name="Upload the identity document").click()
    expect(page.get_by_text("The provider gets this file:")).to_be_visible()
    see("documents-ready")
    page.get_by_role("button", name="Hand in the documents").click()
    expect(page.get_by_text("are being handed in").first).to_be_visible()
    see("handing-in")
    jobs.run()
    expect(page.get_by_text("The provider is examining the documents")).to_be_visible()
    see("in-review")

    vendor.advance(hours=25)
    page.get_by_role("button", name="Ask the provider now").click()
    expect(page.get_by_text("Enter the mailbox's user name and password")).to_be_visible()
    see("active")
    page.get_by_role("link", name="Enter them").click()
    see("credentials")
    expect(page.get_by_label("User name")).to_have_value(build.ADDRESS)
    page.get_by_label("Password").fill("sbagliata")
    page.get_by_role("button", name="Save and test").click()
    expect(page.locator(".form-problems")).to_contain_text("does not accept")
    see("credentials-refused")
    page.get_by_label("Password").fill(vendor.password_of(build.ADDRESS))
    page.get_by_role("button", name="Save and test").click()
    expect(page.get_by_text("Campaigns may be sent from it.")).to_be_visible()
    see("ready")
    page.goto("/mailboxes/")
    see("list")
    assert Mailbox.objects.get().why_not() is None


@both
def test_what_went_wrong_is_told_where_it_can_be_put_right(
    screen: Page, clerk: User, see: See, vendor: Sandbox, jobs: Jobs
) -> None:
    page = screen
    box = build.draft(clerk)
    page.goto(box.get_absolute_url())
    see("draft")
    Mailbox.objects.filter(pk=box.pk).update(
        problem_code="missing", problem="telefono required", problem_field="telefono"
    )
    page.goto(box.get_absolute_url())
    see("objection")
    page.get_by_role("link", name="Go on").click()
    see("applicant-objection")
    page.get_by_role("link", name="Review").click()
    see("review-objection")
    page.get_by_role("link", name="Correct it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Who asks for the mailbox?")

    Mailbox.objects.filter(pk=box.pk).update(state="registering", problem_code="unreachable", problem="")
    page.goto(box.get_absolute_url())
    see("unreachable")
    Mailbox.objects.filter(pk=box.pk).update(state="uncertain", problem_code="")
    act = VendorAct.objects.create(
        mailbox=box, kind="registration", outcome="uncertain", begun_at=box.created_at, leased_until=box.created_at
    )
    page.goto(box.get_absolute_url())
    see("uncertain")
    VendorAct.objects.filter(pk=act.pk).update(looks=2)
    expect(page.get_by_role("button", name="Go back to the data")).to_be_visible()
    see("uncertain-looked")
    Mailbox.objects.filter(pk=box.pk).update(state="registered", vendor_state="registrata", vendor_id="a1")
    lost = HandIn.objects.create(
        mailbox=box, state="uncertain", state_since=box.created_at, by=clerk, at=box.created_at
    )
    VendorAct.objects.filter(pk=act.pk).update(kind="hand_in")
    page.goto(box.get_absolute_url())
    expect(page.get_by_role("button", name="Hand in the same documents again")).to_be_visible()
    see("hand-in-uncertain")
    lost.delete()
    Mailbox.objects.filter(pk=box.pk).update(vendor_state="documenti_errati")
    page.goto(box.get_absolute_url())
    see("documents-wrong")
    page.get_by_role("link", name="Form and documents").click()
    see("documents-again")
    Mailbox.objects.filter(pk=box.pk).update(
        vendor_state="in_lavorazione", address="ufficio.tributi@postamassiva.com", asked_address=build.ADDRESS
    )
    page.goto(box.get_absolute_url())
    see("unknown-state")


def test_without_scripts_every_step_works(
    chromium: Browser, live_server: LiveServer, clerk: User, sign_in: SignIn, vendor: Sandbox, jobs: Jobs
) -> None:
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(page, clerk)
    domain = context.cookies()[0]["domain"]
    context.add_cookies([{"name": "django_language", "value": "en", "domain": domain, "path": "/"}])
    page.goto("/mailboxes/start/")
    page.get_by_label("Name before the @").fill(build.ADDRESS.partition("@")[0])
    page.get_by_role("button", name="Check whether it is free").click()
    expect(page.get_by_text("is free").first).to_be_visible()
    save(page)
    page.get_by_label("PEC Massiva Standard").check()
    save(page)
    fill(page, **build.typed(build.APPLICANT))
    save(page)
    page.get_by_label("Local public body").check()
    page.get_by_role("button", name="Show the fields for this kind").click()
    fill_holder(page)
    save(page)
    page.get_by_label("Your declaration").fill("I DECLARE")
    page.get_by_role("button", name="Send the registration").click()
    expect(page.get_by_text("is being sent to the provider")).to_be_visible()
    jobs.run()
    page.reload()
    expect(page.get_by_text("Sign the activation form and hand it in").first).to_be_visible()
    context.close()
