"""The database fails for some seconds: what was to be recorded is recorded afterwards, and nothing is sent twice."""

import os
from pathlib import Path

import pytest

from tests.torture import disturbed, matrix

SERVER = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = SERVER.startswith("postgres")
pytestmark = pytest.mark.slow


@pytest.mark.skipif(not IS_POSTGRES, reason="commits are cut on the way to a PostgreSQL: none was given")
def test_connections_that_break_in_the_middle_of_a_commit_lose_and_double_nothing(tmp_path: Path) -> None:
    with matrix.database(tmp_path, SERVER) as url:
        assert disturbed.by_cut_commits(url) == []


@pytest.mark.skipif(IS_POSTGRES, reason="it is the worker's own disk that is full: SQLite's")
def test_a_full_disk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with matrix.database(tmp_path) as url:
        assert disturbed.by_a_full_disk(url) == []
