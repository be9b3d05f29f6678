"""Lists of real public bodies, from the upload to the last receipt: in the pages, with the simulated vendor."""

import csv
import io
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from campaigns.models import Campaign
from campaigns.states import CampaignState, Shown
from campaigns.tracking import progress
from mailboxes.models import Mailbox
from pecportal.permissions import Role
from pecportal.queue import enqueue
from tests import build as kernel
from tests.campaigns import samples
from tests.campaigns.pages import Answer, as_guessed, words
from tests.campaigns.samples import Sample
from tests.jobs import Jobs
from tests.worlds import ADDRESS, PASSWORD, World, world

pytestmark = [samples.needed, pytest.mark.django_db]

SPEED = 600  # ten minutes pass each second
PATIENCE = 240.0
BELLS = ("campaigns.tasks.pump", "campaigns.tasks.track", "campaigns.tasks.sweep")
TEXT = {"subject": "Avviso per {{ name }}", "body": "Spett. {{ name }},\n\nun avviso per {{ classification }}."}

FAULT = re.compile(r'<tr id="row-\d+" class="campaign-fault(-warning)?">(.*?)</tr>', re.DOTALL)
ROW = re.compile(r"<th[^>]*>([\d,]+)</th>")
SENTENCE = re.compile(r'<p class="campaign-message mb-1">(.*?)</p>', re.DOTALL)
VALUE = re.compile(r'<span class="campaign-value">(.*?)</span>', re.DOTALL)
NEXT = re.compile(r'href="(\?after=\d+)" rel="next"')
SEEN = re.compile(r'name="seen" value="(\w+)"')

MISSING = "The address is missing."
MALFORMED = "This is not an e-mail address: it must look like name@domain.it."
REPEATED = "This address is already on line {}."
ORDINARY = "Warning: This is an ordinary e-mail provider, not a certified one: there will be no delivery receipt."


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table of faults, as the page shows it."""

    line: int
    sentence: str
    value: str


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: tuple[str, int]) -> None:
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
            raise OSError("These tests talk to this machine alone.")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture
def here(settings: Settings) -> Iterator[World]:
    """A vendor without a pace, in its own process; its clock and the portal's are sped up alike."""
    settings.CLOCK_SPEED, settings.CLOCK_ORIGIN = SPEED, time.time()
    settings.SENDING_PUMP_SECONDS = 4.0  # so that pump and tracker take turns
    with world(rate=0, CLOCK_SPEED=str(SPEED), CLOCK_ORIGIN=str(settings.CLOCK_ORIGIN)) as made:
        settings.OPENAPI_EMAIL, settings.OPENAPI_API_KEY = made.env["OPENAPI_EMAIL"], made.env["OPENAPI_API_KEY"]
        for api in ("PEC", "MASSIVA", "COMPANY", "OAUTH"):
            setattr(settings, f"OPENAPI_{api}_URL", made.vendor)
        yield made


@pytest.fixture
def mailbox() -> Mailbox:
    return kernel.mailbox(address=ADDRESS, password=PASSWORD)


@pytest.fixture
def browser(client: Client, mailbox: Mailbox) -> Client:
    client.force_login(kernel.user(mailbox.organisation, Role.PREPARER))
    return client


def test_no_other_machine_can_be_reached_from_here() -> None:
    with pytest.raises(OSError, match="this machine alone"):
        socket.create_connection(("192.0.2.1", 25), timeout=1)


@pytest.mark.parametrize("name", [*samples.FILES, *samples.ACCENTED])
def test_the_page_names_each_fault_by_the_row_of_the_file(browser: Client, mailbox: Mailbox, name: str) -> None:
    sample = samples.sample(name)

    campaign = uploaded(browser, mailbox, name)

    faults = list(faults_shown(browser, campaign))
    expected = {
        **dict.fromkeys(sample.missing, MISSING),
        **dict.fromkeys(sample.malformed, MALFORMED),
        **{line: REPEATED.format(first) for line, first in sample.repeated.items()},
    }
    assert {fault.line: fault.sentence for fault in faults if fault.sentence != ORDINARY} == expected
    assert [fault.line for fault in faults if fault.sentence == ORDINARY] == sorted(sample.ordinary)
    assert len(faults) == sample.faulty + len(sample.ordinary)
    written = {line: row["email"].strip().lower() for line, row in sample.rows.items()}
    assert [fault.line for fault in faults if fault.value.lower() != written[fault.line]] == []
    assert campaign.recipients_total + campaign.problems_total == len(sample.rows) == 527
    assert campaign.problems_total == sample.faulty


