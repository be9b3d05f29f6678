"""Pages of a list of a million messages, at any depth, filtered or not: the time of their queries, and of the rows."""

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.bench import million
from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from campaigns.models import Campaign

PAGES = 300
MOST = 10.0  # ms


def main() -> None:
    """Ask for pages here and there, and tell the 95th percentile of each kind."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        campaigns = million.fill()
        for what, ask in _kinds(campaigns).items():
            Row(f"ms for a page of {what}, of a million messages", "p95", _p95(ask), MOST, at_most=True).tell()


def _kinds(campaigns: "list[Campaign]") -> dict[str, Callable[[random.Random], object]]:
    from campaigns.models import Message
    from campaigns.tracking import listing

    campaign, office = campaigns[0], campaigns[0].organisation
    first = Message.objects.order_by("pk")[0].pk

    def line(at: random.Random) -> int:
        return at.randrange(million.LARGEST)

    return {
        "a campaign, at any depth": lambda at: listing.of_campaign(campaign, {}, edge={"after": line(at)}),
        "a campaign, backwards": lambda at: listing.of_campaign(campaign, {}, edge={"before": line(at)}),
        "a campaign, one status": lambda at: listing.of_campaign(
            campaign, {"status": at.choice(million.STATUSES)}, edge={"after": first + line(at)}
        ),
        "a campaign, one reference": lambda at: listing.of_campaign(campaign, {"q": f"{line(at):010d}"}, edge={}),
        "the whole office, at any depth": lambda at: listing.of_organisation(
            office, after=first + at.randrange(million.MESSAGES)
        ),
        "the whole office, one status": lambda at: listing.of_organisation(
            office, status=at.choice(million.STATUSES), after=first + at.randrange(million.MESSAGES)
        ),
    }


def _p95(ask: Callable[[random.Random], object]) -> float:
    at, took = random.Random(7), []
    for _ in range(PAGES):
        begun = time.perf_counter()
        ask(at)
        took.append(time.perf_counter() - begun)
    return sorted(took)[int(0.95 * PAGES)] * 1000


if __name__ == "__main__":
    main()
