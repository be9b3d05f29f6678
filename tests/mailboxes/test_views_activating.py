"""The pages of form, papers and credentials: what is refused gets a sentence, secrets get into no page."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from mailboxes import examining, gathering
from mailboxes.examination import Examination
from mailboxes.models import HandIn, Mailbox, Paper
from mailboxes.models.papers import Format, PaperKind
from mailboxes.states import CredentialsState
from mailboxes.views.uploads import MOST
from pecportal.organisations.models import User
from tests import build as kernel
from tests.jobs import Jobs
from tests.mailboxes import build, signing
from tests.mailboxes.pages import Answer, file, words
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box(vendor: TroubledSandbox, jobs: Jobs, clerk: User) -> Mailbox:
    """The clerk's mailbox, which waits for its documents."""
    return build.registered(jobs, clerk)


@pytest.fixture
def active(vendor: TroubledSandbox, clerk: User) -> Mailbox:
    """The clerk's active mailbox, whose credentials were not entered yet."""
    return kernel.mailbox(
        build.office_of(clerk), vendor=vendor, created_by=clerk, credentials_state=CredentialsState.MISSING
    )


def url(name: str, box: Mailbox) -> str:
    return reverse(f"mailboxes:{name}", args=[box.pk])


def put(browser: Client, box: Mailbox, place: str, data: bytes | None) -> Answer:
    """Upload a paper, or press the button without one."""
    field, name = f"{place.replace('-', '_')}-file", "carta.jpg" if place == "identity" else "modulo.pdf"
    given = {} if data is None else {field: file(name, data)}
    return browser.post(reverse("mailboxes:put_paper", args=[box.pk, place]), given)


def put_several(browser: Client, box: Mailbox, place: str, *files: tuple[str, bytes]) -> Answer:
    """Upload several files at once."""
    given = {f"{place.replace('-', '_')}-file": [file(name, data) for name, data in files]}
    return browser.post(reverse("mailboxes:put_paper", args=[box.pk, place]), given)


def gather(browser: Client, box: Mailbox) -> None:
    """Upload both papers."""
    put(browser, box, "signed-form", build.pdf())
    put(browser, box, "identity", build.picture())


# --- several files for one paper


def test_photographs_of_front_and_back_are_made_one_paper_in_their_order(browser: Client, box: Mailbox) -> None:
    sides = ("fronte.jpg", build.picture(900, 1200)), ("retro.heic", build.heic(1200, 900))

    response = put_several(browser, box, "identity", *sides)

    assert response.status_code == 302
    paper = gathering.gathered(box).identity
    assert paper is not None
    assert (paper.name, paper.format) == ("fronte.pdf", Format.PDF)
    assert [page.is_lying for page in Examination.from_json(paper.facts).pages] == [False, True]


def test_a_signed_file_among_others_is_refused_since_its_signature_would_be_lost(browser: Client, box: Mailbox) -> None:
    for name, make in (("modulo.p7m", signing.p7m), ("modulo.pdf", signing.pades)):
        signed = make(build.pdf(), signing.person())

        response = put_several(browser, box, "signed-form", ("pagina.jpg", build.picture()), (name, signed))

        assert response.status_code == 422
        assert "upload it alone" in response.content.decode()
    assert gathering.gathered(box).signed_form is None


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ([("a.jpg", build.picture()), ("b.txt", b"Gentile ufficio")], "neither a PDF"),
        ([("a.jpg", build.picture()), ("b.jpg", b"")], "The file is empty"),
        ([("a.pdf", b"%PDF" + bytes(6 * 2**20))] * 2, "larger than 10 MB in all"),
        ([("a.jpg", b"\xff\xd8\xff")] * 21, "At most 20 files"),
    ],
)
def test_of_several_files_each_must_be_good(
    browser: Client, box: Mailbox, files: list[tuple[str, bytes]], sentence: str
) -> None:
    response = put_several(browser, box, "identity", *files)

    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert gathering.gathered(box).identity is None


# --- the form


def test_the_form_is_a_download_that_cannot_run(browser: Client, box: Mailbox) -> None:
    response = browser.get(url("form", box))

    assert response.content.startswith(b"%PDF")
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == f'attachment; filename="modulo-{build.ADDRESS}.pdf"'
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]


