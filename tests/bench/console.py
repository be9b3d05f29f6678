"""The operators' console over a million messages: its first page, its desks and lists, and the counting behind them."""

import time
from collections.abc import Callable
from functools import partial

from tests.bench import million
from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

TIMES = 20
PAGE_MS, LIST_MS, COUNT_MS = 400.0, 150.0, 5000.0
QUERIES = 75


def main() -> None:
    """Ask for each page again and again, and tell the 95th percentile; count what a minute's job counts."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        from django.test import override_settings

        campaigns = million.fill()
        with override_settings(SECOND_FACTOR_REQUIRED=False):
            _measure(campaigns[0].pk)


def _measure(campaign: int) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from campaigns import figures, tallying
    from campaigns.console import board
    from pecportal.operation import liveness
    from pecportal.organisations.models import User

    liveness.expect()
    of = "of a million messages"
    for what, count in (("by status", tallying.run), ("for outside", figures.count)):
        Row(f"ms to count {what}, {of}", "the longest", max(_times(count, 3)), COUNT_MS, at_most=True).tell()
    Row(f"ms for the first page, {of}", "p95", p95(board.of), PAGE_MS, at_most=True).tell()
    with CaptureQueriesContext(connection) as asked:
        board.of()
    Row(f"queries of the first page, {of}", "a count", len(asked), QUERIES, at_most=True).tell()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.create_superuser("olga@portale.example"))
    messages = reverse("admin:campaigns_message_changelist")
    pages = {
        "list of messages": messages,
        "list of a campaign's messages": f"{messages}?campaign__id__exact={campaign}&of_status=undelivered",
        "desk of what does not move": reverse("console:desk", args=["stuck"]),
        "desk of doubts": reverse("console:desk", args=["doubts"]),
        "page of the switches": reverse("console:switch_off") + "?scope=all",
    }
    for what, url in pages.items():
        # beyond its queries each page is made of templates: so it is the whole answer that is measured
        assert client.get(url).status_code == 200, url
        Row(f"ms for the {what}, {of}", "p95", p95(partial(client.get, url)), LIST_MS, at_most=True).tell()


def _times(work: Callable[[], object], times: int) -> list[float]:
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return took


def p95(work: Callable[[], object], *, times: int = TIMES) -> float:
    """Milliseconds, after a first time that does not count."""
    work()
    return sorted(_times(work, times))[int(0.95 * times) - 1]


if __name__ == "__main__":
    main()
