"""A worker that dies in the middle of a campaign loses nothing and sends nothing twice."""

import pytest

from tests.torture import killing


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "kills"), [(1, 1), (2, 2)])
def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(seed: int, kills: int) -> None:
    end = killing.run(seed, kills=kills)

    assert end.faults() == []
    assert len(end.messages) == 150
