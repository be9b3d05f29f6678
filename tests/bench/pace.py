"""How much of the permitted rate the pump uses over 60 s at one message a second; it may never exceed it."""

from datetime import datetime
from itertools import pairwise

from tests.bench.rows import Row
from tests.worlds import World, bench_database, set_up, world

SECONDS = 60
RATE = 1.0


def main() -> None:
    """Send for 60 s, then read the vendor's own ledger."""
    with (
        bench_database() as database,
        world(rate=RATE, database=database, SENDING_RATE=str(RATE), SENDING_PUMP_SECONDS=str(SECONDS + 3)) as here,
    ):
        set_up(here)
        _send()
        moments = _moments(here)
    rates = [1 / (after - before).total_seconds() for before, after in pairwise(moments)]
    first_minute = [moment for moment in moments if (moment - moments[0]).total_seconds() <= SECONDS]
    spans = len(first_minute) - 1
    used = spans / ((first_minute[-1] - first_minute[0]).total_seconds() * RATE)
    Row("share of the permitted rate that the pump uses over 60 s at 1 message/s", "the rate itself", used, 0.99).tell()
    over = sum(rate > RATE for rate in rates)
    Row("sends sooner than a second after the one before", "none", over, 0, at_most=True).tell()


def _send() -> None:
    from campaigns.sending import pump
    from tests.engine import running

    running(messages=SECONDS + 10)
    pump.run()


def _moments(here: World) -> list[datetime]:
    return [datetime.fromisoformat(sent["at"]) for sent in here.ledger()]


if __name__ == "__main__":
    main()
