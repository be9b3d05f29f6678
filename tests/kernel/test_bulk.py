"""Many rows at once: every value arrives as it was, whatever way the database takes them."""

import json

import pytest
from django.utils import timezone

from campaigns.models import BrokenItem, ListProblem, Message, Recipient
from campaigns.states import Shown
from pecportal import bulk
from tests.campaigns import build

pytestmark = pytest.mark.django_db
NASTY = [
    "",
    "\\",
    "\\N",
    "\\.",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "'\";--",
    "%s {}",
    "è € 𝄞 \u2028",
    "{1,2}",
    "NULL",
    "x" * 10_000,
]


def test_values_arrive_as_they_were() -> None:
    campaign = build.draft()
    rows = [
        (campaign.pk, number, f"a{number}@pec.example", json.dumps({"valore": value}, ensure_ascii=False))
        for number, value in enumerate(NASTY, 2)
    ]

    bulk.insert(Recipient, ("campaign_id", "line", "address", "values"), rows)

    found = campaign.recipients.order_by("line").values_list("line", "values")
    assert list(found) == [(number, {"valore": value}) for number, value in enumerate(NASTY, 2)]


def test_texts_numbers_truth_and_nothing_arrive() -> None:
    campaign = build.draft()
    columns = ("campaign_id", "line", "column", "code", "value", "first_line", "is_warning")
    rows = [
        (campaign.pk, n, "pec", "duplicate", value[:300], None if n % 2 else n, bool(n % 2))
        for n, value in enumerate(NASTY)
    ]

    bulk.insert(ListProblem, columns, rows)

    for row, (_, n, column, code, value, first_line, is_warning) in zip(
        ListProblem.objects.order_by("line"), rows, strict=True
    ):
        assert (row.line, row.column, row.code, row.value) == (n, column, code, value)
        assert (row.first_line, row.is_warning) == (first_line, is_warning)


def test_no_rows_are_none() -> None:
    bulk.insert(Recipient, ("campaign_id", "line", "address", "values"), [])

    assert not Recipient.objects.exists()


def test_what_is_there_already_is_left_as_it_is_and_not_counted() -> None:
    mailbox = build.draft().mailbox
    columns = (
        "mailbox_id",
        "key",
        "problem",
        "item_id",
        "subject",
        "date_text",
        "raw",
        "first_seen_at",
        "seen_at",
        "times",
    )
    now = timezone.now()
    at = bulk.stored_as(now)

    def row(number: int, problem: str) -> tuple[bulk.Value, ...]:
        return (mailbox.pk, f"{number}", problem, "", "", "", "", at, at, 1)

    assert bulk.insert_missing(BrokenItem, columns, [row(number, "first") for number in range(150)]) == 150
    assert bulk.insert_missing(BrokenItem, columns, [row(number, "second") for number in range(140, 160)]) == 10

    assert BrokenItem.objects.filter(problem="first").count() == 150
    assert set(BrokenItem.objects.values_list("seen_at", flat=True)) == {now}


def test_rows_get_their_new_values() -> None:
    campaign = build.started(statuses=[Shown.SUBMITTED, Shown.SUBMITTED, Shown.SUBMITTED])
    first, second, third = campaign.messages.all()
    now = timezone.now()

    bulk.update(
        Message,
        ("flags", "accepted_at", "status"),
        [('["late"]', bulk.stored_as(now), "accepted", first.pk), ("[]", None, "expired", second.pk)],
    )

    assert list(campaign.messages.values_list("flags", "accepted_at", "status")) == [
        (["late"], now, "accepted"),
        ([], None, "expired"),
        (third.flags, third.accepted_at, third.status),
    ]
