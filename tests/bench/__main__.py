"""Runs each benchmark in a process of its own, against a simulated vendor in another, and prints ratios."""

import argparse
import json
import subprocess
import sys

from tests.bench.rows import Row
from tests.worlds import ROOT

BENCHMARKS = ("pace", "unpaced")


def main() -> int:
    """Run the named benchmarks, or all; the status is 1 when one falls short of its target or does not end."""
    parser = argparse.ArgumentParser(prog="./portal bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)} (default: all)")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    rows = [row for name in names for row in _run(name)]
    short = [row for row in rows if not row.holds]
    print(f"\n{len(rows) - len(short)} of {len(rows)} rows hold.")
    return 1 if short else 0


def _run(name: str) -> list[Row]:
    command = [sys.executable, "-m", f"tests.bench.{name}"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    rows = [Row(**json.loads(line)) for line in done.stdout.splitlines()]
    for row in rows:
        print(row.line(), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
