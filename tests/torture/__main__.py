"""`./portal torture`: the fault tests over many seeds."""

import argparse
import os
import sys

from tests.torture import killing


def main() -> int:
    """Run as many seeds as asked for, on SQLite and on the PostgreSQL that is given; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="./portal torture", description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    options = parser.parse_args()
    broken = 0
    for seed in range(options.first, options.first + options.runs):
        faults = killing.run(seed, kills=1 + seed % 3).faults()
        print(f"seed {seed}: {'; '.join(faults) or 'ok'}", flush=True)
        broken += bool(faults)
    print(f"\n{options.runs - broken} passed, {broken} failed")
    return 1 if broken else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
    sys.exit(main())
