"""References: random, readable, one for each attempt."""

import pytest

from campaigns import references


def test_a_reference_has_ten_signs_that_nobody_misreads() -> None:
    made = [references.new() for _ in range(2000)]

    assert len(set(made)) == len(made)
    assert {len(ref) for ref in made} == {10}
    assert set("".join(made)) == set(references.ALPHABET)
    assert not set("ILOU") & set(references.ALPHABET)
    assert len(references.ALPHABET) == 32


@pytest.mark.parametrize(("n", "ref"), [(1, "7KQ2M9ABCD"), (2, "7KQ2M9ABCD-2"), (17, "7KQ2M9ABCD-17")])
def test_only_later_attempts_carry_their_number(n: int, ref: str) -> None:
    assert references.of_attempt("7KQ2M9ABCD", n) == ref


def test_there_is_no_attempt_zero() -> None:
    with pytest.raises(ValueError, match="count from 1"):
        references.of_attempt("7KQ2M9ABCD", 0)
