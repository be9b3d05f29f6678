"""What every page shows, and what it never contains."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django import forms
from django.conf import settings as django_settings
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.exceptions import BadRequest, RequestDataTooBig
from django.core.management import call_command
from django.core.paginator import Paginator
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.utils import translation
from django.utils.formats import date_format
from django.views.defaults import server_error
from pytest_django import Settings

from campaigns.models import Campaign
from campaigns.states import CampaignState
from mailboxes.models import Mailbox
from mailboxes.states import CredentialsState, MailboxState, VendorState
from pecportal import pages
from pecportal.organisations.models import Membership, Organisation, User
from pecportal.permissions import Role

STATIC = Path(django_settings.BASE_DIR) / "static"
TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
PRINTED = {"campaigns/letter.html"}  # made into a PDF, seen by no browser
SHOWN = sorted({str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html")} - PRINTED)
INLINE = re.compile(r"\sstyle=|\son[a-z]+=|<style|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


@pytest.fixture(autouse=True)
def _english(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Sentences are compared in the language they were written in; nothing was collected for production."""
    settings.STATIC_ROOT = tmp_path
    with translation.override("en"):
        yield


@pytest.fixture
def office(db: None) -> Organisation:
    return Organisation.objects.create(name="Comune di Prova")


def member(organisation: Organisation, *roles: Role) -> User:
    person = User.objects.create_user(f"{User.objects.count()}@comune.example")
    for role in roles:
        Membership.objects.create(user=person, organisation=organisation, role=role)
    return person


def browser_of(person: User | None = None, *, enforce_csrf_checks: bool = False) -> Client:
    client = Client(enforce_csrf_checks=enforce_csrf_checks, headers={"accept-language": "en"})
    if person is not None:
        client.force_login(person)
    return client


def mailbox(organisation: Organisation, *, can_send: bool) -> Mailbox:
    known = {"vendor_state": VendorState.ACTIVE, "credentials_state": CredentialsState.GOOD} if can_send else {}
    return Mailbox.objects.create(
        organisation=organisation,
        created_by=member(organisation, Role.KEEPER),
        address=f"casella{Mailbox.objects.count()}@pecmassiva.example",
        state=MailboxState.REGISTERED if can_send else MailboxState.DRAFT,
        **known,
    )


def campaign(box: Mailbox, state: CampaignState) -> Campaign:
    return Campaign.objects.create(
        organisation=box.organisation, mailbox=box, created_by=box.created_by, name="Avvisi", state=state
    )


def home(person: User) -> str:
    answer = browser_of(person).get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_keeper_without_a_mailbox_is_told_to_get_one(office: Organisation) -> None:
    page = home(member(office, Role.KEEPER))

    assert "Get a mailbox" in page
    assert 'href="/mailboxes/start/"' in page


def test_a_preparer_without_a_mailbox_is_told_whom_to_ask(office: Organisation) -> None:
    page = home(member(office, Role.PREPARER))

    assert "Ask a mailbox keeper or an administrator" in page
    assert 'href="/mailboxes/start/"' not in page


def test_a_mailbox_that_waits_for_somebody_is_shown_with_what_it_waits_for(office: Organisation) -> None:
    box = mailbox(office, can_send=False)

    page = home(member(office, Role.KEEPER))

    assert box.next_step
    assert box.next_step in page
    assert box.get_absolute_url() in page


def test_a_first_campaign_is_offered_as_soon_as_a_mailbox_may_send(office: Organisation) -> None:
    mailbox(office, can_send=True)

    assert "Start your first campaign" in home(member(office, Role.PREPARER))
    assert "Start your first campaign" not in home(member(office, Role.KEEPER))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (CampaignState.DRAFT, "This campaign is a draft"),
        (CampaignState.PAUSED, "This campaign is paused"),
        (CampaignState.RUNNING, "Nothing is waiting for you."),
    ],
)
def test_a_campaign_is_shown_with_what_it_waits_for(office: Organisation, state: CampaignState, sentence: str) -> None:
    campaign(mailbox(office, can_send=True), state)

    assert sentence in home(member(office, Role.PREPARER))


