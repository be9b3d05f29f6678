"""The verdict on a message: the domain's table line by line, whatever the order and the number of its receipts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.states import MessageState, Shown
from campaigns.tracking import verdict
from campaigns.tracking.receipts import Kind
from campaigns.tracking.verdict import Evidence, Flag, Judgement, Status, Verdict, judge

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def receipt(kind: Kind, hours: float | None = 0.0, **facts: Any) -> Evidence:
    facts = {"final": None, "certified": None, "cause": None} | facts
    return Evidence(kind, None if hours is None else at(hours), **facts)


ACCEPTED = receipt(Kind.ACCEPTANCE, 0, certified=True)
ORDINARY = receipt(Kind.ACCEPTANCE, 0, certified=False)
DELIVERED = receipt(Kind.DELIVERY, 1)
UNDELIVERED = receipt(Kind.NON_DELIVERY, 1, cause="other")
WARNING = receipt(Kind.TIMEOUT_NOTICE, 12, final=False)
LAST = receipt(Kind.TIMEOUT_NOTICE, 24, final=True)
REFUSED = receipt(Kind.NON_ACCEPTANCE, 0, cause="other")
ALL = (ACCEPTED, ORDINARY, DELIVERED, UNDELIVERED, WARNING, LAST, REFUSED)


@pytest.mark.parametrize(
    ("evidence", "expected", "flags"),
    [
        ([], Verdict.NONE, []),
        ([ACCEPTED], Verdict.ACCEPTED, []),
        ([DELIVERED], Verdict.DELIVERED, []),
        ([ACCEPTED, DELIVERED], Verdict.DELIVERED, []),
        ([ACCEPTED, WARNING, DELIVERED], Verdict.DELIVERED, []),
        ([ACCEPTED, WARNING, LAST, receipt(Kind.DELIVERY, 26)], Verdict.DELIVERED, [Flag.LATE]),
        ([ACCEPTED, DELIVERED, UNDELIVERED], Verdict.DELIVERED, [Flag.CONFLICT]),
        ([ACCEPTED, UNDELIVERED], Verdict.UNDELIVERED, []),
        ([ACCEPTED, LAST, UNDELIVERED], Verdict.UNDELIVERED, []),
        ([ACCEPTED, receipt(Kind.NON_DELIVERY_VIRUS, cause="virus")], Verdict.UNDELIVERED, [Flag.VIRUS]),
        ([ACCEPTED, receipt(Kind.NON_DELIVERY, cause="mailbox_full")], Verdict.UNDELIVERED, [Flag.MAILBOX_FULL]),
        ([ACCEPTED, receipt(Kind.NON_DELIVERY, cause="unknown_address")], Verdict.UNDELIVERED, [Flag.ADDRESS]),
        ([ACCEPTED, WARNING, LAST], Verdict.EXPIRED, []),
        ([LAST], Verdict.EXPIRED, []),
        ([ORDINARY], Verdict.ORDINARY_MAIL, []),
        ([ORDINARY, ACCEPTED], Verdict.ORDINARY_MAIL, []),
        ([ORDINARY, WARNING], Verdict.ORDINARY_MAIL, []),
        ([ORDINARY, LAST], Verdict.EXPIRED, []),
        ([ACCEPTED, WARNING], Verdict.DELAYED, []),
        ([WARNING], Verdict.DELAYED, []),
        ([ACCEPTED, REFUSED], Verdict.ACCEPTED, [Flag.CONFLICT]),
        ([ACCEPTED, DELIVERED, REFUSED], Verdict.DELIVERED, [Flag.CONFLICT]),
        ([REFUSED], Verdict.NOT_ACCEPTED, []),
        ([receipt(Kind.NON_ACCEPTANCE_VIRUS, cause="virus")], Verdict.NOT_ACCEPTED, [Flag.VIRUS]),
        ([receipt(Kind.TAKING_CHARGE), receipt(Kind.VIRUS_NOTICE), receipt(Kind.UNKNOWN)], Verdict.NONE, []),
        ([receipt(Kind.INCOMING), receipt(Kind.ANOMALY)], Verdict.NONE, []),
        ([ACCEPTED, receipt(Kind.TAKING_CHARGE), receipt(Kind.VIRUS_NOTICE)], Verdict.ACCEPTED, []),
    ],
)
def test_the_highest_line_that_holds_wins(evidence: list[Evidence], expected: Verdict, flags: list[Flag]) -> None:
    found = judge(evidence)

    assert (found.verdict, found.flags) == (expected, frozenset(flags))


@pytest.mark.parametrize(
    ("hours", "final", "expected"),
    [
        (12, None, Verdict.DELAYED),
        (21.99, None, Verdict.DELAYED),
        (22, None, Verdict.EXPIRED),
        (24, None, Verdict.EXPIRED),
        (24, False, Verdict.EXPIRED),
        (12, False, Verdict.DELAYED),
        (12, True, Verdict.EXPIRED),
        (None, None, Verdict.DELAYED),
        (None, True, Verdict.EXPIRED),
    ],
)
def test_a_notice_is_the_last_if_it_says_so_or_comes_22_hours_after_the_acceptance(
    hours: float | None, final: bool | None, expected: Verdict
) -> None:
    assert judge([ACCEPTED, receipt(Kind.TIMEOUT_NOTICE, hours, final=final)]).verdict is expected


def test_without_an_acceptance_a_notice_that_says_nothing_is_a_delay() -> None:
    assert judge([receipt(Kind.TIMEOUT_NOTICE, 24)]).verdict is Verdict.DELAYED


def test_two_warnings_make_no_end() -> None:
    second = receipt(Kind.TIMEOUT_NOTICE, 13, final=False)

    assert judge([ACCEPTED, WARNING, second]).verdict is Verdict.DELAYED


def test_the_earliest_times_count() -> None:
    found = judge([receipt(Kind.ACCEPTANCE, 2), receipt(Kind.ACCEPTANCE, 1), receipt(Kind.DELIVERY, 5), DELIVERED])

    assert (found.accepted_at, found.decided_at) == (at(1), at(1))


@pytest.mark.parametrize("evidence", [[], [ACCEPTED], [ACCEPTED, WARNING]])
def test_what_is_open_is_not_decided(evidence: list[Evidence]) -> None:
    assert judge(evidence).decided_at is None


def test_receipts_without_a_time_still_count() -> None:
    found = judge([receipt(Kind.ACCEPTANCE, None), receipt(Kind.DELIVERY, None)])

    assert found == Judgement(Verdict.DELIVERED, frozenset(), None, None)


EVIDENCE = st.builds(
    Evidence,
    kind=st.sampled_from(Kind),
    at=st.none() | st.sampled_from([at(hours) for hours in (0, 1, 12, 21.9, 22, 24, 26)]),
    final=st.sampled_from([None, True, False]),
    certified=st.sampled_from([None, True, False]),
    cause=st.sampled_from([None, "", "mailbox_full", "unknown_address", "virus", "not_certified", "other"]),
)


@given(evidence=st.lists(EVIDENCE, max_size=12), data=st.data())
def test_neither_order_nor_repetition_changes_the_verdict(evidence: list[Evidence], data: st.DataObject) -> None:
    repeated = evidence + (data.draw(st.lists(st.sampled_from(evidence), max_size=6)) if evidence else [])

    assert judge(data.draw(st.permutations(repeated))) == judge(evidence)


@given(evidence=st.lists(EVIDENCE, max_size=12))
def test_more_proof_never_takes_a_delivery_back(evidence: list[Evidence]) -> None:
    assert judge([DELIVERED, *evidence]).verdict is Verdict.DELIVERED


RANK = {found: position for position, found in enumerate(Verdict)}


@given(evidence=st.lists(EVIDENCE, max_size=8), more=EVIDENCE)
def test_a_new_receipt_never_weakens_a_verdict(evidence: list[Evidence], more: Evidence) -> None:
    assert RANK[judge([*evidence, more]).verdict] <= RANK[judge(evidence).verdict]


def test_the_statuses_are_those_that_people_see() -> None:
    assert [status.value for status in Status] == [shown.value for shown in Shown]


STATES = [state.value for state in MessageState]


@pytest.mark.parametrize("state", STATES)
def test_without_receipts_our_own_state_shows(state: str) -> None:
    assert verdict.status(state, judge([]), sent_at=None, now=START).value == state


@pytest.mark.parametrize(("state", "evidence"), list(product(STATES, ALL)))
def test_receipts_beat_our_own_state(state: str, evidence: Evidence) -> None:
    judgement = judge([evidence])

    assert verdict.status(state, judgement, sent_at=START, now=at(1)).value == judgement.verdict.value


@pytest.mark.parametrize(
    ("state", "evidence", "hours", "shown"),
    [
        ("submitted", [], 29.99, Status.SUBMITTED),
        ("submitted", [], 30, Status.NO_OUTCOME),
        ("submitted", [ACCEPTED], 29.99, Status.ACCEPTED),
        ("submitted", [ACCEPTED], 30, Status.NO_OUTCOME),
        ("uncertain", [ACCEPTED], 30, Status.NO_OUTCOME),
        ("uncertain", [], 1000, Status.UNCERTAIN),
        ("queued", [], 1000, Status.QUEUED),
        ("failed", [], 1000, Status.FAILED),
        ("cancelled", [], 1000, Status.CANCELLED),
        ("submitted", [ORDINARY], 1000, Status.ORDINARY_MAIL),
        ("submitted", [ACCEPTED, WARNING], 1000, Status.DELAYED),
        ("submitted", [REFUSED], 1000, Status.NOT_ACCEPTED),
        ("submitted", [ACCEPTED, DELIVERED], 1000, Status.DELIVERED),
    ],
)
def test_no_outcome_replaces_submitted_and_accepted_alone(
    state: str, evidence: Sequence[Evidence], hours: float, shown: Status
) -> None:
    assert verdict.status(state, judge(evidence), sent_at=START, now=at(hours)) is shown


def test_the_time_runs_from_the_acceptance_not_from_the_sending() -> None:
    accepted = judge([receipt(Kind.ACCEPTANCE, 5)])

    assert verdict.status("submitted", accepted, sent_at=START, now=at(34)) is Status.ACCEPTED
    assert verdict.next_deadline("submitted", accepted, sent_at=START, now=at(6)) == at(35)


@given(
    state=st.sampled_from(STATES),
    evidence=st.lists(EVIDENCE, max_size=6),
    sent=st.none() | st.sampled_from([0.0, 3.0]),
    hours=st.floats(0, 2000),
)
def test_a_status_changes_at_its_deadline_and_never_before(
    state: str, evidence: list[Evidence], sent: float | None, hours: float
) -> None:
    judgement, sent_at, now = judge(evidence), None if sent is None else at(sent), at(hours)
    status = verdict.status(state, judgement, sent_at=sent_at, now=now)
    deadline = verdict.next_deadline(state, judgement, sent_at=sent_at, now=now)

    watched = status in (Status.SUBMITTED, Status.ACCEPTED, Status.DELAYED)
    assert (deadline is not None) is watched
    if deadline is not None:
        assert deadline > now
        before = deadline - timedelta(microseconds=1)
        assert verdict.status(state, judgement, sent_at=sent_at, now=before) is status
        later = verdict.status(state, judgement, sent_at=sent_at, now=deadline)
        assert later is Status.NO_OUTCOME or status is Status.DELAYED or not (judgement.accepted_at or sent_at)
