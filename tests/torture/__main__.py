"""`./portal torture`: the fault proofs at length. Status 1 when a promise was broken, or a point was never reached."""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pecportal.settings")
django.setup()  # the points name functions of the engine

from tests.torture import (  # noqa: E402
    described,
    disturbed,
    fuzz,
    hosts,
    keys,
    killing,
    matrix,
    outages,
    seeds,
    soak,
    twice,
)
from tests.worlds import own_database, template  # noqa: E402

KILLINGS = 10
AWAY = 130.0  # seconds: longer than a silent cluster is borne


def main() -> int:
    """Run the named proofs, or all, on SQLite and on the PostgreSQL that TEST_POSTGRES_URL names."""
    parser = argparse.ArgumentParser(prog="./portal torture", description=__doc__)
    parser.add_argument("--only", action="append", choices=PROOFS, help="this proof; may be given again")
    parser.add_argument("--runs", type=int, default=seeds.DEFAULT_RUNS, help="seeds of the crash matrix")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--keep", type=Path, help="a folder for what broken runs of the crash matrix leave")
    parser.add_argument("--files", type=int, default=fuzz.FILES, help="damaged files of each kind")
    parser.add_argument("--cases", type=int, default=described.CASES, help="questions to the API, at least")
    parser.add_argument("--messages", type=int, default=30_000, help="of the soak")
    options = parser.parse_args()
    server = os.environ.get("TEST_POSTGRES_URL", "")
    if not server:
        print("NOT RUN on PostgreSQL: TEST_POSTGRES_URL is not set")
    broken = []
    for name in options.only or PROOFS:
        print(f"\n== {name}", flush=True)
        if not PROOFS[name](options, server):
            broken.append(name)
    print(f"\n{'broken: ' + ', '.join(broken) if broken else 'all promises were kept'}")
    return 1 if broken else 0


def _matrix(options: argparse.Namespace, server: str) -> bool:
    return seeds.run(first=options.first, runs=options.runs, server=server, keep=options.keep)


def _killing(options: argparse.Namespace, server: str) -> bool:
    """Larger campaigns, whose worker is killed at any moment, up to three times."""
    good = True
    for seed in range(options.first, options.first + KILLINGS):
        for where in filter(None, ("SQLite", server and "PostgreSQL")):
            with _database(server if where == "PostgreSQL" else "") as url:
                faults = killing.run(seed, kills=1 + seed % 3, database=url).faults()
            good = _told(f"seed {seed} on {where}", faults) and good
    return good


def _hosts(options: argparse.Namespace, server: str) -> bool:
    """One of two hosts dies, with the leases with which the portal is delivered."""
    return not server or _outcome("a host dies", hosts.killed(server, settings=hosts.DELIVERED, messages=600))


def _database_away(options: argparse.Namespace, server: str) -> bool:
    """Databases that fail: for seconds, in each way; for minutes; within commits; a full disk."""
    with matrix.database(Path("/tmp")) as url:
        good = _told("a full disk on SQLite", disturbed.by_a_full_disk(url))
    if not server:
        return good
    for seed in range(options.first, options.first + KILLINGS):
        with own_database(server, template=template(server)) as url:
            good = _told(f"seed {seed}: commits cut on PostgreSQL", disturbed.by_cut_commits(url, seed=seed)) and good
    short = hosts.without_database(
        server, settings=hosts.SHORT, messages=500, losses=[*outages.OUTAGES, *outages.OUTAGES], seconds=4.0
    )
    long = hosts.without_database(server, settings=hosts.DELIVERED, messages=600, losses=[outages.gone], seconds=AWAY)
    return all([good, _outcome("outages of seconds", short), _outcome("an outage of minutes", long)])


def _soak(options: argparse.Namespace, server: str) -> bool:
    soaked = soak.run(messages=options.messages)
    print("\n".join(soaked.lines()))
    return _told(f"{options.messages} messages", soaked.faults)


def _fuzz(options: argparse.Namespace, server: str) -> bool:
    """Damaged files of every kind that strangers hand in."""
    found = fuzz.run(files=options.files, first=options.first)
    return all(each.is_good for each in found.values())


def _keys(options: argparse.Namespace, server: str) -> bool:
    """The rotation of keys, killed again and again."""
    with _database(server) as url:
        outcome = keys.killed(options.first, kills=keys.KILLS, database=url)
    return _told(outcome.words, outcome.faults)


def _described(options: argparse.Namespace, server: str) -> bool:
    """The API, asked whatever its description permits and forbids."""
    cases, good, seed = 0, True, options.first
    while cases < options.cases:
        with _database(server if seed % 2 else "") as url:
            outcome = described.asked(examples=described.EXAMPLES, seed=seed, database=url)
        cases += outcome.cases
        good = outcome.is_good and good
        print(f"seed {seed}: {outcome.cases} cases{'' if outcome.is_good else outcome.words}", flush=True)
        if not outcome.cases:
            return False
        seed += 1
    return good


def _twice(options: argparse.Namespace, server: str) -> bool:
    """Two same requests at once, a thousand times."""
    good = True
    for where in filter(None, ("SQLite", server and "PostgreSQL")):
        with _database(server if where == "PostgreSQL" else "") as url:
            outcome = twice.posted(times=twice.TIMES, database=url)
        good = _told(f"{where}: {outcome.words}", outcome.faults) and good
    return good


@contextmanager
def _database(server: str) -> Iterator[str]:
    if server:
        with own_database(server) as url:
            yield url
    else:
        yield ""


def _outcome(what: str, outcome: hosts.Outcome) -> bool:
    print(f"{what}: {outcome}", flush=True)
    return not outcome.faults


def _told(what: str, faults: list[str]) -> bool:
    print(f"{what}: {'; '.join(faults) or 'ok'}", flush=True)
    return not faults


PROOFS: dict[str, Callable[[argparse.Namespace, str], bool]] = {
    "matrix": _matrix,
    "killing": _killing,
    "hosts": _hosts,
    "database": _database_away,
    "soak": _soak,
    "fuzz": _fuzz,
    "keys": _keys,
    "described": _described,
    "twice": _twice,
}

if __name__ == "__main__":
    sys.exit(main())
