"""A worker dies or sleeps at each kind of point while the vendor has faults; engines that are wrong are found out."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.torture import matrix
from tests.torture.judging import End
from tests.torture.plans import FULL, PAIRS, Plan
from tests.torture.trouble import FAULTS

pytestmark = pytest.mark.slow
SERVER = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = SERVER.startswith("postgres")

SHORT = [
    Plan(101, "claimed, not committed", "group", faults=("answer lost", "500 taken", "429", "growth")),
    Plan(102, "before the connection", "sleep", nth=3),
    Plan(103, "marked, not committed", "worker", nth=2, faults=("502 HTML", "200 torn", "page_repeated")),
    Plan(104, "half of the body out", "parent", nth=5, faults=("lost, not taken", "ids_shifted")),
    Plan(105, "answered, not recorded", "worker", nth=9, faults=("201 odd", "307"), limit=25),
    Plan(106, "page judged, not committed", "term", nth=1, faults=("server_error_on_page", "broken_items"), rate=20.0),
    Plan(107, "frozen, not committed", "worker", faults=("408 taken", "503 torn", "random_pages", "total_wrong")),
]
# each on one database where both are given
HERE = SHORT[:3] if IS_POSTGRES else SHORT[3:] if os.environ.get("TEST_POSTGRES_URL") else SHORT
CAUGHT = [
    # asleep right after a commit: what sleeps within a transaction lets nobody else go on, and so proves nothing
    Plan(201, "claim committed", "sleep", wrong="unconditional_mark"),
    Plan(202, "body out", "group", nth=5, wrong="check_then_send"),
    Plan(203, "body out", "group", nth=5, wrong="expired_wire_is_queued"),
    Plan(204, "claim committed", "sleep", wrong="stale_lock_is_deleted"),
]


@contextmanager
def database(tmp_path: Path) -> Iterator[str]:
    with matrix.database(tmp_path, SERVER if IS_POSTGRES else "") as url:
        yield url


def play(plan: Plan, tmp_path: Path) -> End:
    with database(tmp_path) as url:
        return matrix.run(plan, url)


@pytest.mark.parametrize("plan", HERE, ids=str)
def test_whatever_dies_wherever_nothing_is_lost_and_nothing_sent_twice(plan: Plan, tmp_path: Path) -> None:
    end = play(plan, tmp_path)

    assert end.sprung
    assert end.faults == []
    assert end.met == set(plan.faults)


def test_the_seeds_of_a_full_run_hit_every_point_in_every_way_under_every_fault() -> None:
    plans = [Plan.of(seed) for seed in range(1, FULL + 1)]

    assert len({(plan.how, plan.point, fault) for plan in plans for fault in plan.faults}) == len(PAIRS) * len(FAULTS)
    assert FULL >= 300


@pytest.mark.skipif(IS_POSTGRES, reason="what is wrong with an engine shows on SQLite")
@pytest.mark.parametrize("plan", CAUGHT, ids=lambda plan: plan.wrong)
def test_an_engine_that_is_wrong_is_found_out(plan: Plan, tmp_path: Path) -> None:
    # a receipt that is read at once keeps even a wrong engine from sending again: chance, so three times at most
    for _n in range(3):
        end = play(plan, tmp_path)
        assert end.sprung
        if end.faults:
            break

    assert end.faults != []
    assert all("still move" not in fault for fault in end.faults)
