"""The pump, against one job of the queue for each message, as is usual: both unpaced, at 50 ms of the vendor's time."""

import subprocess
import sys
import time

from tests.bench.rows import Row
from tests.worlds import ROOT, World, bench_database, set_up, world

MESSAGES = 2000
JOBS = 120
LATENCY = 0.05


def main() -> None:
    """Send by the pump, then by jobs in a real cluster with the usual number of workers."""
    options = {"SENDING_RATE": "0", "SENDING_PUMP_SECONDS": "120"}
    with bench_database() as database, world(rate=0, latency=LATENCY, database=database, **options) as here:
        set_up(here)
        pumped = _pumped()
        by_jobs = _by_jobs(here)
    Row("the pump without pacing", "one job of the queue per message", pumped / by_jobs, 10).tell()


def _pumped() -> float:
    from campaigns.sending import pump
    from tests.engine import running

    running(messages=MESSAGES)
    begun = time.monotonic()
    pump.run()
    return MESSAGES / (time.monotonic() - begun)


def _by_jobs(here: World) -> float:
    from pecportal.queue import enqueue

    already = len(here.ledger())
    for number in range(JOBS):
        enqueue("tests.bench.pertask.send", number, lane="rest")
    worker = subprocess.Popen([sys.executable, "-m", "pecportal.worker", "rest"], cwd=ROOT, env=here.env)
    try:
        first = _when(here, already + 1)
        return (JOBS - 1) / (_when(here, already + JOBS) - first)
    finally:
        worker.terminate()
        worker.wait(60)


def _when(here: World, taken: int) -> float:
    until = time.monotonic() + 300
    while len(here.ledger()) < taken:
        if time.monotonic() > until:
            raise TimeoutError("The jobs did not send.")
        time.sleep(0.05)
    return time.monotonic()


def send(number: int) -> None:
    """One message, as a job: mark, send, note."""
    from campaigns.models import Message
    from pecportal import clock, vendor
    from pecportal.upstream.massiva import Credentials, Outgoing
    from tests.engine import BODY
    from tests.worlds import ADDRESS, PASSWORD

    message = Message.objects.order_by("pk")[number]
    Message.objects.filter(pk=message.pk).update(sent_at=clock.now())
    outgoing = Outgoing(ADDRESS, f"singola{number}@prova.example", f"Avviso Rif. {number:010d}", BODY)
    vendor.connect().massiva.send(outgoing, credentials=Credentials(ADDRESS, PASSWORD))
    Message.objects.filter(pk=message.pk).update(sent_at=clock.now())


if __name__ == "__main__":
    main()
