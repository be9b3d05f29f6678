"""Look-ups: free of charge where possible, paid once where not, never without the cost having been shown."""

import csv
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from mailboxes.models import Mailbox
from pecportal import queue
from pecportal import vendor as vendors
from pecportal.errors import Refusal
from pecportal.organisations.models import Organisation, User, VendorAccount
from pecportal.permissions import Role
from pecportal.registers import looking, tasks
from pecportal.registers.models import Body, Company, Domain, Item, LookUp
from pecportal.sandbox import Sandbox
from tests import build
from tests.jobs import Jobs

pytestmark = pytest.mark.django_db(transaction=True)
FIRM, OTHER, BODY = "12485671007", "07973780013", "00301860544"
NO_FIRM, NO_PEC, UNKNOWN = "00000000000", "11111111115", "22222222220"


@pytest.fixture
def clerk() -> User:
    return build.user(build.organisation(), Role.PREPARER)


@pytest.fixture
def browser(client: Client, clerk: User) -> Client:
    client.force_login(clerk)
    return client


def ask(jobs: Jobs, clerk: User, *codes: str) -> LookUp:
    office = Organisation.objects.get(memberships__user=clerk)
    row = looking.order(codes, paid=len(codes), organisation=office, actor=clerk)
    jobs.run()
    return row


def body() -> Body:
    return Body.objects.create(
        ipa_code="c_x1", name="Comune di Prova", tax_code=BODY, addresses=["c@pec.example"], loaded_at=timezone.now()
    )


