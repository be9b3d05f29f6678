"""The results open in a spreadsheet as they are, and never as formulas."""

import csv
import io

import pytest
from django.utils import translation

from campaigns import spreadsheets
from campaigns.models import Campaign, Message, MessageContent
from campaigns.proving import results
from campaigns.states import Shown
from tests.campaigns import build

pytestmark = pytest.mark.django_db


def table(campaign: Campaign) -> list[list[str]]:
    content = b"".join(results.as_csv(campaign))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_there_is_one_row_for_each_message_in_the_lists_order() -> None:
    rows = table(build.started(statuses=[Shown.DELIVERED, Shown.FAILED, Shown.QUEUED]))

    assert [row[0] for row in rows] == ["line", "2", "3", "4"]
    assert [row[2] for row in rows[1:]] == ["Delivered", "Refused by the provider", "To be sent"]
    assert rows[0][-2:] == ["nome", "pec"]
    assert rows[1][-2:] == ["Ditta 2", "ditta2@pec.example"]


def test_the_code_and_the_reference_are_there() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    row = campaign.messages.get()

    assert table(campaign)[1][3:5] == [row.ref, row.attempts.get().code]


def test_the_lists_headings_are_kept_and_their_values_found() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    campaign.columns = ["Nome", "P.E.C.", ""]
    content = campaign.messages.get().content
    content.values = {"nome": "Ditta Rossi", "p_e_c": "rossi@pec.example"}
    content.save()

    rows = table(campaign)

    assert rows[0][-3:] == ["Nome", "P.E.C.", ""]
    assert rows[1][-3:] == ["Ditta Rossi", "rossi@pec.example", ""]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+39055", "-5", "@x", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", " =1"]
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(cell: str) -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    content = campaign.messages.get().content
    content.values["nome"] = cell
    content.save()

    assert table(campaign)[1][-2] == f"'{cell}"


def test_headings_are_made_harmless_too() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    campaign.columns = ["=HYPERLINK(1)"]

    assert table(campaign)[0][-1] == "'=HYPERLINK(1)"


def test_leading_zeros_stay() -> None:
    assert spreadsheets.neutral("07973780013") == "07973780013"


def test_what_went_wrong_stands_in_the_providers_words_on_one_line() -> None:
    campaign = build.started(statuses=[Shown.UNDELIVERED, Shown.FAILED, Shown.DELIVERED])
    undelivered, failed, _delivered = campaign.messages.order_by("line")
    build.receipt(undelivered, "non_delivery", reason="5.2.2 - mailbox\r\nfull")
    failed.attempts.update(answer="Post parameter is not valid")

    assert [row[8] for row in table(campaign)[1:]] == ["5.2.2 - mailbox full", "Post parameter is not valid", ""]


def test_a_row_with_signs_of_csv_is_quoted() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    content = campaign.messages.get().content
    content.values["nome"] = 'Rossi; "figli"\ne nipoti'
    content.save()

    assert table(campaign)[1][-2] == 'Rossi; "figli"\ne nipoti'


def test_words_are_in_the_language_of_the_moment_of_asking() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])
    with translation.override("en"):
        pieces = results.as_csv(campaign)

    with translation.override("it"):
        content = b"".join(pieces).decode("utf-8-sig")

    assert content.startswith("line;")


def test_more_rows_than_are_read_at_once_are_all_there() -> None:
    campaign = build.started()
    count = results.CHUNK + 2
    rows = Message.objects.bulk_create(
        Message(campaign=campaign, mailbox=campaign.mailbox, line=line, recipient="x@pec.example", ref=f"{line:010d}")
        for line in range(2, count + 2)
    )
    MessageContent.objects.bulk_create(MessageContent(message=row, subject="a", body="b") for row in rows)

    assert [row[0] for row in table(campaign)[1:]] == [str(line) for line in range(2, count + 2)]


def test_a_campaign_without_messages_has_its_heading_alone() -> None:
    assert len(table(build.draft())) == 1
