"""Two worker hosts share the work on PostgreSQL; what happens to one, or to the database, loses and doubles nothing."""

import os

import pytest

from tests.torture import hosts, outages

SERVER = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = SERVER.startswith("postgres")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IS_POSTGRES, reason="hosts share a PostgreSQL: none was given (TEST_POSTGRES_URL)"),
    pytest.mark.skipif(
        IS_POSTGRES and not outages.may_make_roles(SERVER), reason="the PostgreSQL's user may not make a role"
    ),
]


def test_when_a_host_dies_in_the_middle_of_a_campaign_the_other_goes_on_within_a_minute() -> None:
    assert hosts.killed(SERVER, settings=hosts.SHORT, messages=160).faults == []


def test_both_hosts_go_on_after_every_kind_of_outage_and_record_what_they_know() -> None:
    outcome = hosts.without_database(SERVER, settings=hosts.SHORT, messages=260, losses=outages.OUTAGES, seconds=4.0)

    assert outcome.faults == []
