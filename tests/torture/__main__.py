"""`./portal torture`: the fault tests over many seeds."""

import argparse
import os
import sys

from tests.torture import killing
from tests.worlds import own_database


def main() -> int:
    """Run as many seeds as asked for, on SQLite and on the PostgreSQL that is given; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="./portal torture", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="of each database")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    server = os.environ.get("TEST_POSTGRES_URL", "")
    broken = runs = 0
    for seed in range(options.first, options.first + options.runs):
        for engine, faults in _both(seed, server):
            print(f"seed {seed} on {engine}: {'; '.join(faults) or 'ok'}", flush=True)
            broken, runs = broken + bool(faults), runs + 1
    if not server:
        print("NOT RUN on PostgreSQL: TEST_POSTGRES_URL is not set")
    print(f"\n{runs - broken} passed, {broken} failed")
    return 1 if broken else 0


def _both(seed: int, server: str) -> list[tuple[str, list[str]]]:
    kills = 1 + seed % 3
    found = [("SQLite", killing.run(seed, kills=kills).faults())]
    if server:
        with own_database(server) as database:
            found.append(("PostgreSQL", killing.run(seed, kills=kills, database=database).faults()))
    return found


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
    sys.exit(main())
