"""Each message's own protocol number and references: out of the list's columns, into everything that tells of it."""

import csv
import io
from pathlib import Path

import pytest
from django.test import Client

from campaigns import evidence, readiness, row_references
from campaigns.models import Campaign, Message, RowReference
from campaigns.preparing import drafts, readings, writing
from campaigns.proving import results
from campaigns.sending import launch
from campaigns.states import CampaignState
from campaigns.tracking import listing
from pecportal.organisations.models import User
from tests.campaigns import build
from tests.campaigns.lists import written

pytestmark = pytest.mark.django_db

LIST = (
    "nome;pec;Prot.;Fascicolo;Lotto;Centro di costo\n"
    "Rossi;rossi@pec.example;2026/0001;F-7;;CC 10\n"
    "Bianchi;bianchi@pec.example;2026/0002;f-7;L2;CC 11\n"
    "Verdi;verdi@pec.example;;;;\n"
)
ROLES = {"address": 1, "name": 0, "protocol": 2, "reference": 3, "reference_2": 4, "reference_3": 5}


@pytest.fixture
def clerk() -> User:
    return build.clerk()


@pytest.fixture
def campaign(clerk: User, tmp_path: Path) -> Campaign:
    draft = build.draft(clerk)
    readings.choose(readings.take(draft, written(tmp_path, LIST), name="elenco.csv", actor=clerk), ROLES)
    subject = "Avviso {% if prot %}prot. {{ prot }}{% endif %}"
    return build.launched(writing.save(draft, subject=subject, body=build.BODY, actor=clerk))


def found(campaign: Campaign, typed: str) -> list[int]:
    page = listing.of_campaign(campaign, {"q": typed}, edge={})
    return [message.line for message in page.rows]


def test_they_are_frozen_with_the_messages(campaign: Campaign) -> None:
    messages = Message.objects.filter(campaign=campaign).order_by("line")

    assert [row_references.of_messages(messages).get(message.pk) for message in messages] == [
        {"protocol": "2026/0001", "reference": "F-7", "reference_3": "CC 10"},
        {"protocol": "2026/0002", "reference": "f-7", "reference_2": "L2", "reference_3": "CC 11"},
        None,
    ]
    assert [(one.role, one.heading) for one in row_references.headings(campaign)] == [
        ("protocol", "Prot."),
        ("reference", "Fascicolo"),
        ("reference_2", "Lotto"),
        ("reference_3", "Centro di costo"),
    ]
    assert messages[0].content.subject == "Avviso prot. 2026/0001"


@pytest.mark.parametrize(
    ("typed", "lines"),
    [("2026/0002", [3]), ("F-7", [2, 3]), ("2026/", [2, 3]), ("cc 10", [2]), ("verdi@", [4]), ("2026/0003", [])],
)
def test_they_are_searched_for_whole_or_in_part(campaign: Campaign, typed: str, lines: list[int]) -> None:
    assert found(campaign, typed) == lines


def test_another_campaigns_numbers_are_not_found(campaign: Campaign, clerk: User) -> None:
    other = build.launched(build.ready(clerk))

    assert found(other, "2026/0001") == []


def test_they_stand_in_the_results_the_table_and_the_message(campaign: Campaign, client: Client, clerk: User) -> None:
    table = list(csv.reader(io.StringIO(b"".join(results.as_csv(campaign)).decode("utf-8-sig")), delimiter=";"))
    at = table[0].index("Protocol number of the row (Prot.)")
    assert [row[at : at + 4] for row in table[1:]] == [
        ["2026/0001", "F-7", "", "CC 10"],
        ["2026/0002", "f-7", "L2", "CC 11"],
        ["", "", "", ""],
    ]

    client.force_login(clerk)
    page = client.get(f"{campaign.get_absolute_url()}?q=2026/0002").content.decode()
    assert "Centro di costo" in page
    assert "L2" in page
    assert "CC 10" not in page
    message = Message.objects.get(campaign=campaign, line=2)
    assert "CC 10" in client.get(message.get_absolute_url()).content.decode()


def test_they_are_part_of_the_evidence(campaign: Campaign) -> None:
    message = Message.objects.get(campaign=campaign, line=2)
    attempt = build.attempt(message)

    shown = evidence.of(attempt)

    assert shown.as_json()["references"] == [
        ["protocol", "Prot.", "2026/0001"],
        ["reference", "Fascicolo", "F-7"],
        ["reference_3", "Centro di costo", "CC 10"],
    ]


def test_another_choice_of_columns_is_another_campaign_to_its_approver(clerk: User) -> None:
    draft = build.ready(clerk)
    before = readiness.fingerprint(draft)
    draft.roles = {**draft.roles, "protocol": "nome"}

    assert readiness.fingerprint(draft) != before
    chosen = readiness.fingerprint(draft)
    draft.roles = dict(reversed(draft.roles.items()))
    assert readiness.fingerprint(draft) == chosen


def test_a_launch_that_is_taken_back_leaves_none_behind(campaign: Campaign) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(state=CampaignState.LAUNCHING)
    assert RowReference.objects.exists()

    launch.back_to_draft(campaign, problem="…")

    assert not RowReference.objects.exists()


def test_a_list_without_such_columns_has_none(clerk: User) -> None:
    campaign = build.launched(build.ready(clerk))

    assert row_references.headings(campaign) == []
    assert not RowReference.objects.exists()


def test_a_campaign_has_references_of_its_own(clerk: User, client: Client) -> None:
    client.force_login(clerk)
    mailbox = build.sender(build.organisation_of(clerk))
    form = {"name": "Avvisi", "mailbox": mailbox.pk, "name_1": "Determina", "value_1": "12/2026", "value_3": "x"}

    answer = client.post("/campaigns/new/", form)
    assert answer.status_code == 422
    assert "Say what this reference is" in answer.content.decode()
    client.post("/campaigns/new/", {**form, "name_3": "CIG"})

    draft = Campaign.objects.get()
    assert draft.further == [["Determina", "12/2026"], ["CIG", "x"]]
    page = client.get(f"/campaigns/{draft.pk}/sender/").content.decode()
    assert 'value="Determina"' in page
    before = readiness.fingerprint(draft)
    drafts.edit(draft, name=draft.name, mailbox=mailbox, actor=clerk, further=[("CIG", "y")])
    draft.refresh_from_db()
    assert draft.further == [["CIG", "y"]]
    assert readiness.fingerprint(draft) != before
    assert next(results.rows(draft))[11] == "CIG"
