"""The evidence on a doubt is gathered from the rows, in words that stay the same while nothing changes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import evidence
from campaigns.absence import Answer, Gap
from campaigns.models import Attempt, InboxScan, Search
from campaigns.states import Shown
from campaigns.tracking.receipts import Kind
from mailboxes.models import Mailbox, SpaceReading
from tests import build as kernel
from tests.campaigns import build, doubts

pytestmark = pytest.mark.django_db


def gaps(attempt: Attempt) -> tuple[Gap, ...]:
    return evidence.of(attempt).finding.gaps


def test_absence_is_found_in_the_rows() -> None:
    known = evidence.of(doubts.doubt(absent=True))

    assert known.is_absent
    assert known.space == 10
    assert len(known.scans) == 2
    assert known.witness is not None


def test_the_kind_of_the_witness_is_the_trackers_own_word() -> None:
    assert Kind.ACCEPTANCE.value == evidence.ACCEPTANCE


def test_incomplete_readings_are_no_evidence_of_absence() -> None:
    attempt = doubts.doubt()
    doubts.space(attempt.mailbox, percent=10)
    doubts.witness(attempt)
    doubts.scan(attempt)
    for _ in range(3):
        doubts.scan(attempt, complete=False)

    known = evidence.of(attempt)

    assert known.finding.answer is Answer.UNKNOWN
    assert known.finding.gaps == (Gap.ONE_SCAN,)
    assert known.shortfall is not None
    assert (known.shortfall.code, known.shortfall.words) == ("stopped", "The provider did not answer.")


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"total": 14}, "overcounted"),
        ({"total": None}, "uncounted"),
        ({"total": 7}, "unsteady"),
        ({"total": 7, "broken": 1}, "unreadable"),
    ],
)
def test_why_a_reading_is_not_complete_is_known(facts: dict[str, int | None], code: str) -> None:
    attempt = doubts.doubt()
    scan = doubts.scan(attempt, complete=False)
    InboxScan.objects.filter(pk=scan.pk).update(problem="", **facts)

    short = evidence.of(attempt).shortfall

    assert short is not None
    assert (short.code, short.items, short.total) == (code, 7, facts["total"])


def test_an_earlier_message_is_no_witness() -> None:
    attempt = doubts.doubt()
    doubts.space(attempt.mailbox, percent=10)
    doubts.witness(attempt, after=timedelta(minutes=-1))
    for _ in range(2):
        doubts.scan(attempt)

    assert gaps(attempt) == (Gap.NO_WITNESS,)


def test_another_mailboxs_message_is_no_witness() -> None:
    attempt = doubts.doubt()
    doubts.space(attempt.mailbox, percent=10)
    witness = doubts.witness(attempt)
    other = kernel.mailbox(attempt.mailbox.organisation, address="altra@prova.example")
    type(witness).objects.update(mailbox=other)
    for _ in range(2):
        doubts.scan(attempt)

    assert gaps(attempt) == (Gap.NO_WITNESS,)


def test_space_that_was_read_before_the_mark_says_nothing() -> None:
    attempt = doubts.doubt(absent=True)
    Mailbox.objects.update(space_at=timezone.now() - timedelta(hours=2))

    assert gaps(attempt) == (Gap.SPACE_UNKNOWN,)


def test_a_mailbox_that_was_once_nearly_full_may_have_lost_the_receipts() -> None:
    attempt = doubts.doubt(absent=True)
    SpaceReading.objects.create(mailbox=attempt.mailbox, at=timezone.now(), used=95, limit=100)

    assert gaps(attempt) == (Gap.NEARLY_FULL,)


def test_any_receipt_that_names_the_attempt_is_found() -> None:
    attempt = doubts.doubt(absent=True)
    build.receipt(attempt.message, "taking_charge")

    assert evidence.of(attempt).is_found


def test_the_hash_holds_while_nothing_changes_and_changes_with_anything_that_is_shown() -> None:
    attempt = doubts.doubt(absent=True)
    before = doubts.seen(attempt)

    assert doubts.seen(attempt) == before

    Search.objects.create(attempt=attempt, at=timezone.now())
    searched = doubts.seen(attempt)
    doubts.space(attempt.mailbox, percent=11)
    fuller = doubts.seen(attempt)
    Attempt.objects.filter(pk=attempt.pk).update(answer="something else")

    assert len({before, searched, fuller, doubts.seen(attempt)}) == 4


def test_one_more_whole_reading_is_wanted_when_a_witness_came_after_the_last() -> None:
    attempt = doubts.doubt()
    doubts.space(attempt.mailbox, percent=10)
    for _ in range(2):
        doubts.scan(attempt, after=timedelta(minutes=3))
    assert not evidence.wants_reading(attempt.mailbox_id)

    doubts.witness(attempt, after=timedelta(minutes=10))
    assert gaps(attempt) == (Gap.SCAN_BEFORE_WITNESS,)
    assert evidence.wants_reading(attempt.mailbox_id)

    doubts.scan(attempt, after=timedelta(minutes=20))
    assert evidence.of(attempt).is_absent
    assert not evidence.wants_reading(attempt.mailbox_id)


def test_a_message_that_is_not_uncertain_is_not_in_doubt() -> None:
    campaign = build.started(statuses=[Shown.DELIVERED])

    assert evidence.in_doubt(campaign.messages.get()) is None