def test_a_company_is_paid_for_once_and_kept_with_its_date(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    wallet = vendor.wallet
    rows = [ask(jobs, clerk, FIRM) for _time in range(2)]

    (result,) = looking.results(rows[1])
    assert (result.address, result.register) == (f"ditta{FIRM}@prova.example", "Openapi Company")
    assert result.others == (f"ditta{FIRM}.prima@prova.example",)
    assert result.at is not None
    assert wallet - vendor.wallet == Decimal("0.05")


def test_what_is_kept_for_long_is_asked_for_again(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    ask(jobs, clerk, FIRM)
    Company.objects.update(at=timezone.now() - timedelta(days=91), address="vecchia@prova.example")

    (result,) = looking.results(ask(jobs, clerk, FIRM))

    assert result.address == f"ditta{FIRM}@prova.example"


def test_a_public_body_is_found_in_ipa_and_nothing_is_paid(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    body()
    wallet = vendor.wallet

    (result,) = looking.results(ask(jobs, clerk, BODY))

    assert (result.name, result.address, result.register) == ("Comune di Prova", "c@pec.example", "IPA")
    assert vendor.wallet == wallet


@pytest.mark.parametrize(
    ("code", "words"),
    [(NO_FIRM, "No such company."), (UNKNOWN, "No such company."), (NO_PEC, "no certified address")],
)
def test_no_company_and_no_address_are_answers_too(
    vendor: Sandbox, jobs: Jobs, clerk: User, code: str, words: str
) -> None:
    for _time in range(2):
        (result,) = looking.results(ask(jobs, clerk, code))

    assert words in result.words
    assert result.address == ""
    assert Company.objects.count() == 1


def test_what_the_provider_refuses_is_told_in_its_words_and_the_others_go_on(
    vendor: Sandbox, jobs: Jobs, clerk: User
) -> None:
    invalid = looking.results(ask(jobs, clerk, "12485671008", FIRM))
    vendor.wallet = Decimal("0.01")
    poor = looking.results(ask(jobs, clerk, OTHER))

    assert "not valid" in invalid[0].words  # 406/322
    assert invalid[1].address
    assert "Insufficient Credit" in poor[0].words  # 402/610
    assert not Company.objects.filter(code__in=[OTHER, "12485671008"]).exists()


def test_the_older_form_of_a_company_is_read_as_well(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    vendor.company_as_object = True

    assert looking.results(ask(jobs, clerk, FIRM))[0].address


def test_a_job_that_runs_twice_or_died_asks_for_no_code_twice(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    row = ask(jobs, clerk, FIRM, OTHER)
    Company.objects.all().delete()
    Item.objects.filter(code=FIRM).update(state="asking")
    wallet = vendor.wallet

    tasks.look_up(row.pk)

    assert vendor.wallet == wallet


def order(clerk: User, *codes: str) -> LookUp:
    """A look-up whose job never came."""
    office = Organisation.objects.get(memberships__user=clerk)
    return looking.order(codes, paid=len(codes), organisation=office, actor=clerk)


def lapse() -> None:
    """Let the time be over for which a look-up is left to its job."""
    LookUp.objects.update(leased_until=timezone.now() - timedelta(seconds=1))


def test_a_look_up_whose_job_was_lost_before_it_began_is_rung_for_again(
    vendor: Sandbox, jobs: Jobs, clerk: User
) -> None:
    row = order(clerk, FIRM)
    jobs.clear()
    assert looking.sweep() == 0  # its job may still be on its way
    lapse()

    assert looking.sweep() == 1

    assert looking.sweep() == 0
    jobs.run()
    assert looking.results(row)[0].address


def test_a_code_that_a_dead_worker_was_asking_for_is_not_paid_for_again_and_the_rest_goes_on(
    vendor: Sandbox, jobs: Jobs, browser: Client, clerk: User
) -> None:
    row = order(clerk, FIRM, OTHER)
    jobs.clear()
    Item.objects.filter(code=FIRM).update(state="asking")
    wallet = vendor.wallet
    lapse()

    tasks.sweep()
    jobs.run()

    first, second = looking.results(row)
    assert "it may have been charged" in first.words
    assert second.address
    assert wallet - vendor.wallet == Decimal("0.05")
    page = browser.get(reverse("registers:lookup", args=[row.pk])).content.decode()
    assert "every 3s" not in page
    assert "it may have been charged" in page


def test_a_look_up_that_takes_long_is_gone_on_with_by_other_jobs_and_no_code_is_lost(
    vendor: Sandbox, jobs: Jobs, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BOX", 0)
    row = order(clerk, FIRM, OTHER, NO_PEC)
    jobs.clear()
    wallet = vendor.wallet

    tasks.look_up(row.pk)

    assert sorted(row.items.values_list("state", flat=True)) == ["answered", "waiting", "waiting"]
    assert jobs.names() == ["pecportal.registers.tasks.look_up"]
    assert looking.sweep() == 0  # it is left to that job
    jobs.run()
    assert set(row.items.values_list("state", flat=True)) == {"answered"}
    assert wallet - vendor.wallet == 3 * Decimal("0.05")


def test_a_look_up_at_work_is_left_alone(vendor: Sandbox, clerk: User) -> None:
    row = order(clerk, FIRM)
    Item.objects.update(state="asking")

    assert looking.sweep() == 0

    assert row.items.get().state == "asking"


def test_a_look_up_that_is_done_is_not_rung_for(vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    ask(jobs, clerk, FIRM)
    lapse()

    assert looking.sweep() == 0


def test_with_an_account_of_another_environment_a_look_up_says_why_it_asks_nobody(
    vendor: Sandbox, jobs: Jobs, browser: Client, clerk: User
) -> None:
    real = VendorAccount.objects.create(name="Vero", environment="production", email="vero@conti.example")
    Organisation.objects.update(vendor_account=real)

    (result,) = looking.results(ask(jobs, clerk, FIRM))
    page = browser.post(reverse("registers:domain"), {"domain": "legalmail.it"})

    assert "another environment" in result.words
    assert page.status_code == 422
    assert "another environment" in page.content.decode()


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"IT{FIRM}\n {FIRM},{BODY};", [FIRM, BODY]),
        ("rssmra82d11h501x", ["RSSMRA82D11H501X"]),
        ("itlmrc82d11h501x", ["ITLMRC82D11H501X"]),
    ],
)
def test_a_pasted_list_is_read_however_it_is_written(text: str, codes: list[str]) -> None:
    assert looking.codes_in(text) == codes


@pytest.mark.parametrize("text", ["", " ,;", "123", "=cmd()", f"{FIRM} abc", " ".join(f"{n:011}" for n in range(501))])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        looking.codes_in(text)


# --- domains


def test_a_domain_is_asked_for_once(vendor: Sandbox) -> None:
    client, wallet = vendors.connect(), vendor.wallet

    told = [looking.certified(name, client=client) for name in ("Legalmail.it", "x@legalmail.it", "posta.example")]

    assert [row.is_certified for row in told] == [True, True, False]
    assert wallet - vendor.wallet == 2 * vendor.price_domain
    assert Domain.objects.count() == 2


@pytest.mark.parametrize("name", ["", "nessuno", "a..b", "-a.it", "a b.it"])
def test_what_is_no_domain_is_not_asked_for(vendor: Sandbox, name: str) -> None:
    with pytest.raises(Refusal):
        looking.certified(name, client=vendors.connect())


def test_a_domain_for_which_there_is_no_credit_is_told(vendor: Sandbox) -> None:
    vendor.wallet = Decimal(0)

    with pytest.raises(Refusal, match="Insufficient Credit"):  # 402/403
        looking.certified("legalmail.it", client=vendors.connect())


# --- pages


def test_the_cost_is_shown_before_anything_is_paid(
    browser: Client, vendor: Sandbox, jobs: Jobs, settings: Settings
) -> None:
    settings.LOOKUP_COMPANY_PRICE = "0.05"
    body()
    codes = f"{FIRM}\n{OTHER}\n{BODY}"
    page = browser.post(reverse("registers:index"), {"codes": codes}).content.decode()

    assert "2 codes have to be paid for" in page
    assert "0.10 €" in page
    assert not LookUp.objects.exists()
    response = browser.post(reverse("registers:index"), {"codes": codes, "paid": "2", "order": "1"}, follow=True)
    assert "is being asked" in response.content.decode()
    jobs.run()
    shown = browser.get(response.request["PATH_INFO"]).content.decode()
    assert f"ditta{FIRM}@prova.example" in shown
    assert "Comune di Prova" in shown


def test_more_than_was_shown_is_not_paid(browser: Client, vendor: Sandbox) -> None:
    data = {"codes": f"{FIRM} {OTHER}", "paid": "1", "order": "1"}

    assert browser.post(reverse("registers:index"), data).status_code == 422
    assert not LookUp.objects.exists()


def test_what_costs_nothing_is_answered_at_once(browser: Client) -> None:
    body()

    response = browser.post(reverse("registers:index"), {"codes": BODY}, follow=True)

    assert "c@pec.example" in response.content.decode()


def test_a_domain_is_told_on_the_page(browser: Client, vendor: Sandbox) -> None:
    page = browser.post(reverse("registers:domain"), {"domain": "legalmail.it"}).content.decode()

    assert "legalmail.it is a domain of certified mail" in page


def test_the_download_holds_no_formula(browser: Client, vendor: Sandbox, jobs: Jobs, clerk: User) -> None:
    row = body()
    row.name, row.addresses = "=HYPERLINK(1)", ["+x@pec.example"]
    row.save()
    lookup = ask(jobs, clerk, BODY)

    content = browser.get(reverse("registers:download", args=[lookup.pk])).content.decode("utf-8-sig")

    rows = list(csv.reader(content.splitlines(), delimiter=";"))
    assert rows[1][:3] == [BODY, "'=HYPERLINK(1)", "'+x@pec.example"]
    assert rows[1][5] == f"{timezone.localtime(row.loaded_at):%d/%m/%Y}"


@pytest.mark.parametrize("role", [Role.KEEPER, Role.AUDITOR])
def test_who_may_not_prepare_finds_nothing(
    client: Client, role: Role, jobs: Jobs, clerk: User, vendor: Sandbox
) -> None:
    lookup = ask(jobs, clerk, FIRM)
    client.force_login(build.user(lookup.organisation, role))

    assert client.get(reverse("registers:index")).status_code == 404
    assert client.post(reverse("registers:domain"), {"domain": "legalmail.it"}).status_code == 404
    for name in ("lookup", "download"):
        assert client.get(reverse(f"registers:{name}", args=[lookup.pk])).status_code == 404


@pytest.mark.parametrize("name", ["lookup", "download"])
def test_another_organisations_look_up_is_as_absent_as_none(
    browser: Client, jobs: Jobs, vendor: Sandbox, name: str
) -> None:
    stranger = build.user(build.organisation(), Role.PREPARER)
    office = Organisation.objects.get(memberships__user=stranger)
    lookup = looking.order([FIRM], paid=1, organisation=office, actor=stranger)

    answers = [browser.get(reverse(f"registers:{name}", args=[pk])).status_code for pk in (lookup.pk, 987_654)]

    assert answers == [404, 404]
    assert not Mailbox.objects.exists()
