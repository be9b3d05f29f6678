"""Short forms of what is asked of the API at length."""

import os

import pytest

from tests.torture import described, twice
from tests.worlds import own_database

SERVER = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = SERVER.startswith("postgres")
pytestmark = pytest.mark.slow


@pytest.mark.skipif(IS_POSTGRES, reason="asked on SQLite")
def test_no_question_is_answered_by_an_error_or_in_a_way_that_is_not_described() -> None:
    outcome = described.asked(examples=1, seed=1)

    assert outcome.is_good, outcome.words
    assert outcome.cases > 500


@pytest.mark.skipif(not IS_POSTGRES, reason="SQLite lets one write at a time: asked on PostgreSQL")
def test_the_same_message_posted_by_two_at_once_is_taken_once() -> None:
    with own_database(SERVER) as url:
        outcome = twice.posted(times=60, database=url)

    assert outcome.faults == []
