"""One worker on a database that fails it for some seconds: its records are repeated, and nothing is sent twice.

Nobody dies here, so that the vendor's answer about each message has to be in its rows in the end.
"""

import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from tests.torture import cutting, judging
from tests.torture.matrix import HASTE, SPEED, Crew, Hands
from tests.torture.plans import Plan
from tests.worlds import World, in_session, until, world

SECONDS = 5.0
SETTLES = 1.5  # after so long nothing is on its way any more that had been marked before
Disturbance = Callable[[Crew], AbstractContextManager[None]]
PLAN = Plan(seed=1, messages=120, rate=10.0)


def by_cut_commits(database: str, *, seed: int = 1) -> list[str]:
    """The connection to PostgreSQL breaks at two of five commits; every broken promise, in words."""
    with cutting.between(database, seed=seed) as cutter:

        @contextmanager
        def cuts(crew: Crew) -> Iterator[None]:
            cutter.share = 0.4
            yield
            cutter.share = 0.0

        faults = _run(database, cuts, seen=cutter.url)
        times = {"before": cutter.before, "after": cutter.after}
    return faults + [f"no commit was cut {when} the server heard of it" for when, n in times.items() if not n]


def by_a_full_disk(database: str) -> list[str]:
    """No file of the worker's can grow: neither SQLite's nor its logs. Every broken promise, in words."""
    return _run(database, _full_disk, stops=True)


@contextmanager
def _full_disk(crew: Crew) -> Iterator[None]:
    everybody = in_session(crew.leader)
    _limit_files(everybody, 1)
    yield
    _limit_files(everybody, resource.RLIM_INFINITY)


def _limit_files(processes: Sequence[int], size: int) -> None:
    for pid in processes:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _run(database: str, disturbance: Disturbance, *, seen: str = "", stops: bool = False) -> list[str]:
    """Play it; `seen` is the URL under which the worker sees the database. `stops`: nothing can be sent meanwhile."""
    with _sending(database, seen) as (here, hands, crew):
        with disturbance(crew):
            time.sleep(SETTLES)
            before = len(here.ledger())
            time.sleep(SECONDS - SETTLES)
            meanwhile = len(here.ledger()) - before
        until(lambda: _is_over(here, hands), "everything is sent", seconds=150, pause=0.5)
        final = hands.do("state") | {"audit": hands.do("audit")}
        crew.kill()
        hands.close()
        faults = judging.judge(here, final, PLAN, speed=SPEED)
    if stops and meanwhile:
        faults.append(f"{meanwhile} messages were sent of which nothing could be written down")
    return faults + [f"the answer about {ref} was not recorded" for ref in final["unrecorded"]]


@contextmanager
def _sending(database: str, seen: str) -> Iterator[tuple[World, Hands, Crew]]:
    settings = HASTE | {"SENDING_RATE": str(PLAN.rate), "SENDING_PUMP_SECONDS": "30", "OPENAPI_SEND_DEADLINE": "8"}
    settings |= {"SENDING_LEASE_SECONDS": "10", "SENDING_LANE_SECONDS": "6"}
    clock = {"CLOCK_SPEED": str(SPEED), "CLOCK_ORIGIN": str(time.time())}
    with world(rate=PLAN.rate, latency=0.1, database=database, **settings, **clock) as here:
        hands, crew = Hands(here), Crew(here, PLAN, database=seen)
        try:
            hands.do("begin", PLAN.recipients)
            hands.do("wake")
            until(lambda: len(here.ledger()) > 10, "messages are sent", seconds=120)
            yield here, hands, crew
        finally:
            crew.kill()
            hands.close()


def _is_over(here: World, hands: Hands) -> bool:
    hands.do("wake")
    rows = hands.do("state")["messages"].values()
    return len(here.ledger()) >= PLAN.messages and all(row["state"] == "submitted" for row in rows)
