"""Every failure shows a cause and a next step."""

import pytest

from campaigns.states import Shown
from campaigns.tracking import advice
from tests.campaigns import build

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", list(Shown))
def test_every_status_has_a_next_step(status: Shown) -> None:
    row = build.started(statuses=[status]).messages.get()

    assert advice.of(row).step


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        ("mailbox_full", "7 days"),
        ("unknown_address", "INI-PEC"),
        ("virus", "antivirus"),
        ("not_certified", "certified address"),
        ("other", "provider's words"),
        ("something_new", "provider's words"),
    ],
)
def test_a_failures_cause_decides_the_next_step(cause: str, word: str) -> None:
    row = build.started(statuses=[Shown.UNDELIVERED]).messages.get()
    build.receipt(row, "acceptance")
    build.receipt(row, "non_delivery", cause=cause)

    found = advice.of(row)

    assert found.cause
    assert word in found.step


def test_a_failure_without_a_receipts_cause_points_to_the_words() -> None:
    row = build.started(statuses=[Shown.UNDELIVERED]).messages.get()

    assert advice.cause(row) == "other"


def test_receipts_that_contradict_one_another_are_remarked() -> None:
    row = build.started(statuses=[Shown.DELIVERED]).messages.get()
    row.flags = ["conflict", "late", "unknown flag"]

    assert len(advice.of(row).remarks) == 2


def test_nothing_is_ever_called_read_or_notified() -> None:
    told = [*advice.STEPS.values(), *advice.CAUSES.values(), *advice.STEPS_OF_CAUSES.values()]

    assert not [sentence for sentence in told if "notified" in str(sentence) or "has read" in str(sentence)]
