"""A worker that dies in the middle of a campaign loses nothing and sends nothing twice."""

import os

import pytest

from tests.torture import killing
from tests.worlds import own_database

SERVER = os.environ.get("DATABASE_URL", "")


HERE = [(1, 1)] if SERVER.startswith("postgres") else [(2, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "kills"), HERE)
def test_a_killed_worker_loses_nothing_and_sends_nothing_twice(seed: int, kills: int) -> None:
    if SERVER.startswith("postgres"):
        with own_database(SERVER) as database:
            end = killing.run(seed, kills=kills, database=database)
    else:
        end = killing.run(seed, kills=kills)

    assert end.faults() == []
    assert len(end.messages) == 150
