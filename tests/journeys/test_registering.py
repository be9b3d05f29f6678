"""The registration as somebody meets it who has never seen it: nothing has to be looked up elsewhere."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from mailboxes import registration
from mailboxes.models import Application, Mailbox
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
    """A person who keeps mailboxes."""
    build.plan()
    return kernel.user(kernel.organisation(name="Comune di Prova"), Role.KEEPER, email="anna@comune.example")


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
        look(screen, f"registering-{name}")
        accessible(screen)

    return act


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and go on").click()


@both
def test_a_new_user_registers_a_mailbox_without_looking_anything_up(
    screen: Page, see: See, vendor: Sandbox, jobs: Jobs
) -> None:
    page = screen
    page.goto("/mailboxes/start/")
    told = page.locator("#availability")
    expect(told).to_have_attribute("aria-live", "polite")
    expect(page.get_by_label("Your own certified domain")).to_be_hidden()
    page.get_by_label("Name before the @").press_sequentially("occupata")
    expect(told).to_contain_text("occupata@pecmassiva.com is taken")
    expect(told).to_contain_text("Whether they are free is not known")
    see("taken")
    told.get_by_role("button").first.click()
    expect(told).to_contain_text("is free")
    expect(page.get_by_label("Name before the @")).to_be_focused()
    see("proposal-free")
    page.get_by_label("What follows the @").select_option("own")
    page.get_by_label("Your own certified domain").fill("altrui.example")
    page.get_by_role("button", name="Check whether it is free").click()
    expect(told).to_contain_text("does not know altrui.example")
    see("own-domain")
    page.get_by_label("What follows the @").select_option("pecmassiva.com")
    save(page)

    expect(page.get_by_text("99.00 € a year, plus VAT")).to_be_visible()
    save(page)
    expect(page.locator(".form-problems")).to_contain_text("needs a plan")
    see("kind-refused")
    page.get_by_label("PEC Massiva Standard").check()
    see("kind")
    save(page)

    _applicant(page, see)
    _holder(page, see)

    see("review")
    expect(page.get_by_text("The surname was changed by marriage.")).to_be_visible()
    page.get_by_label("Your declaration").fill("i declare")
    page.get_by_role("button", name="Send the registration").click()
    page.get_by_role("button", name="Yes, go on").click()
    expect(page.get_by_text("is being sent to the provider")).to_be_visible()
    jobs.run()
    expect(page.get_by_text("Sign the activation form and hand it in").first).to_be_visible()
    assert vendor.mailboxes()[0].fields["comune_nascita_richiedente"] == "Roma"
    assert vendor.mailboxes()[0].fields["tipo_documento"] == "CARTA_D_IDENTITA"


def _applicant(page: Page, see: See) -> None:
    page.get_by_label("First name").fill("Maria")
    page.get_by_label("Surname").fill("D'Ambrosio")
    page.get_by_label("Tax code").fill("rssmra82d51h501h")
    page.get_by_label("Sex").select_option("F")
    page.get_by_label("Date of birth").fill("11/4/1982")
    place = page.get_by_label("Place of birth")
    place.press_sequentially("rom")
    expect(page.locator("#places-comune_nascita_richiedente option").first).to_have_attribute("value", "Roma (RM)")
    place.fill("Roma (RM)")
    place.blur()
    expect(page.get_by_label("Province of birth")).to_have_value("RM")
    page.get_by_label("E-mail address").fill("maria@prova.example")
    page.get_by_label("Telephone").fill("06 1234567")
    page.get_by_label("Identity document", exact=False).first.select_option("CARTA_D_IDENTITA")
    page.get_by_label("Number of the document").fill("CA00000AA")
    page.get_by_label("Expires on").fill("11/04/2020")
    save(page)
    expect(page.locator(".form-problems")).to_contain_text("has expired")
    expect(page.locator("#differences")).to_contain_text("made from another surname")
    see("applicant-warned")
    page.get_by_label("Expires on").fill("11/04/2099")
    page.get_by_label("Why the data are right all the same").fill("The surname was changed by marriage.")
    save(page)


def _holder(page: Page, see: See) -> None:
    expect(page.get_by_text("Choose the kind of holder first")).to_be_visible()
    see("holder")
    page.get_by_label("Private person").check()
    expect(page.get_by_label("Street and number of the residence")).to_be_visible()
    expect(page.locator("[name=cf_piva_titolare]")).to_have_count(0)
    page.get_by_label("Street and number of the residence").fill("Via di Prova 1")
    page.get_by_label("Association").check()
    expect(page.get_by_label("Name of the association")).to_have_value("Comune di Prova")
    expect(page.get_by_label("Street and number of the seat")).to_have_value("Via di Prova 1")
    expect(page.get_by_role("radio", name="Association")).to_be_focused()
    page.get_by_label("Company", exact=True).check()
    expect(page.get_by_label("Name of the company")).to_be_visible()  # its fields have come
    page.locator("[name=sottotipo_cliente]").select_option("X")
    expect(page.get_by_label("Which sector")).to_be_visible()
    page.get_by_label("Which sector").fill("Cultura")
    page.get_by_label("VAT number (partita IVA)").fill("7973780013")
    page.get_by_label("Municipality").fill("Rroma")
    page.get_by_label("Postal code").fill("00118")
    save(page)
    expect(page.locator(".form-problems")).to_contain_text("Do you mean: Roma (RM)")
    expect(page.locator(".form-problems")).to_contain_text("zeros are missing")
    see("holder-refused")
    page.get_by_label("Municipality").fill("roma")
    page.get_by_label("VAT number (partita IVA)").fill("07973780013")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Is everything right?")


@both
def test_drafts_are_taken_up_disputed_and_discarded(screen: Page, clerk: User, see: See, vendor: Sandbox) -> None:
    page = screen
    office = build.office_of(clerk)
    registration.start(office, address="altra@legalmail.it", actor=clerk)
    box = build.draft(clerk)
    page.goto("/mailboxes/")
    expect(page.get_by_role("table", name="Unfinished registrations")).to_contain_text("Kind and plan")
    see("drafts")

    page.get_by_role("row", name="altra@legalmail.it").get_by_role("link", name="Go on").click()
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_text("Campaigns cannot be sent from it").first).to_be_visible()
    see("kind-legalmail")

    page.goto(f"/mailboxes/{box.pk}/registration/holder/")
    registration.save_step(
        box, "holder", build.HOLDER | {"cap_titolare": "00118"}, actor=build.keeper(office), seen=None
    )
    page.get_by_label("Postal code").fill("00199")
    save(page)
    expect(page.get_by_text("Somebody else saved this page meanwhile")).to_be_visible()
    see("overtaken")
    save(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Is everything right?")
    assert Application.objects.get(pk=box.pk).cap_titolare == "00199"

    Mailbox.objects.filter(pk=box.pk).update(
        problem_code="value", problem="cap_titolare not valid", problem_field="cap_titolare"
    )
    page.goto(f"/mailboxes/{box.pk}/registration/holder/")
    expect(page.locator("#id_cap_titolare_error")).to_contain_text("“cap_titolare not valid”")
    see("objection-beside")
    page.get_by_role("link", name="Go to the field").click()

    page.goto("/mailboxes/")
    page.get_by_role("row", name=box.address).get_by_role("link", name="Discard").click()
    see("discard")
    page.get_by_role("button", name="Discard and erase").click()
    expect(page.get_by_text("was discarded")).to_be_visible()
    expect(page.get_by_text(build.ADDRESS)).to_have_count(1)
