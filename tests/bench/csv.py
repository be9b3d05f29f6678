"""A list of 300,000 rows taken in, against the quickest way into the same table (COPY, or executemany)."""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.rows import Row
from tests.worlds import bench_database, quiet, set_up

if TYPE_CHECKING:
    from campaigns.models import Campaign

ROWS = 300_000
ROUNDS = 3
HEADINGS = ("nome", "pec", "pratica", "importo", "scadenza")
COLUMNS = ("campaign_id", "line", "address", "values")


def main() -> None:
    """Alternate the two, and compare their best rounds; then the memory that the import takes."""
    with bench_database() as database, quiet(database=database) as here:
        set_up(here)
        from django.db import connection

        from tests.engine import draft

        path = here.folder / "elenco.csv"
        path.write_text("".join(_lines()), encoding="utf-8")
        campaign = draft()
        ready, way = (
            (_copy, "COPY of a ready file") if connection.vendor == "postgresql" else (_executemany, "executemany")
        )
        megabytes = _peak(lambda: _upload(campaign, path))  # first: later ones would use what this one freed
        imported, bare = [], []
        for _ in range(ROUNDS):
            bare.append(_timed(lambda: ready(campaign)))
            imported.append(_timed(lambda: _upload(campaign, path)))
        if campaign.recipients.count() != ROWS:
            raise RuntimeError("Not every row is there.")
    most = 3 if way.startswith("COPY") else 4
    Row(f"time to take in a CSV of {ROWS} rows", way, min(imported) / min(bare), most, at_most=True).tell()
    Row("memory that it takes, in MB", "before", megabytes, 100, at_most=True).tell()


def values(number: int) -> tuple[str, ...]:
    """The cells of one row."""
    return (
        f"Società Rossi n. {number} S.r.l.",
        f"azienda{number}@pec.provincia{number % 107}.example",
        f"TARI-2026-{number:06d}",
        f"{number % 900},{number % 100:02d}",
        f"{number % 28 + 1:02d}/12/2026",
    )


def _lines() -> Iterator[str]:
    yield ";".join(HEADINGS) + "\r\n"
    for number in range(ROWS):
        yield ";".join(values(number)) + "\r\n"


def _ready(campaign: "Campaign") -> Iterator[tuple[int, int, str, str]]:
    for number in range(ROWS):
        cells = values(number)
        yield campaign.pk, number + 2, cells[1], json.dumps(dict(zip(HEADINGS, cells, strict=True)))


def _copy(campaign: "Campaign") -> Callable[[], None]:
    """Load a ready file; made before, removed after, and neither counts."""
    from django.db import connection, transaction

    from campaigns.models import Recipient

    file = tempfile.TemporaryFile()  # noqa: SIM115 (gone with the process)
    for row in _ready(campaign):
        file.write("\t".join(str(value).replace("\\", "\\\\") for value in row).encode() + b"\n")
    Recipient.objects.all().delete()

    def load() -> None:
        file.seek(0)
        with transaction.atomic(), connection.cursor() as cursor, cursor.copy(_statement()) as copy:
            while chunk := file.read(2**18):
                copy.write(chunk)

    return load


def _statement() -> str:
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    return f"COPY campaigns_recipient ({columns}) FROM STDIN"


def _executemany(campaign: "Campaign") -> Callable[[], None]:
    from django.db import connection, transaction

    from campaigns.models import Recipient

    rows = list(_ready(campaign))
    Recipient.objects.all().delete()
    columns = ", ".join(f'"{column}"' for column in COLUMNS)

    def load() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO campaigns_recipient ({columns}) VALUES (%s, %s, %s, %s)", rows)

    return load


def _upload(campaign: "Campaign", path: Path) -> Callable[[], None]:
    from campaigns.models import Recipient
    from campaigns.preparing import recipients

    Recipient.objects.all().delete()

    def load() -> None:
        recipients.upload(campaign, path, name="elenco.csv", actor=campaign.created_by)

    return load


def _timed(make: Callable[[], Callable[[], None]]) -> float:
    load = make()
    begun = time.perf_counter()
    load()
    return time.perf_counter() - begun


def _peak(make: Callable[[], Callable[[], None]]) -> float:
    """Megabytes of real memory that a step takes beyond what the process had."""
    load = make()
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory("VmRSS")
    load()
    return (_memory("VmHWM") - before) / 1000


def _memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
