"""A short form of the killed rotation."""

import pytest

from tests.torture import keys

pytestmark = [pytest.mark.slow, pytest.mark.once]


def test_a_rotation_that_is_killed_loses_nothing() -> None:
    outcome = keys.killed(7, kills=2, boxes=500, papers=60)

    assert outcome.faults == []
    assert any(0 < done < 560 for done in outcome.done), outcome.words