def test_a_form_that_cannot_be_had_now_is_told(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    for _time in range(2):
        vendor.answer("GET", "/pec/", 500, b"<html>down</html>")
    box = build.registered(jobs, clerk)

    page = browser.get(url("form", box), follow=True)

    assert "does not give the form just now" in words(page)


def test_before_the_registration_there_is_no_form(browser: Client, clerk: User) -> None:
    page = browser.get(url("form", build.draft(clerk)), follow=True)

    assert "There is no activation form yet" in words(page)


# --- papers


def test_the_page_says_what_to_do_with_the_form(browser: Client, box: Mailbox) -> None:
    text = words(browser.get(url("documents", box)))

    assert "Print all its pages" in text
    assert "sign by hand" in text
    assert "the portal makes one PDF of both" in text
    assert Paper.objects.get(kind=PaperKind.FORM).sha256 in text
    assert "At most 10 MB" in text


def test_a_good_paper_is_kept_and_seen_at_once(browser: Client, box: Mailbox) -> None:
    response = put(browser, box, "identity", build.picture())

    assert response["Location"] == f"{url('documents', box)}#identity"
    text = words(browser.get(url("documents", box)))
    assert "carta.jpg" in text
    assert "JPEG, 1 page" in text
    assert gathering.gathered(box).identity is not None


def test_papers_that_are_complete_are_handed_in_with_one_button(browser: Client, box: Mailbox, jobs: Jobs) -> None:
    gather(browser, box)

    response = browser.post(url("documents", box))

    assert response["Location"] == box.get_absolute_url()
    assert jobs.names() == ["mailboxes.tasks.submit_documents"]
    assert "are being handed in" in words(browser.get(box.get_absolute_url()))


BAD = {
    "not a PDF": (b"Gentile ufficio", "neither a PDF"),
    "encrypted": (build.pdf(password="segreto"), "protected by a password"),
    "empty": (b"", "The file is empty."),
    "more than 10 MB": (b"%PDF-1.7\n" + b"0" * examining.LIMIT, "larger than 10 MB"),
    "broken": (b"%PDF-1.7\nrubbish", "cannot be opened"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("place", ["signed-form", "identity"])
def test_a_bad_paper_is_told_beside_its_field_and_nothing_is_kept(
    browser: Client, box: Mailbox, case: str, place: str
) -> None:
    data, sentence = BAD[case]

    response = put(browser, box, place, data)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["file"]
    assert sentence in " ".join(response.context["form"].errors["file"])
    assert sentence in words(response)
    assert not gathering.gathered(box).keys


def test_a_bad_identity_document_does_not_lose_the_good_form(browser: Client, box: Mailbox) -> None:
    put(browser, box, "signed-form", build.pdf())

    page = put(browser, box, "identity", b"Gentile ufficio")

    assert page.status_code == 422
    assert "modulo.pdf" in words(page)
    assert gathering.gathered(box).signed_form is not None


def test_a_missing_paper_is_told(browser: Client, box: Mailbox) -> None:
    assert put(browser, box, "identity", None).status_code == 422
    put(browser, box, "signed-form", build.pdf())

    response = browser.post(url("documents", box))

    assert response.status_code == 422
    assert "Upload the identity document first." in words(response)
    assert not HandIn.objects.exists()


def test_of_a_flood_no_more_than_the_ceiling_is_kept(browser: Client, box: Mailbox) -> None:
    response = put(browser, box, "signed-form", b"%PDF-1.7\n" + b"0" * (MOST + 5_000_000))

    assert response.status_code == 422
    (kept,) = response.wsgi_request.FILES.getlist("signed_form-file")
    assert kept.size is not None
    assert examining.LIMIT < kept.size <= MOST


def test_a_second_click_hands_in_once(browser: Client, box: Mailbox) -> None:
    gather(browser, box)
    browser.post(url("documents", box))

    response = browser.post(url("documents", box))

    assert response["Location"] == box.get_absolute_url()
    assert HandIn.objects.count() == 1


def test_where_no_papers_are_wanted_the_page_leads_back(browser: Client, active: Mailbox) -> None:
    page = browser.get(url("documents", active), follow=True)
    assert "No documents are wanted for this mailbox just now." in words(page)

    assert put(browser, active, "identity", build.picture())["Location"] == active.get_absolute_url()
    assert not active.papers.exists()


def test_an_unknown_place_for_a_paper_is_not_there(browser: Client, box: Mailbox) -> None:
    assert put(browser, box, "passport", build.picture()).status_code == 404


def test_a_paper_is_taken_back_with_a_button(browser: Client, box: Mailbox) -> None:
    put(browser, box, "identity", build.picture())

    page = browser.post(reverse("mailboxes:take_paper_back", args=[box.pk, "identity"]), follow=True)

    assert "The file was erased." in words(page)
    assert "carta.jpg" not in words(page)
    assert not gathering.gathered(box).keys


def test_a_refused_hand_in_is_told_on_the_mailbox_with_the_way_to_another(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.refuse("PATCH", "/pec", 406, "wrong file format, pdf required", error=296)
    gather(browser, box)
    browser.post(url("documents", box))
    jobs.run()

    page = browser.get(box.get_absolute_url())

    assert "could not read the document" in words(page)
    assert f'href="{url("documents", box)}"' in page.content.decode()


@pytest.mark.parametrize("reason", ["Firma mancante <b>", ""])
def test_documents_that_were_not_accepted_are_told_with_the_reason_or_that_there_is_none(
    browser: Client, box: Mailbox, vendor: TroubledSandbox, reason: str
) -> None:
    data = {"id": box.vendor_id, "stato": "documenti_errati", "motivo": reason}
    vendor.answer("GET", "/pec/", 200, {"success": True, "data": data})
    browser.post(url("refresh", box))

    for page in (browser.get(box.get_absolute_url()), browser.get(url("documents", box))):
        assert "The provider did not accept the documents" in words(page)
        assert (f"“{reason}”" if reason else "It did not say why") in words(page)
        assert b"mancante <b>" not in page.content


# --- credentials


def post_credentials(browser: Client, box: Mailbox, password: str) -> Answer:
    return browser.post(url("credentials", box), {"username": box.address, "password": password})


@pytest.fixture
def pages(browser: Client, active: Mailbox) -> Iterator[list[Answer]]:
    """Pages seen in a test, of which none may show the password."""
    seen: list[Answer] = []
    yield seen
    assert seen
    seen += [browser.get(active.get_absolute_url()), browser.get(url("credentials", active))]
    assert not [page for page in seen if "segretissima" in page.content.decode()]


def test_right_credentials_are_told_to_work(
    browser: Client, active: Mailbox, vendor: TroubledSandbox, pages: list[Answer]
) -> None:
    vendor.create_mailbox(active.address, "segretissima")

    pages.append(browser.post(url("credentials", active), _access(active), follow=True))

    assert "The user name and the password work." in words(pages[0])
    assert build.fresh(active).why_not() is None


def test_wrong_credentials_are_told_beside_the_field(browser: Client, active: Mailbox, pages: list[Answer]) -> None:
    pages.append(post_credentials(browser, active, "segretissima"))

    assert pages[0].status_code == 422
    assert "does not accept this user name and password" in words(pages[0])
    assert active.address in pages[0].content.decode()
    assert "Enter them again" in words(browser.get(active.get_absolute_url()))


def test_credentials_that_could_not_be_tested_are_kept_and_tested_with_a_button(
    browser: Client, active: Mailbox, vendor: TroubledSandbox, pages: list[Answer], settings: Settings
) -> None:
    vendor.create_mailbox(active.address, "segretissima")
    there, settings.OPENAPI_MASSIVA_URL = settings.OPENAPI_MASSIVA_URL, "http://127.0.0.1:9"
    pages.append(browser.post(url("credentials", active), _access(active), follow=True))
    assert "are not tested yet" in words(pages[0])
    assert url("test_credentials", active) in pages[0].content.decode()

    settings.OPENAPI_MASSIVA_URL = there
    pages.append(browser.post(url("test_credentials", active), follow=True))

    assert "The user name and the password work." in words(pages[1])


def _access(box: Mailbox) -> dict[str, str]:
    return {"username": box.address, "password": "segretissima"}


@pytest.mark.parametrize("status", [401, 500])
def test_a_test_that_fails_is_told(browser: Client, active: Mailbox, vendor: TroubledSandbox, status: int) -> None:
    Mailbox.objects.update(credentials_state=CredentialsState.GOOD)
    for _time in range(2):
        vendor.refuse("GET", "/quota", status, "Authorization is not valid or empty")

    page = browser.post(url("test_credentials", active), follow=True)

    sentence = "does not accept the user name" if status == 401 else "The provider did not answer"
    assert sentence in words(page)


def test_there_is_nothing_to_test_before_they_were_entered(browser: Client, active: Mailbox) -> None:
    assert "have not been entered yet" in words(browser.post(url("test_credentials", active), follow=True))


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 201])
def test_a_password_that_cannot_be_one_is_told(browser: Client, active: Mailbox, password: str) -> None:
    response = post_credentials(browser, active, password)

    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["password"]


def test_before_it_is_active_a_mailbox_has_no_credentials_to_enter(browser: Client, box: Mailbox) -> None:
    page = browser.get(url("credentials", box), follow=True)

    assert "The mailbox is not active yet" in words(page)


@pytest.mark.parametrize(("environment", "shown"), [("sandbox", True), ("test", False), ("production", False)])
def test_the_simulated_providers_letters_are_pointed_to_in_the_simulation_only(
    browser: Client, active: Mailbox, settings: Settings, environment: str, shown: bool
) -> None:
    settings.OPENAPI_ENV = environment

    page = browser.get(url("credentials", active)).content.decode()

    assert (f'href="{settings.OPENAPI_PEC_URL}"' in page) is shown
