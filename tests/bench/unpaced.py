"""The pump without pacing at 50 ms vendor latency, against a bare loop of the same client and threads."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.bench.rows import Row
from tests.worlds import bench_database, set_up, world

MESSAGES = 4000
THREADS = 32
LATENCY = 0.05
ROUNDS = 3


def main() -> None:
    """Alternate the two, so that both meet the same noise, and compare their best rounds."""
    options = {"SENDING_RATE": "0", "SENDING_THREADS": str(THREADS), "SENDING_PUMP_SECONDS": "120"}
    with bench_database() as database, world(rate=0, latency=LATENCY, database=database, **options) as here:
        set_up(here)
        from pecportal import collector

        collector.spare()  # as every worker does
        pumped, bare = [], []
        for _ in range(ROUNDS):
            bare.append(_bare())
            pumped.append(_pumped())
        engine = _engine()
        taken = len(here.ledger())
    if taken != 2 * ROUNDS * MESSAGES:
        raise RuntimeError(f"The vendor took {taken} messages, not {2 * ROUNDS * MESSAGES}.")
    what = f"pump without pacing at {LATENCY * 1000:.0f} ms and {THREADS} threads on {engine}"
    Row(what, "a bare loop of the same client and threads", max(pumped) / max(bare), 0.90).tell()


def _pumped() -> float:
    from campaigns.sending import pump
    from tests.engine import running

    running(messages=MESSAGES)
    started = time.monotonic()
    sent = pump.run()
    if sent != MESSAGES:
        raise RuntimeError(f"The pump ended {sent} calls, not {MESSAGES}.")
    return MESSAGES / (time.monotonic() - started)


def _bare() -> float:
    from pecportal import vendor
    from pecportal.upstream.massiva import Credentials, Outgoing
    from tests.engine import BODY
    from tests.worlds import ADDRESS, PASSWORD

    client, credentials = vendor.connect(), Credentials(ADDRESS, PASSWORD)

    def send(number: int) -> None:
        outgoing = Outgoing(ADDRESS, f"ditta{number}@prova.example", f"Avviso Rif. {number:010d}", BODY)
        client.massiva.send(outgoing, credentials=credentials)

    started = time.monotonic()
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(send, range(MESSAGES)))
    return MESSAGES / (time.monotonic() - started)


def _engine() -> str:
    from django.db import connection

    return connection.vendor


if __name__ == "__main__":
    main()