@pytest.mark.parametrize("name", samples.ACCENTED)
def test_accents_come_through_every_encoding_and_in_their_own_rows(
    browser: Client, mailbox: Mailbox, name: str
) -> None:
    sample = samples.sample(name)

    campaign = uploaded(browser, mailbox, name)

    kept = {row.line: (row.address, row.values) for row in campaign.recipients.all()}
    assert sorted(kept) == sorted(sample.lines.values())
    assert [line for address, line in sample.lines.items() if kept[line] != (address, sample.rows[line])] == []


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", samples.FILES)
def test_every_good_row_gets_one_message_and_nobody_else_any(
    here: World, jobs: Jobs, browser: Client, mailbox: Mailbox, name: str
) -> None:
    sample = samples.sample(name)
    campaign = started(browser, uploaded(browser, mailbox, name), jobs)

    run_to_its_end(campaign, jobs)

    good = sorted(sample.lines.values())
    ledger = here.ledger()
    assert sorted(sample.lines.get(sent["recipient"], 0) for sent in ledger) == good  # 0: not in the list
    table = results(browser, campaign)
    assert [int(row["line"]) for row in table] == good
    assert {row["status"] for row in table} == {"Delivered"}
    assert [row["line"] for row in table if sample.lines.get(row["recipient"]) != int(row["line"])] == []
    subjects = {sample.lines[sent["recipient"]]: sent["subject"] for sent in ledger}
    assert [row["line"] for row in table if not is_subject_of(row, sample, subjects[int(row["line"])])] == []
    assert progress.of(campaign).shares == (progress.Share(Shown.DELIVERED, len(good)),)
    page = browser.get(campaign.get_absolute_url())
    assert says(page, f"Messages {len(good)} Sent {len(good)} Still open 0 To look at 0")
    assert campaign.state == CampaignState.COMPLETED
    assert len(good) + sample.faulty == len(sample.rows)


def uploaded(browser: Client, mailbox: Mailbox, name: str) -> Campaign:
    """A new campaign with this list, made in the pages."""
    browser.post(reverse("campaigns:new"), {"name": "Avvisi", "mailbox": mailbox.pk})
    campaign = Campaign.objects.get()
    file = SimpleUploadedFile(name, samples.content(name))
    page = browser.post(reverse("campaigns:recipients", args=[campaign.pk]), {"file": file}, follow=True)
    answer = browser.post(reverse("campaigns:columns", args=[campaign.pk]), as_guessed(page), follow=True)
    campaign.refresh_from_db()
    assert says(answer, f"{campaign.recipients_total} recipients were read.")
    return campaign


def faults_shown(browser: Client, campaign: Campaign) -> Iterator[Fault]:
    """The table of faults, page by page."""
    url, query = reverse("campaigns:recipients", args=[campaign.pk]), "?"
    while query:
        page = browser.get(url + query).content.decode()
        yield from (fault_in(row) for _warning, row in FAULT.findall(page))
        query = following[1] if (following := NEXT.search(page)) else ""


def fault_in(row: str) -> Fault:
    line, sentence, value = ROW.search(row), SENTENCE.search(row), VALUE.search(row)
    assert line is not None
    assert sentence is not None
    return Fault(int(line[1].replace(",", "")), unescape(sentence[1]), unescape(value[1]) if value else "")


def started(browser: Client, campaign: Campaign, jobs: Jobs) -> Campaign:
    """The campaign once its clerk left the faulty rows out, wrote, had it checked and said the word, page by page."""
    page = browser.get(reverse("campaigns:recipients", args=[campaign.pk]))
    assert says(page, f"Go on without the {campaign.problems_total} faulty rows")
    for name, data in (("skip", {}), ("text", TEXT), ("check", {})):
        answer = browser.post(reverse(f"campaigns:{name}", args=[campaign.pk]), data)
        assert answer.status_code == 302
    jobs.run()
    url = reverse("campaigns:start", args=[campaign.pk])
    seen = SEEN.search(browser.get(url).content.decode())
    assert seen is not None
    assert says(browser.post(url, {"seen": seen[1]}, follow=True), "The campaign is started")
    return campaign


def says(answer: Answer, sentence: str) -> bool:
    """Whether the page has these words; asked so that a failure does not print the page."""
    return sentence in words(answer)


def run_to_its_end(campaign: Campaign, jobs: Jobs) -> None:
    """Ring the bells and run the jobs, as the periodic jobs and a worker do, until nothing is open any more."""
    until = time.monotonic() + PATIENCE
    while not is_through(campaign):
        assert time.monotonic() < until, f"{progress.of(campaign).open} messages are still open"
        for bell in BELLS:
            enqueue(bell)
        jobs.run(most=len(BELLS))


def is_through(campaign: Campaign) -> bool:
    campaign.refresh_from_db()
    return campaign.state == CampaignState.COMPLETED and progress.of(campaign).open == 0


def results(browser: Client, campaign: Campaign) -> list[dict[str, str]]:
    """The table of results, as it is downloaded."""
    answer = browser.get(reverse("campaigns:results", args=[campaign.pk]))
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def is_subject_of(row: dict[str, str], sample: Sample, subject: str) -> bool:
    """Whether the name is that of the row's own line, and the reference its own; a second attempt has a number."""
    words_of_it, _sign, reference = subject.rpartition(" Rif. ")
    name = sample.rows[int(row["line"])]["name"].strip()
    return words_of_it == f"Avviso per {name}" and reference.partition("-")[0] == row["reference"]