def test_the_first_page_shows_the_chosen_organisation_and_no_other(office: Organisation) -> None:
    theirs = mailbox(Organisation.objects.create(name="Zeta"), can_send=True)
    ours = mailbox(office, can_send=True)
    person = member(office, Role.PREPARER)
    Membership.objects.create(user=person, organisation=theirs.organisation, role=Role.PREPARER)
    client = browser_of(person)

    before = client.get("/").content.decode()
    answer = client.post("/organisation/", {"organisation": theirs.organisation.pk}, follow=True)

    assert ours.address in before
    assert theirs.address not in before
    assert theirs.address in answer.content.decode()
    assert ours.address not in answer.content.decode()


@pytest.mark.parametrize("chosen", ["foreign", "0", "-1", "x", "", "9" * 30])
def test_an_organisation_that_is_not_ones_own_cannot_be_chosen(office: Organisation, chosen: str) -> None:
    foreign = Organisation.objects.create(name="Altra")
    client = browser_of(member(office, Role.PREPARER))

    answer = client.post("/organisation/", {"organisation": str(foreign.pk) if chosen == "foreign" else chosen})

    assert answer.status_code == 404
    assert "Comune di Prova" in client.get("/").content.decode()


def test_what_stands_in_the_address_does_not_count_for_the_form(office: Organisation) -> None:
    other = Organisation.objects.create(name="Zeta")
    person = member(office, Role.PREPARER)
    Membership.objects.create(user=person, organisation=other, role=Role.PREPARER)
    client = browser_of(person)

    assert client.post(f"/organisation/?organisation={other.pk}").status_code == 404
    client.post(f"/organisation/?organisation={other.pk}", {"organisation": office.pk})
    assert client.session["organisation"] == office.pk
    client.post("/organisation/", {"organisation": [office.pk, other.pk]})
    assert client.session["organisation"] == other.pk


def test_somebody_without_an_organisation_is_told_whom_to_ask(db: None) -> None:
    page = home(User.objects.create_user("nuova@comune.example"))

    assert "You do not work for any organisation yet" in page
    assert 'href="/campaigns/"' not in page


def test_the_console_is_offered_to_operators_alone(office: Organisation) -> None:
    operator = User.objects.create_superuser("operatore@portale.example")

    assert 'href="/admin/"' in home(operator)
    assert 'href="/admin/"' not in home(member(office, Role.ADMINISTRATOR))


def test_the_language_is_chosen_by_a_form_and_kept(db: None) -> None:
    client = browser_of()

    assert '<html lang="en"' in client.get("/login/").content.decode()
    answer = client.post("/language/setlang/", {"language": "it", "next": "/login/"}, follow=True)
    assert '<html lang="it"' in answer.content.decode()


@pytest.mark.parametrize("language", ["en", "it"])
def test_a_day_comes_before_its_month_in_both_languages(language: str) -> None:
    with translation.override(language):
        assert date_format(datetime(2026, 12, 11, 15, 4, tzinfo=UTC), "SHORT_DATETIME_FORMAT") == "11/12/2026 15:04"


def test_a_failed_sign_in_does_not_say_what_was_wrong(db: None) -> None:
    User.objects.create_user("anna@comune.example", "una frase lunga e segreta")

    for address, password in (("anna@comune.example", "sbagliata"), ("nessuno@comune.example", "sbagliata")):
        page = browser_of().post("/login/", {"login": address, "password": password}).content.decode()
        assert "The e-mail address or the password is wrong." in page


@pytest.mark.parametrize(
    ("environment", "speed", "shown", "hidden"),
    [
        ("sandbox", 1.0, "nothing is really sent", "times as fast"),
        ("sandbox", 60.0, "The clock runs 60 times as fast", "is certified"),
        ("test", 1.0, "nothing sent here is certified", "nothing is really sent"),
        ("production", 1.0, "Log in", "portal-environment"),
    ],
)
def test_pages_say_whether_anything_is_really_sent(
    db: None, settings: Settings, environment: str, speed: float, shown: str, hidden: str
) -> None:
    settings.OPENAPI_ENV, settings.CLOCK_SPEED = environment, speed
    page = browser_of().get("/login/").content.decode()

    assert shown in page
    assert hidden not in page


