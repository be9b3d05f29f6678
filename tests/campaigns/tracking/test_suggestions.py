"""What speaks for a message, and how strongly."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.tracking import suggestions
from campaigns.tracking.suggestions import Candidate, Item

SENT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ITEM = Item("Altro", "", "", SENT + timedelta(minutes=5))
ONE = Candidate(1, "7KQ2M9ABCD", frozenset({"2026030109000011"}), "rossi@pec.example", "Avviso per Rossi", SENT)
OTHER = Candidate(2, "0000000000", frozenset(), "altri@pec.example", "Sollecito", SENT)


def reasons(item: Item, candidate: Candidate = ONE) -> tuple[str, ...]:
    found = suggestions.rank(item, [OTHER, candidate])
    assert all(each.candidate is candidate for each in found)
    return found[0].reasons if found else ()


def test_the_same_code_speaks_loudest() -> None:
    assert reasons(replace(ITEM, code="2026030109000011")) == ("same_code", "soon_after")
    assert reasons(replace(ITEM, code="202603010900001")) == ()


@pytest.mark.parametrize(
    "written",
    ["7KQ2M9ABCX", "7KQ2M9ABC", "7KQ2M9ABCDD", "KQ2M9ABCD", "7KQ2M9BACD", "7kq2m9abcd", "(7KQ2M9ABCX)", "7KQ2M9ABCX-2"],
)
def test_a_reference_that_differs_in_one_sign_speaks_for_it(written: str) -> None:
    assert reasons(replace(ITEM, subject=f"Avviso Rif. {written} 2026030109000099"))[0] == "near_reference"


@pytest.mark.parametrize("written", ["7KQ2M9ABXX", "7KQ2M9AB", "7KQ2M9ABCD123", "DCBA9M2QK7"])
def test_a_reference_that_differs_more_does_not(written: str) -> None:
    assert reasons(replace(ITEM, subject=f"Avviso Rif. {written} 2026030109000099")) == ()


def test_letters_that_no_reference_has_are_read_as_what_they_look_like() -> None:
    candidate = replace(ONE, ref="701VM9ABCD")

    assert reasons(replace(ITEM, subject="Avviso Rif. 7OIUM9ABCD"), candidate)[0] == "near_reference"


def test_a_subject_that_was_cut_inside_the_reference_speaks_for_those_that_begin_so() -> None:
    assert reasons(replace(ITEM, subject="Avviso Rif. 7KQ2M"))[0] == "cut_reference"
    assert reasons(replace(ITEM, subject="Avviso Rif. 7KQ")) == ()


def test_a_recipient_in_the_text_and_the_same_subject_speak_for_it() -> None:
    item = replace(ITEM, subject="AVVISO per  Rossi 2026030109000099", text='a "Rossi@pec.example" è')

    assert reasons(item) == ("same_recipient_and_subject", "soon_after")
    assert reasons(replace(item, subject="Altro"))[0] == "same_recipient"
    assert reasons(replace(item, text="")) == ("same_subject", "soon_after")


@pytest.mark.parametrize(
    "recipient", ["rossi@pec.example", "r+i@pec.example", "(rossi@pec.example", "[a-z]@pec.example"]
)
def test_the_signs_of_an_address_mean_themselves(recipient: str) -> None:
    candidate = replace(ONE, recipient=recipient)

    assert reasons(replace(ITEM, text=f"a {recipient} è"), candidate)[0] == "same_recipient"
    for other in ("rossi@pecXexample", "rri@pec.example", "z@pec.example"):
        assert reasons(replace(ITEM, text=f"a {other} è"), candidate) == ()


@pytest.mark.parametrize("text", ["marco.rossi@pec.example", "rossi@pec.example.com", "x-rossi@pec.example"])
def test_a_longer_address_does_not_name_the_recipient(text: str) -> None:
    assert reasons(replace(ITEM, text=text)) == ()


def test_time_alone_suggests_nothing() -> None:
    assert reasons(ITEM) == ()


def test_a_receipt_never_comes_before_its_message_unless_the_code_says_so() -> None:
    item = replace(ITEM, subject="Avviso Rif. 7KQ2M9ABCX", at=SENT - timedelta(minutes=6))

    assert reasons(item) == ()
    assert "same_code" in reasons(replace(item, code="2026030109000011"))


@given(st.permutations(range(8)))
def test_the_order_of_the_candidates_changes_nothing_and_few_are_shown(order: list[int]) -> None:
    all_of_them = [replace(ONE, attempt_id=n, ref=f"7KQ2M9ABC{n}") for n in range(8)]
    item = replace(ITEM, text="rossi@pec.example")

    found = suggestions.rank(item, [all_of_them[n] for n in order])

    assert [each.candidate.attempt_id for each in found] == [0, 1, 2, 3, 4]


@given(st.text(), st.text())
def test_nothing_that_anybody_writes_stops_it(subject: str, text: str) -> None:
    suggestions.rank(Item(subject, "", text, None), [ONE])


def test_few_references_are_near_whatever_a_subject_holds() -> None:
    assert len(list(suggestions.near_references("A1B2C3D4E5 " * 1000))) < 20_000
