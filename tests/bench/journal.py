"""The journal: how many entries a second its one locked head takes, and how quickly the whole chain is verified."""

import threading
import time
from collections.abc import Callable

from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

ONE = 200
THREADS = 4
WALKED = 5_000


def main() -> None:
    """Record one after another, then by several at once; then walk a long chain."""
    with bench_database() as database, quiet(database=database, command="migrate") as here:
        set_up(here)
        alone = ONE / _seconds(lambda: _record(ONE))
        several = ONE / _seconds(_by_several)
        walked = _walked()
    Row("entries recorded one after another", "a second", alone, 20).tell()
    Row("entries recorded by four at once", "a second", several, 20).tell()
    Row("entries verified", "a second", walked, 2_000).tell()


def _record(count: int) -> None:
    from pecportal.journal.record import record

    for number in range(count):
        record("plan.save", before={"n": number}, after={"n": number + 1}, n=number)


def _by_several() -> None:
    threads = [threading.Thread(target=_closing, args=(ONE // THREADS,)) for _number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _closing(count: int) -> None:
    from django.db import connection

    _record(count)
    connection.close()


def _walked() -> float:
    from django.db import transaction

    from pecportal.journal.models import Entry
    from pecportal.journal.record import verify

    with transaction.atomic():
        _record(WALKED - Entry.objects.count())
    found: list[object] = []
    seconds = _seconds(lambda: found.append(verify()))
    if found != [None]:
        raise AssertionError(found)
    return WALKED / seconds


def _seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
