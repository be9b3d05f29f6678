"""Each code of the vendor's look-ups (pec.openapi.json, company-it-pec.openapi.json), through the simulated vendor."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from pecportal.organisations.models import Organisation, User
from pecportal.permissions import Role
from pecportal.registers import looking
from pecportal.registers.models import Company, Domain, Item
from pecportal.sandbox import serve
from tests import build
from tests.jobs import Jobs
from tests.mailboxes.trouble import TroubledSandbox

pytestmark = pytest.mark.django_db(transaction=True)
FIRM = "12485671007"


@pytest.fixture
def vendor(settings: Settings) -> Iterator[TroubledSandbox]:
    """The simulated vendor, to which the settings point."""
    sandbox = TroubledSandbox(rate=0)
    with serve(sandbox) as server:
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", server.url)
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = sandbox.email, sandbox.api_key
        yield sandbox


@pytest.fixture
def clerk() -> User:
    return build.user(build.organisation(), Role.PREPARER)


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


@pytest.mark.parametrize(
    ("status", "error", "message", "told"),
    [
        (402, 403, "Insufficient Credit in Wallet: 182.03", "Insufficient Credit in Wallet"),
        (406, 401, "domain not valid", "domain not valid"),
        (428, 400, "domain required", "domain required"),
        (503, 402, "service temporarily unavailable", "does not answer just now"),
        (403, None, "Forbidden", "Forbidden"),
        (429, None, "Too Many Requests", "Too Many Requests"),
    ],
)
def test_each_code_of_the_domain_check_is_a_sentence_and_nothing_is_kept(
    browser: Client, vendor: TroubledSandbox, status: int, error: int | None, message: str, told: str
) -> None:
    vendor.refuse("GET", "/domini_pec", status, message, error=error)

    page = browser.post(reverse("registers:domain"), {"domain": "prova.example"})

    assert page.status_code == 422
    assert told in page.content.decode()
    assert not Domain.objects.exists()


@pytest.mark.parametrize("body", [b"<html>down</html>", b"", b"null", b'{"success": "true"}'])
def test_an_answer_that_cannot_be_read_says_nothing_of_a_domain(
    browser: Client, vendor: TroubledSandbox, body: bytes
) -> None:
    vendor.answer("GET", "/domini_pec", 200, body)

    assert browser.post(reverse("registers:domain"), {"domain": "prova.example"}).status_code == 422

    assert not Domain.objects.exists()


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        (400, 321, "Id, taxCode or vatCode required"),
        (402, 610, "Billing error message: Insufficient Credit in Wallet: 200 > 1.1 code 810"),
        (406, 322, "taxCode/vatCode/id not valid"),
        (403, None, "Forbidden"),
        (429, None, "Too Many Requests"),
        (503, None, "service temporarily unavailable"),
    ],
)
def test_each_refusal_of_a_company_is_told_in_the_vendors_words_and_not_kept(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs, status: int, error: int | None, message: str
) -> None:
    vendor.refuse("GET", "/IT-pec", status, message, error=error)

    row = looking.order([FIRM], paid=1, organisation=Organisation.objects.get(), actor=clerk)
    jobs.run()

    assert Item.objects.get().state == "failed"
    page = browser.get(reverse("registers:lookup", args=[row.pk])).content.decode()
    assert message.partition(" >")[0] in page
    assert not Company.objects.exists()


def test_404_says_that_there_is_no_such_company_which_is_kept(
    browser: Client, clerk: User, vendor: TroubledSandbox, jobs: Jobs
) -> None:
    vendor.refuse("GET", "/IT-pec", 404, "no company matches this id: ", error=323)

    row = looking.order([FIRM], paid=1, organisation=Organisation.objects.get(), actor=clerk)
    jobs.run()

    assert "No such company." in browser.get(reverse("registers:lookup", args=[row.pk])).content.decode()
    assert not Company.objects.get().exists
