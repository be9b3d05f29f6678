"""Runs each benchmark in a process of its own, against a simulated vendor in another, and prints ratios."""

import argparse
import json
import os
import subprocess
import sys

from tests.bench.rows import Row
from tests.worlds import ROOT

BENCHMARKS = (
    *("pace", "unpaced", "pertask", "fleet", "attachment", "receipts", "csv", "xlsx", "lists"),
    *("recipients", "letters", "preflight", "journal", "console", "api", "posts"),
)
WITHOUT_DATABASE = ("attachment", "xlsx")


def main() -> int:
    """Run the named benchmarks, or all; the status is 1 when one falls short of its target or does not end."""
    parser = argparse.ArgumentParser(prog="./portal bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)} (default: all)")
    names = parser.parse_args().names or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    server = os.environ.get("DATABASE_URL", "")
    engines = ["", server] if server.startswith("postgres") else [""]
    rows = [
        row
        for name in names
        for engine in engines
        if not (engine and name in WITHOUT_DATABASE)
        for row in _run(name, engine)
    ]
    if len(engines) == 1:
        print("NOT RUN on PostgreSQL: DATABASE_URL names none")
    short = [row for row in rows if not row.holds]
    print(f"\n{len(rows) - len(short)} of {len(rows)} rows hold.")
    return 1 if short else 0


def _run(name: str, server: str) -> list[Row]:
    command = [sys.executable, "-m", f"tests.bench.{name}"]
    env = {**os.environ, "BENCH_SERVER": server}
    done = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True)
    if name not in WITHOUT_DATABASE:
        print(f"-- {name}, on {'PostgreSQL' if server else 'SQLite'}", flush=True)
    rows = [Row(**json.loads(line)) for line in done.stdout.splitlines()]
    for row in rows:
        print(row.line(), flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
