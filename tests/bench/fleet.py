"""How many mailboxes one worker machine serves at one message a second each: 200 of them, over half a minute."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from datetime import datetime, timedelta

from tests.bench.rows import Row
from tests.worlds import PASSWORD, World, bench_database, set_up, world

MAILBOXES = 200
SECONDS = 30
PUMPS = os.cpu_count() or 1
WARM_UP = 12  # seconds until the pumps have shared the lanes out, and loaded them
USED = 0.95  # share of its pace that a mailbox must use to count as served


def main() -> None:
    """Send from all of them at once, then read the vendor's own ledger."""
    addresses = [f"casella{number}@prova.example" for number in range(MAILBOXES)]
    options = {
        "SENDING_RATE": "1",
        "SENDING_THREADS": "64",
        "SENDING_PUMPS": str(PUMPS),
        "SENDING_PUMP_SECONDS": str(WARM_UP + SECONDS + 3),
    }
    with bench_database() as database, world(rate=1, latency=0.05, database=database, **options) as here:
        set_up(here)
        for address in addresses:
            _create(here, address)
        _send(here, addresses)
        sent = [(one["sender"], datetime.fromisoformat(one["at"])) for one in here.ledger()]
    begun = min(at for _, at in sent) + timedelta(seconds=WARM_UP)
    counted = Counter(sender for sender, at in sent if begun <= at < begun + timedelta(seconds=SECONDS))
    served = sum(counted[address] >= USED * SECONDS for address in addresses)
    what = f"mailboxes that {PUMPS} pumps on one machine serve at 1 message/s each, of {MAILBOXES}"
    Row(what, f"{USED:.0%} of that pace", served, MAILBOXES).tell()
    total = sum(counted.values()) / (MAILBOXES * SECONDS)
    Row(f"share of their common pace that {MAILBOXES} mailboxes use", "1 message/s each", total, USED).tell()


def _create(here: World, address: str) -> None:
    order = json.dumps({"address": address, "password": PASSWORD}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{here.vendor}/_sandbox/mailboxes", order, headers, method="POST")
    with urllib.request.urlopen(request, timeout=30):
        return


def _send(here: World, addresses: list[str]) -> None:
    from tests.engine import running

    for address in addresses:
        running(messages=WARM_UP + SECONDS + 10, sender=address)
    pumps = [subprocess.Popen([sys.executable, "-m", "tests.bench.fleet", "pump"], env=here.env) for _ in range(PUMPS)]
    for one in pumps:
        if one.wait():
            raise RuntimeError("A pump broke.")


def _pump() -> None:
    """One pump, in a process of its own."""
    import django

    django.setup()
    from campaigns.sending import pump
    from pecportal import collector

    collector.spare()  # as every worker does
    pump.run()


if __name__ == "__main__":
    _pump() if sys.argv[1:] == ["pump"] else main()