def test_private_pages_are_kept_by_no_cache(office: Organisation) -> None:
    answer = browser_of(member(office, Role.AUDITOR)).get("/")

    assert "no-store" in answer.headers["Cache-Control"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_a_missing_page_says_so_and_what_to_do(office: Organisation) -> None:
    answer = browser_of(member(office, Role.AUDITOR)).get("/no/such/page")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_page_that_had_been_open_too_long_says_so(db: None) -> None:
    answer = browser_of(enforce_csrf_checks=True).post("/login/", {"login": "a@b.example", "password": "x"})

    assert answer.status_code == 403
    assert "The page had been open for too long" in answer.content.decode()


@pytest.mark.parametrize(
    ("exception", "status", "sentence"),
    [
        (BadRequest("secret"), 400, "did not understand this request"),
        (RequestDataTooBig("secret"), 413, "What you sent is too large"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_in_words(
    rf: RequestFactory, exception: Exception, status: int, sentence: str
) -> None:
    answer = pages.bad_request(rf.get("/"), exception)

    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert "secret" not in answer.content.decode()


def test_a_broken_page_is_answered_without_database_session_or_context(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "Something went wrong in the portal" in answer.content.decode()


def test_turning_a_page_keeps_the_filter(rf: RequestFactory) -> None:
    page = Paginator(range(30), 10).page(2)

    shown = render_to_string("_pages.html", {"page": page}, request=rf.get("/?status=delivered&page=2"))

    assert "?status=delivered&amp;page=3" in shown
    assert "?status=delivered&amp;page=1" in shown
    assert "Page 2 of 3" in shown


def test_what_is_wrong_in_a_form_leads_to_the_field() -> None:
    class Letter(forms.Form):
        subject = forms.CharField(label="Subject <of the letter>")

    form = Letter({})
    form.add_error(None, "The mailbox is not active yet.")

    shown = render_to_string("_form_errors.html", {"form": form})

    assert 'href="#id_subject"' in shown
    assert "Subject &lt;of the letter&gt;" in shown
    assert "The mailbox is not active yet." in shown
    assert render_to_string("_form_errors.html", {"form": Letter({"subject": "x"})}).strip() == ""


def test_steps_lead_back_to_what_is_done_and_not_to_what_is_to_come() -> None:
    steps = [
        {"label": "Address", "state": "done", "url": "/a"},
        {"label": "Holder", "state": "current", "url": "/h"},
        {"label": "Review", "state": "todo", "url": ""},
    ]

    shown = render_to_string("_stepper.html", {"steps": steps})

    assert re.findall(r'<a href="([^"]+)"', shown) == ["/a"]
    assert shown.count('aria-current="step"') == 1


def test_fragments_escape_what_they_are_given() -> None:
    for name in ("_badge.html", "_callout.html", "_empty.html"):
        shown = render_to_string(name, {"title": "<b>", "text": "<i>", "tone": "info"})
        assert "&lt;i&gt;" in shown
        assert "<i>" not in shown
        assert "<b>" not in shown


@pytest.mark.parametrize("name", SHOWN)
def test_no_page_has_scripts_or_styles_of_its_own(name: str) -> None:
    assert INLINE.findall((TEMPLATES / name).read_text()) == []


@pytest.mark.parametrize("what", ["bootstrap-italia", "squire"])
def test_what_comes_from_elsewhere_is_what_the_script_fetched(what: str) -> None:
    folder = STATIC / "vendor" / what
    lines = (STATIC / "vendor" / f"{what}.sha256").read_text().splitlines()
    noted = {name.strip(): digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    found = {
        f"./{path.relative_to(folder)}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }

    assert found == noted


def test_every_file_that_pages_name_is_there_for_production(settings: Settings, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }

    call_command("collectstatic", interactive=False, verbosity=0)

    files = ManifestStaticFilesStorage(location=settings.STATIC_ROOT).hashed_files
    named = {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r"""{% static ['"]([^'"]+)['"] %}""", template.read_text())
    }
    assert named
    assert named <= files.keys()
